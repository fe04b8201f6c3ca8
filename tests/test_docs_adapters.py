# SPDX-License-Identifier: Apache-2.0
"""What docs/adapters.md shows is what the files hold, and it works."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from mibench import adapters
from mibench.cli import main
from mibench.estimators.adapters.catalogue import ADAPTERS, from_table
from mibench.harness import store

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "adapters.md").read_text(encoding="utf-8")
EXAMPLES = DOCS / "examples" / "adapters"
NEEDS = {"npeet": "npeet_plus", "npeet5": "npeet_plus", "ennemi": "ennemi", "im": "sparse"}
PROGRAMS = {"r-mi": "Rscript", "awk-mi": "awk", "awk_mi": "awk"}


def blocks(mark: str) -> list[tuple[str, str]]:
    """What is said after a mark such as `<!-- run -->`, and the code block below it."""
    return re.findall(rf"<!-- {mark}(?:: (\S+))? -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def examples(restored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples' folder, and the current one."""
    from mibench import reports

    monkeypatch.setattr(reports, "write", lambda found: {})
    place = tmp_path / "adapters"
    shutil.copytree(EXAMPLES, place, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    monkeypatch.chdir(place)
    return place


def call(line: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, shlex.split(line)[1:], prog_name="mibench")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def absent(name: str) -> bool:
    """Whether what an example stands on is not on this machine."""
    name = name.partition("[")[0]
    if name in PROGRAMS:
        return shutil.which(PROGRAMS[name]) is None
    return name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None


def test_every_block_of_a_file_stands_in_that_file() -> None:
    found = blocks("file")
    assert {name for name, _ in found} == {f"examples/adapters/{name}" for name in ("peers.toml", "peers.py", "mi.R")}
    for name, text in found:
        assert (DOCS / name).read_text(encoding="utf-8").endswith("\n" + text), name


def test_the_commands_work(examples: Path) -> None:
    ((_, text),) = blocks("run")
    run, *others = text.splitlines()
    code, said = call(f"{run} --out here --jobs 2 --threads 1")
    rows = {row.estimator: row for row in store.load(examples / "here").rows}
    assert len(rows) == 10
    for name, row in rows.items():
        assert row.status == ("not_installed" if absent(name) else "ok"), (name, row.error)
        assert row.estimate is None or abs(row.estimate - 1.0) < 0.15, name
    assert code == (4 if any(map(absent, rows)) else 0), said
    assert rows["boot"].std_error == pytest.approx(0.022, abs=0.015), "nats"
    for line in others:
        code, said = call(line)
        assert code == 0, said
        assert "normal" in said


def test_the_python_plugin_works(examples: Path) -> None:
    code, said = call("mibench run --tasks gaussian[mi=1,dim_x=1,dim_y=1] --estimators peer --plugin peers.py "
                      "--n-samples 500 --out here --jobs 2 --threads 1")  # fmt: skip
    rows = {row.estimator: row for row in store.load(examples / "here").rows}
    assert set(rows) == {"pair", "sk5", "npeet5", "awk_mi"}, said
    assert all(row.status == ("not_installed" if absent(name) else "ok") for name, row in rows.items()), said
    if not absent("awk_mi"):
        assert rows["awk_mi"].estimate == pytest.approx(rows["pair"].estimate, rel=1e-9)
    assert code == (4 if any(map(absent, rows)) else 0)


def test_the_python_block_prints_what_it_says() -> None:
    ((_, text),) = blocks("python")
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    first, second = map(float, done.stdout.split())
    assert first == pytest.approx(1.0, abs=0.1)
    assert f"# {second:.3f}" in text


def test_the_line_for_bmi_is_read() -> None:
    (text,) = re.findall(r"```toml\n(\[estimators\]\ntheirs = .*?)```", TEXT, re.DOTALL)
    made = from_table("theirs", tomllib.loads(text)["estimators"]["theirs"], Path())
    assert made == adapters.BMI("bmi.estimators:KSGEnsembleFirstEstimator", {"neighborhoods": [5]})


def test_the_table_names_every_adapter_and_every_parameter() -> None:
    rows = {row.split("|")[2].strip(" `"): row for row in TEXT.splitlines() if row.startswith(("| `adapter", "| `c"))}
    kinds = {kind.__name__: (f'adapter = "{name}"', kind) for name, kind in ADAPTERS.items()}
    kinds |= {"Function": ("callable", adapters.Function), "Command": ("command", adapters.Command)}
    assert set(rows) == set(kinds)
    for name, (written, kind) in kinds.items():
        assert f"`{written}`" in rows[name]
        for field in dataclasses.fields(kind):
            if not field.init or field.name in ("function", "command", "folder") or name == "BMI":
                continue
            default = field.default
            if isinstance(default, bool):
                default = str(default).lower()
            known = "" if default in (dataclasses.MISSING, None) else re.escape(str(default).removesuffix(".0"))
            shown = rf'`{field.name}(="?{known}"?)?`' if known else rf"`{field.name}\b"
            assert re.search(shown, rows[name]), (name, field.name, default)
