# SPDX-License-Identifier: Apache-2.0
"""Tests for phases: what noise gives, what clear curves give, and that only the order of epochs matters."""

from __future__ import annotations

from math import inf, isnan, log, nan
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError
from mibench.studies.claims import phases
from mibench.studies.results import Plane

RUNS, EPOCHS = 20, np.unique(np.geomspace(1, 8001, 80).round().astype(np.int64)) - 1
AT = np.log1p(EPOCHS) / np.log1p(EPOCHS[-1])
few = settings(max_examples=15, deadline=None)


def noisy(curve, rng, sd=0.1, runs=RUNS):
    """Runs differ by a constant and from epoch to epoch."""
    curve = np.broadcast_to(np.asarray(curve, float), EPOCHS.shape)
    return curve + rng.normal(0, sd, (runs, 1)) + rng.normal(0, sd, (runs, len(EPOCHS)))


def knots(*values):
    return np.interp(AT, np.linspace(0, 1, len(values)), values)


def plane_of(bits):
    bits = np.asarray(bits, float)
    return Plane("made", EPOCHS, np.arange(len(bits)), bits * log(2))


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 11))
@few
def test_noise_about_a_constant_is_no_phase(seed, level):
    rng = np.random.default_rng(seed)
    values = noisy(level, rng)
    for found in (
        phases.compress(values, EPOCHS, rng),
        phases.rises(values, EPOCHS, rng),
        phases.interrupted(values, EPOCHS, rng),
        phases.fit(values, 1.0, rng),
    ):
        assert found.verdict != "holds" or found.statistic < 0.2


def test_noise_is_seldom_taken_for_a_phase():
    rng = np.random.default_rng(7)
    found = []
    for _ in range(100):
        values = noisy(5.0, rng, 0.3)
        found += [phases.compress(values, EPOCHS, rng), phases.rises(values, EPOCHS, rng)]
        found.append(phases.fit(values, 1.0, rng))
    assert np.mean([each.verdict == "holds" for each in found]) < 0.08


def test_without_two_halves_noise_would_be_compression():
    rng = np.random.default_rng(1)
    values = noisy(5.0, rng, 0.3)
    assert phases.compressing_share(values) > 0.9
    assert phases.compress(values, EPOCHS, rng).verdict != "holds"


@given(st.integers(0, 2**32 - 1), st.floats(0.6, 4), st.floats(0.6, 4))
@few
def test_a_clear_rise_and_fall_is_found(seed, rise, fall):
    rng = np.random.default_rng(seed)
    values = noisy(knots(5, 5 + rise, 5 + rise - fall), rng)
    found = phases.compress(values, EPOCHS, rng)
    assert found.verdict == "holds"
    assert found.interval[0] < found.statistic < found.interval[1]
    assert found.statistic == pytest.approx(fall, abs=0.25)
    assert phases.rises(values, EPOCHS, rng).verdict == "holds"
    assert phases.interrupted(values, EPOCHS, rng).verdict != "holds"
    assert phases.compress(noisy(knots(5, 5 + rise), rng), EPOCHS, rng).verdict != "holds"


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 3))
@few
def test_only_the_order_of_epochs_matters_for_fit_and_compression(seed, power):
    values = noisy(knots(5, 7, 6), np.random.default_rng(seed))
    other = (EPOCHS / EPOCHS[-1]) ** power * 1000

    def verdict(epochs):
        found = phases.compress(values, epochs, np.random.default_rng(3))
        return found.verdict, found.statistic, found.interval

    assert verdict(EPOCHS) == verdict(other)


def test_a_peak_in_the_last_epochs_is_no_compression():
    values = np.tile(np.linspace(0, 5, 1000), (RUNS, 1))
    values[:, -5:] -= np.arange(1, 6) * 0.2
    rng = np.random.default_rng(0)
    assert phases.compress(values, np.arange(1000), rng).verdict == "fails"
    assert phases.compress(values, np.concatenate([np.arange(996), [2000, 3000, 4000, 5000]]), rng).verdict == "holds"


@pytest.mark.parametrize(
    ("fall", "peak", "verdict"), [(0.12, 5.0, "holds"), (0.08, 4.0, "fails"), (0.15, 10.0, "fails")]
)
def test_the_drop_must_reach_a_tenth_of_a_bit_and_two_percent(fall, peak, verdict):
    values = np.tile(knots(peak - 1, peak, peak - fall), (RUNS, 1))
    assert phases.compress(values, EPOCHS, np.random.default_rng(0)).verdict == verdict


