# SPDX-License-Identifier: Apache-2.0
"""The leaderboard's two files, compared with golden text."""

from __future__ import annotations

import io
import math

import pandas as pd
import pytest

from mibench.reports import leaderboard

MARKDOWN = """\
| estimator | rank | coverage | MAE, common (nats) | 95 % interval (nats) | MAE (nats) | bias (nats) | sd (nats) | RMSE (nats) | worst (nats) | interval coverage | time (s) | peak memory (MiB) | failures |
|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|:--|
| ksg | 1 | 100 % | 0.100 | 0.0500 to 0.150 | 0.100 | -0.0500 | 0.0123 | 0.110 | 0.200 | 95 % | 0.0123 | 210 | – |
| a\\|&lt;b&gt; | – | 50 % | – | – | 1.0e+06 | 1.0e+06 | – | 1.0e+06 | 1.0e+06 | – | 123 | 4096 | timeout 1 |

What is common.

- estimator: the method; a+b compresses with a and estimates with b
- rank: 1 + how many estimators are clearly better, all pairs judged at once at 95 %; equal ranks are ties
- coverage: share of the planned trials that ended ok
- MAE, common: mean |estimate - truth| on the common cells
- 95 % interval: of MAE, common, by the same bootstrap
- MAE: mean |estimate - truth| on the estimator's own ok trials
- bias: mean of estimate - truth; below 0 it underestimates
- sd: standard deviation of the estimate over repetitions
- RMSE: root of the mean squared error
- worst: largest |estimate - truth|
- interval coverage: share of the stated 95 % intervals that hold the truth
- time: mean wall-clock seconds of a trial
- peak memory: largest resident memory of a trial
- failures: how the other trials ended
"""  # noqa: E501, RUF001

CSV = """\
rank,estimator,planned,ok,coverage,mae_common,mae_low,mae_high,mae,bias,sd,rmse,worst,interval_coverage,seconds,peak_mb,failures
1,ksg,2,2,1.0,0.1,0.05,0.15,0.1,-0.05,0.01234,0.11,0.2,0.95,0.012345,210.0,
,a|<b>,2,1,0.5,,,,1000000.0,1000000.0,,1000000.0,1000000.0,,123.4,4096.0,timeout 1
"""


@pytest.fixture
def scores() -> pd.DataFrame:
    none = math.nan
    good = (1, "ksg", 2, 2, 1.0, 0.1, 0.05, 0.15, 0.1, -0.05, 0.01234, 0.11, 0.2, 0.95, 0.012345, 210.0, "")
    bad = (pd.NA, "a|<b>", 2, 1, 0.5, none, none, none, 1e6, 1e6, none, 1e6, 1e6, none, 123.4, 4096.0, "timeout 1")
    table = pd.DataFrame([good, bad], columns=CSV.splitlines()[0].split(",")).astype({"rank": "Int64"})
    table.attrs["caption"] = "What is common."
    return table


def test_markdown(scores: pd.DataFrame) -> None:
    assert leaderboard.markdown(scores) == MARKDOWN


def test_csv(scores: pd.DataFrame) -> None:
    assert leaderboard.csv(scores) == CSV


def test_csv_reads_back_exactly(scores: pd.DataFrame) -> None:
    scores["mae"] = [1 / 3, 0.1 + 0.2]
    assert list(pd.read_csv(io.StringIO(leaderboard.csv(scores)))["mae"]) == [1 / 3, 0.1 + 0.2]


def test_a_name_of_a_foreign_journal_is_no_formula(scores: pd.DataFrame) -> None:
    scores["estimator"] = ["=1+1", "-ksg"]
    scores["failures"] = ["", "@x"]
    first, second = leaderboard.csv(scores).splitlines()[1:]
    assert first.startswith("1,'=1+1,2,")
    assert second.startswith(",'-ksg,2,")
    assert second.endswith(",'@x")
    assert "-0.05" in first, "numbers stay numbers"


def test_an_optional_column_may_be_missing(scores: pd.DataFrame) -> None:
    text = leaderboard.markdown(scores.drop(columns=["rank", "mae_common", "mae_low", "mae_high"]))
    assert "rank" not in text
    assert "| ksg | 100 % | 0.100 |" in text
