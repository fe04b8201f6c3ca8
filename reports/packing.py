# SPDX-License-Identifier: Apache-2.0
"""Every trial of a run as compact columns, from which the page scores whatever part of it a reader asks for.

Numbers travel as little-endian float64 in base64, so that no digit is lost and 100,000 trials stay a few megabytes; a
column of few different values as those values and a place for each line.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mibench import estimators, tasks
from mibench.contracts import STATUSES, MibenchError
from mibench.harness.score import HALF, levels
from mibench.harness.score.table import CELL, POSITIVE
from mibench.names import parse
from mibench.reports.words import Method, family, order

__all__ = ["pack"]

_NUMBERS = ("n", "estimate", "truth", "truth_std_error", "low", "high", "lower", "upper", "seconds", "peak_mb", "level")
_FEW = 4  # times a value occurs on average, from which places are shorter than values


def pack(table: pd.DataFrame) -> dict[str, Any]:
    """The frame of a run's rows (`mibench.harness.score.frame`) as JSON can hold it.

    Returns
    -------
    dict
        ``tasks``: name, family and tags of each; ``estimators``: name, group, tags and whether it is given the true
        latents; ``statuses``; ``half`` and ``positive``: the constants of the scores; ``columns``: per trial the places
        of its task, estimator, status, cell and stratum (a task and a size) and its numbers, NaN where there is none.
    """
    names = sorted(table["task"].unique(), key=lambda name: order(name, ""))
    methods = list(dict.fromkeys(table["estimator"]))
    table = table.assign(_place=_places(table["task"], names)).sort_values(["_place", "n"], kind="stable")
    places = {
        "task": _places(table["task"], names),
        "estimator": _places(table["estimator"], methods),
        "status": _places(table["status"], list(STATUSES)),
        "cell": table.groupby(CELL, sort=False).ngroup().to_numpy(),
        "stratum": table.groupby(["task", "n"], sort=False).ngroup().to_numpy(),
    }
    bits = levels(table["truth"].to_numpy(np.float64) / np.log(2))
    columns = {name: _whole(values) for name, values in places.items()}
    columns |= {name: _real(table[name].to_numpy(np.float64)) for name in _NUMBERS} | {"level_bits": _real(bits)}
    return {
        "rows": len(table),
        "tasks": [{"name": name, "family": family(name), "tags": _task_tags(name)} for name in names],
        "estimators": [_estimator(name) for name in methods],
        "statuses": list(STATUSES),
        "half": HALF,
        "positive": POSITIVE,
        "columns": columns,
    }


def _places(values: pd.Series, names: Iterable[str]) -> NDArray[np.int64]:
    place = {name: i for i, name in enumerate(names)}
    return np.asarray(values.map(place), dtype=np.int64)


def _whole(values: NDArray[Any]) -> dict[str, Any]:
    """Numbers from 0 in as many bytes as the largest needs."""
    largest = int(values.max()) if len(values) else 0
    kind = next(kind for kind in ("u1", "u2", "u4") if largest <= np.iinfo(kind).max)
    return {"kind": kind, "data": _base64(values.astype(f"<{kind}"))}


def _real(values: NDArray[np.float64]) -> dict[str, Any]:
    found, place = np.unique(values, return_inverse=True)
    if len(found) * _FEW <= len(values) and len(found) <= np.iinfo("u2").max:
        return {"of": _real_data(found), **_whole(place)}
    return {"kind": "f8", "data": _real_data(values)}


def _real_data(values: NDArray[np.float64]) -> str:
    return _base64(values.astype("<f8"))


def _base64(values: NDArray[Any]) -> str:
    return b64encode(values.tobytes()).decode()


def _task_tags(name: str) -> list[str]:
    """Tags of the task and of its family; none where the task of a plug-in or of a foreign journal is not here."""
    try:
        return sorted(tasks.get(name).tags | tasks.registry.entry(parse(name).name).tags)
    except Exception:  # whatever the task of a plug-in raises, it must not cost the report
        return []


def _estimator(name: str) -> dict[str, Any]:
    method = Method.of(name)
    try:
        tags = sorted(estimators.registry.entry(parse(method.tail).name).tags)
    except MibenchError:
        tags = []
    return {"name": name, "group": method.group, "tags": tags, "gifted": method.gifted}
