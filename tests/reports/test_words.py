# SPDX-License-Identifier: Apache-2.0
"""Names and numbers as reports write them."""

from __future__ import annotations

import math

import pytest

from mibench.reports.words import (
    NONE,
    Method,
    digits,
    family,
    fixed,
    groups,
    level,
    order,
    percent,
    plural,
    series,
    short,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NONE), (math.nan, NONE), (math.inf, "inf"), (-math.inf, "-inf"), (0.0, "0"), (-0.0412, "-0.0412"),
        (0.04123, "0.0412"), (1.0, "1.00"), (9.996, "10.0"), (-12.34, "-12.3"), (4567.8, "4568"), (1e6, "1.0e+06"),
        (0.00051, "0.0005"), (0.00002, "2.0e-05"),
    ],
)  # fmt: skip
def test_three_significant_digits(value: float | None, text: str) -> None:
    assert digits(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100 %"), (0.996, "> 99 %"), (0.0, "0 %"), (0.004, "< 1 %"), (0.5, "50 %"), (None, NONE),
        (0.625, "63 %"), (1.125, "113 %"), (math.inf, "inf"),
    ],
)  # fmt: skip
def test_percent_never_rounds_a_failure_away(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_truths_are_exact() -> None:
    assert [level(value) for value in (3.0, 0.25, math.log(4), None)] == ["3", "0.25", "1.386", NONE]


def test_plural() -> None:
    assert [plural(1, "trial"), plural(2, "trial"), plural(3, "family")] == ["1 trial", "2 trials", "3 families"]


def test_a_series_is_a_task_without_its_information() -> None:
    assert series("blobs[size=32,mi=3]") == "blobs[size=32]"
    assert family("blobs[size=32,mi=3]") == "blobs"
    assert series("what[ever") == family("what[ever") == "what[ever"


@pytest.mark.parametrize(
    ("name", "group", "tail"),
    [
        ("ksg", "direct", "ksg"), ("ksg[k=5]", "direct", "ksg[k=5]"), ("mine", "neural", "mine"),
        ("ae[latent_dim=2]+wkl", "ae+", "wkl"), ("pca+ae+ksg", "pca+ae+", "ksg"),
        ("unheard-of", "direct", "unheard-of"), ("<b>", "direct", "<b>"), ("", "direct", ""),
    ],
)  # fmt: skip
def test_estimators_are_taken_apart(name: str, group: str, tail: str) -> None:
    assert Method.of(name) == Method(name, group, tail)


def test_groups_stand_in_one_order() -> None:
    assert list(groups(["oracle+ksg", "new+ksg", "ae+ksg", "mine", "ksg"])) == [
        "direct", "neural", "ae+", "oracle+", "new+"
    ]  # fmt: skip


def test_order_follows_registry_and_numbers() -> None:
    names = ["zzz", "gaussian[mi=2]", "blobs[size=16,mi=1]", "blobs[size=8,mi=10]", "blobs[size=8,mi=2]"]
    assert sorted(names, key=lambda name: order(name, "ksg")) == [
        "blobs[size=8,mi=2]", "blobs[size=8,mi=10]", "blobs[size=16,mi=1]", "gaussian[mi=2]", "zzz"
    ]  # fmt: skip


def test_long_names_are_cut_in_the_middle() -> None:
    assert short("a" * 50 + "b" * 50, 11) == "aaaaa…bbbbb"
    assert short("two\nlines") == "two lines"


def test_errors_to_a_hundredth() -> None:
    values = (0.004, -0.004, -1.2, 99.99, 100.0, -1e6, math.nan, None)
    assert [fixed(value) for value in values] == ["0.00", "0.00", "-1.20", "99.99", "100", "-1.0e+06", NONE, NONE]


def test_only_the_oracle_is_given_the_latents() -> None:
    assert [name for name in ("ksg", "ae+ksg", "oracle+ksg", "oracle-like") if Method.of(name).gifted] == ["oracle+ksg"]
