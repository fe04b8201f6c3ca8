# SPDX-License-Identifier: Apache-2.0
"""A joint distribution of X and Y as the bottleneck sees it: values of X that say the same of Y are one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError

__all__ = ["Joint", "distribution", "divergences", "entropy", "of_table", "table"]

_SUM = 1e-6  # what probabilities may be off from a sum of 1
_DIGITS = 14  # to which conditionals are compared

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Joint:
    """p(x, y), lumped.

    I(X;T) and I(T;Y) of the best encoders depend on x by p(y|x) alone: rows with the same p(y|x) may share an encoder
    without loss, because I(X;T) is convex in p(t|x).

    Attributes
    ----------
    p_x : ndarray, shape (K,)
        Of the lumped values, all positive.
    p_y_given_x : ndarray, shape (K, K_y)
    rows : ndarray of int64, shape (n,)
        The rows of the table that have a positive probability.
    member : ndarray of int64, shape (n,)
        The lumped value that each of `rows` is part of.
    h_x : float
        H(X) of the table, in nats.
    """

    p_x: Floats
    p_y_given_x: Floats
    rows: NDArray[np.int64]
    member: NDArray[np.int64]
    h_x: float

    @property
    def p_y(self) -> Floats:
        """Shape (K_y,)."""
        return self.p_x @ self.p_y_given_x

    @property
    def i_xy(self) -> float:
        """I(X;Y) in nats."""
        ratio = np.divide(self.p_y_given_x, self.p_y, out=np.ones_like(self.p_y_given_x), where=self.p_y_given_x > 0)
        return max(0.0, float(self.p_x @ (self.p_y_given_x * np.log(ratio)).sum(axis=1)))


def entropy(p: Floats) -> float:
    """Of probabilities, in nats."""
    some = p[p > 0]
    return max(0.0, float(-(some * np.log(some)).sum()))


def table(name: str, values: Any, ndim: int, what: str = "probabilities") -> Floats:
    """A table of probabilities or other amounts: finite, not negative, not empty.

    Raises
    ------
    InputError
        Naming it and what is wrong.
    """
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} cannot be read as numbers ({error}): give an array of {what}") from error
    if found.ndim != ndim or not found.size:
        raise InputError(f"{name} has shape {found.shape}: give a filled array with {ndim} axes")
    if not np.isfinite(found).all():
        raise InputError(f"{name} has {int((~np.isfinite(found)).sum())} values that are NaN or infinite")
    if found.min() < 0:
        raise InputError(f"{name} has negative values, {found.min():g} the least: give {what} of at least 0")
    return found


def distribution(name: str, values: Any, ndim: int = 1) -> Floats:
    """Probabilities that sum to 1 over all axes, made to sum to it to rounding.

    Raises
    ------
    InputError
        As `table`, or if the sum is off by more than 1e-6.
    """
    found = table(name, values, ndim)
    total = float(found.sum())
    if abs(total - 1) > _SUM:
        raise InputError(f"{name} sums to {total:.9g}, not to 1: divide counts or weights by their sum")
    return found / total


def of_table(p_xy: Any) -> Joint:
    """The lumped joint distribution of a table, shape (K_x, K_y).

    Raises
    ------
    InputError
        If the table is no joint distribution.
    """
    joint = distribution("p_xy", p_xy, ndim=2)
    joint = joint[:, joint.sum(axis=0) > 0]
    every = joint.sum(axis=1)
    rows = np.flatnonzero(every > 0).astype(np.int64)
    joint, every = joint[rows], every[rows]
    _, member = np.unique(np.round(joint / every[:, None], _DIGITS), axis=0, return_inverse=True)
    member = member.reshape(-1).astype(np.int64)
    lumped = np.zeros((int(member.max()) + 1, joint.shape[1]))
    np.add.at(lumped, member, joint)
    p_x = lumped.sum(axis=1)
    return Joint(p_x, lumped / p_x[:, None], rows, member, entropy(every))


def divergences(p: Floats, q: Floats) -> Floats:
    """KL(p_i || q_j) in nats, shape (n, m), of the rows of two tables, shapes (n, K), (m, K); infinite where it is."""
    with np.errstate(divide="ignore"):
        log_q = np.log(q)
    found = np.zeros((len(p), len(q)))
    for of_p, of_q in zip(p.T, log_q.T, strict=True):  # by outcome, so that 0 ln 0 is left out where p is 0
        some = of_p > 0
        found[some] += of_p[some, None] * (np.log(of_p[some])[:, None] - of_q)
    return np.maximum(found, 0.0)
