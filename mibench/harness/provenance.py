# SPDX-License-Identifier: Apache-2.0
"""Where a run's numbers come from: command, versions, hardware, BLAS, commit, seeds and limits."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import mibench
from mibench.harness.journal import SCHEMA
from mibench.harness.threads import available_cores

__all__ = ["blas", "git", "hardware", "manifest", "memory_gib", "update", "versions"]

_PACKAGES = ("numpy", "scipy", "numba", "torch", "scikit-learn", "pandas", "matplotlib")
_PEERS = ("npeet_plus", "ennemi", "infomeasure", "benchmark-mi")  # said where they are installed


def manifest(
    before: dict[str, Any],
    *,
    command: str,
    selection: dict[str, Any],
    limits: dict[str, Any],
    planned: int,
    places: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The manifest of a run; what was in it before becomes its history.

    Parameters
    ----------
    before : dict
        The folder's manifest so far, empty for a new run.
    command : str
        As typed.
    selection : dict
        tasks, estimators (full names), n, repetitions, seed, preset.
    limits : dict
        timeout_s, memory_gib, jobs, threads, device.
    planned : int
        Trials of this command.
    places : dict, optional
        Where trials run, if not on this machine: the scheduler, and the machines of its workers.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {
        "time": now,
        "command": command,
        "planned": planned,
        "selection": selection,
        "limits": limits,
        "versions": versions(),
        "git": git(),
        "hardware": hardware(),
        "blas": blas(),
        **({"places": places} if places else {}),
    }
    return {
        "schema": SCHEMA,
        "created": before.get("created", now),
        "updated": now,
        **{key: value for key, value in entry.items() if key != "time"},
        **({"parts": before["parts"]} if "parts" in before else {}),  # of a merged run that goes on
        "history": [*before.get("history", []), entry],
    }


def update(manifest: dict[str, Any], places: dict[str, Any]) -> bool:
    """Say anew where the trials of the latest command ran; whether that changed anything."""
    if not places or manifest.get("places") == places:
        return False
    manifest["places"] = manifest["history"][-1]["places"] = places
    return True


def versions() -> dict[str, str]:
    """Versions of mibench, Python and the packages that make the numbers, those of peers where they are installed."""
    found = {"mibench": mibench.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    for package in _PEERS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def hardware() -> dict[str, Any]:
    """Processor, cores that may be used, memory, operating system and GPUs."""
    return {
        "cpu": _cpu(),
        "cores": available_cores(),
        "memory_gib": round(memory_gib(), 1),
        "system": platform.platform(),
        "gpus": gpus(),
    }


def memory_gib() -> float:
    """Memory this process may use: the machine's, or its control group's limit where that is lower."""
    import psutil

    total = int(psutil.virtual_memory().total)
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(limit).read_text()))
        except (OSError, ValueError):
            continue
    return total / 2**30


def gpus() -> list[str]:
    """Names of the NVIDIA GPUs the driver knows, without loading torch."""
    names = []
    for information in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        for line in information.read_text(errors="replace").splitlines():
            if line.startswith("Model:"):
                names.append(line.partition(":")[2].strip())
    return names


def blas() -> list[dict[str, Any]]:
    """Linear-algebra and thread libraries that are loaded, as threadpoolctl sees them; paths left out."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.linalg.slogdet(np.eye(2))  # has BLAS loaded
    keep = ("user_api", "internal_api", "version", "threading_layer", "architecture", "num_threads")
    return [{key: library[key] for key in keep if key in library} for library in threadpool_info()]


def git() -> dict[str, Any] | None:
    """Commit of the source tree mibench runs from, and whether it had changes; None for an installed package."""
    root = Path(mibench.__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "HEAD")
    return None if commit is None else {"commit": commit, "dirty": bool(_git(root, "status", "--porcelain", "-uno"))}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
