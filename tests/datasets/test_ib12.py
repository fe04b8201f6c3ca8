# SPDX-License-Identifier: Apache-2.0
"""The 12-bit set: its labels byte for byte, its statistics, its symmetries, its stochastic rule."""

import hashlib
import itertools

import numpy as np
import pytest

from mibench.contracts import InputError
from mibench.datasets import ib12

X, Y, F = ib12.patterns(), ib12.labels(), ib12.scores()
BIT = np.log(2)


def _entropy(*columns):
    """Plug-in entropy of the rows, in bits."""
    counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)[1]
    p = counts / counts.sum()
    return -(p * np.log2(p)).sum()


def _information(t, y):
    return _entropy(t) + _entropy(y) - _entropy(t, y)


def test_patterns_are_the_binary_numbers():
    assert X.shape == (4096, 12)
    assert X.dtype == np.uint8
    np.testing.assert_array_equal(X @ (1 << np.arange(11, -1, -1)), np.arange(4096))


def test_labels_byte_for_byte():
    assert Y.dtype == np.uint8
    assert Y.shape == (4096,)
    assert hashlib.sha256(Y.tobytes()).hexdigest() == "77732f16f85e91b49d3997196b56163b3bd362d8cf631468a8de3f986e88359f"
    assert hashlib.sha256(np.packbits(Y).tobytes()).hexdigest().startswith("371b2b46a5052b4f")
    assert Y.sum() == 2118
    assert _entropy(Y) == pytest.approx(0.9991571209, abs=1e-10)


def test_scores_are_the_weight_and_the_length_of_the_sum():
    """The exact sums, against the formula on the vertices themselves."""
    np.testing.assert_allclose(F, X.sum(axis=1) + np.linalg.norm(X @ ib12.vertices(), axis=1), atol=1e-13)


def test_values_and_the_gap_of_the_threshold():
    values = ib12.values()
    assert len(values) == 53
    assert np.diff(values).min() > 0.02  # no two of them are one value, apart by rounding
    below, above = values[values <= ib12.THETA].max(), values[values > ib12.THETA].min()
    assert (below, above) == (pytest.approx(7.562778, abs=1e-6), pytest.approx(7.701302, abs=1e-6))


def test_classes():
    """64, by weight and length; equally by weight and the numbers of adjacent, next and antipodal pairs."""
    classes = ib12.classes()
    assert classes.shape == (4096,)
    np.testing.assert_array_equal(np.unique(classes), np.arange(64))
    square = np.round(((X @ ib12.vertices()) ** 2).sum(axis=1), 6)
    keys = np.stack([X.sum(axis=1), square], axis=1)
    np.testing.assert_array_equal(classes, np.unique(keys, axis=0, return_inverse=True)[1].ravel())
    inner = ib12.vertices() @ ib12.vertices().T
    pairs = [np.einsum("ri,ij,rj->r", X, (np.abs(inner - c) < 1e-9).astype(int), X) for c in (5**-0.5, -(5**-0.5), -1)]
    by_pairs = np.unique(np.stack([X.sum(axis=1), *pairs], axis=1), axis=0, return_inverse=True)[1].ravel()
    assert len({*zip(classes, by_pairs, strict=True)}) == 64 == by_pairs.max() + 1
    for values in (F, Y):
        assert len({*zip(classes, values, strict=True)}) == 64  # each is a function of the class


def test_the_bits_are_an_icosahedron():
    inner = ib12.vertices() @ ib12.vertices().T
    np.testing.assert_allclose(np.diagonal(inner), 1.0)
    np.testing.assert_allclose(np.sort(inner, axis=1), np.tile([-1, *[-(5**-0.5)] * 5, *[5**-0.5] * 5, 1], (12, 1)))
    opposite = {tuple(sorted(pair)) for pair in np.argwhere(inner < -0.99).tolist()}
    assert opposite == {(0, 9), (1, 7), (2, 5), (3, 6), (4, 10), (8, 11)}


def _symmetries():
    """The 120 permutations of the bits that some rotation or reflection of the vertices makes.

    Three vertices that span space are sent to every three of the same inner products; a map that sends the vertices
    onto the vertices is a symmetry.
    """
    v = ib12.vertices()
    inner = v @ v.T
    base = [0, 1, next(i for i in range(2, 12) if abs(np.linalg.det(v[[0, 1, i]])) > 0.1)]
    found = set()
    for images in itertools.permutations(range(12), 3):
        if np.allclose(inner[np.ix_(images, images)], inner[np.ix_(base, base)]):
            moved = v @ np.linalg.solve(v[base], v[list(images)])
            closeness = moved @ v.T
            if np.allclose(closeness.max(axis=1), 1.0):
                found.add(tuple(closeness.argmax(axis=1).tolist()))
    return found


def test_no_symmetry_of_the_icosahedron_changes_the_score():
    symmetries = _symmetries()
    assert len(symmetries) == 120
    weights = 1 << np.arange(11, -1, -1)
    orbit = np.arange(4096)
    for each in symmetries:
        rows = X[:, each] @ weights  # the row of the pattern moved
        np.testing.assert_array_equal(F[rows], F)
        orbit = np.minimum(orbit, rows)
    assert len(np.unique(orbit)) == 82
    assert len({*zip(orbit, ib12.classes(), strict=True)}) == 82  # classes are unions of orbits


