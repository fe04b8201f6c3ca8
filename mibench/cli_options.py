# SPDX-License-Identifier: Apache-2.0
"""The options of ``mibench run``, and what follows from them alone."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from mibench.contracts import InputError
from mibench.harness import consistency, shard
from mibench.harness.run import Rerun

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """The options of ``mibench run``, as click read them."""

    tasks: str
    estimators: str = "all"
    ns: str | None = None
    repetitions: int = 1
    seed: int = 0
    consistency: str | None = None
    quick: bool = False
    scale: str = "default"
    shard: str | None = None
    executor: str = "local"
    scheduler: str | None = None
    jobs: int | None = None
    threads: int | None = None
    timeout: float = 600.0
    memory: float = 4.0
    device: str = "auto"
    rerun: Rerun = "missing"
    out: Path | None = None
    plugins: tuple[Path, ...] = ()
    fail_fast: bool = False
    dry_run: bool = False

    @property
    def preset(self) -> str:
        """The grid that a family's name expands to."""
        if self.quick and self.scale != "default":
            raise InputError("--quick and --scale paper ask for opposite things: give one of them")
        return "quick" if self.quick else self.scale

    @property
    def sizes(self) -> list[int]:
        """Sample sizes, checked."""
        if self.ns is None:
            return [2000 if self.quick else 5000]
        sizes = []
        for part in self.ns.split(","):
            try:
                size = int(part)
            except ValueError:
                size = 0
            if size < 1:
                raise InputError(f"--n-samples {self.ns!r}: {part.strip()!r} is not a whole number above 0")
            sizes.append(size)
        return list(dict.fromkeys(sizes))

    @property
    def checks(self) -> list[str]:
        """Self-consistency checks, checked."""
        return consistency.choose(self.consistency)

    @property
    def folder(self) -> Path:
        """Where the run lives: the same command finds the same folder."""
        if self.out is not None:
            return self.out
        words = [_slug(self.tasks), _slug(self.estimators)]
        words += [self.preset] if self.preset != "default" else []
        words += ["consistency"] if self.consistency else []
        words += [f"n{'-'.join(map(str, self.sizes))}"] if self.ns is not None else []
        words += [f"seed{self.seed}"]
        words += ["shard{}of{}".format(*shard.read(self.shard))] if self.shard else []
        return Path("runs", "-".join(words))


def _slug(selection: str) -> str:
    words = re.sub(r"[^A-Za-z0-9.+]+", "-", selection.replace("*", "any")).strip("-")
    if len(words) <= 40 and "[" not in selection:
        return words
    return f"{words[:32].strip('-')}-{hashlib.sha256(selection.encode()).hexdigest()[:6]}"
