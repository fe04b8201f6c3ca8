# SPDX-License-Identifier: Apache-2.0
"""Every table that the page and its figures are drawn from, on rows whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from mibench.contracts import Row, Status
from mibench.reports import drawing_cost, drawing_errors, drawing_intervals, drawing_truth
from mibench.reports.failures import reasons
from mibench.reports.provenance import facts
from mibench.reports.results import cells, trials


def row(
    task: str,
    estimator: str,
    estimate: float | None = None,
    status: Status = "ok",
    *,
    n: int = 100,
    repetition: int = 0,
    truth: float | None = 2.0,
    interval: tuple[float, float] | None = None,
    bounds: tuple[float, float] | None = None,
    error: str | None = None,
) -> Row:
    key = f"{task} {estimator} {n} {repetition}"
    return Row(key, task, estimator, n, repetition, status, estimate, None, interval, bounds, truth, error=error)


def test_cells_are_means_over_repetitions_of_what_was_ok() -> None:
    rows = [
        row("blobs[mi=2]", "ksg", 1.5, interval=(1.0, 2.5)),
        row("blobs[mi=2]", "ksg", 2.1, repetition=1, interval=(1.6, 2.7)),
        row("blobs[mi=2]", "ksg", 99.0, "error", repetition=2),
        row("blobs[mi=2]", "kl", None, "timeout"),
    ]
    table = cells(trials(rows)).set_index("estimator")
    assert table.loc["ksg", "estimate"] == pytest.approx(1.8)
    assert table.loc["ksg", "error"] == pytest.approx(-0.2)
    assert (table.loc["ksg", "low"], table.loc["ksg", "high"]) == pytest.approx((1.3, 2.6))
    assert (table.loc["ksg", "ok"], table.loc["ksg", "planned"]) == (2, 3)
    assert math.isnan(table.loc["kl", "error"])
    assert table.loc["kl", "status"] == "timeout"


def test_sample_sizes_are_told_apart() -> None:
    table = trials([row("blobs[mi=2]", "ksg", 1.0), row("blobs[mi=2]", "ksg", 1.0, n=200)])
    assert list(table["series"]) == ["blobs, n = 100", "blobs, n = 200"]


def test_the_matrix_of_errors_has_tasks_by_shape_and_truth() -> None:
    rows = [
        row("blobs[size=32,mi=1]", "ksg", 1.25, truth=1.0),
        row("blobs[size=16,mi=3]", "ksg", -9.0, truth=3.0),
        row("blobs[size=16,mi=1]", "ksg", 0.75, truth=1.0),
        row("blobs[size=16,mi=1]", "mine", status="crashed", truth=1.0),
    ]
    table = drawing_errors.matrix(cells(trials(rows)))
    assert table.heads == [("blobs[size=16]", 2), ("blobs[size=32]", 1)]
    assert table.levels == ["1", "3", "1"]
    ((_, line),) = table.groups["direct"]
    assert [cell.error for cell in line if cell] == [-0.25, -12.0, 0.25]
    assert [cell.strength for cell in line if cell] == [-0.25, -1.0, 0.25]
    ((_, line),) = table.groups["neural"]
    assert [cell and cell.status for cell in line] == ["crashed", None, None]


def test_intervals_count_what_they_hold() -> None:
    rows = [row("blobs[mi=2]", "ksg", 2.0, repetition=i, interval=(1.9, 2.1 if i else 1.95)) for i in range(4)]
    rows += [row("blobs[mi=2]", "kl", 2.0), row("gaussian", "kl", 2.0, truth=None, interval=(0, 1))]
    (line,) = drawing_intervals.shares(trials(rows)).to_dict("records")
    assert (line["estimator"], line["stated"], line["held"], line["share"]) == ("ksg", 4, 3, 0.75)
    assert line["width"] == pytest.approx(0.2)


@given(st.integers(1, 500).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_wilson_is_scipys(case: tuple[int, int]) -> None:
    known = binomtest(*case).proportion_ci(0.95, method="wilson")
    assert drawing_intervals.wilson(*case) == pytest.approx((known.low, known.high), abs=1e-12)


def test_bounds_hold_or_not() -> None:
    rows = [
        row("fields[mi=2]", "pca+ksg", 1.9, bounds=(1.9, math.inf)),
        row("fields[mi=2]", "pca+kl", 1.9, bounds=(1.5, 1.9)),
        row("fields[mi=2]", "ksg", 1.9),
    ]
    table = drawing_intervals.bounds(trials(rows)).set_index("estimator")
    assert dict(table["held"]) == {"pca+ksg": 1, "pca+kl": 0}
    assert table.loc["pca+ksg", "upper"] == math.inf


def test_pareto_front_of_known_points() -> None:
    costs = np.array([[1.0, 5.0], [2.0, 3.0], [3.0, 3.0], [4.0, 1.0], [5.0, 2.0], [1.0, 5.0]])
    assert list(drawing_cost.front(costs)) == [True, True, False, True, False, True]
    assert drawing_cost.front(np.zeros((0, 2))).shape == (0,)


def test_only_estimators_on_the_same_cells_compete_on_cost() -> None:
    scores = pd.DataFrame(
        {
            "estimator": ["fast", "lucky", "zero", "oracle+kl"],
            "seconds": [1.0, 0.1, 2.0, 0.01],
            "mae": [0.3, 0.01, 0.0, 0.0],
            "mae_common": [0.4, math.nan, 0.0, 0.0],
            "coverage": [1.0, 0.5, 1.0, 1.0],
        }
    )
    table = drawing_cost.points(scores).set_index("estimator")
    assert list(table.index) == ["oracle+kl", "lucky", "fast", "zero"]
    assert dict(table["front"]) == {"oracle+kl": False, "lucky": False, "fast": True, "zero": True}
    assert table.loc["fast", "error"] == 0.4
    assert table.loc["zero", "error"] > 0  # it stands on a logarithmic axis


def test_one_estimator_keeps_its_colour_in_every_group_and_no_look_comes_twice() -> None:
    names = ["ksg", "kl", "ae+ksg", "ae[latent_dim=3]+ksg", "mine", *(f"wkl[k={k}]" for k in range(2, 20))]
    look = drawing_truth.looks(names)
    assert look["ksg"] == look["ae+ksg"]
    assert look["ae[latent_dim=3]+ksg"][0] == look["ksg"][0]
    direct = [look[name] for name in names if "+" not in name and name != "mine"]
    assert len(set(direct)) == len(direct)


def test_reasons_are_told_once_the_most_frequent_first() -> None:
    rows = [
        row("a", "ksg", 1.0),
        row("a", "kl", status="error", error="one"),
        row("b", "kl", status="error", error="two\nlines"),
        row("c", "wkl", status="error", error="two\nlines"),
        row("d", "wkl", status="crashed"),
    ]
    found = reasons(rows)
    assert [(each.status, each.short, len(each.rows), each.folded) for each in found] == [
        ("error", "two", 2, True),
        ("crashed", "no message", 1, False),
        ("error", "one", 1, False),
    ]
    assert (found[0].estimators, found[0].tasks) == (["kl", "wkl"], ["b", "c"])


def test_manifests_become_flat_facts() -> None:
    manifest = {
        "command": "now",
        "git": None,
        "hardware": {"gpus": [], "cores": 2},
        "blas": [{"name": "x", "threads": 1}],
        "history": [{"time": "then", "command": "before"}, {"time": "now", "command": "now"}],
    }
    assert list(facts(manifest)) == [
        ("command", "now"),
        ("git", "none"),
        ("hardware.gpus", "none"),
        ("hardware.cores", "2"),
        ("blas", "x 1"),
        ("before, then", "before"),
    ]


def test_messages_that_differ_in_numbers_or_in_the_estimator_are_one_reason() -> None:
    rows = [
        row("a", "kl", status="unsupported", error="kl: rank 22 of 32 in x, spread 71.9"),
        row("a", "pca+wkl", status="unsupported", error="wkl: rank 3 of 4 in x, spread 1e-9"),
        row("a", "wkl", status="unsupported", error="wkl: rank 3 of 4 in y, spread 1e-9"),
        row("a", "wkl", status="error", error="wkl: rank 3 of 4 in y, spread 1e-9"),
    ]
    assert [len(each.rows) for each in reasons(rows)] == [2, 1, 1]
    assert reasons(rows)[0].message == rows[0].error
