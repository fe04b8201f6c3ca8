# SPDX-License-Identifier: Apache-2.0
"""Scratch plug-ins: files whose tasks and estimators join the registries."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mibench import adapters, estimators, tasks
from mibench.contracts import InputError
from mibench.harness import plan
from mibench.harness.plugins import load_plugin


def test_two_plugin_files_of_one_name_are_two_plugins(restored: None, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        body = f"class {folder.title()}:\n    def estimate(self, x, y, *, rng=None, side=None): ...\n"
        (tmp_path / folder / "my-own.v2.py").write_text(body)
        assert load_plugin(tmp_path / folder / "my-own.v2.py") == [folder]
        assert load_plugin(tmp_path / folder / ".." / folder / "my-own.v2.py") == [], "it is loaded already"
    trials = plan.make("gaussian[dim_x=1]", "one,two", ns=[50]).trials
    assert [trial.estimator for trial in trials] == ["one", "two"]


def test_a_name_of_another_plugin_file_is_taken(restored: None, tmp_path: Path) -> None:
    body = "class Same:\n    def estimate(self, x, y, *, rng=None, side=None): ...\n"
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(body)
    load_plugin(tmp_path / "one.py")
    with pytest.raises(InputError, match="cannot add the estimator 'same': the name already belongs to a plug-in file"):
        load_plugin(tmp_path / "two.py")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import a_package_that_is_not_there", "failed to import: ModuleNotFoundError"),
        ("x = (", "failed to import: SyntaxError"),
        ("x = 1", "defines no class with `estimate`"),
        (
            "class KSG:\n    def estimate(self): ...",
            "cannot add the estimator 'ksg': the name already belongs to mibench",
        ),
    ],
)
def test_a_plugin_file_that_is_no_use_says_why(restored: None, tmp_path: Path, body: str, message: str) -> None:
    file = tmp_path / "useless.py"
    file.write_text(body)
    with pytest.raises(InputError, match=message):
        load_plugin(file)


def test_a_missing_plugin_file_is_named(restored: None, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.py failed to import: FileNotFoundError"):
        load_plugin(tmp_path / "absent.py")


OBJECTS = """
import random
from dataclasses import dataclass
import mibench
from mibench import Estimate, adapters

@dataclass(frozen=True)
class Own:
    "Says what it is told."
    k: int = 3
    def estimate(self, x, y, *, rng=None, side=None):
        return Estimate(float(self.k))

class Plain:
    def estimate(self, x, y, *, rng=None, side=None):
        return Estimate(0.0)

def f(x, y, k=1):
    return 0.1 * k

