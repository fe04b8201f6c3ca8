# SPDX-License-Identifier: Apache-2.0
"""Nearest neighbours by a k-d tree of many small leaves: for low dimensions, where most leaves need no look.

A tree is a complete binary tree in an array, split at medians, the widest coordinate first: a tuple (order, points in
that order, shape (d, n), lower and upper corners of each node's bounding box, first and last position of each node).
Everything is float64; the corners are coordinates of points, so that comparisons with a radius are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from mibench.numerics.neighbours_brute import insert

LEAF = 32
_FAR = 1e300


@njit(cache=True)
def _split(keys: Any, order: Any, lo: int, hi: int, middle: int) -> None:
    """Reorder [lo, hi) of both so that the position `middle` holds what a sort would put there (Hoare's selection)."""
    hi -= 1
    while lo < hi:
        pivot = keys[(lo + hi) // 2]
        i, j = lo, hi
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            hi = j
        elif middle >= i:
            lo = i
        else:
            return


@njit(cache=True)
def _room(d: int, n: int) -> Any:
    """The arrays of a tree of n points in d dimensions, not yet filled."""
    levels = 0
    while n >> levels > LEAF:
        levels += 1
    nodes = (2 << levels) - 1
    boxes = np.empty((nodes, d)), np.empty((nodes, d))
    return np.arange(n), np.empty((d, n)), boxes[0], boxes[1], np.empty((nodes, 2), np.int64)


@njit(cache=True)
def _fill(points: Any, order: Any, placed: Any, lower: Any, upper: Any, spans: Any) -> None:
    d, n = points.shape
    keys = np.empty(n)
    if d == 1:  # wholly sorted, so that `count` can search it
        order[:] = np.argsort(points[0])
    spans[0, 0], spans[0, 1] = 0, n
    for node in range(len(spans)):
        lo, hi = spans[node, 0], spans[node, 1]
        axis, widest = 0, -1.0
        for c in range(d):
            low = high = points[c, order[lo]]
            for p in range(lo + 1, hi):
                value = points[c, order[p]]
                low, high = min(low, value), max(high, value)
            lower[node, c], upper[node, c] = low, high
            if high - low > widest:
                axis, widest = c, high - low
        if node < len(spans) // 2:
            middle = (lo + hi) // 2
            if d > 1:
                for p in range(lo, hi):
                    keys[p] = points[axis, order[p]]
                _split(keys, order, lo, hi, middle)
            spans[2 * node + 1, 0], spans[2 * node + 1, 1] = lo, middle
            spans[2 * node + 2, 0], spans[2 * node + 2, 1] = middle, hi
    for c in range(d):
        for p in range(n):
            placed[c, p] = points[c, order[p]]


@njit(cache=True)
def build(points: Any) -> Any:
    """The tree of the points, given as columns, shape (d, n)."""
    tree = _room(points.shape[0], points.shape[1])
    _fill(points, tree[0], tree[1], tree[2], tree[3], tree[4])
    return tree


@njit(cache=True, parallel=True)
def build_three(joint: Any, x: Any, y: Any) -> Any:
    """The trees of (x, y), x and y at once."""
    a0, a1, a2, a3, a4 = _room(joint.shape[0], joint.shape[1])
    b0, b1, b2, b3, b4 = _room(x.shape[0], x.shape[1])
    c0, c1, c2, c3, c4 = _room(y.shape[0], y.shape[1])
    for t in prange(3):
        if t == 0:
            _fill(joint, a0, a1, a2, a3, a4)
        elif t == 1:
            _fill(x, b0, b1, b2, b3, b4)
        else:
            _fill(y, c0, c1, c2, c3, c4)
    return (a0, a1, a2, a3, a4), (b0, b1, b2, b3, b4), (c0, c1, c2, c3, c4)


@njit(cache=True, fastmath=True, inline="always")
def _gap(tree: Any, node: int, at: Any, euclidean: bool) -> Any:
    """Distance (squared if Euclidean) from a point to a node's box."""
    far = 0.0
    for c in range(len(at)):
        away = max(max(tree[2][node, c] - at[c], at[c] - tree[3][node, c]), 0.0)
        far = far + away * away if euclidean else max(far, away)
    return far


@njit(cache=True, fastmath=True)
def _leaf(points: Any, lo: int, hi: int, at: Any, euclidean: bool, out: Any) -> None:
    """Distances from a point to the points at positions [lo, hi)."""
    out[: hi - lo] = 0
    for c in range(len(at)):
        value, column = at[c], points[c, lo:hi]
        if euclidean:
            for j in range(hi - lo):
                out[j] += (column[j] - value) * (column[j] - value)
        else:
            for j in range(hi - lo):
                out[j] = max(out[j], abs(column[j] - value))


@njit(cache=True, fastmath=True)
def search(tree: Any, self_at: int, at: Any, euclidean: bool, stack: Any, room: Any, best: Any, which: Any) -> None:
    """The nearest other points of the one at position `self_at`: ascending distances and positions."""
    k = len(best)
    spans, inner = tree[4], len(tree[4]) // 2
    best[:] = _FAR
    stack[0], depth = 0, 1
    while depth:
        depth -= 1
        node = stack[depth]
        if _gap(tree, node, at, euclidean) >= best[k - 1]:
            continue
        while node < inner:
            near, far = 2 * node + 1, 2 * node + 2
            own = spans[near, 0] <= self_at < spans[far, 1]
            if self_at >= spans[far, 0] if own else _gap(tree, far, at, euclidean) < _gap(tree, near, at, euclidean):
                near, far = far, near
            stack[depth] = far
            depth += 1
            node = near
        lo, hi = spans[node, 0], spans[node, 1]
        _leaf(tree[1], lo, hi, at, euclidean, room)
        for j in range(hi - lo):
            if room[j] < best[k - 1] and lo + j != self_at:
                insert(best, which, room[j], lo + j)


@njit(cache=True, fastmath=True, inline="always")
def _first(values: Any, at: float, radius: float, inside: bool, closed: bool, lo: int, hi: int) -> int:
    """First position in [lo, hi) whose distance to `at` is inside the radius (or, if not `inside`, no longer is)."""
    while lo < hi:
        middle = (lo + hi) // 2
        away = abs(values[middle] - at)
        if (away < radius or (closed and away == radius)) == inside:
            hi = middle
        else:
            lo = middle + 1
    return lo


@njit(cache=True, fastmath=True)
def count(tree: Any, at: Any, radius: float, closed: bool, stack: Any, room: Any) -> int:
    """How many points, itself included, are nearer than the radius, or at it too where `closed`; maximum norm."""
    if len(at) == 1:
        values, n = tree[1][0], tree[1].shape[1]
        own = np.searchsorted(values, at[0])
        return _first(values, at[0], radius, False, closed, own, n) - _first(
            values, at[0], radius, True, closed, 0, own
        )
    spans, inner = tree[4], len(tree[4]) // 2
    stack[0], depth, total = 0, 1, 0
    while depth:
        depth -= 1
        node = stack[depth]
        near, far = 0.0, 0.0
        for c in range(len(at)):
            below, above = tree[2][node, c] - at[c], tree[3][node, c] - at[c]
            near = max(near, max(below, -above))
            far = max(far, max(-below, above))
        if near > radius or (near == radius and not closed):
            continue
        if far < radius or (far == radius and closed):
            total += spans[node, 1] - spans[node, 0]
        elif node < inner:
            stack[depth], stack[depth + 1] = 2 * node + 1, 2 * node + 2
            depth += 2
        else:
            lo, hi = spans[node, 0], spans[node, 1]
            _leaf(tree[1], lo, hi, at, False, room)
            for j in range(hi - lo):
                total += room[j] <= radius if closed else room[j] < radius
    return total


@njit(cache=True, fastmath=True)
def reach(tree: Any, at: Any, radius: float, dim_x: int, stack: Any, room: Any) -> Any:
    """Largest distances in x and in y among the points within the radius, edge included."""
    spans, inner = tree[4], len(tree[4]) // 2
    reach_x, reach_y = 0.0, 0.0
    stack[0], depth = 0, 1
    while depth:
        depth -= 1
        node = stack[depth]
        if _gap(tree, node, at, False) > radius:
            continue
        if node < inner:
            stack[depth], stack[depth + 1] = 2 * node + 1, 2 * node + 2
            depth += 2
            continue
        lo, hi = spans[node, 0], spans[node, 1]
        _leaf(tree[1], lo, hi, at, False, room)
        for j in range(hi - lo):
            if room[j] <= radius:
                for c in range(len(at)):
                    away = abs(tree[1][c, lo + j] - at[c])
                    if c < dim_x:
                        reach_x = max(reach_x, away)
                    else:
                        reach_y = max(reach_y, away)
    return reach_x, reach_y
