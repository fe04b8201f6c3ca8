# SPDX-License-Identifier: Apache-2.0
"""``mibench check``: what it prints, how it exits, and that nothing of a third party ends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mibench.cli import main
from mibench.cli_check import _expectations
from mibench.contracts import InputError
from mibench.testing.isolated import Target

FILE = '''
import ctypes, os, sys, time
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from mibench.contracts import Estimate
from mibench.estimators.inputs import as_matrices

@dataclass(frozen=True)
class Zero:
    """Always 0 nats (2001)."""
    version: ClassVar[int] = 1
    def estimate(self, x, y, *, rng=None, side=None):
        as_matrices(x, y, min_samples=4)
        return Estimate(0.0)

class Segfaults(Zero):
    def estimate(self, x, y, *, rng=None, side=None):
        if np.ndim(x) and len(x) != len(y):
            ctypes.string_at(0)
        return super().estimate(x, y)

class Hangs(Zero):
    def estimate(self, x, y, *, rng=None, side=None):
        if np.ndim(x) and len(x) != len(y):
            ctypes.CDLL(None).sleep(1000)
        return super().estimate(x, y)

class Leaves(Zero):
    def estimate(self, x, y, *, rng=None, side=None):
        if np.ndim(x) and len(x) != len(y):
            os._exit(0)
        return super().estimate(x, y)
'''
AROUND = ["--only", "answers", "--only", "refuses-unequal-lengths", "--only", "refuses-empty"]


def call(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["check", *arguments])


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "theirs.py"
    path.write_text(FILE)
    return str(path)


def test_one_thing_is_told_check_by_check() -> None:
    done = call("ksg[k=5]", "--only", "version", "--only", "light-import")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "estimator ksg[k=5]: 1 ok, 1 do not apply"
    assert lines[1].split() == ["ok", "version", "An", "integer,", "raised", "whenever", "results", "change."]
    assert lines[2].startswith("  skipped   light-import  mibench lists its own")
    assert lines[-1] == "1 thing, 1 ok, 1 do not apply"


def test_crashes_and_hangs_are_findings_and_the_rest_goes_on(file: str) -> None:
    done = call(file, *AROUND, "--timeout", "8", "--json")
    assert done.exit_code == 1, done.output
    said = json.loads(done.output)
    found = {(each["thing"], each["check"]): each for each in said["findings"]}
    assert len(found) == 12
    for name in ("zero", "segfaults", "hangs", "leaves"):
        assert found[name, "answers"]["outcome"] == found[name, "refuses-empty"]["outcome"] == "ok"
    whys = {name: found[name, "refuses-unequal-lengths"]["why"] for name in ("segfaults", "hangs", "leaves")}
    assert "killed by SIGSEGV" in whys["segfaults"]
    assert "no answer within 8 s" in whys["hangs"]
    assert "exited with code 0 and no answer" in whys["leaves"]
    assert said["failed"] == 3


def test_declared_failures_turn_the_command_green(tmp_path: Path) -> None:
    path = tmp_path / "zero.py"
    path.write_text(FILE.partition("class Segfaults")[0])
    only = ["--only", "version", "--only", "accuracy"]
    done = call(str(path), *only, "--expect-failure=version=stale")
    assert done.exit_code == 1
    assert "  FAILED    accuracy  the estimate is 0.000 where the truth is 0.5 nats" in done.output
    assert "declared to fail (stale) and it passes" in done.output
    done = call(str(path), *only, "--expect-failure=zero:accuracy=it is a constant")
    assert done.exit_code == 0, done.output
    assert "1 thing, 1 ok, 1 failed as expected" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kgs"], "no task or estimator named 'kgs'; did you mean ksg"),
        (["ksg", "--only", "verzion"], "did you mean version"),
        (["ksg", "--expect-failure", "version"], "write CHECK=REASON"),
        (["ksg", "--expect-failure", "version="], "say why it cannot hold"),
        (["ksg", "--expect-failure", "verzion=why"], "did you mean version"),
        (["ksg", "--expect-failure", "kl:version=why"], "kl is not checked here"),
        (["no-such-file.py"], "no-such-file.py"),
    ],
)
def test_wrong_usage_is_2(arguments: list[str], message: str) -> None:
    done = call(*arguments)
    assert done.exit_code == 2, done.output
    assert message in done.output


def test_a_file_given_twice_is_not_passed_for_want_of_anything_to_check(file: str) -> None:
    done = call(file, "--plugin", file)
    assert (done.exit_code, "give it once" in done.output) == (2, True), done.output


def test_a_file_that_kills_its_process_is_named(tmp_path: Path) -> None:
    path = tmp_path / "deadly.py"
    path.write_text("import ctypes\nctypes.string_at(0)\n")
    done = call(str(path))
    assert done.exit_code == 2
    assert "deadly.py cannot be read: killed by SIGSEGV" in done.output


def test_a_name_with_parameters_can_be_meant() -> None:
    target = Target("estimator", "ksg[k=5,scale=side]")
    assert _expectations(["ksg[k=5,scale=side]:row-order=a=b"], [target]) == {target: {"row-order": "a=b"}}
    assert _expectations(["row-order=see [1]: ties"], [target]) == {target: {"row-order": "see [1]: ties"}}
    with pytest.raises(InputError, match="is not checked here"):
        _expectations(["kl[k=5]:row-order=why"], [target])
