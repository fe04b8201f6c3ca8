# SPDX-License-Identifier: Apache-2.0
"""How many samples it takes, against answers written down."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from mibench.contracts import InputError, Row
from mibench.harness import score


def rows_of(
    errors: dict[int, list[float | None]], estimator: str = "e", task: str = "a", truth: float = 2.0
) -> list[Row]:
    """Rows with the given errors by size; None is a failure."""
    return [
        Row(
            f"{task} {estimator} {n} {repetition}",
            task,
            estimator,
            n,
            repetition,
            "error" if error is None else "ok",
            estimate=None if error is None else truth + error,
            truth=truth,
        )
        for n, values in errors.items()
        for repetition, error in enumerate(values)
    ]


def needed(rows: list[Row], tolerance: float = 0.1, view: str = "raw") -> int | None:
    (line,) = score.sample_complexity(rows, tolerance, view).to_dict("records")
    return None if line["n_needed"] is pd.NA or line["n_needed"] is None else int(line["n_needed"])


@pytest.mark.parametrize(
    ("errors", "answer"),
    [
        ({100: [0.5], 1000: [0.2], 5000: [0.05]}, 5000),
        ({100: [0.05], 1000: [0.05], 5000: [0.05]}, 100),
        ({100: [0.05], 1000: [0.2], 5000: [0.05]}, 5000),  # luck at 100 does not count: it is not so at all larger
        ({100: [0.05], 1000: [0.05], 5000: [0.2]}, None),
        ({100: [0.5], 1000: [-0.08, 0.11], 5000: [-0.05, 0.05]}, 1000),  # the mean of |error|: 0.095
        ({100: [0.5], 1000: [-0.2, 0.2], 5000: [0.05, 0.05]}, 5000),  # and not |mean error|, which is 0
        ({100: [0.05, 0.05], 1000: [0.05, None], 5000: [0.05, 0.05]}, 5000),  # a failure is not within
        ({100: [0.05], 1000: [None]}, None),
        ({1000: [None]}, None),
        ({5000: [0.05], 100: [0.5]}, 5000),  # sizes come in any order
        ({100: [0.1]}, 100),  # at the tolerance, up to rounding
    ],
)
def test_the_smallest_size(errors: dict[int, list[float | None]], answer: int | None) -> None:
    assert needed(rows_of(errors)) == answer


def test_a_line() -> None:
    rows = rows_of({100: [0.5], 1000: [0.3]}) + rows_of({100: [0.01]}, "f", "b", 1.0)
    table = score.sample_complexity(rows, 0.2)
    assert list(table.columns) == ["task", "estimator", "truth", "tolerance", "n_needed", "tried", "sizes"]
    assert table.iloc[0].tolist()[:4] == ["a", "e", 2.0, 0.2]
    assert table["n_needed"].isna().tolist() == [True, False]
    assert table["tried"].tolist() == [1000, 100], "more than 1000 tried"
    assert table["sizes"].tolist() == [2, 1]
    assert "at most 0.2 nats" in table.attrs["caption"]


def test_a_size_that_was_not_run_is_not_within() -> None:
    rows = rows_of({100: [0.05], 1000: [0.05]}) + rows_of({100: [0.05]}, "late")
    table = score.sample_complexity(rows).set_index("estimator")
    assert table.loc["e", "n_needed"] == 100
    assert pd.isna(table.loc["late", "n_needed"])
    assert table.loc["late", "tried"] == 1000


def test_the_tolerance_is_in_the_unit_of_the_view() -> None:
    rows = rows_of({100: [0.09]})  # 0.13 bits
    assert needed(rows, 0.1) == 100
    assert needed(rows, 0.1, "bits") is None
    assert needed(rows, 0.14, "bits") == 100
    assert needed(rows_of({100: [-0.3]}, truth=0.0), 0.1, "clipped") == 100


def test_beside_the_fixed_settings_the_best_by_the_truth() -> None:
    rows = rows_of({100: [0.05], 1000: [0.3]}, "m[k=1]") + rows_of({100: [0.3], 1000: [0.05]}, "m[k=2]")
    table = score.sample_complexity(rows, view="oracle-tuned").set_index("estimator")
    assert pd.isna(table.loc["m[k=1]", "n_needed"])
    assert table.loc["m[k=2]", "n_needed"] == 1000
    assert table.loc["m (oracle-tuned)", "n_needed"] == 100


@pytest.mark.parametrize("tolerance", [0.0, -1.0, math.nan, math.inf])
def test_a_tolerance_that_is_none(tolerance: float) -> None:
    with pytest.raises(InputError, match="finite number above 0"):
        score.sample_complexity([], tolerance)
