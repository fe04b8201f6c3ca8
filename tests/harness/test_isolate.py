# SPDX-License-Identifier: Apache-2.0
"""Whatever a call does, it ends that call only. Processes are real; limits are small."""

from __future__ import annotations

import socket
import sys
import tempfile
import types
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mibench.contracts import Row, Trial
from mibench.harness import isolate
from mibench.harness.isolate import Crashed, IsolatedExecutor, OutOfMemory, RemoteError, TimedOut
from mibench.harness.trial import Setting, conduct
from mibench.harness.watch import Inbox

GIB = 2**30
Submit = Callable[..., Future[Row]]
Gone = Callable[[int], bool]


@pytest.fixture
def submit(trial: Callable[..., Trial], fakes: Path) -> Callable[..., Future[Row]]:
    def start(executor: IsolatedExecutor, estimator: str, **environment: str) -> Future[Row]:
        return executor.submit(conduct, trial(estimator), Setting(1, environment, (str(fakes),)))

    return start


def test_calls_end_each_in_their_own_way_and_the_next_one_is_fine(submit: Submit) -> None:
    with IsolatedExecutor(2, timeout=120, memory=2 * GIB) as executor:
        fine = submit(executor, "fine")
        segfault = submit(executor, "segfault")
        exits = submit(executor, "exits")
        killed = submit(executor, "killed")
        greedy = submit(executor, "greedy")
        after = submit(executor, "fine")
        assert fine.result().status == "ok"
        with pytest.raises(
            Crashed, match=r"killed by SIGSEGV; its last words: Fatal Python error: Segmentation fault.*fakes\.py"
        ):
            segfault.result()
        with pytest.raises(Crashed, match="exited with code 3 and no answer; its last words: so long"):
            exits.result()
        with pytest.raises(Crashed, match="killed by SIGKILL from outside"):
            killed.result()
        assert greedy.result().status == "out_of_memory"
        assert "MemoryError" in str(greedy.result().error)
        assert after.result().estimate == fine.result().estimate


@pytest.mark.parametrize("estimator", ["hang", "hang-in-c"])
def test_a_hang_ends_at_the_limit_even_where_sigterm_is_ignored(submit: Submit, estimator: str) -> None:
    with IsolatedExecutor(timeout=1.2, memory=2 * GIB) as executor, pytest.raises(TimedOut) as caught:
        submit(executor, estimator).result()
    assert str(caught.value) == "no answer within the limit of 1.2 s"
    assert 1.2 <= caught.value.seconds < 20
    assert caught.value.peak_mb > 1


@pytest.mark.parametrize(("estimator", "data_limit"), [("greedy-shared", True), ("greedy-child", False)])
def test_memory_that_no_limit_of_the_process_counts_is_watched(
    submit: Submit, estimator: str, data_limit: bool
) -> None:
    message = r"held \d\.\d+ GiB; the limit is 0\.70 GiB"
    with (
        IsolatedExecutor(timeout=120, memory=int(0.7 * GIB), data_limit=data_limit) as executor,
        pytest.raises(OutOfMemory, match=message) as caught,
    ):
        submit(executor, estimator).result()
    assert caught.value.peak_mb > 0.7 * 1024


@pytest.mark.parametrize("hangs", ["", "1"])
def test_children_of_a_trial_end_with_it(submit: Submit, gone: Gone, tmp_path: Path, hangs: str) -> None:
    file = tmp_path / "pid"
    for limit in (2.5, 10, 60):  # on a loaded machine the child may not be there by the first
        with IsolatedExecutor(timeout=limit if hangs else 120, memory=2 * GIB) as executor:
            future = submit(executor, "parent", FAKES_PID=str(file), FAKES_HANG=hangs)
            if hangs:
                with pytest.raises(TimedOut):
                    future.result()
            else:
                assert future.result().status == "ok"
        if file.exists() and file.read_text():
            break
    assert gone(int(file.read_text()))


