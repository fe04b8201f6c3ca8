# SPDX-License-Identifier: Apache-2.0
"""The command ``mibench``. Verbs are thin, and what they need is imported when they run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from mibench import __version__, cli_config, cli_data, cli_studies
from mibench.cli_types import FILE, FOLDER, GIBIBYTES, SECONDS, Group, PathText

EPILOG = """\b
Exit codes: 0 fine; 1 a regression, or a failed check; 2 wrong usage or environment; 3 nothing was
compared: no trial failed and none ended ok (all `unsupported`, an answer and not a failure; or no
trial was selected); 4 some or all trials failed (error, timeout, crashed, out_of_memory,
not_installed); 130 interrupted."""
_PLUGIN = click.option(
    "--plugin", "plugins", multiple=True, type=FILE, help="A .py or .toml file that adds tasks or estimators."
)


@click.group(
    cls=Group,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110, "show_default": True},
)
@click.version_option(__version__, prog_name="mibench")
def main() -> None:
    """Score estimators of mutual information on tasks whose answer is known.

    \b
    Names: ksg, ksg[k=5], blobs[size=32,mi=3], ae[latent_dim=2]+wkl
    Selections: comma lists, shell patterns, tags: images, 'ae+*', all
    """


main.add_command(cli_data.data)
main.add_command(cli_studies.study)


@main.command()
@click.option("--tasks", required=True, metavar="NAMES", help="Names, patterns or tags, such as images.")
@click.option("--estimators", default="all", metavar="NAMES", help="Names, patterns or tags.")
@click.option("--n-samples", "ns", metavar="N,...", help="Sample sizes.  [default: 5000; 2000 with --quick]")
@click.option("--repetitions", default=1, type=click.IntRange(1), help="Independent samples per task and size.")
@click.option("--seed", default=0, type=click.IntRange(0), help="Root of every seed.")
@click.option(
    "--consistency",
    metavar="CHECKS",
    help="Also ask what must hold whatever the truth: symmetry, row-order, bijection-x, bijection-y, additivity, "
    "data-processing, shuffled, or all. One more trial each.",
)
@click.option("--quick", is_flag=True, help="A small grid: 16 x 16 images, 2 nats, 2000 samples.")
@click.option(
    "--scale", type=click.Choice(["default", "paper"]), default="default", help="paper: MI 0 to 10, 41 steps."
)
@click.option(
    "--shard", metavar="PART/PARTS", help="Only this part of the run, such as 1/4; `mibench merge` joins parts."
)
@click.option(
    "--executor",
    default="local",
    metavar="NAME",
    help="Where trials run: local, or dask for an existing Dask cluster (docs/cluster.md).",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Of the Dask cluster: tcp://HOST:8786.  [default: DASK_SCHEDULER_ADDRESS]"
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Trials at a time.  [default: cores, as memory allows; the threads of the cluster's workers]",
)
@click.option("--threads", type=click.IntRange(1), help="Threads per trial.  [default: cores / jobs; 1 on a cluster]")
@click.option("--timeout", default=600.0, type=SECONDS, metavar="SECONDS", help="Seconds per trial.")
@click.option("--memory", default=4.0, type=GIBIBYTES, metavar="GiB", help="GiB per trial.")
@click.option("--device", default="auto", help="Where torch computes: auto, cpu, cuda, cuda:1, ...")
@click.option(
    "--rerun", type=click.Choice(["missing", "failed", "all"]), default="missing", help="Which trials to run."
)
@click.option("--out", type=FOLDER, help="Run folder.  [default: runs/TASKS-ESTIMATORS[-quick]-seedN]")
@_PLUGIN
@cli_config.option()
@click.option("--fail-fast", is_flag=True, help="Start no trial after the first failure.")
@click.option("--dry-run", is_flag=True, help="Show what would run, and change nothing.")
def run(**options: Any) -> None:
    """Score estimators on tasks.

    Give the same command again to continue a run that was stopped.
    """
    from mibench import cli_run
    from mibench.cli_options import Options

    sys.exit(cli_run.run(Options(**options)))


@main.command()
@click.argument("kind", type=click.Choice(["tasks", "estimators"]))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@_PLUGIN
def ls(kind: str, as_json: bool, plugins: tuple[Path, ...]) -> None:
    """List tasks or estimators with their tags."""
    from mibench import cli_show

    cli_show.ls(kind, as_json, plugins)


@main.command()
@click.argument("name")
@click.option("--sheet", type=FILE, help="Also write a sheet of sample images to this PNG file (tasks).")
@_PLUGIN
def show(name: str, sheet: Path | None, plugins: tuple[Path, ...]) -> None:
    """Explain one task or estimator.

    What it is, its parameters, and its truth or its paper.
    """
    from mibench import cli_show

    cli_show.show(name, sheet, plugins)


@main.command()
@click.argument("name")
@_PLUGIN
@click.option(
    "--expect-failure",
    "expected",
    multiple=True,
    metavar="CHECK=REASON",
    help="A check that is known to fail, and why; NAME:CHECK=REASON for one of several things.",
)
@click.option("--only", multiple=True, metavar="CHECK", help="Make this check alone; may be given again.")
@click.option("--timeout", default=60.0, type=SECONDS, metavar="SECONDS", help="Seconds per check.")
@click.option("--memory", default=4.0, type=GIBIBYTES, metavar="GiB", help="GiB per check.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def check(
    name: str,
    plugins: tuple[Path, ...],
    expected: tuple[str, ...],
    only: tuple[str, ...],
    timeout: float,
    memory: float,
    as_json: bool,
) -> None:
    """Check that a task or an estimator keeps its contract.

    NAME is a registered name, a FILE.py (all that it defines) or all. Exit code 0: nothing failed; 1: a check failed.
    """
    from mibench import cli_check

    sys.exit(cli_check.check(name, plugins, expected, only, timeout, memory, as_json))


@main.command()
@click.argument("folder", type=FOLDER)
def status(folder: Path) -> None:
    """Say how far a run or a study is, and what failed.

    Counts by status, and every failure with its reason.
    """
    from mibench import cli_status

    cli_status.status(folder)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--what",
    type=click.Choice(["accuracy", "ranks", "consistency", "sample-complexity"]),
    default="accuracy",
    help="accuracy: errors, intervals, bounds, cost. ranks: with intervals, ties and the critical difference. "
    "consistency: how far answers contradict each other (after `run --consistency`). sample-complexity: how many "
    "samples until the truth is within --tolerance.",
)
@click.option(
    "--by",
    type=click.Choice(["estimator", "task", "level"]),
    help="Lines of the table; level: of mutual information.  [default: estimator; task for sample-complexity]",
)
@click.option(
    "--view",
    type=click.Choice(["raw", "clipped", "bits", "oracle-tuned"]),
    default="raw",
    help="raw: as answered, in nats. clipped: what is below 0 becomes 0. bits: all information in bits. oracle-tuned: "
    "below the raw lines, each method with its best setting per sample chosen by the truth, unranked.",
)
@click.option("--tasks", default="all", metavar="NAMES", help="Only these: names, patterns, families or tags.")
@click.option("--estimators", default="all", metavar="NAMES", help="Only these; ranks are then among them.")
@click.option("--n-samples", "ns", metavar="N,...", help="Only these sample sizes.  [default: all]")
@click.option(
    "--tolerance",
    type=float,
    help="Of consistency and sample-complexity; nats, or bits with --view bits.  [default: 0.1]",
)
@click.option(
    "--format",
    "how",
    type=click.Choice(["table", "csv", "json", "markdown"]),
    default="table",
    help="table fits the terminal; csv and json have every column and digit.",
)
def scores(folder: Path, **options: Any) -> None:
    """Score a run anew: a table on standard output.

    \b
    mibench scores runs/mine --by level --n-samples 5000
    mibench scores runs/mine --what ranks --estimators 'ksg,ae+*'
    mibench scores runs/mine --what sample-complexity --tolerance 0.05 --format csv
    """
    from mibench import cli_scores

    sys.exit(cli_scores.scores(folder, cli_scores.Asked(**options)))


@main.command()
@click.argument("folder", type=FOLDER, default="runs")
@click.argument("other", type=FOLDER, required=False)
@click.option("--figures", type=FOLDER, help="Also write every figure of the run or study into this folder.")
@click.option("--format", "formats", multiple=True, type=click.Choice(["pdf", "png", "svg"]), help="Of the figures.")
@click.option("--out", type=PathText(path_type=Path), help="Of two runs: the page or its folder.  [default: OTHER]")
@click.option("--across-seeds", is_flag=True, help="Of two runs: compare errors on different samples.")
def report(
    folder: Path,
    other: Path | None,
    figures: Path | None,
    formats: tuple[str, ...],
    out: Path | None,
    across_seeds: bool,
) -> None:
    """Write the reports of a run or a study anew, list many, or compare two runs.

    Of a study claims.json and report.html. Of a folder of runs and studies index.html, which lists them together. Of
    one run leaderboard.csv, leaderboard.md and report.html, and figures as files of their own on request. Of two
    comparison.html: leaderboards side by side, and OTHER's errors less FOLDER's on the samples that both answered.
    """
    from mibench import cli_status

    if other is None and (out is not None or across_seeds):
        raise click.UsageError("--out and --across-seeds are for two runs: mibench report FOLDER OTHER")
    if other is not None and (figures is not None or formats):
        raise click.UsageError("--figures and --format are for one run or study: mibench report FOLDER")
    if other is not None:
        cli_status.comparison(folder, other, out, across_seeds)
    else:
        cli_status.report(folder, figures, formats or ("pdf",))


@main.command(
    epilog="""\b
