# SPDX-License-Identifier: Apache-2.0
"""Journals of several machines become one run: checked against each other first, and nothing dropped unsaid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mibench.contracts import Row
from mibench.files import write_whole
from mibench.harness import fingerprint, store
from mibench.harness.journal import SCHEMA, to_line
from mibench.harness.store import FolderError, Run

__all__ = ["Conflict", "Merged", "join", "write"]


@dataclass(frozen=True)
class Conflict:
    """Two parts whose `ok` rows for one trial differ in the estimate."""

    kept: Row
    other: Row
    folder: Path  # of the row that is not kept


@dataclass(frozen=True)
class Merged:
    """What joining gave.

    Attributes
    ----------
    rows : list of Row
        The latest row of every trial of every part; of one trial, the row that counts comes last.
    manifest : dict
        With one entry per part under ``parts``.
    conflicts : list of Conflict
    repeated : int
        Rows beyond the first of their key.
    """

    rows: list[Row]
    manifest: dict[str, Any]
    conflicts: list[Conflict]
    repeated: int


def join(runs: Sequence[Run], command: str = "") -> Merged:
    """Join the rows of `runs`.

    Of several rows of one key an `ok` row counts before one that is not, and a later run before an earlier one.

    Parameters
    ----------
    runs : sequence of Run
        As `mibench.harness.store.load` reads them.
    command : str
        For the manifest.

    Raises
    ------
    FolderError
        If the runs have different root seeds, or two of them saw different samples of one task.
    """
    _same_seeds(runs)
    _same_samples(runs)
    chosen: dict[str, tuple[Row, Path]] = {}
    behind: dict[str, list[Row]] = {}
    conflicts = []
    for run in runs:
        for row in run.rows:
            if row.key not in chosen:
                chosen[row.key] = row, run.folder
                continue
            before, folder = chosen[row.key]
            if before.status == "ok" != row.status:
                behind.setdefault(row.key, []).append(row)
                continue
            if before.status == row.status == "ok" and before.estimate != row.estimate:
                conflicts.append(Conflict(row, before, folder))
            behind.setdefault(row.key, []).append(before)
            chosen[row.key] = row, run.folder
    rows = [each for key, (row, _) in chosen.items() for each in (*behind.get(key, ()), row)]
    return Merged(rows, _manifest(runs, command, len(chosen)), conflicts, len(rows) - len(chosen))


def write(merged: Merged, folder: Path) -> None:
    """Write what was joined as a new run folder.

    Raises
    ------
    FolderError
        If the folder holds a run or other files already, or cannot be written.
    """
    with store.claim(folder):
        # a manifest of parts without a journal is what a merge leaves that was killed: the journal comes last
        if (folder / store.JOURNAL).exists() or "parts" not in (store.read_manifest(folder) or {"parts": {}}):
            raise FolderError(f"{folder} holds a run already: give a new folder as the first argument")
        store.write_manifest(folder, merged.manifest)
        try:
            write_whole(folder / store.JOURNAL, "".join(map(to_line, merged.rows)).encode())
        except OSError as error:
            raise FolderError(f"cannot write {folder / store.JOURNAL}: {error.strerror}") from error


def _same_seeds(runs: Sequence[Run]) -> None:
    seeds: dict[int, Path] = {}
    for run in runs:
        found = {row.seed for row in run.rows if row.seed is not None}
        asked = run.manifest.get("selection", {}).get("seed")
        for seed in sorted(found or ({asked} if isinstance(asked, int) else set())):
            seeds.setdefault(seed, run.folder)
    if len(seeds) > 1:
        said = " and ".join(f"{folder} of --seed {seed}" for seed, folder in seeds.items())
        raise FolderError(f"these runs drew different samples and cannot be one: {said}")


def _same_samples(runs: Sequence[Run]) -> None:
    """Refuse parts that differ in the data of one cell: their keys would pair answers to different questions."""
    seen: dict[tuple[Any, ...], tuple[tuple[float, ...], Path]] = {}
    for run in runs:
        for row in run.rows:
            if row.sample is None:
                continue
            cell = row.task, row.task_version, row.n, row.repetition, row.check
            sample, folder = seen.setdefault(cell, (row.sample, run.folder))
            if fingerprint.same(sample, row.sample) is False:
                where = f"in {folder} and in {run.folder}" if folder != run.folder else f"within {folder}"
                raise FolderError(
                    f"{row.task} n={row.n} repetition {row.repetition} is another sample {where} "
                    f"({sample} and {row.sample}): the parts ran different code for that task, and are not comparable"
                )


def _manifest(runs: Sequence[Run], command: str, keys: int) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    selections = [run.manifest.get("selection", {}) for run in runs]
    missing = sum(max(0, int(run.manifest.get("planned") or 0) - len(run.rows)) for run in runs)
    seeds = [each["seed"] for each in selections if "seed" in each]
    entry = {
        "command": command,
        "planned": keys + missing,
        "selection": {
            **{name: _union(selections, name) for name in ("tasks", "estimators", "n", "consistency")},
            "repetitions": max((each.get("repetitions", 1) for each in selections), default=1),
            "seed": seeds[0] if seeds else 0,
            "preset": ", ".join(_union([{"preset": [each.get("preset", "default")]} for each in selections], "preset")),
        },
        "versions": _if_one([run.manifest.get("versions") for run in runs]),
        "hardware": _if_one([run.manifest.get("hardware") for run in runs]),
    }
    parts = {str(run.folder): {key: value for key, value in run.manifest.items() if key != "schema"} for run in runs}
    return {
        "schema": SCHEMA,
        "created": min((run.manifest.get("created", now) for run in runs), default=now),
        "updated": now,
        **entry,
        "parts": parts,
        "history": [{"time": now, **entry}],
    }


def _union(selections: Sequence[dict[str, Any]], name: str) -> list[Any]:
    return list(dict.fromkeys(value for each in selections for value in each.get(name, [])))


def _if_one(values: Sequence[Any]) -> Any:
    """What all parts agree on; where they do not, `parts` says what each was."""
    return values[0] if all(each == values[0] for each in values) else None
