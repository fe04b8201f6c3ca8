# SPDX-License-Identifier: Apache-2.0
"""Self-consistency: known deviations, and for every check an estimator that contradicts itself and is caught."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from mibench.contracts import InputError, Row, Sample
from mibench.harness import score
from mibench.harness.consistency import CHECKS, transform

Guess = Callable[[Sample], float]
N = 400


def row(check: str, estimate: float | None, estimator: str = "e", **more: Any) -> Row:
    task, n, repetition = more.pop("task", "a"), more.pop("n", 1000), more.pop("repetition", 0)
    status = more.pop("status", "error" if estimate is None else "ok")
    key = f"{estimator} {task} {n} {repetition} {check}"
    return Row(key, task, estimator, n, repetition, status, estimate=estimate, truth=2.0, check=check, **more)


@pytest.mark.parametrize(
    ("check", "plain", "answer", "deviation"),
    [
        ("symmetry", 2.0, 1.7, 0.3),
        ("symmetry", 1.7, 2.0, 0.3),
        ("row-order", 2.0, 2.0, 0.0),
        ("bijection-x", 2.0, 2.5, 0.5),
        ("bijection-y", 2.0, 1.5, 0.5),
        ("additivity", 2.0, 3.5, 0.5),
        ("additivity", 2.0, 4.0, 0.0),
        ("data-processing", 2.0, 2.4, 0.4),
        ("data-processing", 2.0, 0.4, 0.0),  # less is what forgetting does
        ("shuffled", 2.0, -0.2, 0.2),
        ("shuffled", 2.0, 0.3, 0.3),
    ],
)
def test_the_deviation_of_each_check(check: str, plain: float, answer: float, deviation: float) -> None:
    (line,) = score.consistency([row("", plain), row(check, answer)]).to_dict("records")
    assert (line["estimator"], line["check"], line["planned"], line["cells"]) == ("e", check, 1, 1)
    assert line["deviation"] == line["worst"] == pytest.approx(deviation)
    assert line["violated"] == float(deviation > 0.1)


def test_mean_worst_and_share_violated() -> None:
    rows = [row("", 2.0, repetition=i) for i in range(4)]
    rows += [row("symmetry", 2.0 + step, repetition=i) for i, step in enumerate((0.0, -0.05, 0.15, 0.4))]
    (line,) = score.consistency(rows).to_dict("records")
    assert line["deviation"] == pytest.approx(0.15)
    assert line["worst"] == pytest.approx(0.4)
    assert line["violated"] == 0.5
    assert score.consistency(rows, 0.2)["violated"].tolist() == [0.25]
    assert score.consistency(rows, 0.4)["violated"].tolist() == [0.0], "at the tolerance is within"
    assert "more than 0.2 nats" in score.consistency(rows, 0.2).attrs["caption"]


def test_a_check_is_held_against_the_same_cell_and_estimator() -> None:
    rows = [row("", 1.0, task="a"), row("", 5.0, task="b"), row("", 3.0, n=9), row("", 7.0, repetition=1)]
    rows += [row("", 9.0, "f"), row("symmetry", 1.25, task="a")]
    assert score.consistency(rows)["deviation"].tolist() == [0.25]
    other = [row("", 1.0, estimator_version=1), row("symmetry", 2.0, estimator_version=2)]
    assert score.consistency(other)["cells"].tolist() == [0], "another version is another estimator"


def test_what_has_no_answer_is_counted_with_its_reason() -> None:
    rows = [row("", 2.0), row("symmetry", None, status="timeout")]
    rows += [row("", None, repetition=1, status="crashed"), row("symmetry", 2.0, repetition=1)]
    rows += [row("symmetry", 2.0, repetition=2)]
    rows += [row("", 2.0, repetition=3), row("symmetry", 2.2, repetition=3)]
    (line,) = score.consistency(rows).to_dict("records")
    assert (line["planned"], line["cells"]) == (4, 1)
    assert (line["deviation"], line["violated"]) == (pytest.approx(0.2), 1.0)
    assert line["failures"] == "timeout 1, crashed without the check 1, not run without the check 1"


def test_without_an_answer_nothing_is_violated_and_nothing_is_well() -> None:
    (line,) = score.consistency([row("", 2.0), row("shuffled", None, status="unsupported")]).to_dict("records")
    assert line["cells"] == 0
    assert all(math.isnan(line[name]) for name in ("deviation", "worst", "violated"))


def test_a_shuffled_answer_needs_no_other() -> None:
    assert score.consistency([row("shuffled", 0.2)])["deviation"].tolist() == [0.2]


def test_views_and_groups() -> None:
    rows = [row("", 2 * math.log(2)), row("symmetry", 3 * math.log(2)), row("shuffled", -0.5)]
    bits = score.consistency(rows, view="bits").set_index("check")
    assert bits.loc["symmetry", "deviation"] == pytest.approx(1.0)
    assert bits.attrs["unit"] == "bits"
    assert score.consistency(rows, view="clipped").set_index("check").loc["shuffled", "deviation"] == 0.0
    more = [*rows, row("", 1.0, task="b", n=50), row("symmetry", 1.5, task="b", n=50)]
    by_task = score.consistency(more, by="task").set_index(["task", "n", "check"])
    assert by_task.loc[("b", 50, "symmetry"), "deviation"] == 0.5
    by_level = score.consistency(more, by="level").set_index(["level", "n", "check"])
    assert by_level.loc[(2.0, 50, "symmetry"), "deviation"] == 0.5
    with pytest.raises(InputError, match="no table by 'size'"):
        score.consistency(rows, by="size")
    with pytest.raises(InputError, match="no view"):
        score.consistency(rows, view="nats")
    with pytest.raises(InputError, match="finite number above 0"):
        score.consistency(rows, 0.0)


def test_a_check_of_another_version_is_refused() -> None:
    with pytest.raises(InputError, match="'triangle' that this version"):
        score.consistency([row("", 2.0), row("triangle", 1.0)])


def sample(seed: int) -> Sample:
    """Two coordinates a side, each of 1 nat."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, N, 2))
    rho = math.sqrt(-math.expm1(-2))
    return Sample(x, rho * x + math.sqrt(1 - rho**2) * noise)