Exit codes: 0 nothing got worse; 1 a regression; 2 wrong usage or environment; 3 nothing was compared,
or answers of BASE met none of HEAD (--partial accepts the latter); 4 trials of HEAD failed."""
)
@click.argument("base", type=PathText(path_type=Path))
@click.argument("head", type=PathText(path_type=Path))
@click.option("--gate", "rules", type=FILE, help="Margins and tolerances per estimator or tag: a TOML file.")
@click.option("--across-seeds", is_flag=True, help="HEAD has other root seeds: compare errors on different samples.")
@click.option("--partial", is_flag=True, help="HEAD is meant to hold only a part of BASE.")
@click.option("--json", "to", metavar="FILE", help="Write everything as JSON; - for the terminal, instead of tables.")
def compare(base: Path, head: Path, rules: Path | None, across_seeds: bool, partial: bool, to: str | None) -> None:
    """Say whether HEAD is worse than BASE.

    Both are run folders or journals. Answers to one sample are paired; deterministic estimators must agree, the others
    must not err more.
    """
    from mibench import cli_compare

    sys.exit(cli_compare.run(base, head, rules=rules, across_seeds=across_seeds, partial=partial, to=to))


@main.command()
@click.argument("out", type=FOLDER)
@click.argument("folders", nargs=-1, required=True, type=FOLDER, metavar="FOLDER...")
@click.option(
    "--conflicts",
    type=click.Choice(["refuse", "last"]),
    default="refuse",
    help="Where two parts estimate one trial differently: refuse, or keep both rows and count the last.",
)
def merge(out: Path, folders: tuple[Path, ...], conflicts: str) -> None:
    """Join runs of several machines into the new run folder OUT.

    Of one trial in several parts an `ok` row counts before a failure, and a later part before an earlier one; no row is
    dropped. Parts of different root seeds, or that drew different samples of a task, are refused (exit code 2), and so
    are two different estimates of one trial.
    """
    from mibench import cli_merge

    cli_merge.merge(out, folders, conflicts)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--format", "how", type=click.Choice(["csv", "json", "parquet"]), default="csv", help="Of the file.")
@click.option("--out", type=PathText(dir_okay=False, allow_dash=True), default="-", help="File; - for standard output.")
def export(folder: Path, how: str, out: str) -> None:
    """Write every row of a run as a table, with all digits.

    \b
    key, task, estimator, n, repetition, status   the trial, and how it ended
    estimate, std_error                           nats, raw
    interval_low, interval_high                   its 95 % interval, nats
    bounds_low, bounds_high                       its enclosure of the truth; inf where open
    truth, truth_std_error, seconds, peak_mb      nats, seconds, MiB
    diagnostics                                   JSON text: object of numbers
    error, check                                  why no estimate; self-consistency check
    seed, task_version, estimator_version         what the key was made of
    sample                                        JSON text: fingerprint of the data

    Missing values are empty (csv), null (json, parquet). In JSON, diagnostics and sample are no text, and inf is null.
    In CSV a text that a spreadsheet would compute (= + - @ first) gets a ' before it. Parquet needs mibench[parquet].
    """
    from mibench import cli_merge

    cli_merge.export(folder, how, out)


@main.command()
def doctor() -> None:
    """Check this machine.

    Versions, threads, GPU, write access, caches, plug-ins.
    """
    from mibench import cli_doctor

    sys.exit(cli_doctor.doctor())
