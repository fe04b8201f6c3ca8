# SPDX-License-Identifier: Apache-2.0
"""A run on a real Dask cluster: scheduler and workers are processes of their own on loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from mibench.contracts import InputError, NotInstalled, Row, Trial, UnknownName
from mibench.harness import executors, plan, run
from mibench.harness.executors import ExecutorFailed, Request, cluster, errand
from mibench.harness.executors.cluster import DaskExecutor
from mibench.harness.executors.local import LocalExecutor
from mibench.harness.executors.warden import Order
from mibench.harness.journal import Journal
from mibench.harness.plugins import load_plugin
from mibench.harness.trial import Setting

pytest.importorskip("distributed")
FAKES = Path(__file__).parent / "fakes.py"
ALLOWED = 1  # workers that a task may lose before the scheduler gives it up


class Cluster:
    """A scheduler on a port of its own and workers of one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler: subprocess.Popen[bytes]
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start_scheduler()

    def start_scheduler(self) -> None:
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-show")
        until(self._listens)

    def add_worker(self) -> subprocess.Popen[bytes]:
        worker = self._start("worker", self.address, "--nthreads", "1", "--local-directory", str(self._folder))
        self.workers.append(worker)
        return worker

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        with open(self._folder / "log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *arguments],
                stdout=log,
                stderr=log,
                env=os.environ | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(ALLOWED)},
                start_new_session=True,
            )

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9 to the process and its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(condition: Callable[[], bool], within: float = 150.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("dask"))
    try:
        made.add_worker()
        made.add_worker()
        yield made
    finally:
        made.close()


@pytest.fixture
def connect(dask: Cluster) -> Iterator[Callable[..., DaskExecutor]]:
    """An executor on the cluster, once it has the workers it should have."""
    opened: list[DaskExecutor] = []

    def make(**asked: Any) -> DaskExecutor:
        request = replace(Request(timeout=120.0, plugins=(str(FAKES),), scheduler=dask.address), **asked)
        opened.append(cluster.make(request))
        until(lambda: opened[-1].slots() == len(dask.workers))
        return opened[-1]

    yield make
    for executor in opened:
        executor.shutdown(cancel_futures=True)


def fly(
    executor: executors.TrialExecutor, trials: Sequence[Trial], journal: Journal, environment: dict[str, str] | None
) -> None:
    run.execute(trials, executor, journal, Setting(1, environment or {}, (str(FAKES),)), jobs=executor.slots)


def rows_of(
    executor: executors.TrialExecutor, trials: Sequence[Trial], path: Path, environment: dict[str, str] | None = None
) -> list[Row]:
    with Journal(path) as book:
        fly(executor, trials, book, environment)
        return [book.rows[trial.key] for trial in trials]


def what_counts(row: Row) -> Row:
    return replace(row, seconds=None, peak_mb=None, error=(row.error or "").partition(";")[0])


def test_a_run_on_the_cluster_has_the_rows_of_a_local_run(
    fakes: Path, connect: Callable[..., DaskExecutor], tmp_path: Path
) -> None:
    names = "draws,segfault,raises,refuses,lacks,greedy-shared,odd"
    trials = plan.make("toy[mi=1],toy[mi=2]", names, ns=[50]).trials
    limits: dict[str, Any] = {"memory": 200 * 2**20, "plugins": (str(FAKES),)}
    executor = connect(**limits)
    found = rows_of(executor, trials, tmp_path / "cluster.jsonl")
    with LocalExecutor(Request(2, 120.0, **limits)) as local:
        expected = rows_of(local, trials, tmp_path / "local.jsonl")
    differ = [row.error for row in found if row.status == "out_of_memory"]
    assert all(error is not None and "the limit is 0.20 GiB" in error for error in differ)
    assert len(differ) == 2
    alike = [(a, b) for a, b in zip(found, expected, strict=True) if a.status != "out_of_memory"]
    # repr: NaN is no reason to differ, and the last digit is one
    assert [repr(what_counts(a)) for a, _ in alike] == [repr(what_counts(b)) for _, b in alike]
    assert {row.status for row in found} >= {"ok", "crashed", "error", "unsupported", "not_installed"}
    (machine,) = executor.places()["machines"]
    assert machine["host"] == socket.gethostname()
    assert machine["hardware"]["cores"] >= 1


