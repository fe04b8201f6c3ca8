# SPDX-License-Identifier: Apache-2.0
"""One line of TOML: what it makes, and what is said of one that makes nothing."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mibench import adapters
from mibench.contracts import Estimator, InputError
from mibench.estimators.adapters.catalogue import ADAPTERS, from_table
from mibench.registry import identity

HERE = Path(__file__).parent


def read(line: str, folder: Path = HERE) -> Estimator:
    ((name, table),) = tomllib.loads(line).items()
    return from_table(name, table, folder)


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("sk = { adapter = 'sklearn' }", adapters.ScikitLearn()),
        ("sk = { adapter = 'sklearn', n_neighbors = 5, discrete_y = true }", adapters.ScikitLearn(5, discrete_y=True)),
        ("np = { adapter = 'npeet_plus', k = 4, alpha = 0.2 }", adapters.NPEETPlus(4, 0.2)),
        ("en = { adapter = 'ennemi', preprocess = false }", adapters.Ennemi(preprocess=False)),
        ("im = { adapter = 'infomeasure', approach = 'nsb' }", adapters.Infomeasure("nsb")),
        (
            "mine = { callable = 'a.b:f', unit = 'bits', arguments = { k = 3 }, seed_as = 's', shape = 'vector' }",
            adapters.Function("a.b:f", "bits", {"k": 3}, "vector", "s"),
        ),
        ("r = { command = 'mi {x} {y}', unit = 'nats', timeout = 60 }", adapters.Command("mi {x} {y}", "nats", 60)),
        (
            "r = { command = 'mi {x} {y} {k}', unit = 'nats', arguments = { k = 3 }, header = false, version = 2 }",
            adapters.Command("mi {x} {y} {k}", "nats", arguments={"k": 3}, header=False, version=2),
        ),
        (
            "t = { adapter = 'bmi', object = 'bmi.estimators:KSG', neighborhoods = [5, 10] }",
            adapters.BMI("bmi.estimators:KSG", {"neighborhoods": [5, 10]}),
        ),
    ],
)
def test_a_line_is_what_the_class_makes(line: str, made: Any) -> None:
    found = read(line)
    assert found == made
    assert identity("x", found) == identity("x", made)
    if isinstance(found, adapters.BMI | adapters.Command | adapters.Function):
        assert found.folder == HERE, "paths start where the file is"


def test_every_parameter_changes_the_identity() -> None:
    lines = [
        "t = { adapter = 'bmi', object = 'bmi.estimators:KSG', k = [5] }",
        "t = { adapter = 'bmi', object = 'bmi.estimators:KSG', k = [5, 10] }",
        "t = { adapter = 'bmi', object = 'bmi.estimators:CCA', k = [5] }",
        "t = { callable = 'a:f', unit = 'bits' }",
        "t = { callable = 'a:g', unit = 'bits' }",
        "t = { callable = 'a:f', unit = 'nats' }",
        "t = { callable = 'a:f', unit = 'nats', version = 2 }",
        "t = { callable = 'a:f', unit = 'nats', arguments = { k = 3 } }",
        "t = { command = 'a {x} {y}', unit = 'nats' }",
        "t = { command = 'b {x} {y}', unit = 'nats' }",
        "t = { command = 'a {x} {y}', unit = 'bits' }",
    ]
    assert len({str(identity("t", read(line))) for line in lines}) == len(lines)


def test_where_and_how_long_it_runs_is_not_what_it_is() -> None:
    line = "t = { command = 'a {x} {y}', unit = 'nats' }"
    longer = read(line.replace("'nats'", "'nats', timeout = 9"), HERE.parent)
    assert identity("t", read(line)) == identity("t", longer)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("t = 3", r"t is 3; give a table such as \{ adapter = 'sklearn' \}"),
        ("t = { }", r"t: give one of adapter, callable, command; found nothing"),
        ("t = { adaptor = 'sklearn' }", r"t: give one of .*; found adaptor; did you mean adapter\?"),
        ("t = { adapter = 'sklearn', command = 'x' }", r"t: give one of .*; found adapter and command"),
        ("t = { adapter = 'scikit' }", r"t: no adapter 'scikit'; there are: bmi, ennemi, .*sklearn"),
        ("t = { adapter = 'npeet' }", r"t: no adapter 'npeet'; did you mean npeet_plus"),
        ("t = { adapter = 3 }", r"t: no adapter 3"),
        ("t = { adapter = ['sklearn'] }", r"t: no adapter \['sklearn'\]"),
        (
            "t = { adapter = 'sklearn', k = 3 }",
            r"t: adapter 'sklearn' has no key 'k'; there are: discrete_x, discrete_y, n_neighbors",
        ),
        ("t = { adapter = 'sklearn', n_neighbours = 3 }", r"no key 'n_neighbours'; did you mean n_neighbors"),
        ("t = { adapter = 'sklearn', unit = 'bits' }", r"t: adapter 'sklearn' has no key 'unit'"),
        ("t = { adapter = 'sklearn', n_neighbors = 0 }", r"t: sklearn: n_neighbors is 0"),
        ("t = { callable = 'a:f' }", r"t: unit is missing, such as unit = 'nats'"),
        ("t = { callable = 'a:f', unti = 'nats' }", r"t: callable has no key 'unti'; did you mean unit"),
        ("t = { callable = 'a:f', unit = 'bit' }", r"t: callable 'a:f': unit is 'bit'.*did you mean bits"),
        ("t = { callable = 'a:f', unit = 'bits', folder = 'x' }", r"t: callable has no key 'folder'"),
        (
            "t = { callable = 'f', unit = 'bits' }",
            r"t: 'f' names no Python object: give package.module:name or file.py",
        ),
        ("t = { callable = 'absent.py:f', unit = 'bits' }", r"t: 'absent.py:f': there is no file \S+absent.py"),
        ("t = { adapter = 'bmi', object = 'KSG' }", r"t: 'KSG' names no Python object"),
        ("t = { callable = 3, unit = 'bits' }", r"t: callable is 3; give text"),
        ("t = { command = 'mi {x} {y}' }", r"t: unit is missing"),
        ("t = { command = 'mi {x} {y}', unit = 'nats', timeot = 3 }", r"no key 'timeot'; did you mean timeout"),
        ("t = { command = ['mi'], unit = 'nats' }", r"t: command is \['mi'\]; give text"),
        ("t = { command = 'mi {x}', unit = 'nats' }", r"t: command 'mi \{x\}': it would not see y"),
        ("t = { adapter = 'bmi' }", r"t: object is missing"),
        ("t = { adapter = 'bmi', object = 'a:B', version = 0 }", r"t: bmi object 'a:B': version is 0"),
    ],
)
def test_a_line_that_makes_nothing_says_why(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(line)


def test_every_adapter_is_a_frozen_dataclass_that_says_what_it_is() -> None:
    for kind in (*ADAPTERS.values(), adapters.Function, adapters.Command):
        assert kind.__name__ in adapters.__all__
        assert dataclasses.is_dataclass(kind)
        assert kind.__dataclass_params__.frozen
        assert kind.tags == {"peer"}
        assert "Parameters\n    ----------" in (kind.__doc__ or "")
