# SPDX-License-Identifier: Apache-2.0
"""An external command, in whatever language: CSV in, a number out."""

from __future__ import annotations

import math
import re
import shlex
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Estimate, InputError, NotInstalled
from mibench.estimators.adapters import process
from mibench.estimators.adapters.answers import PeerError, TimedOut, check_unit, read, shorten
from mibench.estimators.adapters.arguments import check_arguments, check_folder, check_version
from mibench.estimators.adapters.asking import check_flag, draw_seed
from mibench.estimators.inputs import as_matrices
from mibench.names import suggest

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["Command"]

_GIVEN = ("x", "y", "n", "dim_x", "dim_y", "seed")
_BRACES = re.compile(r"\{\{|\}\}|\{(\w*)\}")
_NUMBER = re.compile(r"(?:\[1\]\s+)?([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")  # R prints "[1] 0.42"


@dataclass(frozen=True)
class Command:
    """An external command that reads two CSV files and prints I(X;Y), as an estimator.

    Parameters
    ----------
    command : str
        Such as ``"Rscript mi.R {x} {y}"``, split into words as a shell would and run without one. ``{x}`` and ``{y}``
        are the CSV files, ``{n}``, ``{dim_x}``, ``{dim_y}`` the sizes, ``{seed}`` a whole number below 2**31; ``{{``
        and ``}}`` are braces.
    unit : {"nats", "bits", "hartleys"}
        Of the number it prints.
    timeout : float, optional
        Seconds; without it the trial's limit alone ends it.
    arguments : mapping
        Further placeholders. They are the parameters of the estimator's name: ``mine[k=5]`` fills ``{k}``.
    header : bool
        Whether the first line of a file is ``x0,x1,...`` (or ``y0,y1,...``), as R and pandas expect.
    version : int
        Raise it when the program changes its answers: rows of the former stay apart.
    folder : path
        Where it runs, and where the paths in it start.

    Notes
    -----
    One row per sample, images flattened, commas between, all digits of float64. The last line that it prints is one
    number (R's ``[1] 0.42`` is understood); what it prints before is left alone, and so is its standard error unless
    it fails. It ends with code 0. Its process group is killed when its time is over or it has ended. The estimate's
    seconds include writing the files and starting the program; the diagnostic ``command_seconds`` is the program's.
    """

    command: str
    unit: str
    timeout: float | None = field(default=None, compare=False)
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    header: bool = True
    version: int = 1
    folder: Path = field(default=Path(), compare=False, repr=False)

    tags: ClassVar[frozenset[str]] = frozenset({"peer"})

    def __post_init__(self) -> None:
        who = self._who
        words = self._words
        check_unit(self.unit, who)
        check_flag(self.header, "header", who)
        check_version(self.version, who)
        object.__setattr__(self, "folder", check_folder(self.folder, who))
        object.__setattr__(self, "arguments", check_arguments(self.arguments, who))
        seconds = self.timeout
        if seconds is not None and (
            isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf
        ):
            raise InputError(f"{who}: timeout is {seconds!r}; give seconds above 0")
        used = {name for word in words for name in _BRACES.findall(word) if name}
        known = [*_GIVEN, *self.arguments]
        for word in words:
            for match in _BRACES.finditer(word):
                if match[0] not in ("{{", "}}") and match[1] not in known:
                    raise InputError(
                        f"{who}: there is nothing to put for {match[0]}{suggest(match[1], known)} "
                        "(braces themselves are written {{ and }})"
                    )
        for name in ("x", "y"):
            if name not in used:
                raise InputError(f"{who}: it would not see {name}: put {{{name}}} where the path of its CSV file goes")
        for name in self.arguments:
            if name in _GIVEN or name not in used:
                why = "is filled by mibench" if name in _GIVEN else f"has no place: put {{{name}}} into the command"
                raise InputError(f"{who}: the argument {name!r} {why}")

    @property
    def summary(self) -> str:
        """One line for ``mibench ls``."""
        return f"{self.command}, in {self.unit}"

    @property
    def _who(self) -> str:
        return f"command {shorten(str(self.command))!r}"

    @property
    def _words(self) -> list[str]:
        if not isinstance(self.command, str):
            raise InputError(f"command is {self.command!r:.80}; give text such as 'Rscript mi.R {{x}} {{y}}'")
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise InputError(f"{self._who} cannot be split into words: {error}") from None
        if not words or "\0" in self.command:
            raise InputError(f"{self._who} names no program; give text such as 'Rscript mi.R {{x}} {{y}}'")
        return words

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
        rng : seed or generator

        Raises
        ------
        InputError
            For data no estimator could use.
        NotInstalled
            If there is no such program.
        TimedOut
            If it did not end within `timeout`.
        PeerError
            If it cannot be started, ends with another code than 0, or its last line is no number.
        """
        x, y = as_matrices(x, y)
        with tempfile.TemporaryDirectory(prefix="mibench-command-") as place:
            files = {name: Path(place, f"{name}.csv") for name in ("x", "y")}
            files["x"].write_text(self._csv(x, "x"))
            files["y"].write_text(self._csv(y, "y"))
            sizes = {"n": len(x), "dim_x": x.shape[1], "dim_y": y.shape[1], "seed": draw_seed(rng)}
            ended = self._run({**self.arguments, **files, **sizes})
        if ended.code is None:
            raise TimedOut(f"{self._who} did not end within {self.timeout:g} s and was killed{_words_of(ended)}")
        if ended.code:
            how = f"exited with code {ended.code}" if ended.code > 0 else f"was killed by {_signal(-ended.code)}"
            raise PeerError(f"{self._who} {how}{_words_of(ended)}")
        return read(self._number(ended), self._who, self.unit, {"command_seconds": ended.seconds})

    def _csv(self, values: NDArray[np.float64], name: str) -> str:
        head = [",".join(f"{name}{i}" for i in range(values.shape[1]))] if self.header else []
        return "\n".join([*head, *(",".join(map(repr, row)) for row in values.tolist())]) + "\n"

    def _run(self, found: Mapping[str, Any]) -> process.Ended:
        # after the split, so that no value can become a word of its own
        arguments = [_BRACES.sub(lambda m: str(found[m[1]]) if m[1] else m[0][0], word) for word in self._words]
        if not self.folder.is_dir():
            raise PeerError(f"{self._who} cannot run in {self.folder}: there is no such folder")
        try:
            return process.run(arguments, self.folder, self.timeout)
        except FileNotFoundError as error:
            raise NotInstalled(
                f"{self._who}: there is no program {arguments[0]!r} in {self.folder.resolve()} or on PATH: install it, "
                "or correct the path"
            ) from error
        except OSError as error:
            raise PeerError(f"{self._who} cannot be started: {error.strerror}") from error

    def _number(self, ended: process.Ended) -> float:
        lines = [line.strip() for line in ended.output.splitlines() if line.strip()]
        if not lines:
            raise PeerError(f"{self._who} printed nothing; its last line must be a number, in {self.unit}")
        match = _NUMBER.fullmatch(lines[-1])
        if not match:
            raise PeerError(
                f"{self._who}: the last line it printed is no finite number: {shorten(lines[-1])!r}; give the number "
                f"alone, in {self.unit}"
            )
        return float(match[1])


def _words_of(ended: process.Ended) -> str:
    """What a failed command said last: its errors, or else its output."""
    lines = [line.strip() for line in (ended.errors.strip() or ended.output).splitlines() if line.strip()]
    return f"; its last words: {shorten(' | '.join(lines[-5:]), 500)}" if lines else ""


def _signal(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
