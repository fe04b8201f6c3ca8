# SPDX-License-Identifier: Apache-2.0
"""Every caption is true of the numbers it is computed from."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from mibench.contracts import Row
from mibench.harness.score import CriticalDifference, consistency, leaderboard
from mibench.reports import captions, drawing_consistency, drawing_cost, drawing_sizes, drawing_truth
from mibench.reports.figures import plates
from mibench.reports.results import cells, trials


def row(estimator: str, estimate: float | None, task: str = "blobs[mi=2]", truth: float = 2.0, **more: object) -> Row:
    more = {"n": 100, "repetition": 0, "status": "ok" if estimate is not None else "error", "seconds": 1.0, **more}
    key = f"{task} {estimator} {more['n']} {more['repetition']} {more.get('check', '')}"
    return Row(key, task, estimator, estimate=estimate, truth=truth, **more)  # type: ignore[arg-type]


def test_the_truth_names_the_closest_and_counts_who_is_too_low_at_the_top() -> None:
    rows = [
        row("ksg", 1.0, "blobs[mi=1]", 1.0),
        row("ksg", 1.0, interval=(0.5, 1.5)),
        row("kl", 0.9, "blobs[mi=1]", 1.0),
    ]
    rows += [row("kl", 1.9), row("wkl", 1.0, "blobs[mi=1]", 1.0), row("wkl", 1.0), row("oracle+kl", 2.0)]
    (view,) = drawing_truth.views(cells(trials(rows)))
    said = captions.truth(view)
    assert said == (
        "Closest over all 2 tasks: kl, 0.100 nats off on average. At 2 nats, the highest truth, 2 of 4 estimators "
        "underestimate by more than 10 %. Bars: the mean stated 95 % interval, of the 1 estimator that states one."
    )


def test_errors_say_which_way_they_go_and_where() -> None:
    rows = [row("ksg", 1.5), row("kl", 1.0), row("ksg", 2.25, "fields[mi=2]"), row("kl", None, "fields[mi=2]")]
    assert captions.errors(cells(trials(rows)), "task") == (
        "Mean of estimate - truth in nats; blue underestimates, orange overestimates. 67 % of the 3 means are below "
        "the truth, half of them by 0.750 nats or more. Hardest is blobs, where the median error is 0.750 nats; "
        "easiest fields, 0.250. Words stand in the 1 cell without an answer."
    )
    assert "0 % of the 1 mean are below the truth." in captions.errors(cells(trials([row("ksg", 3.0)])), "task")


def test_cost_lists_the_front_and_counts_the_others() -> None:
    scores = pd.DataFrame(
        {
            "estimator": ["fast", "good", "worse", "lucky", "oracle+kl"],
            "seconds": [0.1, 2.0, 3.0, 0.01, 0.01],
            "mae": [0.5, 0.25, 0.75, 0.1, 0.01],
            "mae_common": [0.5, 0.25, 0.75, math.nan, 0.01],
        }
    )
    assert captions.cost(drawing_cost.points(scores)) == (
        "Both axes are logarithmic; lower left is better. On the Pareto front of the estimators that see only the "
        "data, in bold: fast (0.100 s, 0.500 nats) and good (2.00 s, 0.250 nats). For the other one, one on the line "
        "is at least as fast and as accurate. Hollow: 1 that lacks an answer on some of the common cells, so not "
        "compared."
    )
    scores.loc[2, ["mae", "mae_common"]] = 90.0
    assert "An arrow marks 1 error beyond the panel." in captions.cost(drawing_cost.points(scores))


def test_sizes_name_who_gains_most_and_who_is_within_the_tolerance() -> None:
    errors = {"ksg": (1.0, 0.05), "kl": (0.5, 0.4), "wkl": (0.1, 0.3), "kde": (None, 0.2)}
    rows = [row(name, e and 2 + e, n=n) for name, pair in errors.items() for n, e in zip((10, 100), pair, strict=True)]
    curves = drawing_sizes.curves(trials(rows))
    assert captions.sizes(curves, 0.1) == (
        "From n = 10 to 100, the error falls for 2 of 3 estimators, most for ksg, from 1.00 to 0.0500 nats. Within "
        "0.100 nats (dashed) at n = 100: ksg. Marks are means, whiskers the middle half of the errors over tasks and "
        "repetitions."
    )
    assert "at n = 100: none." in captions.sizes(curves, 0.01)
    assert "Hollow marks" in captions.sizes(curves.assign(of=2), 0.1)


def test_intervals_name_the_honest_and_the_least_so() -> None:
    shares = pd.DataFrame(
        {"estimator": ["ksg", "kl"], "share": [0.9, 0.1], "high": [0.97, 0.3], "low": [0.8, 0.0], "stated": [20, 20]}
    )
    said = captions.intervals(shares)
    assert "1 of 2 estimators may do so, as far as these trials tell: ksg. The lowest share is 10 %, of kl" in said
    assert "None of 1 estimator may do so" in captions.intervals(shares[shares["estimator"] == "kl"])


def test_a_difference_says_who_is_tied_with_the_first_and_what_is_assumed() -> None:
    names, ranks, groups = ("a", "b", "oracle+kl"), (1.2, 1.5, 2.9), (("a", "b"),)
    found = CriticalDifference(names, ranks, 0.956, 12, 0.0123, groups)
    said = captions.difference(found)
    assert said.startswith(
        "Average rank of 3 estimators over 12 tasks, the best on the left. That all are equal: p = 0.012 (Friedman's "
        "test). First is a with 1.2, not told apart from b. Grey: given the true latents. A bar joins"
    )
    assert "0.96 (Nemenyi's test at 5 %)" in said
    alone = CriticalDifference(names[:2], ranks[:2], 0.1, 12, 1e-9, ())
    assert "p < 0.001 (Wilcoxon's test). First is a with 1.2, told apart from all others." in captions.difference(alone)


@pytest.mark.parametrize(
    ("lows", "expected"),
    [((1, 2, 3), "Only a can."), ((1, 1, 2), "2 of 3 can: a and b."), ((1, 1, 1), "3 of 3 can: a, b and c.")],
)
def test_ranks_say_who_can_be_first(lows: tuple[int, ...], expected: str) -> None:
    table = pd.DataFrame({"estimator": list("abc"), "low": lows, "high": [2, 2, 3], "mae": [0.1, 0.2, 0.3]})
    assert f"Who can be first by the mean error on the common cells? {expected}" in captions.ranks(table)


def test_consistency_names_the_check_that_is_violated_most() -> None:
    rows = [row("ksg", 1.5), row("ksg", 1.5, check="symmetry"), row("ksg", -0.5, check="shuffled"), row("kl", 1.0)]
    rows += [row("kl", 1.25, check="symmetry"), row("kl", 0.75, check="shuffled")]
    deviations = consistency(rows)
    said = captions.consistency(drawing_consistency.table(deviations), deviations, 0.1)
    assert "Violated most, by more than 0.100 nats: shuffled, in 100 % of cells; least: symmetry, 50 %." in said
    assert "Over all checks, ksg deviates least, by 0.250 nats on average." in said


def test_long_and_hostile_names_are_shortened_in_every_text() -> None:
    long = "k" * 10_000
    rows = [
        row(name, 2 + error + i / 100, f"{task}[mi={i}]", n=n)
        for name, error in ((long, 0.1), ("\u202eksg\x00<b>", 0.2))
        for task in ("blobs", "f" * 5000)
        for i in range(1, 9)
        for n in (10, 20)
    ]
    table = trials(rows)
    found = plates(cells(table), table, leaderboard(rows), rows)
    assert {plate.section for plate in found} == {"ranks", "truth", "errors", "cost"}
    for plate in found:
        texts = (plate.name, plate.title, plate.caption, plate.alt)
        assert all(text and len(text) < 1000 for text in texts)
        assert not any(char in text for text in texts for char in "\u202e\x00")
