# SPDX-License-Identifier: Apache-2.0
"""Self-consistency: by how much an estimator contradicts itself on samples whose answers must agree.

What each check asks is in `mibench.harness.consistency`; here its answer is held against the answer of the same
estimator on the same cell as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mibench.contracts import STATUSES, InputError, Row
from mibench.harness.consistency import CHECKS
from mibench.harness.score.complexity import TOLERANCE, check_tolerance
from mibench.harness.score.table import levels
from mibench.harness.score.views import UNITS, check_view

__all__ = ["consistency", "deviations"]

_CELL = ["task", "n", "repetition", "seed", "estimator"]
_VERSIONS = ["task_version", "estimator_version"]
_BY = {"estimator": [], "task": ["task", "n"], "level": ["level", "n"]}


def consistency(
    rows: Iterable[Row], tolerance: float = TOLERANCE, view: str = "raw", by: str = "estimator"
) -> pd.DataFrame:
    """Deviations from self-consistency per estimator and check.

    Parameters
    ----------
    rows : iterable of Row
        With rows of checks among them (``mibench run --consistency``).
    tolerance : float
        A deviation beyond it is a violation; in nats, or bits where the view is.
    view : str
        ``raw``, ``clipped`` or ``bits``. No check knows the truth, so nothing can be tuned by it.
    by : str
        ``estimator``, or also per ``task`` or ``level``, each with the sample size.

    Returns
    -------
    pandas.DataFrame
        ``estimator, check``; ``planned``: cells with this check; ``cells``: those with an answer to it and, where it
        needs one, to the cell itself; ``deviation``, ``worst``: mean and largest deviation (`deviations`);
        ``violated``: share beyond `tolerance`; ``failures``: why the other cells have none.

    Raises
    ------
    InputError
        For a tolerance, a view or a `by` that is none.
    """
    check_tolerance(tolerance)
    if by not in _BY:
        raise InputError(f"no table by {by!r}: choose from {', '.join(_BY)}")
    table = deviations(rows, view)
    keys = [*_BY[by], "estimator", "check"]
    known = table["deviation"].notna()
    table = table.assign(beyond=(table["deviation"] > tolerance * (1 + 1e-9)).astype(float).where(known))
    groups = table.groupby(keys, sort=False, dropna=False)
    lines = groups.agg(
        planned=("deviation", "size"),
        cells=("deviation", "count"),
        deviation=("deviation", "mean"),
        worst=("deviation", "max"),
        violated=("beyond", "mean"),
    )
    reasons = table[~known].groupby(keys, sort=False, dropna=False)["reason"]
    lines["failures"] = reasons.agg(_tally) if not known.all() else ""
    lines["failures"] = lines["failures"].fillna("")
    unit = UNITS[view]
    found = lines.reset_index()
    found.attrs |= {
        "view": view,
        "unit": unit,
        "tolerance": tolerance,
        "caption": f"deviation: mean by which two answers of one estimator disagree where they must agree, in {unit}; "
        f"violated: share of cells where that is more than {tolerance:g} {unit}.",
    }
    return found


def deviations(rows: Iterable[Row], view: str = "raw") -> pd.DataFrame:
    """One line per row of a check: ``task, n, repetition, seed, estimator, check, level, deviation, reason``.

    With I the answer to the cell itself and J that to the check: symmetry, row order and bijections |J - I|;
    additivity |J - 2 I|; data processing max(0, J - I); shuffled |J|. NaN, with the `reason`, where either is missing.
    """
    check_view(view)
    if view == "oracle-tuned":
        raise InputError("self-consistency does not ask for the truth, so nothing is tuned by it: use the raw view")
    kept = list(rows)
    names = [*_CELL, *_VERSIONS, "check", "status", "estimate", "truth"]
    table = pd.DataFrame([[getattr(row, name) for name in names] for row in kept], columns=names)
    # a journal of schema 1 holds neither: -1 is a value of its own
    table[["seed", *_VERSIONS]] = table[["seed", *_VERSIONS]].astype(float).fillna(-1)
    table["estimate"] = _in_view(table["estimate"].to_numpy(np.float64), table["status"], view)
    keys = [*_CELL, *_VERSIONS]
    checks = table[table["check"] != ""].drop_duplicates([*keys, "check"], keep="last")
    plain = table[table["check"] == ""].drop_duplicates(keys, keep="last")
    plain = plain[[*keys, "status", "estimate", "truth"]]
    paired = checks.drop(columns="truth").merge(plain, on=keys, how="left", suffixes=("", "_plain"))
    paired["status_plain"] = paired["status_plain"].fillna("not run")
    own, base = paired["estimate"].to_numpy(), paired["estimate_plain"].to_numpy()
    paired["deviation"] = _deviation(paired["check"].to_numpy(), own, base)
    paired["level"] = levels(paired["truth"].to_numpy(np.float64) / (math.log(2) if view == "bits" else 1.0))
    itself = np.where(paired["status_plain"] == "ok", "not finite", paired["status_plain"] + " without the check")
    paired["reason"] = np.where(paired["status"] == "ok", itself, paired["status"])
    return paired[[*_CELL, "check", "level", "deviation", "reason"]]


def _in_view(estimates: NDArray[np.float64], status: pd.Series, view: str) -> NDArray[np.float64]:
    estimates = np.where(status == "ok", estimates, np.nan)
    if view == "clipped":
        return np.maximum(estimates, 0.0)
    return estimates / math.log(2) if view == "bits" else estimates


def _deviation(check: NDArray[np.object_], own: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    unknown = sorted(set(check) - set(CHECKS))
    if unknown:
        raise InputError(f"rows of a self-consistency check {unknown[0]!r} that this version of mibench does not know")
    same = np.abs(own - base)
    cases = {
        "additivity": np.abs(own - 2 * base),
        "data-processing": np.maximum(0.0, own - base),
        "shuffled": np.abs(own),
    }
    return np.select([check == name for name in cases], list(cases.values()), same)


def _tally(reasons: pd.Series) -> str:
    counts = reasons.value_counts()
    rank = {status: place for place, status in enumerate(STATUSES)}
    ordered = sorted(counts.items(), key=lambda item: (rank.get(item[0], len(rank)), item[0]))
    return ", ".join(f"{reason} {count}" for reason, count in ordered)
