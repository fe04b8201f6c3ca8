# SPDX-License-Identifier: Apache-2.0
"""The contracts of tasks and estimators as checks, for those who write them.

>>> from mibench.testing import check_estimator
>>> [finding.outcome for finding in check_estimator("ksg", checks=["version", "frozen-dataclass"])]
['ok', 'ok']

`check_estimator` and `check_task` ask everything at once, `yield_checks` gives the checks one by one, and
`parametrize_with_checks` makes each a test of its own in pytest. ``mibench check`` does the same from a terminal, each
thing in a process of its own.
"""

from __future__ import annotations

from mibench.testing.check import Check, checks_of
from mibench.testing.marks import parametrize_with_checks
from mibench.testing.outcome import CheckFailed, Finding
from mibench.testing.runner import BoundCheck, check_estimator, check_task, yield_checks

__all__ = [
    "BoundCheck",
    "Check",
    "CheckFailed",
    "Finding",
    "check_estimator",
    "check_task",
    "checks_of",
    "parametrize_with_checks",
    "yield_checks",
]
