# SPDX-License-Identifier: Apache-2.0
"""How findings are collected, judged against declared failures, and made tests of somebody else's suite."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

import pytest

import mibench.testing
from mibench.contracts import Estimate, InputError, MibenchError, UnknownName
from mibench.testing import CheckFailed, check_estimator, check_task, checks_of, yield_checks
from mibench.testing.outcome import Finding, check_expectations, judge
from mibench.testing.subject import quick, subjects_of


@dataclass(frozen=True)
class Zero:
    """Always 0 nats (2001)."""

    version: ClassVar[int] = 1

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(0.0)


TWO = ["version", "refuses-empty"]


def test_failures_are_raised_together_or_reported() -> None:
    with pytest.raises(CheckFailed, match=r"(?s)Zero fails 2 of 3 checks\n  accuracy: .*\n  refuses-empty: 0 samples"):
        check_estimator(Zero, checks=[*TWO, "accuracy"])
    findings = check_estimator(Zero, checks=TWO, on_fail="report")
    assert [(each.check, each.outcome) for each in findings] == [("version", "ok"), ("refuses-empty", "failed")]


def test_findings_are_told_as_they_come() -> None:
    told: list[Finding] = []
    assert check_estimator(Zero, checks=TWO, on_fail="report", callback=told.append) == told


def test_a_declared_failure_is_expected() -> None:
    (found,) = check_estimator(Zero, checks=["accuracy"], expected_failures={"accuracy": "it is a constant"})
    assert found.outcome == "expected"
    assert found.why.startswith("it is a constant (it says: the estimate is 0.000")


def test_a_declared_failure_that_passes_is_a_failure() -> None:
    with pytest.raises(CheckFailed, match=r"version: declared to fail .no longer.*take it off"):
        check_estimator(Zero, checks=["version"], expected_failures={"version": "no longer"})


def test_a_declared_failure_that_does_not_apply_stays_skipped() -> None:
    skipped = Finding("it", "task", "full-name", "skipped", "an object")
    assert judge(skipped, {"full-name": "why"}) == skipped


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"acuracy": "typo"}, "names 'acuracy', which is no check; did you mean accuracy"),
        ({"accuracy": " "}, "say why it cannot hold"),
        ({"accuracy": None}, "say why it cannot hold"),
        (["accuracy"], "give a mapping"),
    ],
)
def test_declarations_are_checked(expected: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_estimator(Zero, expected_failures=expected)
    assert check_expectations(None, ["a"]) == {}


def test_wrong_requests_are_named() -> None:
    with pytest.raises(InputError, match="'same-sead' is no check of estimators; did you mean same-seed"):
        check_estimator(Zero, checks=["same-sead"])
    with pytest.raises(InputError, match="on_fail is 'shout'"):
        check_estimator(Zero, on_fail="shout")  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="no task or estimator named 'kgs'; did you mean ksg"):
        next(yield_checks("kgs"))
    with pytest.raises(UnknownName, match="no estimator named 'blobs'"):
        check_estimator("blobs")
    with pytest.raises(InputError, match="has no method `sample`: it is no task"):
        check_task(Zero)
    with pytest.raises(InputError, match="neither `estimate` nor `sample`"):
        next(yield_checks(3))


def test_a_name_of_both_kinds_is_both() -> None:
    assert [each.label for each in subjects_of("gaussian")] == ["estimator gaussian", "task gaussian"]
    assert [each.kind for each in subjects_of("gaussian[mi=1]")] == ["task"]
    assert [each.kind for each in subjects_of("gaussian", "task")] == ["task"]
    assert [each.kind for each in subjects_of("pca+gaussian")] == ["estimator"]


def test_bound_checks_are_called() -> None:
    checks = {each.name: each for each in yield_checks(Zero)}
    assert list(checks) == list(checks_of("estimator"))
    assert str(checks["accuracy"]) == "Zero: accuracy"
    checks["version"]()
    with pytest.raises(CheckFailed, match="Zero: accuracy: the estimate is 0"):
        checks["accuracy"]()
    with pytest.raises(SkipTest, match="given as an object"):
        checks["full-name"]()


def test_every_check_says_what_must_hold() -> None:
    for kind in ("estimator", "task"):
        for check in checks_of(kind).values():
            assert len(check.summary) > 20, check.name


def test_cheap_parameters_reach_the_parts_of_a_composite() -> None:
    from mibench import estimators

    cheap = quick(estimators.get("ae+mine[batch=50]"))
    assert cheap.compressor.steps < 200
    assert cheap.estimator.max_steps < 100
    plain = estimators.get("pca+ksg")
    assert quick(plain) == plain


SUITE = """
    from dataclasses import dataclass
    from typing import ClassVar
    import mibench.testing
    from mibench.contracts import Estimate, Unsupported

    @dataclass(frozen=True)
    class Zero:
        '''Always 0 nats (2001).'''
        k: int = 1
        version: ClassVar[int] = 1
        def estimate(self, x, y, *, rng=None, side=None):
            return Estimate(0.0)

    @mibench.testing.parametrize_with_checks(
        ["ksg[k=5]", Zero, Zero(k=2)],
        checks=["version", "full-name", "docstring"],
        expected_failures={"Zero": {"docstring": "k is plain", "version": "stale"}},
    )
    def test_contract(check):
        check()
"""


def test_a_suite_of_somebody_else(tmp_path: Path) -> None:
    import subprocess
    import sys

    file = tmp_path / "test_theirs.py"
    file.write_text(textwrap.dedent(SUITE))
    command = [sys.executable, "-m", "pytest", "-rA", "-q", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = done.stdout
    assert done.returncode == 1, said
    for line in (
        "PASSED test_theirs.py::test_contract[ksg[k=5]-version]",
        "PASSED test_theirs.py::test_contract[ksg[k=5]-full-name]",
        "XFAIL test_theirs.py::test_contract[Zero-docstring] - k is plain",
        "FAILED test_theirs.py::test_contract[Zero-version] - [XPASS(strict)] stale",
        "FAILED test_theirs.py::test_contract[Zero(k=2)-docstring]",
        "2 failed, 4 passed, 2 skipped, 1 xfailed",
    ):
        assert line in said, line


def test_declarations_of_a_suite_are_checked() -> None:
    with pytest.raises(InputError, match="names 'Zer', which is not checked; did you mean Zero"):
        mibench.testing.parametrize_with_checks([Zero], expected_failures={"Zer": {"version": "why"}})
    with pytest.raises(MibenchError, match="did you mean version"):
        mibench.testing.parametrize_with_checks([Zero], expected_failures={"Zero": {"verzion": "why"}})