def test_an_interval_that_holds_both_leaves_it_undecided():
    rng = np.random.default_rng(0)
    falls = np.linspace(-0.6, 0.8, RUNS)[:, None]
    values = 5 + knots(0, 1, 1) + falls * np.minimum(0, knots(1, 0, -1))
    assert phases.compress(values, EPOCHS, rng).verdict == "undecided"


@pytest.mark.parametrize(("gain", "verdict"), [(0.04, "fails"), (0.06, "holds"), (-0.5, "fails")])
def test_fit_is_a_gain_of_five_percent(gain, verdict):
    values = np.tile(knots(0.2, 0.9, 0.2 + gain), (RUNS, 1))
    found = phases.fit(values, 1.0, np.random.default_rng(0))
    assert found.verdict == verdict
    assert found.statistic == pytest.approx(gain)


def test_an_interrupted_fit_dips_before_its_peak_not_after():
    rng = np.random.default_rng(0)
    dips = noisy(knots(4, 6, 5, 8, 6), rng)
    assert phases.interrupted(dips, EPOCHS, rng).verdict == "holds"
    assert phases.interrupted(dips, EPOCHS).verdict == "holds"
    assert phases.interrupted(noisy(knots(4, 8, 6, 7, 5), rng, 0.02), EPOCHS, rng).verdict == "fails"


def test_a_layer_above_one_before_it_is_a_violation_and_noise_is_not():
    rng = np.random.default_rng(0)
    bits = np.full((RUNS, len(EPOCHS), 4, 2), 5.0) - np.arange(4)[:, None] * 0.02
    bits += rng.normal(0, 0.3, (RUNS, 1, 1, 1)) + rng.normal(0, 0.002, bits.shape)
    for which in ("x", "y"):
        assert phases.dpi_violation(plane_of(bits), which, rng).verdict == "fails"
    bits[:, 30, 3, 1] += 0.2
    found = phases.dpi_violation(plane_of(bits), "y", rng)
    assert found.verdict == "holds"
    assert f"epoch {EPOCHS[30]}" in found.detail
    assert phases.dpi_violation(plane_of(bits), "x", rng).verdict == "fails"


def test_loud_layers_that_are_equal_in_truth_violate_nothing():
    rng = np.random.default_rng(4)
    found = [
        phases.dpi_violation(plane_of(5 + rng.normal(0, 0.5, (RUNS, len(EPOCHS), 6, 2))), "x", rng).verdict
        for _ in range(30)
    ]
    assert found.count("holds") <= 3


def test_a_small_sure_violation_is_found_beside_a_greater_uncertain_one():
    rng = np.random.default_rng(0)
    bits = np.full((RUNS, len(EPOCHS), 3, 2), 5.0) - np.arange(3)[:, None] * 0.5
    bits[:, 10, 1, 0] = 5.05
    bits[:, 20, 2, 0] += 0.7 + rng.normal(0, 3, RUNS)
    found = phases.dpi_violation(plane_of(bits), "x", rng)
    assert found.verdict == "holds"
    assert "T_2 over T_1" in found.detail


def test_trivial_is_at_the_ceiling_all_the_time():
    top = np.full((RUNS, len(EPOCHS)), 11.95)
    assert phases.trivial(top, 4096).verdict == "holds"
    top[:, 3] = 11.5
    assert phases.trivial(top, 4096).verdict == "fails"


def test_the_switch_is_the_first_peak_that_stands_out():
    curve = knots(4, 8, 6, 6.5, 5)
    expected = EPOCHS[int(curve.argmax())]
    assert phases.switch_time(curve, EPOCHS, 0.01) == pytest.approx(expected, rel=0.2)
    assert isnan(phases.switch_time(knots(4, 8), EPOCHS, 0.01))
    assert isnan(phases.switch_time(curve, EPOCHS, 10.0))
    single = knots(4, 8, 6)
    smooth = phases.smoothed(single, EPOCHS)
    height = smooth.max() - smooth[-1]
    assert phases.switch_time(single, EPOCHS, 0.49 * height) > 0
    assert isnan(phases.switch_time(single, EPOCHS, 0.51 * height))


