# SPDX-License-Identifier: Apache-2.0
"""Names, selections, and plug-ins of installed distributions."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mibench import estimators, tasks
from mibench.contracts import InputError, MibenchError, UnknownName
from mibench.names import Spec, parse, split_top, suggest
from mibench.registry import Entry, Registry, identity

BOARD = ["ksg", "kl", "mine", "ae+ksg", "ae+kl"]


def registry() -> Registry:
    entries = {
        "ksg": Entry("mibench.contracts:Truth", "neighbours", frozenset({"knn"})),
        "kl": Entry("mibench.contracts:Truth", "entropies", frozenset({"knn"})),
        "mine": Entry("mibench.contracts:Truth", "networks", frozenset({"neural"})),
        "blobs": Entry(
            "mibench.contracts:Truth",
            "images",
            frozenset({"images"}),
            {"default": {"size": (16, 32), "mi": (1, 3)}, "quick": {"size": (16,), "mi": (2,)}},
        ),
    }
    return Registry("estimator", "mibench.nothing", entries)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("ksg", Spec("ksg")),
        (" ksg[k=5] ", Spec("ksg", {"k": 5})),
        ("a-b.c[x=1e-3, y=text ,z=none,w=true]", Spec("a-b.c", {"x": 1e-3, "y": "text", "z": None, "w": True})),
        ("ksg[]", Spec("ksg")),
        ("""ksg[x='a',y="2",z='b c']""", Spec("ksg", {"x": "a", "y": 2, "z": "b c"})),
    ],
)
def test_names_are_read(text: str, spec: Spec) -> None:
    assert parse(text) == spec


@pytest.mark.parametrize(
    "text", ["", "[k=1]", "ksg[k=1", "ksg]k=1[", "ksg[k]", "ksg[=1]", "ksg[k=1,k=2]", "ksg k", "1a"]
)
def test_what_is_no_name_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert any(word in str(caught.value) for word in ("name", "param=value", "twice"))


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["auto", "equal"])


@given(st.dictionaries(st.sampled_from("abcd"), values))
def test_a_name_that_is_printed_reads_back(params: dict[str, object]) -> None:
    spec = Spec("ksg", params)
    assert parse(str(spec)) == spec


@given(st.lists(st.sampled_from(["ksg", "a[b=1,c=2]", "x+y[z=1]"]), max_size=4))
def test_commas_split_outside_brackets_only(parts: list[str]) -> None:
    assert split_top(",".join(parts), ",") == parts


@pytest.mark.parametrize(
    ("text", "preset", "names"),
    [
        ("ksg", "default", ["ksg"]),
        ("ksg,ksg[k=5],ksg", "default", ["ksg", "ksg[k=5]"]),
        ("k*", "default", ["ksg", "kl"]),
        ("*+k?", "default", ["ae+kl"]),
        ("knn", "default", ["ksg", "kl", "ae+ksg", "ae+kl"]),
        ("all", "default", BOARD),
        ("neural,ksg", "default", ["mine", "ksg"]),
        ("blobs", "quick", ["blobs[size=16,mi=2]"]),
        (
            "blobs",
            "paper",
            ["blobs[size=16,mi=1]", "blobs[size=16,mi=3]", "blobs[size=32,mi=1]", "blobs[size=32,mi=3]"],
        ),
        ("blobs[size=8]", "quick", ["blobs[size=8]"]),
        ("ae[latent_dim=2]+ksg", "default", ["ae[latent_dim=2]+ksg"]),
    ],
)
def test_selections(text: str, preset: str, names: list[str]) -> None:
    assert registry().select(text, BOARD, preset) == names


@pytest.mark.parametrize(
    ("text", "meant"),
    [("kgs", "ksg"), ("KSG", "ksg"), ("Blob", "blobs"), ("nural", "neural"), ("blob", "blobs"), ("al", "all")],
)
def test_a_wrong_selection_gets_suggestions(text: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=f"'{text}'; did you mean .*{meant}"):
        registry().select(text, BOARD)


def test_suggestions_look_past_capitals_and_keep_their_spelling() -> None:
    assert suggest("INFONCE", ["InfoNCE", "ksg"]) == "; did you mean InfoNCE?"
    assert suggest("KSG", ["kl", "ksg", "KSG2"]).startswith("; did you mean ksg or KSG2")


def test_an_empty_selection_is_an_error() -> None:
    with pytest.raises(InputError, match="no estimator was asked for"):
        registry().select(" , ", BOARD)


def test_the_real_names_select_the_main_job() -> None:
    chosen = tasks.registry.select("images", tasks.board())
    assert len(chosen) == 24
    assert "blobs[size=16,mi=1]" in chosen
    assert len(tasks.registry.select("blobs", tasks.board(), "paper")) == 2 * 41
    assert estimators.registry.select("all", estimators.board()) == estimators.board()


def test_one_parameter_has_one_identity() -> None:
    assert identity("toy", tasks.get("gaussian[mi=2]")) == identity("toy", tasks.get("gaussian[mi=2.0]"))
    assert identity("toy", tasks.get("gaussian[mi=2]")) != identity("toy", tasks.get("gaussian[mi=2.5]"))


def install(folder: Path, distribution: str, points: str, **modules: str) -> None:
    """What pip leaves behind: modules, and a dist-info that declares entry points."""
    info = folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(points)
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)


GOOD = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mibench.contracts import Estimate


@dataclass(frozen=True)
class Median:
    """Guesses a constant.

    From a distribution of its own.
    """

    guess: float = 2.0
    version: ClassVar[int] = 3
    tags: ClassVar[frozenset[str]] = frozenset({"guesses"})

    def estimate(self, x, y, *, rng=None, side=None):
        return Estimate(self.guess + 0 * float(np.mean(x)))
'''
POINTS = "[mibench.estimators]\nguess = goodmodule:Median\nwreck = wreckmodule:Wreck\nksg = goodmodule:Median\n"
HEADS = "[mibench.compressors]\nfold = wreckmodule:Fold\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restored: None) -> Iterator[Path]:
    """One distribution with a good plug-in, one that fails to import, and one that takes a name of ours."""
    install(tmp_path, "mibench-demo", POINTS, goodmodule=GOOD, wreckmodule="import no_such_package\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    fresh: Callable[[Registry], object] = lambda each: vars(each).pop("_plugins", None)  # noqa: E731
    fresh(estimators.registry)
    yield tmp_path
    fresh(estimators.registry)
    for name in ("goodmodule", "wreckmodule"):
        sys.modules.pop(name, None)


def test_a_plugin_is_listed_built_and_selected_by_its_tag(installed: Path) -> None:
    assert "guess" in estimators.board()
    assert estimators.get("guess[guess=1.5]").estimate([0.0], [1.0]).mi == 1.5
    assert estimators.registry.entry("guess").summary == "Guesses a constant."
    assert estimators.registry.select("guesses", estimators.board()) == ["guess"]
    with pytest.raises(InputError, match="no parameter 'gues'; did you mean guess"):
        estimators.get("guess[gues=1]")


def test_listing_imports_nothing(installed: Path) -> None:
    assert "guess" in estimators.registry.names
    assert "goodmodule" not in sys.modules


def test_a_broken_plugin_is_reported_by_distribution_and_stops_nothing(installed: Path) -> None:
    assert estimators.registry.select("guesses,gaussian", estimators.board()) == ["guess", "gaussian"]
    message = (
        "'wreck' comes from mibench-demo 1.2 and cannot be used: ModuleNotFoundError: No module named 'no_such_package'"
    )
    assert message in [str(each) for each in estimators.registry.broken]
    with pytest.raises(MibenchError) as caught:
        estimators.get("wreck")
    assert str(caught.value) == message


def test_a_plugin_cannot_take_a_name_of_ours(installed: Path) -> None:
    assert "'ksg' comes from mibench-demo 1.2 and cannot be used: the name already belongs to mibench" in [
        str(each) for each in estimators.registry.broken
    ]
    assert type(estimators.get("ksg")).__module__.startswith("mibench.")


def test_an_entry_point_can_be_added_and_a_taken_name_cannot(restored: None) -> None:
    point = metadata.EntryPoint("extra", "mibench.contracts:Truth", estimators.registry.group)
    estimators.registry.add(point)
    assert estimators.registry.factory("extra").__name__ == "Truth"
    for name in ("extra", "ksg", "no name"):
        with pytest.raises(InputError, match="cannot add the estimator"):
            estimators.registry.add(metadata.EntryPoint(name, point.value, point.group))


def test_a_plugin_is_listed_and_runs_from_the_command_line(tmp_path: Path) -> None:
    install(tmp_path / "site", "mibench-demo", POINTS + HEADS, goodmodule=GOOD, wreckmodule="import no_such_package\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    mibench = [sys.executable, "-m", "mibench"]
    listed = subprocess.run([*mibench, "ls", "estimators"], capture_output=True, text=True, env=environment, check=True)
    assert "guess         guesses     Guesses a constant." in listed.stdout
    assert "joined by +: pca (" in listed.stdout
    for name in ("wreck", "fold"):
        assert f"plug-in left out: '{name}' comes from mibench-demo 1.2" in listed.stderr
    checked = subprocess.run([*mibench, "doctor"], capture_output=True, text=True, env=environment, check=True)
    for name in ("wreck", "fold"):
        assert f"BAD  plug-in            '{name}' comes from mibench-demo 1.2" in checked.stdout
    command = [*mibench, "run", "--tasks", "gaussian[dim_x=1,mi=2]", "--estimators", "guess,wreck", "--n-samples", "50"]
    ran = subprocess.run(
        [*command, "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "left out: 'wreck' comes from mibench-demo 1.2" in ran.stderr
    assert "guess" in ran.stdout
    assert "1/1" in ran.stdout
