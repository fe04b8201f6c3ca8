# SPDX-License-Identifier: Apache-2.0
"""Rows become tables: `frame` -> view -> statistics, ranks, sample complexity; and self-consistency beside them.

A *cell* is one sample: a task, a sample size, a repetition (and a root seed). Every table counts every cell that any
estimator of the board met, so a missing answer is seen as missing. All functions take rows; those of accuracy also take
the frame of them, or a part of it (``table[table["n"] == 5000]``).
"""

from mibench.harness.score.agreement import consistency, deviations
from mibench.harness.score.board import COLUMNS, by_level, by_task, leaderboard, oracle_tuned
from mibench.harness.score.bootstrap import FEWEST
from mibench.harness.score.common import HALF
from mibench.harness.score.complexity import TOLERANCE, sample_complexity
from mibench.harness.score.difference import CriticalDifference, critical_difference
from mibench.harness.score.ranking import ranking
from mibench.harness.score.table import frame, levels
from mibench.harness.score.views import UNITS, VIEWS, View, seen

__all__ = [
    "COLUMNS",
    "FEWEST",
    "HALF",
    "TOLERANCE",
    "UNITS",
    "VIEWS",
    "CriticalDifference",
    "View",
    "by_level",
    "by_task",
    "consistency",
    "critical_difference",
    "deviations",
    "frame",
    "leaderboard",
    "levels",
    "oracle_tuned",
    "ranking",
    "sample_complexity",
    "seen",
]
