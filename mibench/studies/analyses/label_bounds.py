# SPDX-License-Identifier: Apache-2.0
"""Bounds from below of I(L;Y') by what a classifier reads from L, Y' being a label behind a known channel.

Any function of L has at most L's information. So guesses of the label, by a classifier that was fitted to other rows,
give the information of their cross table with Y', and probabilities q(y'|L) that it gives to labels give

    I(L;Y') >= H(Y') + E ln q(Y'|L)

(Barber and Agakov, NIPS 2003), since what is missing is E KL(p(.|L) || q(.|L)). In both, what the channel does to the
label is not drawn but summed. The greater one of the two is the bound.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr, xlogy
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from mibench.contracts import Unsupported
from mibench.studies.planes.compressed_linear import principal

__all__ = ["Bound", "lower_bound", "posteriors", "score_bound", "table_bound"]

Floats = NDArray[np.float64]

_MOST = 50  # principal components that a classifier sees
_NEIGHBOURS, _STEPS = 15, 200
_UNIFORM = 0.01  # part of a classifier's probabilities that is the same for all labels: none is 0


class Bound(NamedTuple):
    """In nats, with its standard error."""

    value: float
    std_error: float


def posteriors(values: NDArray[Any], labels: NDArray[np.int64], classes: int, rng: np.random.Generator) -> Floats:
    """Probabilities of each row's label by classifiers fitted to the other half of the rows, shape (n, classes).

    The mean of those of a logistic regression and of 15 nearest neighbours, both on at most 50 principal components.
    Where a half has one label only, or constant values, they are the half's shares of the labels: `lower_bound` then is
    0, as it should be of labels that are all the same.

    Parameters
    ----------
    values : ndarray, shape (n, d)
    labels : ndarray of int, shape (n,)
    classes : int
    rng : Generator
        Draws the halves.
    """
    found = np.zeros((len(values), classes))
    fold = rng.permutation(len(values)) % 2
    for each in (0, 1):
        fitted, asked = fold != each, fold == each
        shares = np.bincount(labels[fitted], minlength=classes) / fitted.sum()
        if shares.max() == 1.0:
            found[asked] = shares
            continue
        try:
            seen = principal(values[fitted], _MOST, "the layer")
        except Unsupported:  # a constant: nothing to tell labels by
            found[asked] = shares
            continue
        scores, others = seen.scores, seen.scores_of(values[asked])
        unit = scores.std(axis=0)
        neighbours = KNeighborsClassifier(min(_NEIGHBOURS, len(scores)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a fit that is not the best one bounds as well
            for model, by in ((LogisticRegression(max_iter=_STEPS), unit), (neighbours, np.ones_like(unit))):
                model.fit(scores / by, labels[fitted])
                found[np.ix_(asked, model.classes_)] += model.predict_proba(others / by) / 2
    return found


def lower_bound(probabilities: Floats, labels: NDArray[np.int64], channel: Floats) -> Bound:
    """The greater one of `table_bound`, of the likeliest labels, and `score_bound`; at least 0.

    Parameters
    ----------
    probabilities : ndarray, shape (n, K)
        Of each row's label, by a classifier that was not fitted to the row.
    labels : ndarray of int, shape (n,)
        Before the channel.
    channel : ndarray, shape (K, M)
    """
    guesses = probabilities.argmax(axis=1)
    best = max(table_bound(guesses, labels, channel), score_bound(probabilities, labels, channel))
    return best if best.value > 0 else Bound(0.0, best.std_error)


def table_bound(guesses: NDArray[np.int64], labels: NDArray[np.int64], channel: Floats) -> Bound:
    """I(guess;Y') of the cross table, its bias and its error by the jackknife over rows."""
    n, classes = len(labels), len(channel)
    counts = np.zeros((classes, classes))
    np.add.at(counts, (guesses, labels), 1.0)
    whole = float(_mutual(counts[None] / n @ channel)[0])
    cells = np.argwhere(counts)
    times = counts[tuple(cells.T)]
    without = np.repeat(counts[None], len(cells), axis=0)  # of a row of each cell
    without[(np.arange(len(cells)), *cells.T)] -= 1
    values = _mutual(without / (n - 1) @ channel)
    mean = float(times @ values / n)
    error = np.sqrt((n - 1) / n * (times @ (values - mean) ** 2))
    return Bound(n * whole - (n - 1) * mean, float(error))


def _mutual(joint: Floats) -> Floats:
    """Of tables (..., a, b) of probabilities."""
    product = joint.sum(axis=-1, keepdims=True) * joint.sum(axis=-2, keepdims=True)
    return np.asarray(rel_entr(joint, product).sum(axis=(-2, -1)))


def score_bound(probabilities: Floats, labels: NDArray[np.int64], channel: Floats) -> Bound:
    """H(Y') + E ln q(Y'|L), the mean being over rows and over what the channel makes of their labels."""
    q = (1 - _UNIFORM) * probabilities + _UNIFORM / probabilities.shape[1]
    shares = np.bincount(labels, minlength=len(channel)) / len(labels) @ channel
    given = channel[labels]  # (n, M)
    scores = (xlogy(given, q @ channel) - xlogy(given, shares)).sum(axis=1)
    return Bound(float(scores.mean()), float(scores.std(ddof=1) / np.sqrt(len(scores))))
