# SPDX-License-Identifier: Apache-2.0
"""The drawing kernels against their definitions."""

import numpy as np
import pytest

from mibench.numerics import raster

SIZES = (2, 3, 7, 16, 33)


def _centres(rng, n):
    return np.vstack([rng.random((n, 2)), rng.choice([0.0, 0.5, 1.0, 1e-300, 1 - 1e-16], (n, 2))])


def _forms(rng, n):
    p = np.vstack([rng.random((n, 5)), rng.choice([0.0, 0.5, 1.0], (n, 5))])
    a, b = 1 + p[:, 2], 1 + p[:, 3]
    return np.stack([p[:, 0], p[:, 1], a**2, b**2, (2 * p[:, 4] - 1) * a * b], axis=1)


def _edges(rng, n, size):
    free = np.sort(rng.uniform(0, size, (n, 2, 2)), axis=2)
    whole = np.sort(rng.integers(0, size + 1, (n, 2, 2)), axis=2)  # edges exactly on pixel borders, empty ones too
    return np.vstack([free, whole]).reshape(-1, 4)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("dtype", "relative"), [(np.float32, 2.5e-7), (np.float64, 1e-12)])
def test_bumps_equal_their_definition(size, dtype, relative):
    rng = np.random.default_rng(size)
    for draw, reference, parameters in (
        (raster.blobs, raster.blobs_reference, _centres(rng, 50)),
        (raster.bumps, raster.bumps_reference, _forms(rng, 50)),
    ):
        images = draw(parameters, size, dtype)
        assert images.dtype == dtype
        assert images.shape == (100, size, size)
        # below the normal numbers of float32 its spacing is absolute
        np.testing.assert_allclose(images, reference(parameters, size), rtol=relative, atol=1e-38)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1.5e-7), (np.float64, 1e-15)])
def test_rectangles_equal_their_definition(size, dtype, tolerance):
    edges = _edges(np.random.default_rng(size), 60, size)
    images = raster.rectangles(edges, size, dtype)
    assert images.dtype == dtype
    np.testing.assert_allclose(images, raster.rectangles_reference(edges, size), rtol=0, atol=tolerance)


def test_rectangles_cover_their_area_exactly():
    edges = _edges(np.random.default_rng(0), 200, 12)
    area = (edges[:, 1] - edges[:, 0]) * (edges[:, 3] - edges[:, 2])
    np.testing.assert_allclose(raster.rectangles(edges, 12, np.float64).sum(axis=(1, 2)), area, rtol=0, atol=1e-12)


def test_rectangle_by_hand():
    image = raster.rectangles(np.array([[0.5, 3.0, 1.25, 3.5]]), 4)[0]
    expected = [[0, 0, 0, 0], [0.375, 0.75, 0.75, 0], [0.5, 1, 1, 0], [0.25, 0.5, 0.5, 0]]
    np.testing.assert_array_equal(image, np.float32(expected))


def test_parameters_are_left_alone_and_any_layout_is_read():
    wide = np.asfortranarray(np.random.default_rng(0).random((20, 4)))
    before = wide.copy()
    np.testing.assert_array_equal(raster.blobs(wide[:, ::2], 8), raster.blobs(wide[:, ::2].copy(), 8))
    np.testing.assert_array_equal(wide, before)
    assert raster.blobs(np.empty((0, 2)), 8).shape == (0, 8, 8)