def test_plugins_travel_and_the_cache_is_shared_only_where_it_is_seen(
    restored: None, connect: Callable[..., DaskExecutor], tmp_path: Path
) -> None:
    plugin = tmp_path / "places.py"
    plugin.write_text(
        "import os\nfrom mibench.contracts import Estimate\n"
        "class Places:\n    version = 1\n"
        "    def estimate(self, x, y, *, rng=None, side=None):\n"
        "        caps = os.environ['NUMBA_NUM_THREADS']\n"
        "        raise RuntimeError(f\"{os.environ['MIBENCH_CACHE']} {caps} {__file__}\")\n"
    )
    load_plugin(FAKES)
    load_plugin(plugin)
    (trial,) = plan.make("toy[mi=1]", "places", ns=[50]).trials
    request = {"plugins": (str(FAKES), str(plugin)), "environment": {"NUMBA_NUM_THREADS": "1"}}
    setting = Setting(1, {"NUMBA_NUM_THREADS": "1"}, request["plugins"])  # type: ignore[arg-type]
    seen, unseen = connect(**request, cache=tmp_path / "a"), connect(**request, cache=tmp_path / "b")
    (tmp_path / "b").write_text("a file: as it is on a machine with disks of its own, the folder is not there")
    shared = seen.submit(run.conduct, trial, setting).result(150)
    assert shared.error == f"RuntimeError: {tmp_path / 'a'} 1 {plugin}"
    plugin.write_text("raise ValueError('another file of this name')\n")
    own = unseen.submit(run.conduct, trial, setting).result(150)
    assert own.status == "error"
    folder, caps, file = own.error.removeprefix("RuntimeError: ").split()
    assert caps == "1"
    assert folder.startswith(file.partition("/mibench-")[0])
    assert not file.startswith(str(tmp_path))
    seen.shutdown()
    assert list((tmp_path / "a").iterdir()) == [], "the mark is gone"


def test_a_cancelled_trial_ends_on_its_worker(
    trial: Callable[..., Trial], connect: Callable[..., DaskExecutor], tmp_path: Path
) -> None:
    executor, pid = connect(timeout=300.0), tmp_path / "pid"
    setting = Setting(1, {"FAKES_PID": str(pid)}, (str(FAKES),))
    future: Future[Row] = executor.submit(run.conduct, trial("hang-in-c"), setting)
    until(lambda: pid.exists() and pid.read_text() != "")
    process = psutil.Process(int(pid.read_text()))
    executor.shutdown(cancel_futures=True)
    assert run._row(trial("hang-in-c"), future).error == "the run was interrupted"
    assert psutil.wait_procs([process], timeout=60)[1] == []


