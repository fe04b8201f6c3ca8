# SPDX-License-Identifier: Apache-2.0
"""Asking all checks of one thing in a process of its own: what crashes, hangs or exits fails one check, no more.

The child writes down each check before it starts and its finding after it, so the parent knows which one was the end
of it, reports that, and starts another child for the rest.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mibench import estimators, tasks
from mibench.contracts import InputError
from mibench.harness.isolate import IsolatedExecutor, OutOfMemory, RemoteError, Stopped
from mibench.harness.plugins import load_plugin
from mibench.harness.threads import cap, environment
from mibench.testing.check import checks_of, run_check
from mibench.testing.outcome import Finding
from mibench.testing.subject import subjects_of

__all__ = ["Target", "check_isolated", "targets"]

_PRELOAD = ("mibench.testing.isolated", "mibench.tasks.gaussian", "mibench.tasks.images.fields")  # once, for all
_SLACK = 60.0  # seconds beyond the sum of the limits: imports


@dataclass(frozen=True)
class Target:
    """One task or estimator to check, by its registered name."""

    kind: str
    name: str


def _load(plugins: Sequence[str]) -> None:
    os.environ.update(environment(1))
    for plugin in plugins:
        load_plugin(Path(plugin))


def list_targets(name: str, plugins: Sequence[str]) -> list[Target]:
    """What `name` stands for, found in this process. See `targets`."""
    _load(plugins)
    if name.endswith((".py", ".toml")):
        registries = {"task": tasks.registry, "estimator": estimators.registry}
        before = {kind: set(registry.names) for kind, registry in registries.items()}
        _load([name])
        return [
            Target(kind, each)
            for kind, registry in registries.items()
            for each in registry.names
            if each not in before[kind]
        ]
    if name == "all":
        board = [Target("task", each) for each in tasks.board()]
        return board + [Target("estimator", each) for each in estimators.board()]
    return [Target(each.kind, name) for each in subjects_of(name)]


def targets(name: str, plugins: Sequence[str], *, timeout: float, memory: int) -> list[Target]:
    """The things that ``mibench check NAME`` checks, found in a process of its own: a plug-in's import may crash.

    Parameters
    ----------
    name : str
        A registered name, a FILE.py or FILE.toml (all that it adds), or ``all``.
    plugins : sequence of str
        Files to load first.
    timeout, memory : float, int
        Seconds and bytes.

    Raises
    ------
    InputError
        With what the process said, where it named nothing or did not answer.
    """
    with IsolatedExecutor(timeout=timeout, memory=memory, preload=_PRELOAD) as executor:
        try:
            found: list[Target] = executor.submit(list_targets, name, list(plugins)).result()
        except RemoteError as error:
            raise InputError(str(error).partition(": ")[2]) from None
        except Stopped as stopped:
            raise InputError(f"{name} cannot be read: {stopped}") from None
    return found


def check_isolated(
    target: Target,
    plugins: Sequence[str],
    *,
    checks: Sequence[str] | None = None,
    timeout: float = 60.0,
    memory: int = 4 * 2**30,
    callback: Callable[[Finding], None] | None = None,
) -> list[Finding]:
    """Every finding on `target`, each check within `timeout` seconds and `memory` bytes.

    Parameters
    ----------
    target : Target
    plugins : sequence of str
        Files that define it.
    checks : sequence of str, optional
        Names; all by default.
    timeout, memory : float, int
        Limits of one check.
    callback : callable, optional
        Is given each finding, as soon as the process that made it has ended.
    """
    left = [each for each in checks_of(target.kind) if checks is None or each in checks]
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="mibench-check-") as folder:
        while left:
            notes = Path(folder, f"{len(left)}.jsonl")
            limit = timeout * len(left) + _SLACK
            with IsolatedExecutor(timeout=limit, memory=memory, preload=_PRELOAD) as executor:
                future = executor.submit(_ask, target, list(plugins), left, str(notes), timeout)
                error = future.exception()
            new, broken_off = _read(notes)
            if isinstance(error, Stopped) and (broken_off or not new):
                # nothing begun: the import of the plug-in was the end, and it would be again
                for check in [broken_off] if broken_off else left:
                    new.append(Finding(target.name, target.kind, check, "failed", _said(error, timeout), timeout))
            elif error is not None:
                new += [Finding(target.name, target.kind, check, "failed", str(error)) for check in left]
            findings += new
            for finding in new:
                if callback:
                    callback(finding)
            done = {each.check for each in new}
            left = [each for each in left if each not in done]
    order = list(checks_of(target.kind))
    return sorted(findings, key=lambda each: order.index(each.check))


def _said(stopped: BaseException, timeout: float) -> str:
    if isinstance(stopped, OutOfMemory):
        return f"it was stopped: {stopped}"
    if "SIGALRM" in str(stopped):
        return f"no answer within {timeout:g} s: it hangs, or is too slow for so few samples (see check_params)"
    return f"its process ended: {stopped}"


def _ask(target: Target, plugins: Sequence[str], checks: Sequence[str], notes: str, timeout: float) -> None:
    """In the child: every check in turn, written down before and after."""
    _load(plugins)
    cap(1)
    subject = next(each for each in subjects_of(target.name, target.kind))
    known = checks_of(target.kind)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the kernel ends the process, in the middle of a C loop too
    with open(notes, "a", encoding="utf-8") as file:
        for name in checks:
            print(json.dumps({"began": name}), file=file, flush=True)
            signal.setitimer(signal.ITIMER_REAL, timeout)
            finding = run_check(known[name], subject)
            signal.setitimer(signal.ITIMER_REAL, 0)
            print(json.dumps(dataclasses.asdict(finding)), file=file, flush=True)


def _read(notes: Path) -> tuple[list[Finding], str]:
    """The findings that a child wrote down, and the check that was the end of it."""
    findings, began = [], ""
    if notes.exists():
        for line in notes.read_text(encoding="utf-8").splitlines():
            said = json.loads(line)
            if "began" in said:
                began = said["began"]
            else:
                findings.append(Finding(**said))
                began = ""
    return findings, began
