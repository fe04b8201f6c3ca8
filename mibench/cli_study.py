# SPDX-License-Identifier: Apache-2.0
"""``mibench study``: train, draw planes, check claims, write the report."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from mibench.cli_text import many, one_line
from mibench.cli_view import console
from mibench.contracts import InputError, MibenchError
from mibench.names import parse, split_top
from mibench.studies import catalogue
from mibench.studies.setting import Computed, Scale, Setting

__all__ = ["ls", "study"]

_BAD_ENVIRONMENT, _SOME_FAILED, _INTERRUPTED = 2, 4, 130
_STYLES = {"holds": "green", "fails": "red", "undecided": "yellow"}


def ls(as_json: bool) -> None:
    """Print every study and its settings."""
    out = console()
    if as_json:
        told = {name: [_line(each) for each in study.settings.values()] for name, study in catalogue.STUDIES.items()}
        click.echo(json.dumps({"studies": told}, indent=1))
        return
    for name, study in catalogue.STUDIES.items():
        out.print(Text(f"{name}: {study.title}", style="bold"))
        table = Table(box=None, padding=(0, 2, 0, 0))
        for head in ("setting", "runs x epochs", "what", "tags"):
            table.add_column(head, no_wrap=head == "setting")
        for each in study.settings.values():
            line = _line(each)
            size = f"{line['runs']} x {line['epochs']}" if "runs" in line else "computed"
            table.add_row(line["setting"], size, line["title"], ", ".join(line["tags"]))
        out.print(table)
    out.print("Sources: --json. A study runs with: mibench study NAME --settings SETTINGS --scale quick")


@dataclass(frozen=True)
class Asked:
    """The options of ``mibench study NAME``."""

    settings: str
    scale: Scale
    estimators: str | None
    seed: int
    out: Path | None
    figures: Path | None
    formats: tuple[str, ...]
    plugins: tuple[Path, ...]
    dry_run: bool
    dataset: str | None = None
    data_folder: Path | None = None

    @property
    def drawn(self) -> list[str] | None:
        """The planes asked for, by their full names."""
        if self.estimators is None:
            return None
        names = [_canonical(each) for each in split_top(self.estimators, ",") if each.strip()]
        if not names:
            raise InputError("no estimator was asked for: give names, such as 'own,ksg', or leave --estimators out")
        return names


def study(name: str, asked: Asked) -> int:
    """Run a study; the exit code."""
    from mibench.harness.guard import undisturbed
    from mibench.harness.plugins import load_plugin
    from mibench.studies.jobs import jobs
    from mibench.studies.run import check_estimators

    for file in asked.plugins:
        with undisturbed(f"the plug-in {file}"):
            load_plugin(file)
    chosen = catalogue.get(name)
    if asked.dataset is None and chosen.of_images:
        from mibench.datasets import sets

        asked = replace(asked, dataset=sets.default(asked.data_folder))
    names = catalogue.select(chosen.settings, asked.settings)
    folder = asked.out or Path("runs") / "-".join([name, *_short(asked.dataset), asked.scale, f"seed{asked.seed}"])
    if asked.dry_run:
        check_estimators(asked.drawn)
        data = chosen.data(asked.dataset, asked.data_folder) if chosen.of_images else None
        for setting in names:
            todo = jobs(chosen.settings[setting], asked.scale, asked.drawn, data)
            click.echo(f"{setting}{_size(todo[0].setting)}: {', '.join(job.product for job in todo)}")
        click.echo(f"folder: {folder} (nothing was written)")
        return 0
    return _run(chosen, names, folder, asked)


def _run(chosen: catalogue.Study, names: list[str], folder: Path, asked: Asked) -> int:
    from mibench.cli_resources import sigterm_is_ctrl_c
    from mibench.cli_study_view import StudyView
    from mibench.studies.run import run

    out = console()
    few = " (few runs and epochs: shows that it works, not what holds)" if asked.scale == "quick" else ""
    of = f" of {asked.dataset}" if asked.dataset else ""
    out.print(f"{folder}: {many(len(names), 'setting')}{of} at {asked.scale} scale{few}")
    try:
        with sigterm_is_ctrl_c(), StudyView(out) as view:
            outcome = run(
                chosen,
                names,
                scale=asked.scale,
                folder=folder,
                dataset=asked.dataset,
                data_folder=asked.data_folder,
                seed=asked.seed,
                estimators=asked.drawn,
                observer=view,
            )
    except KeyboardInterrupt:
        click.echo(f"interrupted: what is done is in {folder}; give the same command again to go on")
        return _INTERRUPTED
    except OSError as error:
        click.echo(
            f"mibench: {error.filename or folder} could not be written ({error.strerror or error}): free some space or "
            "make it writable; what is done is kept, and the same command goes on",
            err=True,
        )
        return _BAD_ENVIRONMENT
    code = finish(folder, asked.figures, asked.formats)
    if outcome.failed:
        click.echo(f"{many(len(outcome.failed), 'product')} failed; the others are there:", err=True)
        for setting, product, reason in outcome.failed:
            click.echo(f"  {setting}: {product}: {reason}", err=True)
        return _SOME_FAILED
    return code


def status(folder: Path) -> None:
    """Print how much of a study is there, and what failed."""
    from mibench.studies.results import Results

    results = Results(folder)
    of = f" of {results.about['data_title']}" if results.about.get("data_title") else ""
    click.echo(f"{folder}: {results.study}{of} at {results.scale} scale, seed {results.seed}")
    for setting in results.about["settings"]:
        planes = results.about["planes"].get(setting, [])
        folder_of = results.path(setting, "any").parent
        if planes and results.has(setting, "trajectory"):
            state = f"trained, {len(results.planes(setting))} of {many(len(planes), 'plane')}"
        elif planes:
            state = "begun" if folder_of.is_dir() else "not begun"
        else:
            state = "computed" if any(folder_of.glob("analysis-*.npz")) else "not computed"
        click.echo(f"  {setting}: {state}")
    for line in results.failures():
        click.echo(f"  failed: {line['setting']}: {line['product']}: {one_line(line['error'])}")


def finish(folder: Path, figures: Path | None = None, formats: Sequence[str] = ()) -> int:
    """Check the claims on what a study's folder holds, and write its report; the exit code."""
    from mibench import reports
    from mibench.studies.claims.registry import CLAIMS
    from mibench.studies.results import Results
    from mibench.studies.verdicts import write_verdicts

    results = Results(folder)
    for why in results.damaged():
        click.echo(f"mibench: {why}. The study's command computes it again", err=True)
    found = write_verdicts(results, CLAIMS)
    _show(found)
    try:
        written = reports.write_study(folder, figures=figures, formats=formats or ("pdf",))
    except MibenchError:
        raise
    except Exception as error:  # a figure that cannot be drawn must not look like a lost study
        click.echo(
            f"mibench: the report could not be written ({type(error).__name__}: {error}). Every result is safe in "
            f"{folder}: `mibench report {folder}` tries again",
            err=True,
        )
        return _BAD_ENVIRONMENT
    click.echo(f"claims: {folder / 'claims.json'}")
    for path in written.values():
        click.echo(f"{'report' if path.suffix == '.html' else 'written'}: {path}")
    return 0


