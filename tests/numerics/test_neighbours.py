# SPDX-License-Identifier: Apache-2.0
"""Both searches against a plain double loop, ties and repeats included."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial import cKDTree

from mibench.numerics import neighbours
from mibench.numerics.neighbours import ksg_counts, nearest_distances

SEARCHES = ["brute", "tree"]
SHAPES = [(1, 1), (1, 2), (3, 2), (5, 7), (12, 12)]


def reference_counts(x, y, k, algorithm):
    """Kraskov et al. (2004), one row at a time, with this project's rule for ties."""
    counts, radii = [], []
    for i in range(len(x)):
        dx, dy = (np.delete(np.abs(side - side[i]).max(1), i) for side in (x, y))
        joint = np.maximum(dx, dy)
        radius = np.sort(joint)[k - 1]
        if radius == 0:
            row = [1 + (joint == 0).sum(), 1 + (dx == 0).sum(), 1 + (dy == 0).sum()]
        elif algorithm == 1:
            row = [1 + (joint < radius).sum(), 1 + (dx < radius).sum(), 1 + (dy < radius).sum()]
        else:
            near = joint <= radius
            row = [near.sum(), (dx <= dx[near].max()).sum(), (dy <= dy[near].max()).sum()]
        counts.append(row)
        radii.append(radius)
    return np.array(counts), np.array(radii)


def dyadic(rng, n, d, steps):
    """Normal values on a grid that float32 holds exactly: coarse grids tie often."""
    return np.round(rng.normal(size=(n, d)) * steps) / steps


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("n", "k"), [(8, 1), (8, 6), (67, 3), (300, 4)])
def test_counts_match_the_reference(search, algorithm, shape, n, k):
    rng = np.random.default_rng(n + 10 * k)
    x = dyadic(rng, n, shape[0], 4096)
    y = dyadic(rng, n, shape[1], 4096) + x[:, :1] / 2
    counts, radii = ksg_counts(x, y, k, algorithm, search=search)
    expected, expected_radii = reference_counts(x, y, k, algorithm)
    np.testing.assert_array_equal(counts, expected)
    np.testing.assert_array_equal(radii, expected_radii)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize("steps", [1, 2, 8])
@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 3)])
def test_counts_match_the_reference_with_ties_and_repeats(search, algorithm, steps, shape):
    rng = np.random.default_rng(steps)
    x, y = dyadic(rng, 150, shape[0], steps), dyadic(rng, 150, shape[1], steps)
    x[100:], y[100:] = x[:50], y[:50]
    counts, radii = ksg_counts(x, y, 3, algorithm, search=search)
    expected, expected_radii = reference_counts(x, y, 3, algorithm)
    np.testing.assert_array_equal(counts, expected)
    np.testing.assert_array_equal(radii, expected_radii)


@pytest.mark.parametrize("search", SEARCHES)
def test_groups_see_only_themselves(search):
    rng = np.random.default_rng(0)
    x, y = dyadic(rng, 160, 2, 512), dyadic(rng, 160, 3, 512)
    offsets = np.array([0, 20, 90, 160])
    counts, radii = ksg_counts(x, y, 3, 1, offsets, search=search)
    for lo, hi in itertools.pairwise(offsets):
        expected, expected_radii = reference_counts(x[lo:hi], y[lo:hi], 3, 1)
        np.testing.assert_array_equal(counts[lo:hi], expected)
        np.testing.assert_array_equal(radii[lo:hi], expected_radii)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("d", [1, 2, 3, 6, 11])
@pytest.mark.parametrize(("n", "k"), [(40, 30), (9, 1), (700, 5)])
def test_distances_match_scipy(search, d, n, k):
    points = np.random.default_rng(d).normal(size=(n, d))
    expected = cKDTree(points).query(points, k + 1)[0][:, 1:]
    np.testing.assert_allclose(nearest_distances(points, k, search), expected, rtol=1e-12)


@pytest.mark.parametrize("search", SEARCHES)
def test_distances_survive_many_ties(search):
    points = np.round(np.random.default_rng(0).normal(size=(500, 2)))
    expected = cKDTree(points).query(points, 31)[0][:, 1:]
    np.testing.assert_allclose(nearest_distances(points, 30, search), expected, rtol=1e-12)


def test_values_beyond_float32_are_redone_in_float64():
    rng = np.random.default_rng(0)
    x = np.concatenate([1e6 + 1e-3 * rng.normal(size=(100, 2)), rng.normal(size=(100, 2))])
    y = x + 1e-4 * rng.normal(size=(200, 2))
    counts, radii = ksg_counts(x, y, 3, search="brute")
    expected, expected_radii = reference_counts(x, y, 3, 1)
    np.testing.assert_array_equal(counts, expected)
    np.testing.assert_array_equal(radii, expected_radii)


def test_float32_counts_agree_on_average_with_float64():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1500, 6))
    y = x + rng.normal(size=(1500, 6))
    counts = [ksg_counts(x, y, 3, search=search)[0] for search in SEARCHES]
    assert np.abs(np.log(counts[0]) - np.log(counts[1])).mean() < 1e-5


def test_the_cheaper_search_is_chosen():
    assert neighbours._tree_pays(50_000, 2, 3, "auto")
    assert neighbours._tree_pays(50_000, 4, 30, "auto")
    assert not neighbours._tree_pays(5_000, 20, 3, "auto")
    assert not neighbours._tree_pays(50_000, 10, 5, "auto")


def test_a_second_process_compiles_nothing(tmp_path):
    code = """
import numpy as np
from mibench.numerics import neighbours, neighbours_brute, neighbours_by_tree, neighbours_tree
rng = np.random.default_rng(0)
x, y = rng.normal(size=(2, 300, 2))
offsets = np.array([0, 100, 300])
for search in ("brute", "tree"):
    neighbours.ksg_counts(x, y, 3, 1, search=search)
    neighbours.ksg_counts(x.astype("f4"), y.astype("f4"), 3, 2, offsets, search=search)
    neighbours.nearest_distances(x, 5, search)
    neighbours.nearest_distances(np.asfortranarray(x.astype("f4")), 5, search)
brute, tree, by_tree = neighbours_brute, neighbours_tree, neighbours_by_tree
kernels = brute.ksg_brute, brute.knn_brute, tree.build, tree.build_three
kernels += by_tree.ksg_tree, by_tree.ksg_forest, by_tree.knn_tree
print(sum(sum(k.stats.cache_misses.values()) for k in kernels), sum(len(k.signatures) for k in kernels))
"""
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    misses, signatures = map(int, runs[1].stdout.split())
    assert misses == 0
    assert signatures == 7  # one per kernel: nothing depends on how the caller's arrays lie in memory


def test_two_thousand_dimensions_are_searched_by_comparison():
    assert not neighbours._tree_pays(5_000, 2_048, 3, "auto")
