# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mibench.cli import main
from mibench.contracts import InputError, Row, Trial
from mibench.harness import merge, provenance, shard, store
from mibench.harness.journal import FolderError, read, to_line

SAMPLE = (0.1, 0.2, 0.3, 0.4)


def row(number: int, estimate: float | None = 1.0, **changes: Any) -> Row:
    made = Row(
        f"{number:064x}",
        "toy",
        "ksg",
        100,
        number,
        "ok" if estimate is not None else "timeout",
        estimate,
        seed=0,
        task_version=1,
        sample=SAMPLE,
    )
    return replace(made, **changes)


def part(folder: Path, *rows: Row, planned: int | None = None, seed: int = 0, cpu: str = "a") -> Path:
    folder.mkdir()
    (folder / "journal.jsonl").write_text("".join(map(to_line, rows)))
    selection = {"tasks": ["toy"], "estimators": ["ksg"], "n": [100], "repetitions": 2, "seed": seed, "preset": "quick"}
    manifest = {"schema": 2, "created": f"2026-01-0{len(cpu)}", "planned": planned or len(rows), "selection": selection}
    store.write_manifest(folder, {**manifest, "versions": {"mibench": "1"}, "hardware": {"cpu": cpu}})
    return folder


def run(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["merge", *map(str, arguments)])


def test_parts_become_one_run_that_knows_where_each_came_from(tmp_path: Path) -> None:
    a = part(tmp_path / "a", row(0), row(1), cpu="one")
    b = part(tmp_path / "b", row(2, None), planned=3, cpu="other")
    said = run(tmp_path / "all", a, b)
    assert said.exit_code == 0, said.output
    assert "3 trials of 2 runs" in said.output
    assert "2 planned trials not done yet" in said.output
    merged = store.load(tmp_path / "all")
    assert merged.rows == [row(0), row(1), row(2, None)]
    assert merged.manifest["planned"] == 5
    assert merged.manifest["created"] == "2026-01-03"
    assert merged.manifest["selection"]["tasks"] == ["toy"]
    assert merged.manifest["selection"]["preset"] == "quick"
    assert [merged.manifest["parts"][str(each)]["hardware"]["cpu"] for each in (a, b)] == ["one", "other"]
    assert merged.manifest["hardware"] is None
    assert merged.manifest["versions"] == {"mibench": "1"}
    assert store.read_manifest(a)["hardware"] == {"cpu": "one"}, "the parts are left as they are"
    further = provenance.manifest(merged.manifest, command="", selection={}, limits={}, planned=1)
    assert further["parts"] == merged.manifest["parts"], "a merged run that goes on still knows them"


def test_an_answer_counts_before_a_failure_and_a_later_row_before_an_earlier_and_none_is_dropped(
    tmp_path: Path,
) -> None:
    a = part(tmp_path / "a", row(0), row(1, None), row(2, None, error="first"), row(3))
    b = part(tmp_path / "b", row(0, None), row(1), row(2, None, error="second"), row(3))
    said = run(tmp_path / "all", a, b)
    assert said.exit_code == 0, said.output
    assert "4 rows stood in more than one of them" in said.output
    merged = store.load(tmp_path / "all")
    assert [each.status for each in merged.rows] == ["ok", "ok", "timeout", "ok"]
    assert merged.rows[2].error == "second"
    assert len(read(tmp_path / "all" / "journal.jsonl")[0]) == 8


def test_two_estimates_of_one_trial_are_refused_or_both_kept(tmp_path: Path) -> None:
    a, b = part(tmp_path / "a", row(0, 1.0)), part(tmp_path / "b", row(0, 1.0 + 2**-52))
    said = run(tmp_path / "all", a, b)
    assert said.exit_code == 2
    assert "ksg on toy n=100 repetition 0: 1.0 in" in said.output
    assert "and 1.0000000000000002 later" in said.output
    assert "1 trial with two different estimates: nothing was written" in said.output
    assert not (tmp_path / "all").exists()
    assert run(tmp_path / "all", a, b, "--conflicts", "last").exit_code == 0
    assert store.load(tmp_path / "all").rows == [row(0, 1.0 + 2**-52)]
    assert [each.estimate for each in read(tmp_path / "all" / "journal.jsonl")[0]] == [1.0, 1.0 + 2**-52]


def test_what_cannot_be_one_run_is_refused(tmp_path: Path) -> None:
    a = part(tmp_path / "a", row(0))
    seeded = part(tmp_path / "seeded", row(1, seed=7), seed=7)
    with pytest.raises(FolderError, match=r"a of --seed 0 and .*seeded of --seed 7"):
        merge.join([store.load(a), store.load(seeded)])
    empty = part(tmp_path / "empty", seed=5)
    with pytest.raises(FolderError, match=r"--seed 5"):
        merge.join([store.load(a), store.load(empty)])
    other = part(tmp_path / "other", row(0, sample=(0.1, 0.2, 0.3, 0.5)))
    with pytest.raises(FolderError, match=r"toy n=100 repetition 0 is another sample in .*a and in .*other"):
        merge.join([store.load(a), store.load(other)])
    assert "is given twice" in run(tmp_path / "all", a, a).output
    assert "is no run folder" in run(tmp_path / "all", a, tmp_path / "nowhere").output
    said = run(a, part(tmp_path / "b", row(1)))
    assert (said.exit_code, "holds a run already" in said.output) == (2, True)
    assert store.load(a).rows == [row(0)]


def test_a_merge_that_was_killed_is_given_again(tmp_path: Path) -> None:
    a, b = part(tmp_path / "a", row(0)), part(tmp_path / "b", row(1))
    whole = tmp_path / "all"
    assert run(whole, a, b).exit_code == 0
    (whole / store.JOURNAL).unlink()  # the manifest is written first
    assert run(whole, a, b).exit_code == 0
    assert store.load(whole).rows == [row(0), row(1)]
    (a / store.JOURNAL).unlink()
    assert "holds a run already" in run(a, b).output, "the manifest of a run that has no row yet"


@given(
    cells=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from("ab")), unique=True),
    count=st.integers(1, 5),
)
def test_shards_are_disjoint_whole_and_keep_a_sample_together(cells: list[tuple[int, int, str]], count: int) -> None:
    trials = [Trial("toy", name, 10, r, 0, f'{{"mi": {mi}}}', "{}") for mi, r, name in cells]
    parts = [shard.take(trials, index, count) for index in range(1, count + 1)]
    assert sorted(map(repr, sum(parts, ()))) == sorted(map(repr, trials))
    samples = [{(trial.task_params, trial.repetition) for trial in each} for each in parts]
    assert sum(map(len, samples)) == len(set.union(*samples)), "a sample stands in one part only"
    assert max(map(len, samples)) - min(map(len, samples)) <= 1


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "a/b", "1/4/2", "-1/2"])
def test_a_part_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="give PART/PARTS, from 1/4 to 4/4"):
        shard.read(text)


def test_shards_of_a_run_merge_into_the_run(tmp_path: Path) -> None:
    asked = ["run", "--tasks", "gaussian[mi=1],gaussian[mi=2]", "--estimators", "gaussian,ksg", "--n-samples", "50"]
    asked += ["--repetitions", "2", "--jobs", "1", "--dry-run"]
    said = [CliRunner().invoke(main, [*asked, *more]) for more in ([], ["--shard", "1/3"], ["--shard", "3/3"])]
    assert [each.exit_code for each in said] == [0, 0, 0]
    for each, expected in zip(said, ["8 trials", "4 trials", "2 trials"], strict=True):
        assert expected in each.output
    assert "seed0-shard1of3" in said[1].output