def _normal(data: Sample) -> float:
    """The answer for normal variables by ranks: it obeys every check, up to noise."""
    joint = np.column_stack([data.x, data.y])
    scores = np.argsort(np.argsort(joint, axis=0), axis=0) + 0.5
    z = ndtri(scores / len(joint))
    width = data.x.shape[1]
    whole, first, last = (
        np.linalg.slogdet(np.atleast_2d(np.corrcoef(each.T)))[1] for each in (z, z[:, :width], z[:, width:])
    )
    return 0.5 * float(first + last - whole)


def _caught(guess: Guess, check: str) -> float:
    """The share of three cells on which the scores find `guess` in violation of `check`, as a run would ask it."""
    rows = []
    for repetition in range(3):
        data = sample(repetition)
        asked = transform(check, data, second=lambda: sample(1000 + repetition))  # noqa: B023
        rows += [row("", guess(data), repetition=repetition), row(check, guess(asked), repetition=repetition)]
    return float(score.consistency(rows, 0.2)["violated"].iloc[0])


BAD: dict[str, Guess] = {
    "symmetry": lambda data: _normal(data) + 10 * float(data.x[:9].sum()),  # x is not treated as y is
    "row-order": lambda data: _normal(data) + float(data.x[0, 0] + data.x[1, 1]),  # hangs on the first rows
    "bijection-x": lambda data: float(np.var(data.x)) + float(np.abs(data.x).max()),  # a scale is no information
    "bijection-y": lambda data: float(np.abs(data.y).max()),
    "additivity": lambda data: 2.0,  # an answer that never grows, as that of InfoNCE beyond log n
    "data-processing": lambda data: 10.0 / data.y.shape[1],  # more from fewer coordinates
    "shuffled": lambda data: 1.0 + float(np.var(data.x)),  # never looks at the pairs
}


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_catches_one_that_contradicts_itself(check: str) -> None:
    assert _caught(BAD[check], check) == 1.0


@pytest.mark.parametrize("check", CHECKS)
def test_no_check_accuses_one_that_is_consistent(check: str) -> None:
    assert _caught(_normal, check) == 0.0
