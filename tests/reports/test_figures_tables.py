# SPDX-License-Identifier: Apache-2.0
"""Every table behind a figure, on rows whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from mibench.contracts import Row, Status
from mibench.harness.score import CriticalDifference, consistency, leaderboard
from mibench.reports import (
    drawing_consistency,
    drawing_cost,
    drawing_errors,
    drawing_intervals,
    drawing_ranks,
    drawing_sizes,
    drawing_truth,
    labels,
)
from mibench.reports.gallery import chosen
from mibench.reports.results import cells, trials


def row(
    estimator: str,
    estimate: float | None = None,
    task: str = "blobs[mi=2]",
    *,
    n: int = 100,
    repetition: int = 0,
    truth: float | None = 2.0,
    status: Status = "ok",
    interval: tuple[float, float] | None = None,
    check: str = "",
    seconds: float | None = 1.0,
) -> Row:
    key = f"{task} {estimator} {n} {repetition} {check}"
    return Row(key, task, estimator, n, repetition, status, estimate, None, interval, None, truth, seconds=seconds,
               check=check)  # fmt: skip


def off(estimator: str, errors: dict[int, float], task: str = "blobs[mi=2]", **more: int) -> Iterable[Row]:
    """A row per sample size, with that error."""
    return [row(estimator, 2.0 + error, task, n=n, **more) for n, error in errors.items()]


def test_a_run_with_an_infinite_estimate_has_no_error_there() -> None:
    table = trials([row("ksg", math.inf), row("ksg", 1.5, repetition=1), row("kl", 9.0, status="error")])
    assert table["error"].tolist() == pytest.approx([math.nan, -0.5, math.nan], nan_ok=True)
    (first, second) = cells(table).to_dict("records")
    assert (first["ok"], first["planned"], first["mae"]) == (1, 2, 0.5)
    assert (second["ok"], second["status"]) == (0, "error")


def test_trials_stand_in_the_order_of_the_registry_and_leave_out_checks() -> None:
    rows = [
        row("ksg", 1.0, "gaussian[mi=2]", n=200), row("ksg", 1.0, "blobs[size=16,mi=2]"), row("ksg", 1.0, n=200),
        row("gaussian", 1.0), row("ksg", 1.0, check="symmetry"), row("ksg", 1.0, repetition=1), row("ksg", 1.0),
    ]  # fmt: skip
    table = trials(rows)
    order = ["task", "estimator", "n", "repetition"]
    first, *_, last = table[order].itertuples(index=False, name=None)
    assert first == ("blobs[mi=2]", "gaussian", 100, 0)
    assert last == ("gaussian[mi=2]", "ksg", 200, 0)
    assert len(table) == 6
    assert table.iloc[1:4][order].to_numpy().tolist() == [
        ["blobs[mi=2]", "ksg", 100, 0], ["blobs[mi=2]", "ksg", 100, 1], ["blobs[mi=2]", "ksg", 200, 0],
    ]  # fmt: skip


def test_error_against_n_is_of_each_size_alone() -> None:
    """A filter by n that is dropped would average the sizes: 1.0 and 3.0 for a truth of 2 would look perfect."""
    rows = [row("ksg", 1.0, n=500), row("ksg", 3.0, n=5000), row("ksg", 5.0, n=50_000)]
    table = drawing_sizes.curves(trials(rows))
    assert table[["n", "mae", "units", "of"]].to_numpy().tolist() == [
        [500, 1, 1, 1],
        [5000, 1, 1, 1],
        [50_000, 3, 1, 1],
    ]


def test_error_against_n_has_the_quartiles_over_tasks_and_repetitions() -> None:
    errors = [0.1, -0.2, 0.3, -0.4, 0.9]
    rows = [each for i, error in enumerate(errors) for each in off("ksg", {10: error, 20: error / 2}, repetition=i)]
    first, second = drawing_sizes.curves(trials(rows)).to_dict("records")
    assert (first["mae"], first["low"], first["high"]) == pytest.approx((0.38, 0.2, 0.4))
    assert (second["mae"], second["low"], second["high"], second["units"]) == pytest.approx((0.19, 0.1, 0.2, 5))


def test_an_estimator_that_fails_at_small_n_is_scored_on_the_same_tasks_at_every_size() -> None:
    rows = [*off("ksg", {10: 1.0, 20: 0.5, 40: 0.2}, "blobs[mi=2]"), *off("ksg", {20: 9.0, 40: 9.0}, "fields[mi=2]")]
    rows += [row("ksg", task="fields[mi=2]", n=10, status="unsupported"), row("ksg", 0.0, "gaussian", n=10)]
    table = drawing_sizes.curves(trials(rows))
    # two sizes with two tasks are as many answers as three of one, and four is more than three
    assert table[["n", "mae", "units", "of"]].to_numpy().tolist() == [[20, 4.75, 2, 2], [40, 4.6, 2, 2]]


def test_no_curve_without_two_sizes_of_a_task() -> None:
    assert drawing_sizes.curves(trials([row("ksg", 1.0), row("ksg", 1.0, "fields[mi=2]", n=200)])).empty
    assert drawing_sizes.curves(trials([])).empty
    assert drawing_sizes.curves(trials([row("ksg", n=10, status="error"), row("ksg", 1.0, n=20)])).empty


def test_many_curves_of_a_kind_become_several_panels() -> None:
    rows = [each for k in range(2, 17) for each in off(f"ksg[k={k}]", {10: 1.0, 20: 0.5})]
    found = list(drawing_sizes.panels(drawing_sizes.curves(trials(rows))))
    assert [title for title, _ in found] == [f"direct ({i} of 3)" for i in (1, 2, 3)]
    assert [part["estimator"].nunique() for _, part in found] == [5, 5, 5]


DIFFERENCE = CriticalDifference(
    names=("a", "b", "c", "d"), ranks=(1.25, 2.0, 3.0, 3.75), distance=1.5, blocks=8, p_value=0.01,
    groups=(("a", "b"), ("b", "c"), ("c", "d")),
)  # fmt: skip


def test_bars_span_the_ranks_of_their_groups() -> None:
    assert drawing_ranks.spans(DIFFERENCE) == [(1.25, 2.0), (2.0, 3.0), (3.0, 3.75)]


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        ([], []),
        ([(1, 2), (3, 4)], [0, 0]),
        ([(1, 3), (2, 4), (3.5, 5), (4.5, 6)], [0, 1, 0, 1]),
        ([(1, 2), (2, 3)], [0, 1]),
    ],
)
def test_bars_that_meet_stand_on_different_levels(bars: list[tuple[float, float]], expected: list[int]) -> None:
    assert drawing_ranks.levels(bars) == expected


@given(st.lists(st.tuples(st.floats(1, 30), st.floats(0, 10)), max_size=12))
def test_no_two_bars_of_a_level_meet(pairs: list[tuple[float, float]]) -> None:
    bars = sorted((low, low + width) for low, width in pairs)
    found = drawing_ranks.levels(bars, gap=0.5)
    for i, (low, _) in enumerate(bars):
        assert all(low > bars[j][1] + 0.5 for j in range(i) if found[j] == found[i])


def test_the_diagram_puts_every_name_at_its_rank() -> None:
    axes = drawing_ranks.draw_difference(DIFFERENCE).axes[0]
    elbows = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 3]
    assert [x[0] for x in elbows] == list(DIFFERENCE.ranks)
    assert [x[2] < 1 for x in elbows] == [True, True, False, False]  # half of the names on each side
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["a  1.2", "b  2.0", "3.0  c", "3.8  d", "critical difference 1.50"]
    bars = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 3]
    assert [np.mean(bar) for bar in bars] == pytest.approx([1.625, 2.5, 3.375])


def test_rank_intervals_are_those_of_the_leaderboard_by_error() -> None:
    rows = [
        row(name, 2 + error + 0.01 * i, f"blobs[mi={i}]")
        for i in range(1, 9)
        for name, error in (("ksg", 1.0), ("kl", 0.1), ("wkl", 3.0))
    ]
    scores = leaderboard(rows)
    table = drawing_ranks.whiskers(scores)
    assert table["estimator"].tolist() == ["kl", "ksg", "wkl"]
    assert table["place"].tolist() == [1, 2, 3]
    known = scores.set_index("estimator")
    for line in table.itertuples():
        assert (line.low, line.high) == tuple(known.loc[line.estimator, ["rank_low", "rank_high"]])
        assert line.mae == known.loc[line.estimator, "mae_common"]
    assert drawing_ranks.whiskers(leaderboard(rows[:3])).empty  # too few to resample


def test_the_truth_is_shown_at_the_size_with_most_answers_the_larger_of_equals() -> None:
    rows = [row("ksg", 1.0, n=n) for n in (10, 20, 40)] + [row("kl", 1.0, n=n) for n in (10, 20)]
    (view,) = drawing_truth.views(cells(trials(rows)))
    assert (view.n, view.family) == (20, "blobs")
    assert view.cells["series"].unique().tolist() == ["blobs"]
    assert view.notes == ("Shown at n = 20, of the 3 sizes that were run.",)


def test_many_shapes_become_one_row_of_means() -> None:
    rows = [row("ksg", 2.0 + size / 100, f"blobs[size={size},mi=2]") for size in (8, 16, 24, 32, 40)]
    (view,) = drawing_truth.views(cells(trials(rows)))
    assert view.drawn[["series", "estimate"]].to_numpy().tolist() == [["5 shapes", pytest.approx(2.24)]]
    assert len(view.cells) == 5
    assert view.notes == ("Means over the 5 shapes with the same truth.",)


def test_many_truths_become_few_marks() -> None:
    rows = [row("ksg", mi + 0.5, f"blobs[mi={mi}]", truth=float(mi)) for mi in range(100)]
    (view,) = drawing_truth.views(cells(trials(rows)))
    assert len(view.drawn) == 14
    np.testing.assert_allclose(view.drawn["estimate"] - view.drawn["truth"], 0.5)


def test_families_beyond_the_eighth_share_a_figure_and_only_close_estimators_are_drawn() -> None:
    rows = [row("ksg", 1.0, f"family{i:02}[mi=2]") for i in range(12)]
    found = list(drawing_truth.views(cells(trials(rows))))
    assert [view.family for view in found] == [*(f"family{i:02}" for i in range(7)), "5 more families"]
    rows = [row(f"ksg[k={k}]", 2.0 + k / 100) for k in range(1, 15)]
    (view,) = drawing_truth.views(cells(trials(rows)))
    assert set(view.drawn["estimator"]) == {f"ksg[k={k}]" for k in range(1, 11)}
    assert view.cells["estimator"].nunique() == 14


def test_a_matrix_of_too_many_columns_averages_tasks_without_letting_errors_cancel() -> None:
    rows = [
        row("ksg", 2.0 + error, f"{family}[size={size},mi={mi}]")
        for family, error in (("blobs", 0.5), ("fields", -0.25))
        for size in (16, 32)
        for mi in (1, 2, 3)
    ]
    rows[0] = row("ksg", 1.0, "blobs[size=16,mi=1]")  # errors -1, 0.5, 0.5: they cancel, their sizes do not
    rows[1] = row("ksg", None, "blobs[size=16,mi=2]", status="timeout")
    table = cells(trials(rows))
    assert (drawing_errors.matrix(table).by, drawing_errors.matrix(table, most=11).by) == ("task", "shape")
    by_shape = drawing_errors.matrix(table, most=11)
    assert by_shape.heads == [
        (name, 1) for name in ("blobs[size=16]", "blobs[size=32]", "fields[size=16]", "fields[size=32]")
    ]
    assert (by_shape.levels, by_shape.label) == (["3"] * 4, "tasks")
    ((_, line),) = by_shape.groups["direct"]
    assert [cell and cell.error for cell in line] == pytest.approx([-0.75, 0.5, -0.25, -0.25])
    assert [(cell.ok, cell.planned) for cell in line if cell] == [(2, 3), (3, 3), (3, 3), (3, 3)]
    by_family = drawing_errors.matrix(table, most=3)
    assert (by_family.by, by_family.levels) == ("family and size", ["6", "6"])
    several = cells(trials([*rows, row("ksg", 2.0, "blobs[size=16,mi=1]", n=7)]))
    assert drawing_errors.matrix(several, most=2).heads == [("blobs", 1), ("fields", 1)]


def test_the_heat_map_holds_the_numbers_of_the_matrix() -> None:
    rows = [
        row("ksg", 1.5),
        row("kl", status="unsupported"),
        row("ksg", 2.25, "fields[mi=2]"),
        row("kl", 0.0, "fields[mi=2]"),
    ]
    axes = drawing_errors.draw(cells(trials(rows))).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["-0.50", "0.25", "n/a", "-2.00", "blobs", "fields"]
    (tiles,) = axes.collections
    opacity = tiles.get_facecolors()[:, 3]
    assert opacity.tolist() == pytest.approx(
        [0.38, 0.19, 1.0, 0.75], abs=0.005
    )  # of -0.5, 0.25, no number, and the full
    blue, orange = tiles.get_facecolors()[0, :3], tiles.get_facecolors()[1, :3]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]


def test_the_panel_of_cost_reaches_eight_medians() -> None:
    scores = pd.DataFrame({"estimator": ["a", "b", "c"], "seconds": [1.0] * 3, "mae": [0.1, 0.1, 50.0]})
    points = drawing_cost.points(scores)
    assert drawing_cost.ceiling(points) == pytest.approx(0.8)
    assert drawing_cost.ceiling(points[points["estimator"] != "c"]) == pytest.approx(0.1)


def test_shares_of_intervals_stand_in_the_order_of_the_board() -> None:
    rows = [
        row("gaussian", status="error"),
        row("ksg", 2.0, interval=(1.0, 1.5)),
        row("gaussian", 2.0, "fields[mi=2]", interval=(1, 3)),
    ]
    table = drawing_intervals.shares(trials(rows))
    assert table[["estimator", "held", "stated"]].to_numpy().tolist() == [["gaussian", 1, 1], ["ksg", 0, 1]]


def test_deviations_from_self_consistency_by_check() -> None:
    rows = [
        row("ksg", 1.5), row("ksg", 1.75, check="symmetry"), row("ksg", -0.5, check="shuffled"), row("kl", 1.0),
        row("kl", 1.0, check="symmetry"), row("kl", status="timeout", check="shuffled"),
    ]  # fmt: skip
    table = drawing_consistency.table(consistency(rows))
    assert table.columns.tolist() == ["symmetry", "shuffled"]
    assert table.loc["ksg"].tolist() == [0.25, 0.5]
    assert table.loc["kl"].tolist() == pytest.approx([0.0, math.nan], nan_ok=True)
    texts = [text.get_text() for text in drawing_consistency.draw(table).axes[0].texts]
    assert texts[:4] == ["0.25", "0.50", "0.00", "none"]


def test_the_gallery_shows_the_ends_and_the_middle_of_each_shape() -> None:
    names = [f"{shape},mi={mi}]" for shape in ("blobs[size=8", "blobs[size=16") for mi in range(1, 6)]
    assert chosen(names) == [f"{shape},mi={mi}]" for shape in ("blobs[size=8", "blobs[size=16") for mi in (1, 3, 5)]
    assert chosen(names, most=5) == ["blobs[size=8,mi=5]", "blobs[size=16,mi=5]"]
    assert chosen([f"blobs[size={size},mi=1]" for size in range(100)], most=3) == [
        f"blobs[size={size},mi=1]" for size in (0, 50, 99)
    ]


@given(st.lists(st.floats(-100, 100), max_size=20), st.floats(0.1, 20))
def test_spread_names_keep_their_order_and_their_distance(places: list[float], gap: float) -> None:
    found = labels.spread(places, gap)
    order = np.argsort(places, kind="stable")
    assert (np.diff(found[order]) >= gap - 1e-6).all()
    assert np.mean(found) == pytest.approx(np.mean(places), abs=1e-6) if places else not len(found)


def test_places_far_apart_are_not_moved_and_equal_ones_part_evenly() -> None:
    assert labels.spread([0.0, 50.0, 20.0], 10.0).tolist() == [0.0, 50.0, 20.0]
    assert labels.spread([5.0, 5.0, 40.0], 10.0).tolist() == [0.0, 10.0, 40.0]


def test_names_find_a_place_in_a_crowd() -> None:
    axes = Figure(figsize=(8, 5)).subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    x, y = np.full(12, 0.5) + 0.01 * np.arange(12), np.full(12, 0.5)
    spots = labels.place(axes, x, y, [f"estimator{i}" for i in range(12)], [True] * 12)
    assert all(spots)
    assert len(set(spots)) > 6
