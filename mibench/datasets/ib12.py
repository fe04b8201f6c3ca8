# SPDX-License-Identifier: Apache-2.0
"""The 12-bit data set of the information-plane literature, from its closed form.

The 12 bits are the vertices V_i of an icosahedron, the 4096 patterns all subsets of them, and the label a function of a
subset that no rotation or reflection of the icosahedron changes::

    f(x) = sum_i x_i + || sum_i x_i V_i ||        y = 1[f(x) > theta]

the magnitudes of the spherical harmonics of degree 0 and 1 of the subset (Shwartz-Ziv and Tishby, 2017). Inner products
of vertices are 1 (itself), 1/sqrt(5) (adjacent), -1/sqrt(5) (next but one) or -1 (antipodal), so the squared norm is
``a + 2 b / sqrt(5)`` with whole numbers a and b: patterns of one class have bitwise the same score.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import entr, expit

from mibench.contracts import InputError
from mibench.numerics.checks import as_generator

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = [
    "GAMMA_LIMITS",
    "N_BITS",
    "N_PATTERNS",
    "THETA",
    "classes",
    "conditional",
    "information",
    "labels",
    "noisy_labels",
    "patterns",
    "scores",
    "solve_gamma",
    "values",
    "vertices",
]

N_BITS = 12
N_PATTERNS = 4096
THETA = 7.632  # anywhere in the gap (7.562778, 7.701302) of the scores
GAMMA_LIMITS = (1e-3, 1e4)  # where `solve_gamma` looks


def vertices() -> NDArray[np.float64]:
    """The icosahedron's vertices on the unit sphere, shape (12, 3): row i belongs to bit i."""
    phi = (1.0 + np.sqrt(5.0)) / 2.0
    rows = [
        [0, 1, phi],
        [1, phi, 0],
        [0, 1, -phi],
        [-1, phi, 0],
        [phi, 0, -1],
        [0, -1, phi],
        [1, -phi, 0],
        [-1, -phi, 0],
        [-phi, 0, -1],
        [0, -1, -phi],
        [-phi, 0, 1],
        [phi, 0, 1],
    ]
    return np.asarray(np.array(rows) / np.sqrt(1.0 + phi**2), dtype=np.float64)


def patterns() -> NDArray[np.uint8]:
    """All patterns, shape (4096, 12), values 0 and 1: row r is r in binary, bit 0 the most significant."""
    rows = np.arange(N_PATTERNS)[:, None]
    return (rows >> np.arange(N_BITS - 1, -1, -1) & 1).astype(np.uint8)


@cache
def _invariants() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Weight of every pattern and the squared length ``a + 2 b / sqrt(5)`` of the sum of its vertices."""
    bits = patterns().astype(np.int64)
    inner = vertices() @ vertices().T
    whole = np.where(np.abs(inner) > 0.9, np.rint(inner), 0).astype(np.int64)  # 1 itself, -1 antipodal
    fifths = np.where(np.abs(inner) > 0.9, 0, np.sign(inner)).astype(np.int64)  # 1 adjacent, -1 next but one
    a = np.einsum("ri,ij,rj->r", bits, whole, bits)
    b = np.einsum("ri,ij,rj->r", bits, fifths, bits) // 2  # the form counts every pair twice
    return bits.sum(axis=1), a + 2.0 * b / np.sqrt(5.0)


def scores() -> NDArray[np.float64]:
    """The invariant f(x) of every pattern, shape (4096,): its weight plus the length of the sum of its vertices."""
    weight, square = _invariants()
    return np.asarray(weight + np.sqrt(square), dtype=np.float64)


def values() -> NDArray[np.float64]:
    """The 53 values of f in increasing order, shape (53,)."""
    return np.unique(scores())


def labels() -> NDArray[np.uint8]:
    """The labels ``1[f(x) > 7.632]``, shape (4096,), values 0 and 1; 2118 are 1."""
    return (scores() > THETA).astype(np.uint8)


def classes() -> NDArray[np.int64]:
    """Power-spectrum class of every pattern, shape (4096,), 0 to 63 in the order of (weight, length of the sum).

    Patterns of one class have the same weight and the same length of the sum of their vertices. The classes are unions
    of the 82 orbits of the symmetry group.
    """
    return np.unique(np.stack(_invariants(), axis=1), axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def conditional(gamma: float, theta: float = THETA) -> NDArray[np.float64]:
    """P(Y = 1 | x) of the stochastic rule ``sigmoid(gamma (f(x) - theta))`` for every pattern, shape (4096,).

    Parameters
    ----------
    gamma : float
        Sharpness of the rule: 0 is a fair coin, infinity the labels themselves.
    theta : float
        Threshold.

    Raises
    ------
    InputError
        If `gamma` is negative or NaN, or `theta` is not finite.
    """
    gamma, theta = float(gamma), float(theta)
    if not gamma >= 0.0:
        raise InputError(f"gamma is {gamma!r}: give a sharpness of at least 0 (infinity is the deterministic rule)")
    if not np.isfinite(theta):
        raise InputError(f"theta is {theta!r}: give a finite threshold, such as {THETA}")
    distance = scores() - theta
    if gamma == np.inf:
        return np.heaviside(distance, 0.5)
    return np.asarray(expit(gamma * distance), dtype=np.float64)


def information(gamma: float = np.inf, theta: float = THETA) -> float:
    """I(X;Y) in nats of the stochastic rule, X uniform on the 4096 patterns; infinity is the deterministic rule.

    Raises
    ------
    InputError
        As `conditional`.
    """
    p = conditional(gamma, theta)
    return float(_binary_entropy(p.mean()) - _binary_entropy(p).mean())


def solve_gamma(mi: float, theta: float = THETA) -> float:
    """The sharpness at which the stochastic rule has I(X;Y) = `mi` nats.

    Raises
    ------
    InputError
        If `mi` lies outside what sharpnesses from 1e-3 to 1e4 can give.
    """
    low, high = (information(g, theta) for g in GAMMA_LIMITS)
    if not low <= mi <= high:
        raise InputError(f"mi is {mi!r} nats: at theta = {theta} give a value from {low:.3g} to {high:.6f}")
    root = brentq(lambda t: information(np.exp(t), theta) - mi, *np.log(GAMMA_LIMITS), xtol=1e-12)
    return float(np.exp(root))


def noisy_labels(rng: RandomLike, gamma: float, theta: float = THETA) -> NDArray[np.uint8]:
    """One label for every pattern, shape (4096,), drawn from the stochastic rule.

    Raises
    ------
    InputError
        As `conditional`.
    """
    p = conditional(gamma, theta)
    return (as_generator(rng).random(N_PATTERNS) < p).astype(np.uint8)


def _binary_entropy(p: Any) -> Any:
    """Entropy in nats of a coin."""
    return entr(p) + entr(1.0 - p)
