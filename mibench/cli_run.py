# SPDX-License-Identifier: Apache-2.0
"""``mibench run``: plan, claim the folder, run what is missing, show what came out."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import click

from mibench.cli_options import Options
from mibench.cli_resources import check_device, device_variable, share_cores, sigterm_is_ctrl_c
from mibench.cli_text import many
from mibench.contracts import MibenchError, Row, Trial
from mibench.harness import shard, store
from mibench.harness import threads as caps
from mibench.harness.run import FAILURES, execute, left_to_do

BAD_ENVIRONMENT, NOTHING, SOME_FAILED, INTERRUPTED = 2, 3, 4, 130
_CACHE = ".mibench-cache"  # compressions that trials share; of a name that no folder of the user's has


def run(options: Options) -> int:
    """Do what ``mibench run`` was asked; the exit code."""
    jobs, threads = share_cores(options)
    if options.executor == "local":
        check_device(options.device)
    os.environ.update(caps.environment(threads))  # before anything that reads it, here and in the workers

    from mibench.harness import plan
    from mibench.harness.guard import undisturbed
    from mibench.harness.plugins import load_plugin

    sizes = options.sizes
    plugins = tuple(str(file.resolve()) for file in options.plugins)
    for file in plugins:
        with undisturbed(f"the plug-in {file}"):
            load_plugin(Path(file))
    with undisturbed("a plug-in"):
        planned = plan.make(
            options.tasks,
            options.estimators,
            ns=sizes,
            repetitions=options.repetitions,
            seed=options.seed,
            preset=options.preset,
            checks=options.checks,
        )
    for message in planned.left_out:
        click.echo(f"mibench: left out: {message}", err=True)
    trials = planned.trials if options.shard is None else shard.take(planned.trials, *shard.read(options.shard))
    if not trials:
        click.echo("mibench: nothing to run: the selection left no trial; see `mibench ls`", err=True)
        return NOTHING
    if options.dry_run:
        return _dry_run(options, trials, jobs, threads)
    return _run(options, trials, plugins, jobs, threads)


def _run(options: Options, trials: Sequence[Trial], plugins: tuple[str, ...], jobs: int | None, threads: int) -> int:
    from mibench import cli_view
    from mibench.harness import executors, plan, provenance
    from mibench.harness.journal import Journal
    from mibench.harness.trial import Setting

    folder = options.folder
    ours = {name: value for name, value in os.environ.items() if name.startswith("MIBENCH_")}  # for other machines
    environment = {**ours, **caps.environment(threads), **device_variable(options.device)}
    cache = None if "MIBENCH_CACHE" in os.environ else folder.resolve() / _CACHE
    if cache:
        environment["MIBENCH_CACHE"] = str(cache)
    executor = executors.make(  # before the folder is made: a cluster that does not answer leaves nothing behind
        options.executor,
        executors.Request(
            jobs=jobs,
            timeout=options.timeout,
            memory=int(options.memory * 2**30),
            device=options.device,
            preload=tuple(plan.modules(trials)),
            environment=environment,
            plugins=plugins,
            cache=cache,
            scheduler=options.scheduler,
        ),
    )
    with _ended(executor), store.claim(folder), Journal(folder / store.JOURNAL) as journal:
        before = store.read_manifest(folder)
        _same_seed(folder, before, options.seed)
        todo = left_to_do(trials, journal.rows.statuses, options.rerun)
        manifest = provenance.manifest(
            before,
            command=shlex.join(["mibench", *sys.argv[1:]]),
            selection=_selection(options, trials),
            limits={
                "timeout_s": options.timeout,
                "memory_gib": options.memory,
                "jobs": executor.slots(),
                "threads": threads,
                "device": options.device,
            },
            planned=len(trials),
            places=executor.places(),
        )
        store.write_manifest(folder, manifest)
        click.echo(f"{folder}: {_work(trials, todo, executor.slots(), threads)}")
        if where := executor.describe():
            click.echo(f"on {where}")
        if journal.cut:
            click.echo("the journal's last line was torn by a crash and has been cut; its trial runs again")
        interrupted = False
        view = cli_view.view(len(trials), len(trials) - len(todo), executor.slots, todo)
        with sigterm_is_ctrl_c():
            try:
                with view:
                    setting = Setting(threads, environment, plugins)
                    execute(
                        todo,
                        executor,
                        journal,
                        setting,
                        jobs=executor.slots,
                        observer=view,
                        fail_fast=options.fail_fast,
                    )
            except KeyboardInterrupt:
                interrupted = True
            finally:
                if provenance.update(manifest, executor.places()):  # workers came later
                    store.write_manifest(folder, manifest)
                executor.shutdown(wait=True, cancel_futures=True)
        rows = [journal.rows[trial.key] for trial in trials if trial.key in journal.rows]
        if cache and len(rows) == len(trials) and not interrupted:
            _clear(cache)
        return _finish(folder, rows, len(trials), interrupted)


def _finish(folder: Path, rows: list[Row], planned: int, interrupted: bool) -> int:
    """Leaderboard, counts, report; the exit code."""
    from mibench import cli_view, reports

    cli_view.show_outcome(rows, planned)
    if rows:
        try:
            written = reports.write(store.load(folder))
            click.echo(f"report: {written['report.html']}" if "report.html" in written else f"report: {folder}")
        except KeyboardInterrupt:
            interrupted = True
        except MibenchError:
            raise
        except Exception as error:  # a figure that cannot be drawn must not look like a lost run
            click.echo(
                f"mibench: the report could not be written ({type(error).__name__}: {error}). Every row is safe in "
                f"{folder}: `mibench report {folder}` tries again and shows the details",
                err=True,
            )
            return BAD_ENVIRONMENT
    if interrupted:
        click.echo(
            f"interrupted: {len(rows)} of {planned} trials are in {folder}; give the same command again to go on"
        )
        return INTERRUPTED
    failed = sum(row.status in FAILURES for row in rows)
    if failed:
        click.echo(f"{many(failed, 'trial')} failed: `mibench status {folder}` says why; --rerun failed tries again")
        return SOME_FAILED
    if not any(row.status == "ok" for row in rows):
        click.echo("no trial ended ok: nothing was compared")
        return NOTHING
    return 0


def _dry_run(options: Options, trials: Sequence[Trial], jobs: int | None, threads: int) -> int:
    from mibench.harness import journal

    store.check_target(options.folder)
    _same_seed(options.folder, store.read_manifest(options.folder), options.seed)
    statuses = {row.key: row.status for row in journal.read(options.folder / store.JOURNAL)[0]}
    todo = left_to_do(trials, statuses, options.rerun)
    for what in ("task", "estimator"):
        names = list(dict.fromkeys(getattr(trial, what) for trial in trials))
        click.echo(f"{many(len(names), what)}: {', '.join(names)}")
    click.echo(f"n: {', '.join(map(str, options.sizes))}; repetitions: {options.repetitions}; seed: {options.seed}")
    click.echo(_work(trials, todo, jobs, threads))
    click.echo(f"limits: {options.timeout:g} s and {options.memory:g} GiB per trial; device: {options.device}")
    click.echo(f"folder: {options.folder} (nothing was written)")
    return 0


def _work(trials: Sequence[Trial], todo: Sequence[Trial], jobs: int | None, threads: int) -> str:
    each = f"{jobs or 'as many as there is room for'} at a time with {many(threads, 'thread')} each"
    return f"{many(len(trials), 'trial')}, {len(todo)} to run, {each}"


def _same_seed(folder: Path, manifest: Mapping[str, Any], seed: int) -> None:
    """Refuse to mix root seeds in one folder: its tables pair the answers to one sample, and a seed makes new ones."""
    before = manifest.get("selection", {}).get("seed", seed)
    if before != seed:
        raise store.FolderError(
            f"{folder} holds a run with --seed {before}, and --seed {seed} draws other samples, which cannot be "
            f"compared with those: choose another --out, or give --seed {before}"
        )


def _clear(cache: Path) -> None:
    """Remove what trials stored, and the folder if nothing else is in it."""
    with contextlib.suppress(OSError):
        for pattern in ("*.npz", "*.part"):
            for file in cache.glob(pattern):
                file.unlink(missing_ok=True)
        cache.rmdir()


def _selection(options: Options, trials: Sequence[Trial]) -> dict[str, Any]:
    return {
        "tasks": list(dict.fromkeys(trial.task for trial in trials)),
        "estimators": list(dict.fromkeys(trial.estimator for trial in trials)),
        "n": options.sizes,
        "repetitions": options.repetitions,
        "seed": options.seed,
        "preset": options.preset,
        "consistency": options.checks,
        **({"shard": options.shard} if options.shard else {}),
    }


@contextlib.contextmanager
def _ended(executor: Executor) -> Iterator[None]:
    """End what runs on the executor, whatever happens here."""
    try:
        yield
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
