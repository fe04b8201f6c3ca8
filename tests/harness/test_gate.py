# SPDX-License-Identifier: Apache-2.0
"""Rules files: what they say, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from mibench import estimators
from mibench.contracts import InputError
from mibench.harness.gate import Limits, Rules, load


@pytest.fixture
def rules(tmp_path: Path):  # type: ignore[no-untyped-def]
    def write(text: str) -> Rules:
        (tmp_path / "rules.toml").write_text(text)
        return load(tmp_path / "rules.toml")

    return write


def test_later_rules_override_earlier_ones_key_by_key(rules) -> None:  # type: ignore[no-untyped-def]
    judged = rules(
        """
        [default]
        margin = 0.05
        tolerance = 1e-4
        alpha = 0.05
        [[rule]]
        match = "ae+*"
        margin = 0.1
        jump = 0.5
        [[rule]]
        tag = "knn"
        margin = 0.2
        coverage = 0.5
        seconds_ratio = 3
        [[rule]]
        match = "ae+*"
        tag = "kernel"
        allow_failed = true
        """
    )
    assert judged.alpha == 0.05
    assert judged.of("binning") == Limits(0.05, 1e-4, deterministic=True)
    assert judged.of("ae+ksg") == Limits(0.2, 1e-4, 0.5, 0.5, 3.0, False)
    assert judged.of("ae+kde") == Limits(0.1, 1e-4, 0.5, deterministic=False, allow_failed=True)
    assert not judged.of("kde").allow_failed


def test_the_file_decides_what_is_deterministic(rules) -> None:  # type: ignore[no-untyped-def]
    judged = rules('[[rule]]\nmatch = "mine"\ndeterministic = true\n[[rule]]\nmatch = "ksg"\ndeterministic = false')
    assert (judged.of("mine").deterministic, judged.of("ksg").deterministic) == (True, False)
    assert (judged.of("dv").deterministic, judged.of("kl").deterministic) == (False, True)


def test_brackets_of_a_name_stand_for_themselves(rules) -> None:  # type: ignore[no-untyped-def]
    judged = rules('[[rule]]\nmatch = "ksg[k=5]"\nmargin = 1\n[[rule]]\nmatch = "ae*+wkl"\nmargin = 2')
    assert [judged.of(name).margin for name in ("ksg[k=5]", "ksg", "ksgk", "ae[latent_dim=2]+wkl")] == [
        1,
        Limits().margin,
        Limits().margin,
        2,
    ]


def test_rules_about_nobody_are_found(rules) -> None:  # type: ignore[no-untyped-def]
    judged = rules('[[rule]]\nmatch = "kgs"\nmargin = 1\n[[rule]]\ntag = "neural"\nmargin = 1')
    assert [str(rule) for rule in judged.idle(["ksg", "mine"])] == ['match = "kgs"']


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[default", "is not TOML"),
        ("[defaults]", "unknown key 'defaults'; did you mean default?"),
        ("default = 3", "`default` is 3; write a table"),
        ("rule = 3", "write each rule as"),
        ("[rule]\nmargin = 1", "write each rule as"),
        ("[default]\nmargn = 1", r"\[default\]: unknown key 'margn'; did you mean margin?"),
        ("[default]\nmatch = 'a'", "unknown key 'match'"),
        ("[default]\nmargin = -1", "margin is -1; give a number of nats from 0"),
        ("[default]\nmargin = nan", "margin is nan"),
        ("[default]\nmargin = 1" + 400 * "0", "margin is 1000.*that a float can hold"),
        ("[default]\nmargin = true", "margin is True"),
        ("[default]\nmargin = '1'", "margin is '1'"),
        ("[default]\ncoverage = 2", "a share from 0 to 1"),
        ("[default]\nseconds_ratio = 0.5", "a ratio from 1"),
        ("[default]\nalpha = 0", "a probability from"),
        ("[default]\ndeterministic = 1", "give true or false"),
        ("[[rule]]\nmargin = 1", r"\[\[rule\]\] 1 names no estimator"),
        ("[[rule]]\nmatch = 'a'", "sets nothing"),
        ("[[rule]]\nmatch = 3\nmargin = 1", "match is 3"),
        ("[[rule]]\ntag = ''\nmargin = 1", "tag is ''"),
        ("[[rule]]\nmatch = 'a'\nalpha = 0.1", "one for the whole comparison"),
        ("[[rule]]\nmatch = 'a'\nmargin = 1\n[[rule]]\nmach = 'a'", r"\[\[rule\]\] 2: unknown key 'mach'"),
    ],
)
def test_refusals(rules, text: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        rules(text)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the rules"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("ksg[k=5]", True),
        ("pca+wkl", True),
        ("oracle+pca+kde", True),
        ("ae+ksg", False),
        ("pca+mine", False),
        ("unheard-of", False),
        ("", False),
        ("ksg]", False),
    ],
)
def test_what_the_registry_holds_for_deterministic(name: str, answer: bool) -> None:
    assert estimators.deterministic(name) is answer
