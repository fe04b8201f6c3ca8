# SPDX-License-Identifier: Apache-2.0
"""``mibench check``: does a task or an estimator keep its contract?"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from mibench.cli_text import many, one_line
from mibench.contracts import InputError
from mibench.harness.threads import available_cores
from mibench.testing.check import checks_of
from mibench.testing.isolated import Target, check_isolated, targets
from mibench.testing.outcome import Finding, check_expectations, judge

__all__ = ["check"]

_FEW = 3  # things of which every finding is shown
_SHOWN = {"ok": "ok", "failed": "FAILED", "skipped": "skipped", "expected": "expected"}


def check(
    name: str,
    plugins: Sequence[Path],
    expected: Sequence[str],
    only: Sequence[str],
    timeout: float,
    memory: float,
    as_json: bool,
) -> int:
    """Print how every check of `name` ended; 0 if none failed, else 1.

    Parameters
    ----------
    name : str
        A registered name, FILE.py or FILE.toml, or ``all``.
    plugins : sequence of Path
        Files to load first.
    expected : sequence of str
        Each ``CHECK=REASON``, or ``NAME:CHECK=REASON`` for one of several things.
    only : sequence of str
        Names of checks; all where empty.
    timeout, memory : float
        Seconds and GiB for one check.
    as_json : bool
        For programs.

    Raises
    ------
    InputError, UnknownName
        For what is no task, estimator or check.
    """
    files = [str(each) for each in plugins]
    limit = int(memory * 2**30)
    found = targets(name, files, timeout=timeout + 60, memory=limit)
    if name.endswith((".py", ".toml")):
        files.append(name)
    if not found:
        raise InputError(f"{name} adds nothing to check: give it once, as the name, and not as a --plugin too")
    allowed = _expectations(expected, found)
    known = {each for target in found for each in checks_of(target.kind)}
    for each in only:
        check_expectations({each: "asked for"}, known)

    def ask(target: Target) -> list[Finding]:
        findings = check_isolated(target, files, checks=only or None, timeout=timeout, memory=limit)
        return [judge(each, allowed[target]) for each in findings]

    collected: list[Finding] = []
    with ThreadPoolExecutor(max(1, min(available_cores(), len(found)))) as pool:
        for target, findings in zip(found, pool.map(ask, found), strict=True):
            collected += findings
            if not as_json:
                _show(target, findings, whole=len(found) <= _FEW)
    counts = Counter[str](each.outcome for each in collected)
    if as_json:
        click.echo(json.dumps({"findings": [dataclasses.asdict(each) for each in collected], **counts}, indent=1))
    else:
        click.echo(f"{many(len(found), 'thing')}, {_counted(counts)}")
    return 1 if counts["failed"] else 0


def _expectations(texts: Sequence[str], found: Sequence[Target]) -> dict[Target, dict[str, str]]:
    """The declared failures of each target."""
    kept: dict[Target, dict[str, str]] = {target: {} for target in found}
    for text in texts:
        left, equals, reason = text.partition("=")
        if "[" in left:  # ksg[k=5]:row-order=...
            end = text.find("]:")
            left, equals, reason = text[: end + 2], *text[end + 2 :].partition("=")[1:]
            left += text[end + 2 :].partition("=")[0]
        thing, colon, check_name = left.rpartition(":")
        if not equals:
            raise InputError(f"--expect-failure {text!r}: write CHECK=REASON, or NAME:CHECK=REASON")
        meant = [target for target in found if not colon or target.name == thing]
        if not meant:
            raise InputError(f"--expect-failure {text!r}: {thing} is not checked here")
        known = {each for target in meant for each in checks_of(target.kind)}
        check_expectations({check_name: reason}, sorted(known))
        for target in meant:
            if check_name in checks_of(target.kind):
                kept[target][check_name] = reason
    return kept


def _show(target: Target, findings: Sequence[Finding], *, whole: bool) -> None:
    counts = Counter[str](each.outcome for each in findings)
    click.echo(f"{target.kind} {target.name}: {_counted(counts)}")
    shown = [each for each in findings if whole or each.outcome in ("failed", "expected")]
    width = max((len(each.check) for each in shown), default=0)
    for each in shown:
        why = one_line(each.why) or (checks_of(each.kind)[each.check].summary if each.outcome == "ok" else "")
        click.echo(f"  {_SHOWN[each.outcome]:8}  {each.check:{width}}  {why}".rstrip())
    if shown:
        click.echo("")


def _counted(counts: Counter[str]) -> str:
    words = {"ok": "ok", "failed": "failed", "expected": "failed as expected", "skipped": "do not apply"}
    return ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts[key] or key == "ok")
