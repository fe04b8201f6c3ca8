# SPDX-License-Identifier: Apache-2.0
"""The steps of compression: features, intrinsic dimension, unrolling, Gaussianisation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, spearmanr

from mibench.contracts import Unsupported
from mibench.estimators.compress.dimension import latent_dim, two_nn
from mibench.estimators.compress.features import features, principal_axes
from mibench.estimators.compress.gaussianize import gaussianize
from mibench.estimators.compress.isomap import isomap


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_two_nn_finds_the_dimension_of_a_curved_cloud(dim):
    rng = np.random.default_rng(dim)
    flat = rng.random((4000, dim))
    curved = np.hstack([np.sin(2 * flat), np.cos(2 * flat), flat**2]) @ rng.standard_normal((3 * dim, 20))
    assert latent_dim(two_nn(curved), 10) == dim


def test_two_nn_refuses_copies():
    with pytest.raises(Unsupported, match="copies of others: give latent_dim yourself"):
        two_nn(np.repeat(np.random.default_rng(0).random((50, 2)), 4, axis=0))


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_two_nn_knows_no_scale(scale, seed):
    points = np.random.default_rng(seed).random((300, 3))
    assert two_nn(points * scale) == pytest.approx(two_nn(points), rel=1e-6)


@pytest.mark.parametrize(("estimate", "expected"), [(1.97, 2), (2.1, 2), (2.3, 3), (0.4, 1), (40.0, 10)])
def test_latent_dim_rounds_up_from_a_quarter(estimate, expected):
    assert latent_dim(estimate, 10) == expected


def test_gaussianize_makes_curved_codes_normal_in_every_direction():
    rng = np.random.default_rng(0)
    triangle = np.sort(rng.random((4000, 2)), axis=1)
    codes = gaussianize(np.hstack([triangle, rng.exponential(size=(4000, 1))]), 9)
    directions = rng.standard_normal((3, 20))
    worst = min(kstest(codes @ (v / np.linalg.norm(v)), "norm").pvalue for v in directions.T)
    assert worst > 1e-4
    before = (triangle - triangle.mean(0)) / triangle.std(0)
    assert kstest(before @ [np.sqrt(0.5), -np.sqrt(0.5)], "norm").pvalue < 1e-4


@given(seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_gaussianize_sees_only_ranks_of_the_coordinates(seed):
    codes = np.random.default_rng(seed).standard_normal((200, 2))
    np.testing.assert_allclose(gaussianize(np.exp(codes), 3), gaussianize(codes, 3), atol=1e-12)


def test_isomap_unrolls_a_swiss_roll():
    rng = np.random.default_rng(1)
    angle, height = 1.5 * np.pi * (1 + 2 * rng.random(1500)), 21 * rng.random(1500)
    roll = np.stack([angle * np.cos(angle), height, angle * np.sin(angle)], 1)
    codes = isomap(roll, 2, rng)
    assert abs(spearmanr(codes[:, 0], angle).statistic) > 0.99
    assert abs(spearmanr(codes[:, 1], height).statistic) > 0.95


def test_isomap_keeps_separate_clouds_apart():
    rng = np.random.default_rng(2)
    clouds = np.vstack([rng.standard_normal((100, 3)), 1000 + rng.standard_normal((100, 3))])
    first = isomap(clouds, 2, rng)[:, 0]
    assert np.isfinite(first).all()
    assert (first[:100].max() < first[100:].min()) or (first[100:].max() < first[:100].min())


def test_features_tell_every_image_apart_and_survive_a_blank_one():
    rng = np.random.default_rng(3)
    images = rng.random((60, 12, 12)).astype(np.float32)
    images[7] = 0.0
    values = features(images).values
    assert np.isfinite(values).all()
    assert len(np.unique(values.round(9), axis=0)) == 60
    assert features(images).emphasised.dtype == np.float32


def test_features_of_vectors_know_no_units():
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((80, 5))
    np.testing.assert_allclose(
        np.abs(features(vectors * [1, 10, 1e3, 1e-4, 2] + 3).values), np.abs(features(vectors).values), atol=1e-8
    )


def test_principal_axes_are_numpys_svd():
    centred = np.random.default_rng(5).standard_normal((50, 4))
    axes, variances = principal_axes(centred)
    _, singular, vt = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(variances, singular**2 / 50)
    np.testing.assert_allclose(np.abs(axes.T), np.abs(vt), atol=1e-9)