def test_missing_values_are_left_out_and_no_values_are_undecided():
    rng = np.random.default_rng(0)
    values = noisy(knots(5, 7, 6), rng, 0.02)
    values[3] = nan
    values[:, 10:13] = nan
    values[5, 20] = nan
    assert phases.compress(values, EPOCHS, rng).verdict == "holds"
    nothing = np.full_like(values, nan)
    assert {phases.compress(nothing, EPOCHS, rng).verdict, phases.fit(nothing, 1.0, rng).verdict} == {"undecided"}
    assert phases.interrupted(nothing, EPOCHS, rng).verdict == phases.trivial(nothing, 4096).verdict == "undecided"
    lost = np.full((RUNS, len(EPOCHS), 3, 2), nan)
    assert phases.dpi_violation(plane_of(lost), "x", rng).verdict == "undecided"
    assert isnan(phases.compressing_share(nothing))
    assert isnan(phases.switch_time(nothing[0], EPOCHS, 0.1))


def test_a_single_run_decides_nothing():
    rng = np.random.default_rng(0)
    values = noisy(knots(5, 7, 6), rng, runs=1)
    assert phases.compress(values, EPOCHS, rng).verdict == "undecided"
    assert phases.fit(values, 1.0, rng).verdict == "undecided"


@pytest.mark.parametrize(
    ("statistic", "interval", "above", "verdict"),
    [
        (2.0, (1.5, 2.5), True, "holds"),
        (2.0, (0.5, 2.5), True, "undecided"),
        (0.5, (0.1, 0.9), True, "fails"),
        (0.5, (0.1, 0.9), False, "holds"),
        (2.0, (1.5, 2.5), False, "fails"),
        (2.0, None, True, "holds"),
        (nan, (1.5, 2.5), True, "undecided"),
        (2.0, (nan, nan), True, "undecided"),
        (inf, (inf, inf), True, "holds"),
    ],
)
def test_judged(statistic, interval, above, verdict):
    assert phases.judged(statistic, interval, 1.0, "bits", "", above).verdict == verdict


@pytest.mark.parametrize(
    ("value", "interval", "gap", "allowed"),
    [(2.0, (1.0, 3.0), 0.5, (0.0, 1.5)), (2.0, (1.8, 3.0), 0.5, (0.3, 1.5)), (-2.0, (-3.0, -1.0), 3.5, (2.5, 4.5))],
)
def test_how_far_a_value_is_from_what_is_wanted(value, interval, gap, allowed):
    assert phases.apart(value, interval, 1.5) == (pytest.approx(gap), pytest.approx(allowed))


def test_how_far_a_single_run_is_from_what_is_wanted_decides_nothing():
    assert all(map(isnan, phases.apart(1.0, (nan, nan))[1]))


def test_bootstrap_intervals_are_those_of_theory():
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)
    low, high = phases.bootstrap(values, rng)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)
    assert phases.bootstrap(values, np.random.default_rng(1), lambda each: np.mean(each)) == pytest.approx(
        phases.bootstrap(values, np.random.default_rng(1))
    )
    at, (low_of, high_of) = phases.of_means(values, rng, lambda means: means)
    assert at == values.mean()
    assert (low_of, high_of) == pytest.approx((low, high), abs=0.02)


def test_layers_count_from_one_or_from_the_end():
    plane = plane_of(np.arange(RUNS * len(EPOCHS) * 6.0).reshape(RUNS, len(EPOCHS), 3, 2))
    np.testing.assert_array_equal(phases.series(plane, 3, "y"), phases.series(plane, -1, "y"))
    assert phases.series(plane, 1, "x")[0, 0] == 0
    assert phases.series(plane, 1, "y")[0, 0] == 1
    for layer in (0, 4, -4):
        with pytest.raises(InputError, match="give 1 to 3"):
            phases.series(plane, layer, "x")


def test_untrained_planes_show_first_values_only_and_layers_of_a_run_together():
    rng = np.random.default_rng(0)
    bits = rng.normal(5, 1, (RUNS, len(EPOCHS), 3, 2))
    fake = phases.untrained(plane_of(bits), rng)
    first = {tuple(each) for each in (bits[:, 0] * log(2)).reshape(RUNS, -1)}
    assert {tuple(each) for each in fake.information.reshape(-1, 6)} <= first
    assert np.ptp(fake.information[0, :, 0, 0]) > 0


def test_fifty_runs_of_1600_epochs_take_no_second():
    rng = np.random.default_rng(0)
    epochs = np.arange(0, 8000, 5)
    values = rng.normal(5, 0.1, (50, len(epochs)))
    start = process_time()  # the machine may be busy
    phases.compress(values, epochs, rng)
    phases.interrupted(values, epochs, rng)
    phases.fit(values, 1.0, rng)
    assert process_time() - start < 2