tuned = Own(k=7)
tenth = adapters.Function(f, unit="bits", arguments={"k": 2})
peer = adapters.ScikitLearn()
plain_object = Plain()
easy = mibench.tasks.get("gaussian[mi=0.5,dim_x=1,dim_y=1]")
_hidden = Own(k=9)
dice = random.Random(0)  # has a `sample` and is no task
number = 3
"""


def test_objects_of_a_plugin_file_are_named_by_their_variables(restored: None, tmp_path: Path) -> None:
    file = tmp_path / "objects.py"
    file.write_text(OBJECTS)
    assert load_plugin(file) == ["own", "plain", "tuned", "tenth", "peer", "plain_object", "easy"]
    assert load_plugin(file) == []
    assert estimators.get("tuned").estimate([0.0], [0.0]).mi == 7
    assert estimators.get("tuned[k=8]").estimate([0.0], [0.0]).mi == 8
    assert estimators.get("own").estimate([0.0], [0.0]).mi == 3, "the class is what it was"
    for name, value in (("tenth", 0.2), ("tenth[k=5]", 0.5)):
        assert estimators.get(name).estimate([0.0, 1.0], [0.0, 1.0]).mi == pytest.approx(value * math.log(2))
    assert estimators.get("peer[n_neighbors=5]") == adapters.ScikitLearn(5)
    assert estimators.registry.entry("tuned").summary == "Says what it is told."
    assert estimators.registry.entry("tenth").summary == "f, in bits"
    assert tasks.get("easy").truth.mi == 0.5
    assert tasks.get("easy[mi=2]").truth.mi == 2
    with pytest.raises(InputError, match=r"'tenth' has no parameter 'j'; did you mean k|there are: k"):
        estimators.get("tenth[j=5]")
    with pytest.raises(InputError, match="estimator 'plain_object' has no parameter 'k'"):
        estimators.get("plain_object[k=1]")
    keys = {trial.key for trial in plan.make("easy", "tuned,tuned[k=8],own[k=7],tenth,tenth[k=5]", ns=[9]).trials}
    assert len(keys) == 5
    trials = plan.make("easy", "peer,tuned[k=7],tuned", ns=[9]).trials
    assert [trial.estimator for trial in trials] == ["peer", "tuned[k=7]"], "two spellings of one trial"
    assert not any("0x" in trial.estimator_params for trial in trials)


def test_a_plugin_that_failed_fails_again(restored: None, tmp_path: Path) -> None:
    for body in ("x = 1\n", "class KSG:\n    def estimate(self): ...\n", "1 / 0\n"):
        file = tmp_path / "useless.py"
        file.write_text(body)
        said = []
        for _ in range(2):
            with pytest.raises(InputError) as caught:
                load_plugin(file)
            said.append(str(caught.value))
        assert said[0] == said[1]


def test_peers_by_lines_of_toml(restored: None, tmp_path: Path) -> None:
    file = tmp_path / "my.peers.toml"
    file.write_text(
        "[estimators]\n"
        "sk = { adapter = 'sklearn', n_neighbors = 4 }\n"
        "r-mi = { command = 'Rscript mi.R {x} {y} {k}', unit = 'nats', arguments = { k = 3 } }\n"
        "'rho.v2' = { callable = 'beside.py:f', unit = 'bits' }\n"
    )
    (tmp_path / "beside.py").write_text("def f(x, y): return 2\n")
    assert load_plugin(file) == ["sk", "r-mi", "rho.v2"]
    assert load_plugin(tmp_path / "." / "my.peers.toml") == []
    assert estimators.get("sk[discrete_y=true]") == adapters.ScikitLearn(4, discrete_y=True)
    command = estimators.get("r-mi[k=5]")
    assert isinstance(command, adapters.Command)
    assert (command.arguments, command.folder) == ({"k": 5}, tmp_path)
    assert estimators.get("rho.v2").estimate([0.0, 1.0], [0.0, 1.0]).mi == pytest.approx(2 * math.log(2))
    names = [trial.estimator for trial in plan.make("gaussian[dim_x=1]", "peer,pca+sk", ns=[9]).trials]
    assert names == ["pca+sk", "sk", "r-mi", "rho.v2"]
    with pytest.raises(InputError, match=r"estimator 'sk' has no parameter 'k'"):
        estimators.get("sk[k=3]")
    with pytest.raises(InputError, match=r"estimator 'r-mi' has no parameter 'unit'"):
        estimators.get("r-mi[unit=bits]")
    with pytest.raises(InputError, match=r"sk\[n_neighbors=0\]: sklearn: n_neighbors is 0"):
        estimators.get("sk[n_neighbors=0]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"peers.toml adds nothing: give a table \[estimators\]"),
        ("[estimators]\n", r"adds nothing"),
        ("estimators = 3\n", r"adds nothing"),
        ("[estimator]\nsk = { adapter = 'sklearn' }\n", r"has 'estimator' at its top; did you mean estimators"),
        ("[estimators]\nsk = { adapter = 'sklearn'\n", r"is not TOML: .*line 2"),
        ("[estimators]\nsk = { adapter = 'sklearn' }\nsk = { adapter = 'ennemi' }\n", r"is not TOML: .*line 3"),
        ("[estimators]\nsk = { adapter = 'sklaern' }\n", r"peers.toml: sk: no adapter 'sklaern'; did you mean sklearn"),
        ("[estimators]\nksg = { adapter = 'sklearn' }\n", r"the estimator 'ksg': the name already belongs to mibench"),
        ("[estimators]\n'a b' = { adapter = 'sklearn' }\n", r"the estimator 'a b': the name is not letters"),
    ],
)
def test_a_toml_file_that_is_no_use_says_why(restored: None, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "peers.toml"
    file.write_text(text)
    for _ in range(2):
        with pytest.raises(InputError, match=message):
            load_plugin(file)


def test_files_that_cannot_be_read_are_named(restored: None, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the plug-in .*absent.toml: No such file"):
        load_plugin(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b"[estimators]\n# caf\xe9\n")
    with pytest.raises(InputError, match=r"latin.toml is not TOML: .*utf-8"):
        load_plugin(tmp_path / "latin.toml")
    (tmp_path / "peers.yaml").write_text("estimators: {}\n")
    with pytest.raises(InputError, match=r"peers.yaml is neither a Python nor a TOML file: give FILE.py or FILE.toml"):
        load_plugin(tmp_path / "peers.yaml")
