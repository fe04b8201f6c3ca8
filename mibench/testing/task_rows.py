# SPDX-License-Identifier: Apache-2.0
"""Rows are independent and of one distribution, however many are drawn at a time.

A generator that draws anything once per batch (a mixture's index, a scale, the sign of a correlation) has the right
marginals and the wrong sample; published suites had it. So the same number of rows is drawn in batches of several
sizes, and the batches are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.testing.check import task_check
from mibench.testing.outcome import fail
from mibench.testing.subject import TaskSubject

__all__: list[str] = []

_ROWS = 2000
_BATCHES = (2, 50)
_LEVEL = 1e-7  # of each test: some fifty of them on sound rows fail once in 200,000 tasks
_LAGS = 3
_REACH = 5.6  # standard errors, as rare


def _features(x: NDArray[Any], y: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Numbers per row that see location, scale and dependence: two projections of each side, sizes and products."""
    rng = np.random.default_rng(2024)
    found: dict[str, NDArray[np.float64]] = {}
    for i in range(2):
        sides = []
        for values, name in ((x, "x"), (y, "y")):
            flat = values.reshape(len(values), -1).astype(np.float64)
            direction = rng.standard_normal(flat.shape[1])
            direction = np.eye(flat.shape[1])[flat.shape[1] // 2] if i else direction
            along = flat @ direction
            along = along - np.median(along)
            sides.append(along)
            found |= {
                f"{name} along direction {i + 1}": along,
                f"the size of {name} along direction {i + 1}": np.abs(along),
            }
        found[f"the product of x and y along direction {i + 1}"] = sides[0] * sides[1]
    return {name: values for name, values in found.items() if np.ptp(values) > 0}


def _scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from mibench.numerics.ranks import normal_scores

    return normal_scores(values)[:, 0]


def _drawn(subject: TaskSubject, batch: int) -> tuple[NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng([batch, 7])
    samples = [subject.sample(batch, rng) for _ in range(_ROWS // batch)]
    return np.concatenate([each.x for each in samples]), np.concatenate([each.y for each in samples])


@task_check
def batches_are_alike(subject: TaskSubject) -> None:
    """Batches differ by chance only: nothing is drawn once per batch (2000 rows in batches of 2 and of 50)."""
    from scipy.stats import f_oneway

    for batch in _BATCHES:
        for name, values in _features(*_drawn(subject, batch)).items():
            groups = _scores(values).reshape(-1, batch)
            p = float(f_oneway(*groups).pvalue)
            if p < _LEVEL:
                fail(
                    f"in batches of {batch}, rows of one batch resemble each other in {name} (p = {p:.1g}): "
                    "something is drawn once per batch; draw it for every row"
                )


@task_check
def batch_size_does_not_matter(subject: TaskSubject) -> None:
    """Rows drawn 1, 2, 50 or 2000 at a time have one distribution."""
    from scipy.stats import ks_2samp

    drawn = {batch: _drawn(subject, batch) for batch in (1, *_BATCHES, _ROWS)}
    whole_x, whole_y = drawn.pop(_ROWS)
    for batch, (x, y) in drawn.items():
        together = _features(np.concatenate([whole_x, x]), np.concatenate([whole_y, y]))
        for name, values in together.items():
            p = float(ks_2samp(values[:_ROWS], values[_ROWS:], method="asymp").pvalue)
            if p < _LEVEL:
                fail(
                    f"rows drawn {batch} at a time are distributed unlike rows drawn {_ROWS} at a time in {name} "
                    f"(p = {p:.1g}): the sample must not depend on n (no scaling by the batch's own mean or spread)"
                )


@task_check
def rows_are_independent(subject: TaskSubject) -> None:
    """Within a batch of 2000: no correlation of near rows, and the two halves alike."""
    from scipy.stats import ks_2samp

    for name, values in _features(*_drawn(subject, _ROWS)).items():
        scores = _scores(values)
        for lag, r in _correlations(scores):
            if abs(r) > _REACH / np.sqrt(len(scores)):
                fail(f"{name} correlates with itself {lag} rows on (r = {r:.3f}): draw the rows independently")
        half = len(values) // 2
        p = float(ks_2samp(values[:half], values[half:], method="asymp").pvalue)
        if p < _LEVEL:
            fail(f"the first half of a sample is distributed unlike the second in {name} (p = {p:.1g})")


def _correlations(scores: NDArray[np.float64]) -> Iterator[tuple[int, float]]:
    for lag in range(1, _LAGS + 1):
        yield lag, float(np.corrcoef(scores[lag:], scores[:-lag])[0, 1])


@task_check
def no_repeats(subject: TaskSubject) -> None:
    """Pairs repeat within a sample as between two samples: nothing is resampled from a small pool, or dealt out."""
    first, second = (Counter(_rows(subject, seed)) for seed in (0, 1))
    within = sum(count * (count - 1) // 2 for rows in (first, second) for count in rows.values())
    across = sum(count * second[row] for row, count in first.items())
    # pairs of equal rows: of independent samples, as many within the two as across them, few symbols or many
    chance = _REACH * max(1.0, (within + across) ** 0.5)
    if within > 5 and within > 1.5 * across + chance:
        fail(f"{within} pairs repeat others of their sample, and {across} those of the other sample: draw new ones")
    if across > 5 and across > 1.5 * within + chance:
        fail(
            f"{across} pairs come again under another seed, and {within} repeat others of their sample: draw with "
            "replacement, from `rng`"
        )
    discrete = all(subject.sample(1).side.get(f"{side}_is_discrete") is True for side in "xy")
    if not discrete and across > 5:
        fail(
            f"{across} pairs come again under another seed: draw them from `rng`, not from a fixed pool; if both sides "
            "take finitely many values, declare x_is_discrete and y_is_discrete in the sample's side"
        )


def _rows(subject: TaskSubject, seed: int) -> Iterator[bytes]:
    sample = subject.sample(_ROWS, seed)
    joint = [np.ascontiguousarray(values.reshape(_ROWS, -1)) for values in (sample.x, sample.y)]
    for x, y in zip(*joint, strict=True):
        yield x.tobytes() + y.tobytes()