def test_cancelling_kills_what_runs_at_once(
    submit: Submit, gone: Gone, until: Callable[..., None], tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    executor = IsolatedExecutor(1, timeout=60)
    running = submit(executor, "hang-in-c", FAKES_PID=str(file))
    waiting = submit(executor, "fine")
    until(lambda: file.exists() and file.read_text(), 50.0)
    executor.shutdown(wait=True, cancel_futures=True)
    assert waiting.cancelled()
    with pytest.raises(Crashed, match="interrupted"):
        running.result()
    assert gone(int(file.read_text()))


MEETS = """
import os, time
begun = time.monotonic()
open(os.path.join({folder!r}, str(os.getpid())), "w").close()
while len(os.listdir({folder!r})) < 2:
    time.sleep(0.01)
time.sleep(0.4)
open(os.path.join({spans!r}, str(os.getpid())), "w").write(f"{{begun}} {{time.monotonic()}}")
"""


def test_no_more_than_max_workers_run_at_a_time(tmp_path: Path) -> None:
    met, spans = tmp_path / "met", tmp_path / "spans"
    met.mkdir()
    spans.mkdir()
    code = MEETS.format(folder=str(met), spans=str(spans))  # the first waits for a second
    with IsolatedExecutor(2, timeout=120) as executor:
        for future in [executor.submit(exec, code) for _ in range(4)]:
            future.result()
    found = [tuple(map(float, file.read_text().split())) for file in spans.iterdir()]
    assert len(found) == 4
    assert max(sum(begin <= moment < end for begin, end in found) for moment, _ in found) == 2


def test_an_exception_and_an_answer_that_cannot_travel_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    here = types.ModuleType("a_module_of_this_process_only")
    exec("def stay(): pass", here.__dict__)
    monkeypatch.setitem(sys.modules, here.__name__, here)
    with IsolatedExecutor(timeout=120) as executor:
        with pytest.raises(RemoteError, match="ValueError: invalid literal"):
            executor.submit(int, "x").result()
        with pytest.raises(RemoteError, match="pickle"):
            executor.submit(eval, "lambda: 1").result()
        with pytest.raises(RemoteError, match="ModuleNotFoundError"):
            executor.submit(here.stay).result()
        assert executor.submit(int, "7").result() == 7


def test_nothing_is_left_behind(submit: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(isolate, "_GRACE", 60.0)  # a loaded machine may take longer to clean up than a run waits for
    make = (
        "[lock := __import__('multiprocessing').RLock(), setattr(__import__('sys'), 'kept', lock), lock._semlock.name]"
    )
    with IsolatedExecutor(timeout=120) as executor:
        name = executor.submit(eval, f"{make}[-1]").result()
        assert not Path("/dev/shm", f"sem.{name.strip('/')}").exists(), "a named semaphore outlived its trial"
        assert submit(executor, "fine").result().status == "ok"
    assert list(tmp_path.iterdir()) == []


def test_messages_are_read_piece_by_piece_and_nothing_is_waited_for() -> None:
    ours, theirs = socket.socketpair()
    with Connection(ours.detach()) as reader, theirs:
        inbox = Inbox(reader)
        assert inbox.take() is None
        theirs.send(b"\0\0")
        assert inbox.take() is None
        theirs.send(b"\0\3ab")
        assert inbox.take() is None
        theirs.send(b"c\0\0\0\1d")
        assert (inbox.take(), inbox.take(), inbox.take()) == (b"abc", b"d", None)
        theirs.send(b"\x7f\xff\xff\xff")
        with pytest.raises(EOFError):  # two gigabytes are no answer
            inbox.take()


def test_of_a_long_log_the_end_is_kept() -> None:
    code = "__import__('os').write(1, b'begin' + b'y' * 2**24 + b' the end')"
    with IsolatedExecutor(timeout=60) as executor, pytest.raises(Crashed, match=r"its last words: y+ the end$"):
        executor.submit(eval, f"[{code}, __import__('time').sleep(1), __import__('os')._exit(3)]").result()
