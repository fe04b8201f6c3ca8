# SPDX-License-Identifier: Apache-2.0
"""Adapted estimators in a run: each trial in a process of its own, each ending as one row that says what happened."""

from __future__ import annotations

import math
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mibench.cli import main
from mibench.contracts import Row
from mibench.estimators.ksg import KSG
from mibench.harness import store
from mibench.harness.plugins import load_plugin
from mibench.harness.seeds import sample_seed
from mibench.harness.trial import Setting, conduct

PEERS = """
[estimators]
sk = {{ adapter = "sklearn", n_neighbors = 3 }}
rho = {{ callable = "beside.py:rho", unit = "bits", shape = "vector" }}
r-mi = {{ command = "{python} mi.py {{x}} {{y}}", unit = "bits", timeout = 60 }}
nothing = {{ callable = "beside.py:nothing", unit = "nats" }}
typo = {{ callable = "beside.py:roh", unit = "nats" }}
needy = {{ callable = "a_package_that_is_not_there:f", unit = "nats" }}
gone = {{ command = "no-such-program {{x}} {{y}}", unit = "nats" }}
slow = {{ command = "{python} slow.py {{x}} {{y}}", unit = "nats", timeout = 0.5 }}
stuck = {{ command = "{python} slow.py {{x}} {{y}}", unit = "nats" }}
"""
BESIDE = """
import numpy as np
def rho(x, y): return -0.5 * np.log2(1 - np.corrcoef(x, y)[0, 1] ** 2)
def nothing(x, y): pass
"""
PROGRAM = """
import math, sys
x, y = ([float(row) for row in open(name).read().split()[1:]] for name in sys.argv[1:])
x, y = ([value - sum(side) / len(side) for value in side] for side in (x, y))
xy, xx, yy = (sum(a * b for a, b in zip(*pair)) for pair in ((x, y), (x, x), (y, y)))
print("correlating", len(x), "pairs")
print(-0.5 * math.log2(1 - xy**2 / xx / yy))
"""
TASK = "gaussian[mi=1,dim_x=1,dim_y=1]"


@pytest.fixture
def peers(restored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plug-in folder that is not the current one."""
    folder = tmp_path / "my peers"
    folder.mkdir()
    (folder / "peers.toml").write_text(PEERS.format(python=f"{shlex.quote(sys.executable)} -I -S"))
    (folder / "beside.py").write_text(BESIDE)
    (folder / "mi.py").write_text(PROGRAM)
    (folder / "slow.py").write_text("import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n")
    monkeypatch.chdir(tmp_path)
    return folder


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["run", "--tasks", TASK, "--out", "here", *arguments], prog_name="mibench")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_run_of_peers_from_toml(peers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mibench import reports

    monkeypatch.setattr(reports, "write", lambda found: {})
    common = ["--plugin", "my peers/peers.toml", "--n-samples", "500", "--jobs", "2", "--threads", "1"]
    names = "sk,rho,r-mi,nothing,typo,needy,gone,slow,ksg[k=3]"
    code, said = run(*common, "--estimators", names)
    assert code == 4, said
    rows = {row.estimator: row for row in store.load(tmp_path / "here").rows}
    assert {name: row.status for name, row in rows.items()} == {
        "sk": "ok",
        "rho": "ok",
        "r-mi": "ok",
        "ksg[k=3]": "ok",
        "nothing": "error",
        "typo": "error",
        "needy": "not_installed",
        "gone": "not_installed",
        "slow": "timeout",
    }
    estimate = {name: row.estimate for name, row in rows.items() if row.estimate is not None}
    assert estimate["sk"] == pytest.approx(estimate["ksg[k=3]"], abs=1e-6)
    assert estimate["rho"] == pytest.approx(estimate["r-mi"], rel=1e-12), "the same digits reach the command"
    assert estimate["rho"] == pytest.approx(1.0, abs=0.2), "nats, from bits"
    said_why = {name: row.error or "" for name, row in rows.items()}
    assert "returned None (no `return`?)" in said_why["nothing"]
    assert "beside.py has no 'roh'; did you mean rho" in said_why["typo"]
    assert "no module named 'a_package_that_is_not_there'" in said_why["needy"]
    assert "there is no program 'no-such-program'" in said_why["gone"]
    assert "did not end within 0.5 s and was killed" in said_why["slow"]
    again, said = run(*common, "--estimators", names)
    assert (again, "9 trials, 0 to run" in said) == (4, True), said
    tuned, said = run(*common, "--estimators", "sk[n_neighbors=5],sk[n_neighbors=3]")
    assert (tuned, "2 trials, 1 to run" in said) == (0, True), said


def test_a_command_ends_when_its_trial_is_stopped(peers: Path, gone: Callable[[int], bool]) -> None:
    from concurrent.futures import wait

    from mibench.harness import plan
    from mibench.harness.isolate import IsolatedExecutor, TimedOut

    file = peers / "peers.toml"
    load_plugin(file)
    (trial,) = plan.make(TASK, "stuck", ns=[20]).trials
    pid = peers / "pid"
    for limit in (6.0, 20.0, 60.0):  # on a loaded machine the command may not be there by the first
        executor = IsolatedExecutor(1, timeout=limit)
        future = executor.submit(conduct, trial, Setting(1, {}, (str(file),)))
        wait([future])
        executor.shutdown()
        assert isinstance(future.exception(), TimedOut)
        if pid.exists() and pid.read_text():
            break
    assert gone(int(pid.read_text())), "the command outlived its trial"


def test_what_a_trial_reports_is_what_the_adapter_answers(peers: Path) -> None:
    import numpy as np

    from mibench import tasks
    from mibench.harness import plan

    load_plugin(peers / "peers.toml")
    (trial,) = plan.make(TASK, "sk", ns=[200]).trials
    row: Row = conduct(trial, Setting(plugins=(str(peers / "peers.toml"),)))
    sample = tasks.get(TASK).sample(200, np.random.default_rng(sample_seed(trial)))
    assert row.estimate == pytest.approx(KSG(3, interval=False).estimate(sample.x, sample.y).mi, abs=1e-6)
    assert row.truth == 1.0
    assert row.diagnostics == {"clips": 1.0, "warnings": 0.0}
    assert row.std_error is None
    assert row.seconds is not None
    assert math.isfinite(row.seconds)


@pytest.mark.parametrize(
    ("verb", "wanted"),
    [
        (["ls", "estimators"], r"(?m)^r-mi +peer +.* mi\.py \{x\} \{y\}, in bits$"),
        (["show", "r-mi"], r"command +=.* mi\.py \{x\} \{y\}"),
        (["show", "sk[n_neighbors=7]"], r"n_neighbors += 7 +\(default 3\)"),
    ],
)
def test_the_other_verbs_know_them(peers: Path, verb: list[str], wanted: str) -> None:
    result = CliRunner().invoke(main, [*verb, "--plugin", "my peers/peers.toml"], prog_name="mibench")
    assert result.exit_code == 0, result.output
    assert re.search(wanted, result.output), result.output


def test_a_plugin_that_is_no_use_ends_the_command_with_its_reason(peers: Path) -> None:
    (peers / "peers.toml").write_text("[estimators]\nr-mi = { command = 'Rscript mi.R {x} {y}' }\n")
    code, said = run("--estimators", "r-mi", "--plugin", "my peers/peers.toml")
    assert code == 2
    assert re.match(r"mibench: the plug-in \S.*my peers/peers.toml: r-mi: unit is missing, such as unit = 'nats'", said)
