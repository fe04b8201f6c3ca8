# SPDX-License-Identifier: Apache-2.0
"""The page of every kind of run: whole, broken off, hostile, and empty."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mibench import estimators, reports
from mibench.contracts import InputError, Row
from mibench.harness.store import FolderError, Run

MakeRun = Callable[..., Run]
SECTIONS = ("leaderboard", "truth", "errors", "levels", "cost", "intervals", "samples", "failures", "provenance")
TASK = "blobs[size=16,mi=2]"


def row(estimator: str, estimate: float | None = None, task: str = TASK, **more: Any) -> Row:
    more = {"status": "ok", "truth": 2.0, "seconds": 1.0, "peak_mb": 100.0, **more}
    return Row(f"{task} {estimator} {more.get('repetition', 0)}", task, estimator, 2000, more.pop("repetition", 0),
               estimate=estimate, **more)  # fmt: skip


HOSTILE = '"><script>document.title = "taken"</script><img src=x onerror="document.title = \'taken\'">'
STATES: dict[str, list[Row]] = {
    "nothing has ended": [],
    "one estimator": [row("ksg", 1.9)],
    "only failures": [row("ksg", status="timeout", error="60 s"), row("kl", status="crashed")],
    "failures without cost": [row("ksg", status="crashed", truth=None, seconds=None, peak_mb=None)],
    "no truth": [row("ksg", 1.9, truth=None, interval=(1.0, 2.0)), row("kl", 1.8, truth=None)],
    "wild": [row("ksg", 1e6, interval=(-1e300, 1e300)), row("kl", -174.0), row("wkl", 1.9, seconds=0.0)],
    "all wild": [row("mine", -1e12), row("nwj", 1e9)],
    "all exact": [row("ksg", 2.0), row("kl", 2.0)],
    "negative": [row("ksg", -0.01, "gaussian[mi=0]", truth=0.0), row("kl", -0.2, "gaussian[mi=0]", truth=0.0)],
    "unknown names": [row("gone", 1.0, "left[mi=2]"), row("lost+ksg", 1.0, "left[mi=2]")],
    "hostile": [
        row("ksg", 1.9), row(HOSTILE, 1.0), row("kl", 1.9, HOSTILE), row("wkl", status="error", error=HOSTILE * 99),
        row("\u202egsk $x_1$ %s {{ 7*7 }}", 1.0), row("k" * 10_000, status="error", error="\u05d0" * 10_000),
    ],
    "sizes and repetitions": [
        replace(row("ksg", 1.5 + i / 10, repetition=i), n=n, key=f"{n}{i}") for n in (500, 5000) for i in range(3)
    ],
}  # fmt: skip


class Page(HTMLParser):
    """What a page is made of: (tag, attributes) in order, and the ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def render(run: Run) -> str:
    return reports.write(run)["report.html"].read_text("utf-8")


@pytest.mark.parametrize("state", STATES)
def test_every_state_renders_whole(make_run: MakeRun, state: str) -> None:
    text = render(make_run(STATES[state]))
    page = Page(text)
    sections = [each["id"] for each in page.all("section")]
    assert [each for each in sections if each != "needed"] == list(SECTIONS)
    assert ("needed" in sections) == (state == "sizes and repetitions")
    assert text.rstrip().endswith("</html>")
    assert all(each.get("alt") for each in page.all("img"))
    assert all(each.get("role") == "img" and each.get("aria-labelledby") for each in page.all("svg"))
    ids = Counter(each["id"] for _, each in page.tags if each.get("id"))
    assert max(ids.values()) == 1
    scripts = page.all("script")
    assert [each.get("type") for each in scripts] == ["application/json", "module", "module"]
    assert not [each for _, each in page.tags if any(name.startswith("on") for name in each)]
    links = [each.get(name) or "" for _, each in page.tags for name in ("src", "href", "xlink:href")]
    assert all(link == "data:," or link.startswith(("#", "data:image/png;base64,")) for link in links if link)
    assert not re.search(r"@import|url\((?!#|data:)", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))


def test_a_run_that_is_not_finished_says_so(make_run: MakeRun) -> None:
    assert "9 of 10 planned trials have no result yet" in render(make_run([row("ksg", 1.9)], planned=10))
    assert "no result yet" not in render(make_run([row("ksg", 1.9)]))


def test_numbers_reach_the_page(make_run: MakeRun) -> None:
    rows = [row("ksg", 1.877, interval=(1.8, 1.9)), row("oracle+kl", 2.0), row("pca+kl", 1.5, bounds=(1.5, 2.5))]
    text = render(make_run(rows))
    shown = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    plain = " ".join(re.sub(r"<[^>]*>", " ", shown).split())
    assert "ksg is closest to the truth, by 0.123 nats, then pca+kl by 0.500 nats." in plain
    assert "0 of 1" in plain
    assert "yes (1 of 1)" in plain
    assert "Bounds: a 99.9 % enclosure" in plain
    for word in ("uaranteed", "mae_common"):
        assert word not in plain
    assert "−0.123" in plain  # noqa: RUF001
    assert (
        "Closest over all 1 task: ksg, 0.123 nats off on average; given the true latents, oracle+kl, 0 nats." in plain
    )
    digest = sha256((make_run(rows).folder / "journal.jsonl").read_bytes()).hexdigest()
    assert digest in plain
    assert "A processor, 2 cores, 24.0 GiB" in plain


