# SPDX-License-Identifier: Apache-2.0
"""Image tasks lose nothing: the certificates of injectivity, and the information of the decoded latents."""

import numpy as np
import pytest
from scipy.special import ndtri

from mibench import tasks
from mibench.contracts import InputError
from mibench.numerics.gaussian_information import gaussian_mi

FAMILIES = ["blobs", "rectangles", "bumps"]
LEAST = {"blobs": 2, "rectangles": 3, "bumps": 4}


def _latents(dim):
    """Ten thousand latents: ordinary, wide, and extreme ones in any combination, beyond where Phi rounds to 1."""
    rng = np.random.default_rng(dim)
    return np.vstack(
        [
            rng.standard_normal((4000, dim)),
            rng.uniform(-9, 9, (4000, dim)),
            rng.choice([-40.0, -8.5, -8.0, -5.0, 0.0, 5.0, 8.0, 8.5, 40.0], (2000, dim)),
        ]
    )


def _recover_latents(family, task, parameters):
    """The normal latents from decoded parameters: the inverse of ``task.parameters``."""
    if family != "rectangles":
        return ndtri(parameters)
    room = 1 - 2 / task.size
    latents = []
    for start, stop in (parameters[:, :2].T / task.size, parameters[:, 2:].T / task.size):
        rest = 1 - start / room
        latents += [-ndtri(rest**2), -ndtri((1 - stop) / (room * rest))]
    return np.stack(latents, axis=1)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", ["least", 5, 16, 32, 50])
def test_certificate_of_injectivity(family, size):
    size = LEAST[family] if size == "least" else size
    task = tasks.get(f"{family}[size={size}]")
    parameters = task.parameters(_latents(task.latent_dim))
    assert np.isfinite(parameters).all()
    exact = task.decode(task.render(parameters, dtype=np.float64))
    assert np.abs(exact - parameters).max() < 1e-6
    single = task.render(parameters)
    assert single.dtype == np.float32
    assert np.abs(task.decode(single) - parameters).max() < 1e-3


@pytest.mark.parametrize("size", [3, 16])
def test_rectangles_on_pixel_borders_are_decoded(size):
    task = tasks.get(f"rectangles[size={size}]")
    axis = [(i, j) for i in range(size) for j in range(i + 2, size + 1)]
    tiny = [(i + e, j - f) for i, j in axis for e in (0, 1e-7) for f in (0, 1e-7) if j - i > 2]
    edges = np.array([(*a, *a[::-1]) for a in axis + tiny], dtype=float)
    edges[:, 2:] = edges[:, :2][::-1]
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-6)):
        np.testing.assert_allclose(task.decode(task.render(edges, dtype)), edges, rtol=0, atol=tolerance)


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_are_the_published_ones(family):
    """Formulas of the paper, written as published, where floating point allows it."""
    task = tasks.get(f"{family}[size=16]")
    latents = np.random.default_rng(0).standard_normal((500, task.latent_dim))
    from scipy.stats import norm

    u = norm.cdf(latents)
    expected = u
    if family == "rectangles":
        m, edges = 2 / 16, []
        for first, second in (u[:, :2].T, u[:, 2:].T):
            left = (1 - m) * (1 - np.sqrt(1 - first))
            edges += [left * 16, (left + m + second * (1 - left - m)) * 16]
        expected = np.stack(edges, axis=1)
        sides = expected[:, 1::2] - expected[:, ::2]
        assert sides.min() >= 2
        assert expected.min() >= 0
        assert expected.max() <= 16
    np.testing.assert_allclose(task.parameters(latents), expected, rtol=0, atol=1e-12)


def test_pictures_are_the_published_ones():
    u = np.linspace(0, 1, 16)
    grid_u, grid_v = np.meshgrid(u, u)  # u along columns
    a, b = 0.2, 0.7
    blob = tasks.get("blobs[size=16]").render([[a, b]])[0]
    np.testing.assert_allclose(blob, np.exp(-10 * ((grid_u - a) ** 2 + (grid_v - b) ** 2)), rtol=3e-7)
    p = (0.3, 0.6, 0.1, 0.9, 0.8)
    du, dv = grid_u - p[0], grid_v - p[1]
    form = (1 + p[2]) ** 2 * du**2 + (1 + p[3]) ** 2 * dv**2
    form += (2 * p[4] - 1) * (1 + p[2]) * (1 + p[3]) * du * dv
    np.testing.assert_allclose(tasks.get("bumps[size=16]").render([p])[0], np.exp(-10 * form), rtol=3e-7)


@pytest.mark.parametrize("family", FAMILIES)
def test_truth_is_the_information_of_the_decoded_latents(family):
    """The second method: decode the images of a sample, undo Phi, and measure the normal latents."""
    task = tasks.get(f"{family}[size=16,mi=2]")
    n = 20000
    sample = task.sample(n, 5)
    found = [_recover_latents(family, task, task.decode(images)) for images in (sample.x, sample.y)]
    for latents, side in zip(found, ("latent_x", "latent_y"), strict=True):
        inner = np.abs(sample.side[side]).max(axis=1) < 3  # float32 pixels blur the far tails of Phi
        np.testing.assert_allclose(latents[inner], sample.side[side][inner], rtol=0, atol=0.02)
    joint = np.hstack(found)
    joint = joint[np.isfinite(joint).all(axis=1) & (np.abs(joint).max(axis=1) < 6)]
    assert len(joint) > 0.999 * n
    d = task.latent_dim
    share = 1 - np.exp(-2 * 2 / d)  # rho^2 of each pair
    bias = d * d / (2 * n)
    assert abs(gaussian_mi(np.cov(joint.T), d) - bias - 2) < 4 * np.sqrt(d * share / n)


@pytest.mark.parametrize("family", FAMILIES)
def test_images_are_pictures_of_the_latents_and_rows_come_in_order(family):
    task = tasks.get(f"{family}[size=8]")
    sample = task.sample(50, 1)
    np.testing.assert_array_equal(sample.x, task.render(task.parameters(sample.side["latent_x"])))
    np.testing.assert_array_equal(sample.y, task.render(task.parameters(sample.side["latent_y"])))
    np.testing.assert_allclose(task.sample(20, 1).x, sample.x[:20], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_rotation_is_part_of_the_task(family):
    first, other = (tasks.get(f"{family}[size=8,rotation_seed={seed}]").sample(5, 0) for seed in (0, 1))
    assert not np.array_equal(first.x, other.x)


@pytest.mark.parametrize("family", FAMILIES)
def test_wrong_arrays_are_named(family):
    task = tasks.get(f"{family}[size=8]")
    with pytest.raises(InputError, match=r"latents have shape \(3, 9\)"):
        task.parameters(np.zeros((3, 9)))
    with pytest.raises(InputError, match=r"images have shape \(3, 8, 9\).*\(n, 8, 8\)"):
        task.decode(np.zeros((3, 8, 9)))
    with pytest.raises(InputError, match="finite"):
        task.parameters(np.full((3, task.latent_dim), np.nan))


@pytest.mark.parametrize("edges", [(-1, 4, 0, 4), (0, 9, 0, 4), (0, 4, 3, 4), (5, 2, 0, 4)])
def test_rectangles_that_cannot_be_decoded_are_refused(edges):
    with pytest.raises(InputError, match="with sides of at least 2 pixels"):
        tasks.get("rectangles[size=8]").render([edges])