def test_single_bits_say_little():
    for bit in range(12):
        assert Y[X[:, bit] == 1].mean() == 0.625
        assert Y[X[:, bit] == 0].mean() == pytest.approx(0.40918, abs=1e-5)
        assert _information(X[:, bit], Y) == pytest.approx(0.0339, abs=5e-5)
        flipped = np.arange(4096) ^ (1 << (11 - bit))
        assert (Y[flipped] != Y).mean() == pytest.approx(0.216, abs=5e-4)


def test_the_weight_says_much():
    weight = X.sum(axis=1)
    shares = [Y[weight == n].mean() for n in range(13)]
    assert shares == pytest.approx([0] * 5 + [0.076, 0.576, 0.924] + [1] * 5, abs=5e-4)
    assert _information(weight, Y) == pytest.approx(0.627641, abs=5e-7)
    rules = {n: ((weight >= n) == Y).mean() for n in range(14)}
    assert max(rules, key=rules.get) == 6
    assert rules[6] == 0.875
    assert _information(weight >= 6, Y) == pytest.approx(0.492372, abs=5e-7)


@pytest.mark.parametrize(("gamma", "bits"), [(21.546, 0.950), (54.478, 0.990)])
def test_the_stochastic_rule(gamma, bits):
    assert ib12.information(gamma) / BIT == pytest.approx(bits, abs=1e-6)
    assert ib12.solve_gamma(bits * BIT) == pytest.approx(gamma, abs=5e-4)
    assert ib12.information(ib12.solve_gamma(bits * BIT)) == pytest.approx(bits * BIT, abs=1e-12)
    if bits == 0.990:
        assert ib12.conditional(gamma).mean() == pytest.approx(0.5164, abs=5e-5)


def test_information_by_the_joint_table():
    p = ib12.conditional(3.0, 7.0)
    joint = np.stack([1 - p, p], axis=1) / 4096
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    expected = (joint[seen] * np.log(joint[seen] / independent[seen])).sum()
    assert ib12.information(3.0, 7.0) == pytest.approx(expected, abs=1e-12)


def test_limits_of_the_stochastic_rule():
    np.testing.assert_array_equal(ib12.conditional(0.0), 0.5)
    np.testing.assert_array_equal(ib12.conditional(np.inf), Y)
    assert ib12.information(0.0) == 0.0
    assert ib12.information() == pytest.approx(0.9991571209 * BIT, abs=1e-10)
    assert ib12.information(1e4) == pytest.approx(ib12.information(), abs=1e-12)
    found = [ib12.information(gamma) for gamma in np.geomspace(*ib12.GAMMA_LIMITS, 200)]
    assert (np.diff(found) >= -1e-15).all()


def test_a_balanced_rule_sits_on_an_atom():
    """To make both labels equally likely the threshold must be a score itself, which caps the information."""
    from scipy.optimize import brentq

    for gamma, most in ((20.0, 0.95), (40.0, 0.96), (80.0, 0.96)):
        theta = brentq(lambda t, g=gamma: ib12.conditional(g, t).mean() - 0.5, 7.6, 7.8)
        assert abs(theta - 7.701302) < 0.05
        assert ib12.information(gamma, theta) / BIT < most
    atom = ib12.values()[np.searchsorted(ib12.values(), ib12.THETA)]
    assert 0.94 < ib12.information(np.inf, atom) / BIT < 0.96


def test_noisy_labels_are_drawn_from_the_rule():
    p = ib12.conditional(2.0)
    drawn = np.array([ib12.noisy_labels(seed, 2.0) for seed in range(400)])
    assert drawn.dtype == np.uint8
    assert drawn.shape == (400, 4096)
    unsure = p * (1 - p) > 0.05
    error = np.sqrt(p * (1 - p) / 400)
    assert (np.abs(drawn.mean(axis=0) - p) <= 5.5 * error)[unsure].all()
    assert (drawn.mean(axis=0)[p > 1 - 1e-6] == 1).all()
    np.testing.assert_array_equal(ib12.noisy_labels(1, np.inf), Y)
    np.testing.assert_array_equal(drawn[3], ib12.noisy_labels(np.random.default_rng(3), 2.0))
    assert not np.array_equal(drawn[3], drawn[4])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ib12.conditional(-1.0), "gamma is -1.0: give a sharpness of at least 0"),
        (lambda: ib12.conditional(np.nan), "gamma is nan"),
        (lambda: ib12.conditional(1.0, np.inf), "theta is inf: give a finite threshold"),
        (lambda: ib12.noisy_labels(0, -2.0), "gamma is -2.0"),
        (lambda: ib12.noisy_labels("seed", 2.0), "rng"),
        (lambda: ib12.solve_gamma(0.7), r"mi is 0.7 nats: at theta = 7.632 give a value from .* to 0.69256"),
        (lambda: ib12.solve_gamma(0.0), "mi is 0.0 nats"),
        (lambda: ib12.solve_gamma(np.nan), "mi is nan nats"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_arrays_are_the_callers_own():
    ib12.labels()[:] = 7
    ib12.scores()[:] = 7
    np.testing.assert_array_equal(ib12.labels(), Y)
    np.testing.assert_array_equal(ib12.scores(), F)