def test_bold_is_the_best_of_those_that_can_be_compared(make_run: MakeRun) -> None:
    tasks = [TASK, "blobs[size=16,mi=2,rotation_seed=1]"]
    rows = [
        row(name, 2 - error, task) for task in tasks for name, error in [("ksg", 0.5), ("kl", -0.4), ("oracle+kl", 0)]
    ]
    rows += [row("wkl", 2.0, tasks[0]), row("wkl", task=tasks[1], status="timeout")]
    text = render(make_run(rows))
    lines = {
        name: text.split(f"<bdi>{name}</bdi></th>")[1].split("</tr>")[0] for name in ("ksg", "kl", "wkl", "oracle+kl")
    }
    bold = {name: re.findall(r'class="number best"[^>]*>([^<]*)<', line) for name, line in lines.items()}
    assert bold["kl"][:2] == ["0.400", "0.400"]  # MAE, and the bias nearest 0
    assert bold["wkl"] == ["0"]  # the common cell; not its own cells, of which it lacks one
    assert bold["oracle+kl"] == []


def test_a_tie_of_the_leaders_is_said(make_run: MakeRun) -> None:
    noise = [0.1, 0.3, 0.2, 0.4, 0.3, 0.2, 0.1, 0.4]
    near = [
        row(name, 2 + e + shift * (-1) ** i, repetition=i)
        for name, shift in (("ksg", 0.0), ("kl", 0.01))
        for i, e in enumerate(noise)
    ]
    assert "Their ranks are tied" in render(make_run(near))
    far = [
        row(name, 2 + shift + e, repetition=i)
        for name, shift in (("ksg", 0.0), ("kl", 5.0))
        for i, e in enumerate(noise)
    ]
    assert "Their ranks are tied" not in render(make_run(far))


def test_a_task_that_cannot_be_built_gets_a_note(make_run: MakeRun) -> None:
    text = render(make_run(STATES["unknown names"]))
    assert "No samples:" in text
    assert "no task named" in text


def test_a_whole_board_stays_small(make_run: MakeRun) -> None:
    tasks = [f"{family}[size=16,mi={mi}]" for family in ("blobs", "fields") for mi in (1, 3, 6)]
    rows = [row(name, 1.5, task, interval=(1, 2)) for task in tasks for name in estimators.board()]
    path = reports.write(make_run(rows))["report.html"]
    assert 500_000 < path.stat().st_size < 2_500_000


def test_same_run_same_bytes(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run([row("ksg", 1.9, interval=(1.0, 3.0))])
    first = {name: path.read_bytes() for name, path in _all(run, tmp_path / "figures").items()}
    second = {name: path.read_bytes() for name, path in _all(run, tmp_path / "again").items()}
    assert first == second


def _all(run: Run, folder: Path) -> dict[str, Path]:
    return reports.write(run, figures=folder, formats=reports.FORMATS)


def test_figures_are_files_too(make_run: MakeRun, tmp_path: Path) -> None:
    written = reports.write(
        make_run([row("ksg", 1.9, interval=(1, 3))]), figures=tmp_path / "a" / "b", formats=["pdf", "png"]
    )
    names = {"truth-1-blobs", "errors", "cost", "intervals", "sample-1-blobs-size-16-mi-2"}
    assert set(written) == {"leaderboard.csv", "leaderboard.md", "report.html"} | {
        f"{name}.{kind}" for name in names for kind in ("pdf", "png")
    }
    assert written["cost.pdf"].read_bytes().startswith(b"%PDF")
    assert written["cost.png"].read_bytes().startswith(b"\x89PNG")


def test_an_error_that_holds_half_a_character_is_reported(make_run: MakeRun) -> None:
    page = reports.write(make_run([row("ksg", 1.9), row("kl", None, status="error", error="no file \udcff")]))[
        "report.html"
    ]
    assert "no file \\udcff" in page.read_text("utf-8")


def test_an_unknown_format_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no figures as 'gif': choose from pdf, png, svg"):
        reports.write(make_run([]), figures=tmp_path, formats=["gif"])


def test_a_folder_that_cannot_be_made_is_named(make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FolderError, match=r"cannot write .*file.*: .*choose another place"):
        reports.write(make_run([row("ksg", 1.9)]), figures=tmp_path / "file")


def test_importing_reports_is_light() -> None:
    heavy = {"jinja2", "matplotlib", "numba", "pandas", "torch"}
    code = f"import sys, mibench.reports; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
