# SPDX-License-Identifier: Apache-2.0
"""The stated truth, confronted with an estimate from a large sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Sample
from mibench.testing.check import task_check
from mibench.testing.outcome import fail, skip
from mibench.testing.subject import TaskSubject, number

__all__ = ["reference"]

_N = 20_000
_PARTS = 4  # that are drawn one after the other: of images, only the latents are kept
_MOST_COLUMNS = 24  # of both sides together: beyond it neighbours say little
_PER_SYMBOL = 4  # samples for each pair of symbols seen, from which counting is nearly without bias


@task_check
def truth_agrees(subject: TaskSubject) -> None:
    """A reference estimate from 20000 samples (of the latents, where declared) agrees with the truth."""
    stated = subject.thing.truth
    rng = np.random.default_rng(3)
    parts = [_told(subject.sample(_N // _PARTS, rng)) for _ in range(_PARTS)]
    x, y = (np.concatenate(side) for side in zip(*parts, strict=True))
    estimate, error = reference(x, y)
    columns = x[0].size + y[0].size
    allowed = 0.01 * columns + 0.02 * stated.mi + 4 * float(np.hypot(error, stated.std_error))
    if abs(estimate - stated.mi) > allowed:
        ratio = estimate / stated.mi if stated.mi else float("nan")
        hint = " (in bits it would agree: give nats)" if abs(ratio * 1.442695 - 1) < 0.1 else ""
        fail(
            f"the truth is stated as {stated.mi:.4g} nats and {_N} samples say {estimate:.4g} -+ {error:.2g}{hint}: "
            "check the formula, and that the samples are drawn from it"
        )


def _told(sample: Sample) -> tuple[NDArray[Any], NDArray[Any]]:
    """The latents where the sample declares them, else the data; as matrices."""
    if {"latent_x", "latent_y"} <= set(sample.side):
        sides = [np.asarray(sample.side[f"latent_{side}"]) for side in "xy"]
    else:
        sides = [sample.x, sample.y]
    x, y = (values.reshape(len(values), -1) for values in sides)
    return x, y


def reference(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    """Mutual information of a sample and its standard error, in nats, by a method that needs no tuning.

    Counting where both sides are symbols. Else normal scores of each column (which leave the information as it is), and
    the estimator of Kraskov et al. (2004), less its error on normal data of the same covariance and size: normal data
    are thus answered nearly without bias.

    Parameters
    ----------
    x, y : array, shape (n, d)

    Raises
    ------
    unittest.SkipTest
        For more columns than neighbours can tell about.
    """
    from mibench.estimators.binning import Binning

    symbols = [len(np.unique(values, axis=0)) for values in (x, y)]
    pairs = len(np.unique(np.hstack([x, y]), axis=0)) if max(symbols) < len(x) / 2 else len(x)
    if _PER_SYMBOL * pairs <= len(x):
        counted = Binning(kind="symbols").estimate(x, y)
        return number(counted), counted.std_error or 0.0
    if min(symbols) < len(x) / 2:
        skip(
            f"a side is discrete ({min(symbols)} values) and {pairs} pairs differ: no reference estimator for that here"
        )
    columns = x.shape[1] + y.shape[1]
    if columns > _MOST_COLUMNS:
        skip(f"{columns} columns and no latents: no estimator can vouch for the truth; declare latent_x and latent_y")
    return _by_neighbours(x, y)


def _by_neighbours(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    from mibench.estimators.ksg import KSG
    from mibench.numerics.gaussian_information import gaussian_mi
    from mibench.numerics.ranks import normal_scores

    x, y = normal_scores(x), normal_scores(y)
    found = KSG().estimate(x, y, rng=0)
    covariance = np.cov(np.hstack([x, y]), rowvar=False)
    like = np.random.default_rng(5).standard_normal((len(x), len(covariance))) @ np.linalg.cholesky(covariance).T
    bias = KSG(interval=False).estimate(like[:, : x.shape[1]], like[:, x.shape[1] :]).mi - gaussian_mi(
        covariance, x.shape[1]
    )
    return number(found) - float(bias), float(np.sqrt(2) * (found.std_error or 0.0))