def test_other_versions_are_refused(
    dask: Cluster, connect: Callable[..., DaskExecutor], trial: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = connect()
    here = cluster.mibench.__version__
    assert errand.run("another", Order("r", Request(), {}), b"")[0] == "refused"
    monkeypatch.setattr(cluster.mibench, "__version__", "9.9")
    with pytest.raises(ExecutorFailed, match=rf"has mibench {here}, and here is mibench .*install the same version"):
        cluster.make(Request(scheduler=dask.address))
    # a worker that came after the run had begun
    future: Future[Row] = executor.submit(run.conduct, trial("fine"), Setting())
    with pytest.raises(ExecutorFailed, match=f"has mibench {here}"):
        run._row(trial("fine"), future)


def test_a_worker_is_killed_and_the_run_goes_on(
    fakes: Path, dask: Cluster, connect: Callable[..., DaskExecutor], tmp_path: Path
) -> None:
    trials = plan.make("toy[mi=1]", "slow", ns=[50], repetitions=6).trials
    executor, path = connect(), tmp_path / "journal.jsonl"
    with ThreadPoolExecutor(1) as thread:
        rows = thread.submit(rows_of, executor, trials, path)
        until(lambda: path.exists() and path.stat().st_size > 0)
        victim = dask.workers.pop(0)
        watched = psutil.Process(victim.pid).children(recursive=True)
        kill(victim)
        assert [row.status for row in rows.result(300)] == ["ok"] * 6
    assert path.read_bytes().count(b"\n") == 6
    assert psutil.wait_procs(watched, timeout=60)[1] == [], "its trial and its warden ended with it"
    until(lambda: executor.slots() == 1)


def test_the_scheduler_is_killed_and_comes_back(
    fakes: Path, dask: Cluster, connect: Callable[..., DaskExecutor], tmp_path: Path
) -> None:
    trials = plan.make("toy[mi=1]", "slow,draws", ns=[50], repetitions=4).trials
    executor, path = connect(), tmp_path / "journal.jsonl"
    with ThreadPoolExecutor(1) as thread:
        rows = thread.submit(rows_of, executor, trials, path)
        until(lambda: path.exists() and path.stat().st_size > 0)
        kill(dask.scheduler)
        for worker in dask.workers:  # they end with their scheduler
            kill(worker)
        dask.workers.clear()
        dask.start_scheduler()
        dask.add_worker()
        found = rows.result(300)
    assert [row.status for row in found] == ["ok"] * 8
    assert path.read_bytes().count(b"\n") == 8
    with LocalExecutor(Request(2, 120.0)) as local:
        expected = rows_of(local, trials, tmp_path / "local.jsonl")
    assert [(a.estimate, a.diagnostics) for a in found] == [(b.estimate, b.diagnostics) for b in expected]


def test_a_trial_that_kills_its_workers_is_given_up_and_the_others_are_not(
    restored: None, connect: Callable[..., DaskExecutor], tmp_path: Path
) -> None:
    plugin = tmp_path / "assassin.py"
    plugin.write_text(
        "import psutil, time\n"
        "class Assassin:\n    version = 1\n"
        "    def estimate(self, x, y, *, rng=None, side=None):\n"
        "        psutil.Process().parents()[2].kill()\n        time.sleep(30)\n"
    )
    load_plugin(FAKES)
    load_plugin(plugin)
    trials = plan.make("toy[mi=1]", "assassin,fine", ns=[50]).trials
    executor = connect(plugins=(str(FAKES), str(plugin)))
    with Journal(tmp_path / "journal.jsonl") as book:
        run.execute(trials, executor, book, Setting(1, {}, (str(FAKES), str(plugin))), jobs=executor.slots)
        crashed, fine = (book.rows[trial.key] for trial in trials)
    assert (crashed.status, crashed.error) == ("crashed", f"lost with its worker {ALLOWED + 1} times")
    assert fine.status == "ok"


def test_a_scheduler_that_stays_away_ends_the_run(dask: Cluster, trial: Callable[..., Trial]) -> None:
    executor = DaskExecutor(dask.address, Request(), patience=0.5)
    dask.close()
    until(lambda: executor._client.status != "running")
    future: Future[Row] = executor.submit(run.conduct, trial("fine"), Setting())
    with pytest.raises(ExecutorFailed, match=r"was away for 0\.5 s. Every row so far is safe"):
        run._row(trial("fine"), future)
    executor.shutdown(cancel_futures=True)


def test_no_cluster_no_address_no_package_no_such_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT", 0.2)
    with pytest.raises(ExecutorFailed, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        executors.make("dask", Request(scheduler="tcp://127.0.0.1:9"))
    with pytest.raises(InputError, match="give --scheduler tcp://HOST:8786, or set DASK_SCHEDULER_ADDRESS"):
        executors.make("dask", Request())
    with pytest.raises(UnknownName, match="no executor named 'dusk'; did you mean dask"):
        executors.make("dusk", Request())
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NotInstalled, match=r"pip install 'mibench\[dask\]'"):
        executors.make("dask", Request())


def test_the_slurm_example_writes_a_job_script_that_starts_workers() -> None:
    pytest.importorskip("dask_jobqueue")
    example = Path(__file__).parents[2] / "docs" / "examples" / "slurm.py"
    asked = ["--show", "--account", "physics", "--cores", "8", "--threads", "2", "--memory", "3", "--hours", "2"]
    said = subprocess.run([sys.executable, str(example), *asked], capture_output=True, text=True, timeout=300)
    assert said.returncode == 0, said.stderr
    directives = [line.removeprefix("#SBATCH ") for line in said.stdout.splitlines() if line.startswith("#SBATCH")]
    assert {"-A physics", "--cpus-per-task=8", "--mem=12G", "-t 02:00:00"} <= set(directives)
    (command,) = (line for line in said.stdout.splitlines() if "dask_worker" in line)
    assert command.startswith(f"{sys.executable} -m distributed.cli.dask_worker tcp://")
    assert "--nthreads 4 " in command
    assert "--lifetime 110m --lifetime-stagger 5m" in command
