# SPDX-License-Identifier: Apache-2.0
"""What the head of a page says of a run: how much was run, how it ended, who leads, when and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mibench.contracts import Row
from mibench.reports.words import Method, digits, plural

if TYPE_CHECKING:
    from mibench.harness.store import Run

__all__ = ["summary"]


def summary(run: Run, scores: pd.DataFrame) -> dict[str, Any]:
    """What the head of the page says: how much was run, how it ended, when and where."""
    rows, manifest = run.rows, run.manifest
    statuses, leaders = Counter(row.status for row in rows), _leaders(scores)
    return {
        "title": run.folder.resolve().name,
        "ok": statuses["ok"],
        "ended": len(rows),
        "planned": max(int(manifest.get("planned") or 0), len(rows)),
        "failed": {status: count for status, count in statuses.most_common() if status != "ok"},
        "counts": _counts(rows),
        "sizes": sorted({row.n for row in rows}),
        "leaders": leaders,
        "tied": _tied(scores, [name for name, _ in leaders]),
        "command": manifest.get("command", ""),
        "when": _when(manifest),
        "where": _where(manifest.get("hardware") or {}),
        "version": (manifest.get("versions") or {}).get("mibench", ""),
    }


def _when(manifest: Mapping[str, Any]) -> str:
    begun, last = str(manifest.get("created", "")), str(manifest.get("updated", ""))
    days = list(dict.fromkeys(time[:16].replace("T", " ") for time in (begun, last) if time))
    return f"{' to '.join(days)} UTC" if days else ""


def _where(hardware: Mapping[str, Any]) -> str:
    """Processor, cores, memory and accelerators in a few words."""
    parts = [str(hardware.get("cpu") or "")]
    parts += [plural(int(hardware["cores"]), "core")] if hardware.get("cores") else []
    parts += [f"{digits(float(hardware['memory_gib']))} GiB"] if hardware.get("memory_gib") else []
    return ", ".join([part for part in parts if part] + [str(each) for each in hardware.get("gpus") or []])


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    return {
        "task": len({row.task for row in rows}),
        "estimator": len({row.estimator for row in rows}),
        "repetition": len({row.repetition for row in rows}),
    }


def _leaders(scores: pd.DataFrame) -> list[tuple[str, str]]:
    """Up to three estimators of best coverage with the smallest error; those given the true latents do not count."""
    if scores.empty or not scores["mae"].notna().any():
        return []
    key = "mae_common" if "mae_common" in scores and scores["mae_common"].notna().any() else "mae"
    fair = scores[[not Method.of(name).gifted for name in scores["estimator"]]]
    fair = fair[(fair["coverage"] >= fair["coverage"].max()) & fair[key].notna()].sort_values(key, kind="stable")
    return [(line["estimator"], digits(line[key])) for line in fair.head(3).to_dict("records")]


def _tied(scores: pd.DataFrame, names: Sequence[str]) -> bool:
    """Whether the ranks of these estimators are equal: the data do not tell them apart."""
    ranks = scores.loc[scores["estimator"].isin(names), "rank"] if "rank" in scores else pd.Series(dtype="Int64")
    return len(names) > 1 and bool(ranks.notna().all()) and ranks.nunique() == 1
