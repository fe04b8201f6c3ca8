# SPDX-License-Identifier: Apache-2.0
"""Rows of two runs: each in exactly one bucket, like only with like."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import STATUSES, Row
from mibench.harness.compare_pairs import pair

SAMPLE = (0.1, 0.2, 0.3, 0.4)


def row(estimator: str = "ksg", **values: Any) -> Row:
    """A row of schema 2; its key follows from what identifies a trial."""
    given: dict[str, Any] = {
        "task": "gaussian",
        "n": 100,
        "repetition": 0,
        "status": "ok",
        "estimate": 1.1,
        "truth": 1.0,
        "truth_std_error": 0.0,
        "seed": 0,
        "task_version": 1,
        "estimator_version": 1,
        "sample": SAMPLE,
    } | values
    if given["status"] != "ok":
        given["estimate"] = None
    parts = ("task", "n", "repetition", "seed", "task_version", "estimator_version", "check")
    key = given.pop("key", f"{estimator} {[given.get(part) for part in parts]}")
    return Row(key=key, estimator=estimator, **given)


def old(estimator: str = "ksg", key: str = "k", **values: Any) -> Row:
    """A row of schema 1."""
    return row(estimator, key=key, seed=None, task_version=None, estimator_version=None, sample=None, **values)


def buckets(base: list[Row], head: list[Row], **how: bool) -> list[str]:
    return [outcome.bucket for outcome in pair(base, head, **how)]


def test_equal_keys_are_compared_and_the_difference_is_of_absolute_errors() -> None:
    (found,) = pair([row(estimate=0.8)], [row(estimate=1.5)])
    assert found.bucket == "compared"
    assert found.error("base") == pytest.approx(0.2)
    assert found.error("head") == pytest.approx(0.5)
    assert found.worse == pytest.approx(0.3)
    assert not found.declared


def test_another_version_of_the_estimator_is_compared_and_known_as_declared() -> None:
    (found,) = pair([row()], [row(estimator_version=2)])
    assert (found.bucket, found.declared) == ("compared", True)


def test_names_are_compared_whatever_the_order_and_spelling_of_parameters() -> None:
    base = row("ae[a=1,b=2.0]+wkl[k=7]", task="blobs[size=16,mi=2]", key="a")
    head = row("ae[b=2,a=1]+wkl[k=7]", task="blobs[mi=2.0,size=16]", key="b")
    assert buckets([base], [head]) == ["compared"]


@pytest.mark.parametrize(
    "other",
    [
        {"estimator": "kl"},
        {"estimator": "ksg[k=5]"},
        {"task": "gaussian[dim_x=2]"},
        {"n": 200},
        {"repetition": 1},
        {"seed": 1},
    ],
)
def test_different_trials_are_not_paired(other: dict[str, Any]) -> None:
    assert sorted(buckets([row()], [row(**other)])) == ["only in base", "only in head"]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"task_version": 2}, "version 1 of the task in BASE, 2 in HEAD"),
        ({"sample": (9.0, 0.2, 0.3, 0.4)}, "another sample from the same seed"),
        ({"truth": 1.5}, "the truth is 1 nats in BASE, 1.5 in HEAD"),
        ({"truth": None}, "no truth"),
    ],
)
def test_what_is_not_comparable_is_listed_with_its_reason(other: dict[str, Any], reason: str) -> None:
    (found,) = pair([row()], [row(**other)])
    assert found.bucket == "not comparable"
    assert reason in found.reason


def test_a_changed_sample_under_one_key_is_not_comparable() -> None:
    """The generator changed and nobody raised its version: the keys are the same."""
    base, head = row(), dataclasses.replace(row(), sample=(0.0, 0.0, 0.0, 0.0))
    assert base.key == head.key
    assert buckets([base], [head]) == ["not comparable"]


def test_rounding_of_samples_and_truths_is_no_change() -> None:
    head = row(sample=tuple(value * (1 + 1e-9) for value in SAMPLE), truth=1.0 + 1e-9)
    assert buckets([row()], [head]) == ["compared"]


def test_monte_carlo_truths_may_differ_by_their_errors() -> None:
    def noisy(truth: float) -> Row:
        return row(truth=truth, truth_std_error=0.01)

    assert buckets([noisy(1.0)], [noisy(1.04)]) == ["compared"]
    assert buckets([noisy(1.0)], [noisy(1.05)]) == ["not comparable"]


def test_data_that_have_no_fingerprint_are_known_by_the_version() -> None:
    assert buckets([row(sample=None)], [row(sample=None)]) == ["compared"]


@pytest.mark.parametrize(
    ("base", "head", "bucket"),
    [
        ("ok", "ok", "compared"),
        ("ok", "error", "lost"),
        ("ok", "unsupported", "lost"),
        ("timeout", "ok", "gained"),
        ("unsupported", "ok", "gained"),
        ("unsupported", "unsupported", "neither"),
        ("crashed", "out_of_memory", "neither"),
        ("unsupported", "error", "neither"),
    ],
)
def test_buckets_by_status(base: str, head: str, bucket: str) -> None:
    assert buckets([row(status=base)], [row(status=head)]) == [bucket]


def test_a_task_that_could_not_be_built_loses_its_answer_rather_than_its_version() -> None:
    assert buckets([row()], [row(status="not_installed", task_version=None, sample=None)]) == ["lost"]


def test_the_last_of_several_versions_in_one_run_counts() -> None:
    first, second = row(estimate=1.3), row(estimator_version=2, estimate=1.1)
    found = pair([first, second], [second])
    assert Counter(outcome.bucket for outcome in found) == {"superseded": 1, "compared": 1}
    assert next(outcome for outcome in found if outcome.bucket == "superseded").base is first
    assert [outcome.worse for outcome in found if outcome.bucket == "compared"] == [0.0]


def test_checks_are_put_aside() -> None:
    assert buckets([row(check="symmetry")], [row(check="symmetry"), row()]) == ["check", "check", "only in head"]


def test_rows_of_schema_1_are_paired_by_key_alone() -> None:
    assert buckets([old()], [old()]) == ["compared"]
    assert buckets([old(key="k")], [row(key="k")]) == ["compared"]
    (found,) = pair([old(key="k")], [row(key="other")])
    assert (found.bucket, found.reason[:17]) == ("not comparable", "a row of schema 1")
    (found,) = pair([old(key="k")], [old(key="other")])
    assert found.bucket == "not comparable"
    assert buckets([old(key="k")], [old("kl", key="other")]) == ["only in base", "only in head"]


def test_across_seeds_repetitions_are_matched_in_order_and_samples_not_asked() -> None:
    base = [row(repetition=i, estimate=1 + i / 10) for i in range(3)]
    head = [row(repetition=i, seed=s, sample=(s, 0.0, 0.0, 0.0)) for s in (5, 4) for i in range(1)]
    found = pair(base, head, across_seeds=True)
    assert Counter(outcome.bucket for outcome in found) == {"compared": 2, "only in base": 1}
    pairs = [(o.base.repetition, o.head.seed) for o in found if o.base and o.head]
    assert pairs == [(0, 4), (1, 5)]
    assert buckets([row()], [row(seed=1, task_version=2)], across_seeds=True) == ["not comparable"]
    assert buckets([old()], [row(seed=1)], across_seeds=True) == ["not comparable"]


ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(["ksg", "kl[k=3,a=1]", "kl[a=1,k=3]", "not a name ["]),
        status=st.sampled_from(STATUSES),
        repetition=st.integers(0, 2),
        seed=st.sampled_from([None, 0, 1]),
        task_version=st.sampled_from([None, 1, 2]),
        sample=st.sampled_from([None, SAMPLE, (1.0, 1.0, 1.0, 1.0)]),
        truth=st.sampled_from([None, 1.0, 2.0]),
        check=st.sampled_from(["", "symmetry"]),
    ),
    max_size=12,
    unique_by=lambda each: each.key,
)


@settings(deadline=None)
@given(ROWS, ROWS, st.booleans())
def test_every_row_of_both_sides_lands_in_exactly_one_bucket(base: list[Row], head: list[Row], across: bool) -> None:
    found = pair(base, head, across_seeds=across)
    assert sorted(id(outcome.base) for outcome in found if outcome.base) == sorted(map(id, base))
    assert sorted(id(outcome.head) for outcome in found if outcome.head) == sorted(map(id, head))
    assert all(bool(outcome.reason) == (outcome.bucket == "not comparable") for outcome in found)


def test_a_row_of_schema_1_is_found_among_rows_of_several_seeds() -> None:
    base, head = [row(seed=0, key="a"), old(key="b")], [row(seed=1, key="c")]
    assert sorted(buckets(base, head)) == ["not comparable", "only in base"]
    assert sorted(buckets(head, base)) == ["not comparable", "only in head"]


@settings(deadline=None)
@given(ROWS, ROWS)
def test_swapping_the_sides_mirrors_every_bucket(base: list[Row], head: list[Row]) -> None:
    mirror = {"lost": "gained", "gained": "lost", "only in base": "only in head", "only in head": "only in base"}
    there, back = Counter(buckets(base, head)), Counter(buckets(head, base))
    assert back == Counter({mirror.get(bucket, bucket): count for bucket, count in there.items()})
