# SPDX-License-Identifier: Apache-2.0
"""Computations of the lecture: IB curves, finite samples, fixed points of layers, and two-point autoencoders."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.datasets import ib12
from mibench.ib import fixed_point_beta
from mibench.networks.spec import Network, Training
from mibench.networks.train import train
from mibench.networks.trajectory import Trajectory
from mibench.numerics.entropies import plug_in
from mibench.studies import analyses
from mibench.studies.analyses import finite_samples as samples
from mibench.studies.analyses import infovae as vae
from mibench.studies.analyses.fixed_point import fixed_point
from mibench.studies.analyses.ib_curve import ib_curve
from mibench.studies.analyses.rule import GAMMAS, rule
from mibench.studies.planes import get
from mibench.studies.results import save_analysis

SEED = np.random.SeedSequence(3)
X, Y = ib12.patterns().astype(np.float64), ib12.labels().astype(np.int64)


def test_the_curves_hold_the_published_table_and_the_caveat(tmp_path: Any) -> None:
    found = ib_curve(scale="quick", seed=SEED)
    save_analysis(tmp_path / "curve.npz", found)  # finite, of plain types
    at = np.searchsorted(found["betas"], [1.05, 1.2, 50.0, 200.0])
    bits = np.stack([found["i_x"][0, at], found["i_y"][0, at]], axis=1) / np.log(2)
    assert np.allclose(bits, [(0.955, 0.945), (0.992, 0.980), (1.092, 0.987), (1.305, 0.990)], atol=6e-4)
    assert found["i_xy"] / np.log(2) == pytest.approx([0.990, 0.950, 0.9991571], abs=5e-4)
    assert np.allclose(found["i_x"][2], found["i_xy"][2], atol=1e-9)
    assert np.allclose(found["i_y"][2], found["i_xy"][2], atol=1e-9)


def test_no_small_probability_of_the_rule_is_rounded_to_zero() -> None:
    p = rule(GAMMAS[0])
    assert np.array_equal(p[:, 1], ib12.conditional(GAMMAS[0]))
    logits = GAMMAS[0] * (ib12.scores() - ib12.THETA)
    assert np.allclose(np.log(p[:, 0]), -np.logaddexp(0, logits), atol=1e-12, rtol=1e-12)
    assert np.array_equal(rule(np.inf)[:, 1], Y)


def test_expected_entropies_are_those_of_all_samples() -> None:
    p, n = np.array([0.2, 0.3, 0.5]), 7
    mean = 0.0
    for draws in product(range(3), repeat=n):
        counts = np.bincount(draws, minlength=3)
        mean += np.prod(p**counts) * plug_in(counts[counts > 0])
    assert samples.expected_entropy(p, n) == pytest.approx(mean, abs=1e-12)


def test_errors_of_samples_are_as_computed_and_within_bounds(tmp_path: Any) -> None:
    found = samples.finite_samples(scale="quick", seed=SEED)
    save_analysis(tmp_path / "samples.npz", found)
    drawn = found["mean"] - found["truth"][:, None] - found["bias"]
    assert (np.abs(drawn) < 5 * found["std"] / np.sqrt(400)).all()
    assert (found["worst"] < found["bound"]).all()
    # first order: -(K - 1) / 2n and (K_t - 1)(K_y - 1) / 2n
    assert found["bias"][0, -1] == pytest.approx([-0.5e-5, 0.5e-5], rel=0.01)
    assert found["truth"][-1, 0] == pytest.approx(3.8604988, abs=1e-6)


def test_the_worst_case_adds_what_samples_cost() -> None:
    rates = np.array([0.0, 1.0])
    found = samples.worst_case(400, rates, np.array([0.0, 0.3]), 0.5)
    assert np.allclose(found, [0.5 + 0.1, 0.2 + 0.1 * np.e])


@pytest.fixture(scope="module")
def trajectory() -> Trajectory:
    training = Training(epochs=30, batch=256, learning_rate=5e-3, fraction=0.8)
    return train(Network((12, 6, 3, 2), "tanh"), training, X, Y, runs=2, seed=1, record=(0, 30))


def test_fixed_points_are_of_the_binned_layers(trajectory: Trajectory, tmp_path: Any) -> None:
    found = fixed_point(trajectory, X, Y, scale="quick", seed=SEED)
    save_analysis(tmp_path / "points.npz", found)
    assert {array.shape for array in found.values()} == {(2, 3)}
    plane = get("bins[n=30,lo=-1,hi=1,edges=true]").of_trajectory(
        trajectory, X, Y, runs=np.arange(2), points=np.array([1]), seed=SEED
    )
    assert np.allclose(found["i_x"], plane.information[:, 0, :, 0], atol=1e-9)
    assert (found["distance"] > -1e-9).all()
    assert (found["residual"] <= found["i_x"] + 1e-9).all()
    assert (np.diff(found["i_y"], axis=1) < 0.05).all()
    again = fixed_point(trajectory, X, Y, scale="quick", seed=SEED)
    assert all((found[name] == again[name]).all() for name in found)


def test_networks_that_have_no_fixed_points(trajectory: Trajectory) -> None:
    with pytest.raises(Unsupported, match="tanh"):
        fixed_point(replace(trajectory, network=Network((12, 6, 3, 2), "relu")), X, Y, scale="quick", seed=SEED)
    with pytest.raises(Unsupported, match="4096"):
        fixed_point(trajectory, X[::-1], Y, scale="quick", seed=SEED)


def models(count: int) -> tuple[vae.Encoder, vae.Decoder, NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(0)
    encoder = vae.Encoder(rng.normal(size=(count, 2)), rng.normal(scale=0.3, size=(count, 2)) - 0.5)
    shapes = ((1, 16), (1, 16), (16, 2), (1, 2))
    decoder = vae.Decoder(*(rng.normal(scale=0.4, size=(count, *shape)) for shape in shapes))
    return encoder, decoder, rng.random(count), rng.uniform(1, 50, count)


def test_the_two_forms_of_the_objective_differ_by_the_entropy_of_the_data() -> None:
    encoder, decoder, alpha, lam = models(6)
    first, second = vae.two_forms(encoder, decoder, alpha, lam)
    assert np.allclose(first - second, np.log(2), atol=1e-8)
    assert np.allclose(second, vae.objective(encoder, decoder, alpha, lam), rtol=2e-3)


def test_gradients_are_those_of_autograd() -> None:
    encoder, decoder, alpha, lam = models(3)
    leaves = [torch.tensor(part, requires_grad=True) for part in (*encoder, *decoder)]
    mean, log_std, w1, b1, w2, b2 = leaves
    grid = torch.linspace(-14, 14, 6001, dtype=torch.float64)

    def normal(x: Any, mean: Any, log_std: Any) -> Any:
        return -0.5 * ((x - mean) / torch.exp(log_std)) ** 2 - log_std - 0.5 * np.log(2 * np.pi)

    q = torch.exp(normal(grid, mean[..., None], log_std[..., None]))  # (B, 2, G)
    out = torch.tanh(grid[:, None] * w1 + b1) @ w2 + b2
    of_x = torch.stack([normal(x, out[..., 0], out[..., 1]) for x in (-1.0, 1.0)], 1)
    step = grid[1] - grid[0]
    log_q = torch.log(q.mean(dim=1).clamp(min=1e-300))
    whole = (q.mean(dim=1) * (log_q - normal(grid, 0.0, torch.zeros(1)))).sum(dim=-1) * step
    fit = (q * of_x).sum(dim=-1).mean(dim=1) * step
    own = (0.5 * (mean**2 + torch.exp(2 * log_std) - 1) - log_std).mean(dim=1)
    a, b = torch.tensor(alpha), torch.tensor(lam)
    total = fit - (1 - a) * own - (a + b - 1) * whole
    total.sum().backward()
    ours = [part for parts in vae.gradient(encoder, decoder, alpha, lam) for part in parts]
    for leaf, found in zip(leaves, ours, strict=True):
        assert leaf.grad is not None
        assert np.allclose(found, leaf.grad.numpy(), rtol=1e-2, atol=1e-2)


def test_measures_of_codes_that_are_known() -> None:
    means = np.array([[0.0, 0.0], [-5.0, 5.0]])
    apart, divergence, information = vae.measured(vae.Encoder(means, np.zeros((2, 2))))
    assert apart.tolist() == [0.0, 10.0]
    assert divergence == pytest.approx([0.0, 12.5 - np.log(2)], abs=1e-5)
    assert information == pytest.approx([0.0, np.log(2)], abs=1e-5)


def test_trainings_of_two_points(tmp_path: Any) -> None:
    found = vae.infovae(scale="quick", seed=SEED)
    save_analysis(tmp_path / "infovae.npz", found)
    assert found["steps"][0] == 0
    shape = (4, 4, len(found["steps"]))
    assert all(found[name].shape == shape for name in ("apart", "divergence", "information", "missed"))
    assert (found["divergence"] > -1e-9).all()
    assert (found["information"] < np.log(2) + 1e-9).all()
    assert (found["apart"][:, :, 0] == found["apart"][:1, :, 0]).all()  # alike at first
    ends = found["divergence"][..., -1].mean(axis=1)
    assert ends[1] > ends[2] > ends[3]
    assert ends[0] > 10 * ends[2]


@pytest.mark.parametrize("name", ["ib-curve", "finite-samples", "infovae"])
def test_the_registry_knows_the_computations(name: str) -> None:
    assert callable(analyses.load(analyses.COMPUTATIONS[name]))


def test_a_layer_is_a_user_s_encoder() -> None:
    p = ib12.conditional(54.478)
    point = fixed_point_beta(X.sum(axis=1).astype(int), np.stack([1 - p, p], axis=1))
    assert point.i_y / np.log(2) == pytest.approx(0.6276, abs=2e-3)  # of the labels themselves
    assert 1 < point.beta < 2
