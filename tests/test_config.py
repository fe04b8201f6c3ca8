# SPDX-License-Identifier: Apache-2.0
"""``mibench run --config FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from mibench import cli
from mibench.cli_options import Options


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a command with a configuration file asks for, or what it says."""
    from mibench import cli_run

    found: list[Options] = []
    monkeypatch.setattr(cli_run, "run", lambda options: found.append(options) or 0)

    def ask(text: str, *arguments: str) -> Options | str:
        (tmp_path / "run.toml").write_text(text)
        said = CliRunner().invoke(cli.main, ["run", "--config", str(tmp_path / "run.toml"), *arguments])
        return found.pop() if said.exit_code == 0 else f"{said.exit_code} {said.output}"

    return ask


def test_every_option_has_a_key_and_the_command_line_wins(asked: Any) -> None:
    text = """
    tasks = ["images", "gaussian[mi=2]"]
    n-samples = [500, 1000]
    repetitions = 3
    timeout = 20
    quick = true
    plugin = ["a.py", "b.py"]
    out = "runs/mine"
    """
    found = asked(text, "--repetitions", "5", "--plugin", "c.py")
    assert (found.tasks, found.sizes, found.repetitions) == ("images,gaussian[mi=2]", [500, 1000], 5)
    assert (found.timeout, found.quick, found.out) == (20.0, True, Path("runs/mine"))
    assert found.plugins == (Path("c.py"),)
    assert asked(text).plugins == (Path("a.py"), Path("b.py"))
    assert asked("", "--tasks", "images") == Options("images")
    for option in cli.run.params:
        if isinstance(option, click.Option) and option.name not in ("config", "tasks"):
            value = "true" if option.is_flag else '"x"'
            assert "no option" not in str(asked(f'tasks = "images"\n{option.opts[0][2:]} = {value}')), option.name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("task = 'images'", "no option 'task'; did you mean tasks"),
        ("config = 'other.toml'", "no option 'config'"),
        ("tasks = 'images'\nrepetitions = 'many'", "Invalid value for '--repetitions'"),
        ("tasks = 'images'\nrepetitions = 0", "Invalid value for '--repetitions'"),
        ("tasks = 'images'\nrepetitions = 2.5", "Invalid value for '--repetitions'"),
        ("tasks = 'images'\nquick = 'yes'", "quick is 'yes': give true or false"),
        ("tasks = 'images'\nseed = true", "seed is True: give a value"),
        ("tasks = 'images'\n[run]\nseed = 1", "no option 'run'"),
        ("tasks = [['images']]", "give a list of values"),
        ("[tasks]\na = 1", "tasks is a table"),
        ("tasks = ", "is no TOML file"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(asked: Any, text: str, expected: str) -> None:
    said = asked(text)
    assert said.startswith("2 ")
    assert expected in " ".join(said.split())


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    said = CliRunner().invoke(cli.main, ["run", "--config", str(tmp_path / "none.toml")])
    assert (said.exit_code, "No such file" in said.output) == (2, True)