def _show(found: Mapping[str, Any]) -> None:
    from mibench.studies.verdicts import deciding

    out = console()
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("claim", "verdict", "what", "found"):
        table.add_column(head, no_wrap=head in ("claim", "verdict"))
    for claim in found["claims"]:
        case = deciding(claim)[0]
        verdict = Text(claim["verdict"], style=_STYLES[claim["verdict"]])
        table.add_row(claim["id"], verdict, Text(claim["title"]), Text(case["detail"]))
    out.print(table)
    tally = Counter(claim["verdict"] for claim in found["claims"])
    out.print(f"{many(len(found['claims']), 'claim')}: " + ", ".join(f"{tally[each]} {each}" for each in _STYLES))
    if found["scale"] == "quick":
        out.print("at quick scale no verdict means anything: --scale paper")


def _line(setting: Setting | Computed) -> dict[str, Any]:
    line: dict[str, Any] = {"setting": setting.name, "title": setting.title, "source": setting.source}
    if isinstance(setting, Setting):
        line |= {
            "runs": setting.runs,
            "epochs": setting.training.total_epochs,
            "widths": list(setting.network.widths),
            "planes": [each.estimator for each in setting.planes],
            "variant_of": setting.variant_of,
        }
    return line | {"tags": sorted(setting.tags)}


def _size(setting: Setting | Computed) -> str:
    if isinstance(setting, Computed):
        return ""
    return f" ({setting.runs} runs x {setting.training.total_epochs} epochs)"


def _short(dataset: str | None) -> list[str]:
    """What a folder is called after, if anything: a set, or the last part of a path, which ``.`` does not show."""
    name = Path(os.path.abspath(dataset)).name if dataset else ""
    return [name] if name else []


def _canonical(name: str) -> str:
    return "+".join(str(parse(stage)) for stage in split_top(name.strip(), "+"))
