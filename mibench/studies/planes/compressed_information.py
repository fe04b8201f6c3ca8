# SPDX-License-Identifier: Apache-2.0
"""Information of few numbers a row from neighbour distances, in nats: of two sets of codes, and of codes and labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from mibench.contracts import Unsupported
from mibench.estimators.kl import whiten
from mibench.estimators.subsampling import subsampled_error
from mibench.estimators.weights import entropy_weights
from mibench.numerics.neighbours import ksg_counts, nearest_distances
from mibench.numerics.rows import distinct_rows

__all__ = ["Codes", "Method", "information", "label_information", "label_value"]

_REPEATS = 0.01  # share of repeated rows that rounding to float32 may explain
_FEWEST, _FEWEST_PER_NUMBER = 8, 4  # rows whose neighbours say anything

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Method:
    """How: ``wkl`` and ``kl`` as `mibench.estimators.kl`, ``ksg`` as `mibench.estimators.ksg`, with k neighbours."""

    estimator: Literal["wkl", "kl", "ksg"]
    k: int


class Codes:
    """Rows of few numbers.

    Parameters
    ----------
    values : ndarray of float64, shape (n, d)
    what : str
        What they are of, for messages.
    method : Method
    """

    def __init__(self, values: Floats, what: str, method: Method) -> None:
        self.values, self.what, self.method = values, what, method

    def at(self, rows: NDArray[np.int64]) -> Codes:
        """Some of the rows."""
        return Codes(self.values[rows], self.what, self.method)

    @cached_property
    def local_entropy(self) -> Floats:
        """Minus the log-density at each row in nats, shape (n,); its mean is the entropy.

        Raises
        ------
        Unsupported
            If there is no density in these coordinates, or too few rows to see one.
        """
        return _local_entropy(self.values, self.what, self.method, _REPEATS)

    @cached_property
    def standard(self) -> Floats:
        """Columns of mean 0 and variance 1, for counts of neighbours; raises `Unsupported` as `local_entropy`."""
        _check_rows(len(self.values), self.values.shape[1], self.what, self.method)
        repeats = len(self.values) - len(distinct_rows(self.values)[0])
        if repeats > _REPEATS * len(self.values):
            raise Unsupported(_repeated(repeats, len(self.values), self.what))
        centred = self.values - self.values.mean(axis=0)
        spread = centred.std(axis=0)
        if not (spread > 0).all():
            raise Unsupported(f"{self.what}: {int((spread == 0).sum())} of {len(spread)} numbers are constant")
        return np.asarray(centred / spread)


def information(x: Codes, y: Codes) -> tuple[float, float]:
    """I(X;Y) of paired rows, and its standard error.

    ``h(X) + h(Y) - h(X,Y)``, each of whitened rows; with ``ksg`` equation (8) of Kraskov et al. (2004).

    The standard error is the spread over disjoint parts of the rows (`mibench.estimators.subsampling`), or the delta
    method's, from what each row adds, where that is larger: rows share neighbours, and what they add is not
    independent.

    Raises
    ------
    Unsupported
        If either or the pair has no density in these coordinates: rows are constant, repeated, or determine each other.
    """
    local = _local_information(x, y)

    def on_parts(order: NDArray[np.int64], offsets: NDArray[np.int64]) -> Floats:
        parts = np.split(order, offsets[1:-1])
        return np.array([_local_information(x.at(part), y.at(part)).mean() for part in parts])

    independent = float(local.std(ddof=1) / np.sqrt(len(local)))
    return float(local.mean()), max(independent, _error_by_parts(on_parts, len(local), _fewest(x.method)))


def label_information(x: Codes, labels: NDArray[np.int64]) -> tuple[float, float]:
    """I(X;Y) of rows and their labels, and its standard error, the labels' frequencies being taken as they are.

    ``h(X) - sum_y p(y) h(X|Y=y)``, each of rows whitened on their own; with ``ksg`` equation (2) of Ross (2014): the
    neighbours that rows of any label have within the distance of the k-th of the same label. The standard error is as
    in `information`, by parts that have the same share of every label; of so few rows of a label that there are not
    four such parts, the delta method's alone.

    Raises
    ------
    Unsupported
        As `information`; for a label of too few rows.
    """
    local = _local_label_information(x, labels)

    def on_parts(order: NDArray[np.int64], offsets: NDArray[np.int64]) -> Floats:
        by_label, n_parts = order[np.argsort(labels[order], kind="stable")], len(offsets) - 1
        parts = [by_label[first::n_parts] for first in range(n_parts)]
        return np.array([_local_label_information(x.at(part), labels[part]).mean() for part in parts])

    classes, counts = np.unique(labels, return_counts=True)
    spreads = np.array([local[labels == label].var(ddof=1) for label in classes])
    independent = float(np.sqrt((counts * spreads).sum()) / len(local))
    least = _least_rows(x.method, x.values.shape[1]) + 1  # of a label in a part
    each = -(-len(local) * least // int(counts.min()))
    error = _error_by_parts(on_parts, len(local), max(_fewest(x.method), each))
    return float(local.mean()), max(independent, error)


def label_value(x: Codes, labels: NDArray[np.int64]) -> float:
    """What `label_information` estimates, without its standard error, which costs more."""
    return float(_local_label_information(x, labels).mean())


def _local_information(x: Codes, y: Codes) -> Floats:
    """What each row adds to I(X;Y)."""
    if x.method.estimator == "ksg":
        local = _local_counts(x.standard, y.standard, x.method.k)
        if np.ptp(local) == 0:
            raise Unsupported(f"{x.what} and {y.what} have the same neighbours: one determines the other")
        return local
    pairs = np.hstack([x.values, y.values])
    # whoever repeats both sides repeats a row: that is no accident of rounding
    joint = _local_entropy(pairs, f"{x.what} with {y.what}", x.method, 0.0)
    return np.asarray(x.local_entropy + y.local_entropy - joint)


def _local_label_information(x: Codes, labels: NDArray[np.int64]) -> Floats:
    """What each row adds to the information about its label."""
    classes, counts = np.unique(labels, return_counts=True)
    for label, count in zip(classes, counts, strict=True):
        _check_rows(int(count), x.values.shape[1], f"{x.what} given label {label}", x.method)
    if x.method.estimator == "ksg":
        apart = 4.0 * np.abs(x.standard).max() * np.searchsorted(classes, labels)
        return _local_counts(x.standard, apart[:, None], x.method.k)
    local = x.local_entropy.copy()
    for label in classes:
        own = labels == label
        local[own] -= _local_entropy(x.values[own], f"{x.what} given label {label}", x.method, _REPEATS)
    return local


def _fewest(method: Method) -> int:
    """Rows in the smallest part worth an estimate."""
    return max(20, 5 * method.k)


def _error_by_parts(on_parts: Callable[[NDArray[np.int64], NDArray[np.int64]], Floats], n: int, fewest: int) -> float:
    """The spread over parts of the rows; 0 where they are too few, or a part has no answer of its own."""
    try:
        found = subsampled_error(on_parts, n, fewest, np.random.default_rng(0))
    except Unsupported:
        return 0.0
    return 0.0 if found is None else found[0]


def _local_entropy(values: Floats, what: str, method: Method, tolerated: float) -> Floats:
    n, d = values.shape
    _check_rows(n, d, what, method)
    white, log_det = whiten(values, what, method.estimator)
    weights = _weights(method, n, d)
    distances = nearest_distances(white, len(weights))
    zero = distances == 0
    repeats = int(zero[:, 0].sum())
    if repeats > tolerated * n or zero[:, -1].any():
        raise Unsupported(_repeated(repeats, n, what))
    if repeats:  # the odd coincidence counts as lying at the next distance
        distances = np.where(zero, np.where(zero, np.inf, distances).min(axis=1, keepdims=True), distances)
    terms = d * np.log(distances) - digamma(np.arange(1, len(weights) + 1))
    log_ball = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1)
    return np.asarray(terms @ weights + log_ball + np.log(n - 1) + log_det)


def _weights(method: Method, n: int, d: int) -> Floats:
    if method.estimator == "wkl":
        return entropy_weights(d, n, min(method.k, 5 * d))
    return np.asarray(np.eye(method.k)[-1])


def _local_counts(x: Floats, y: Floats, k: int) -> Floats:
    counts = ksg_counts(x, y, k)[0]
    return np.asarray(digamma(counts) @ [1.0, -1.0, -1.0] + digamma(len(x)))


def _least_rows(method: Method, d: int) -> int:
    return max(_FEWEST, method.k + 2, _FEWEST_PER_NUMBER * d)


def _check_rows(n: int, d: int, what: str, method: Method) -> None:
    least = _least_rows(method, d)
    if n < least:
        raise Unsupported(f"{what}: {n} rows, and {method.estimator} with k={method.k} needs {least} of {d} numbers")


def _repeated(repeats: int, n: int, what: str) -> str:
    return (
        f"{what}: {repeats / n:.0%} of {n} rows equal others, so there is no density to estimate: part of it is "
        "discrete, as units are that are at rest and have no noise"
    )
