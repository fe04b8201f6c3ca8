# SPDX-License-Identifier: Apache-2.0
"""An external command: what it is given, what is understood, and everything that can go wrong."""

from __future__ import annotations

import contextlib
import json
import math
import os
import pickle
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mibench import adapters
from mibench.contracts import InputError, NotInstalled
from mibench.estimators.adapters import process

Make = Callable[..., adapters.Command]
Gone = Callable[[int], bool]
X, Y = np.random.default_rng(0).normal(size=(2, 30))

LOOKS = """
import json, os, sys
with open("seen.json", "w") as file:
    json.dump({"arguments": sys.argv[1:], "x": open(sys.argv[1]).read(), "y": open(sys.argv[2]).read(),
               "place": os.getcwd(), "input": sys.stdin.read(),
               "x_mode": os.stat(os.path.dirname(sys.argv[1])).st_mode}, file)
print("0.25")
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A command that runs a Python program in an empty folder."""

    def command(program: str, words: str = "{x} {y}", unit: str = "nats", **settings: Any) -> adapters.Command:
        (tmp_path / "mi.py").write_text(program)
        line = f"{shlex.quote(sys.executable)} -I -S mi.py {words}"
        return adapters.Command(line, unit, folder=tmp_path, **settings)

    return command


@pytest.fixture
def no_leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files go to a folder of the test's own."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_the_number_it_prints_is_the_estimate_in_nats(make: Make) -> None:
    for unit, scale in (("nats", 1.0), ("bits", math.log(2)), ("hartleys", math.log(10))):
        estimate = make("print('reading'); print(-0.5)", unit=unit).estimate(X, Y)
        assert estimate.mi == -0.5 * scale, "raw, never clipped"
        assert estimate.diagnostics["command_seconds"] > 0
        assert estimate.std_error is None


@pytest.mark.parametrize(
    ("printed", "number"),
    [
        ("0.5", 0.5),
        ("[1] 0.42", 0.42),
        ("-1e-3\n\n", -0.001),
        (" +2. ", 2.0),
        (".5", 0.5),
        ("7", 7.0),
        ("0.1\n0.2", 0.2),
    ],
)
def test_numbers_as_programs_print_them(make: Make, printed: str, number: float) -> None:
    assert make(f"print({printed!r})").estimate(X, Y).mi == number


def test_what_the_command_is_given(make: Make, tmp_path: Path, no_leftovers: Path) -> None:
    images = np.random.default_rng(1).normal(size=(5, 2, 3)).astype(np.float32)
    y = np.array([0.1, 1 / 3, 1e-300, 12345678.9, -0.0])
    command = make(LOOKS, "{x} {y} n={n} {dim_x}x{dim_y} {seed} {{x}} {k}", arguments={"k": 3})
    assert command.estimate(images, y, rng=7).mi == 0.25
    seen = json.loads((tmp_path / "seen.json").read_text())
    x_file, y_file, *rest, seed, braces, k = seen["arguments"]
    assert rest == ["n=5", "6x1"]
    assert (braces, k) == ("{x}", "3")
    assert 0 <= int(seed) < 2**31
    head, *rows = seen["x"].splitlines()
    assert head == "x0,x1,x2,x3,x4,x5"
    assert np.array_equal(np.array([row.split(",") for row in rows], float), images.reshape(5, 6).astype(float))
    assert seen["y"].splitlines()[0] == "y0"
    assert [float(row) for row in seen["y"].splitlines()[1:]] == y.tolist(), "every digit"
    assert seen["place"] == str(tmp_path), "it runs in the folder of the file that names it"
    assert seen["input"] == ""
    assert seen["x_mode"] & 0o077 == 0, "nobody else reads the data"
    assert not os.path.exists(x_file)
    assert not os.path.exists(y_file)
    assert list(no_leftovers.iterdir()) == []
    again = make(LOOKS, "{x} {y} {seed}")
    seeds = []
    for rng in (7, 7, 8):
        again.estimate(X, Y, rng=rng)
        seeds.append(json.loads((tmp_path / "seen.json").read_text())["arguments"][2])
    assert seeds[0] == seeds[1] == seed != seeds[2]
    make(LOOKS, header=False).estimate([1.0, 2.0], [3.0, 4.0])
    assert json.loads((tmp_path / "seen.json").read_text())["x"] == "1.0\n2.0\n"


def test_no_value_reaches_a_shell_or_becomes_another_word(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = tmp_path / "a b; touch owned $(touch owned) `touch owned`"
    hostile.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(hostile))
    words = "{x} {y} '{k}' ; touch owned && $HOME *"
    assert make(LOOKS, words, arguments={"k": "1; touch owned {x} $(id)"}).estimate(X, Y).mi == 0.25
    arguments = json.loads((tmp_path / "seen.json").read_text())["arguments"]
    assert arguments[2:] == ["1; touch owned {x} $(id)", ";", "touch", "owned", "&&", "$HOME", "*"]
    assert not list(tmp_path.rglob("owned"))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("", r"printed nothing; its last line must be a number, in nats"),
        ("print('NaN')", r"is no finite number: 'NaN'; give the number alone, in nats"),
        ("print('-inf')", r"no finite number: '-inf'"),
        ("print('1e999')", r"returned inf, not a finite number"),
        ("print('NA')", r"no finite number: 'NA'"),
        ("print('0,53')", r"no finite number: '0,53'"),
        ("print('0.5 0.1')", r"no finite number: '0.5 0.1'"),
        ("print('1_0')", r"no finite number: '1_0'"),
        ("print('mi = 0.5')", r"no finite number: 'mi = 0.5'"),
        ("print('0.5'); print('done')", r"no finite number: 'done'"),
        ("print('x' * 5000)", r"no finite number: '\.\.\. x{200}'"),
        (r"import sys; sys.stdout.buffer.write(b'\xff\x1b[31m\n')", r"no finite number: '\ufffd\?\[31m'"),
        ("import sys; print(0.5); sys.exit(3)", r"exited with code 3; its last words: 0\.5"),
        ("import sys; print(0.5); print('no such column', file=sys.stderr); sys.exit(1)", r"code 1; .*no such column"),
        ("raise ValueError('an error of its own')", r"code 1; .* \| ValueError: an error of its own"),
        ("import os, signal; print(0.5, flush=True); os.kill(os.getpid(), signal.SIGSEGV)", r"was killed by SIGSEGV"),
    ],
)
def test_what_is_no_number_is_an_error_that_shows_it(make: Make, program: str, message: str) -> None:
    with pytest.raises(adapters.PeerError, match=message) as caught:
        make(program).estimate(X, Y)
    assert "mi.py {x} {y}" in str(caught.value), "it names the command"
    assert len(str(caught.value)) < 1500


def test_output_without_end_is_read_and_dropped(make: Make, tmp_path: Path) -> None:
    program = """
import sys
for _ in range(512):
    sys.stdout.write("0123456789abcde\\n" * 4096)
    sys.stderr.write("fedcba9876543210" * 1024)
print()
print(1.5)
"""
    command = make(program)
    tracemalloc.start()
    try:
        assert command.estimate(X, Y).mi == 1.5
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20, "32 MiB were printed"
    ended = process.run([sys.executable, "-I", "-S", "mi.py"], tmp_path, None)
    assert (len(ended.output), len(ended.errors)) == (2**16, 2**16)


def test_a_command_at_its_time_is_killed_with_its_children(
    make: Make, gone: Gone, tmp_path: Path, no_leftovers: Path
) -> None:
    program = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    open("child", "w").write(str(child))
    print("still thinking", flush=True)
time.sleep(600)
"""
    for limit in (0.6, 6, 60):  # on a loaded machine it may not have begun by the first
        with pytest.raises(adapters.TimedOut, match=rf"did not end within {limit:g} s and was killed") as caught:
            make(program, timeout=limit).estimate(X, Y)
        if "last words" in str(caught.value):
            break
    assert "was killed; its last words: still" in str(caught.value)
    assert isinstance(caught.value, TimeoutError)
    assert gone(int((tmp_path / "child").read_text()))
    assert list(no_leftovers.iterdir()) == []


@pytest.mark.parametrize("tied", [True, False])
def test_children_that_outlive_the_command_are_killed_and_not_waited_for(
    make: Make, gone: Gone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tied: bool
) -> None:
    if not tied:  # as on systems without F_SETSIG
        monkeypatch.setattr(process, "_tie", lambda leash, group: None)
    program = """
import os, time
child = os.fork()
if child:
    open("child", "w").write(str(child))
    print(0.5)
else:
    time.sleep(600)
"""
    assert make(program).estimate(X, Y).mi == 0.5
    assert gone(int((tmp_path / "child").read_text()))


def test_a_child_that_hides_and_prints_on_holds_nothing_up(make: Make, tmp_path: Path) -> None:
    program = """
import os, time
if os.fork() == 0:
    os.setsid()
    open("part", "w").write(str(os.getpid()))
    os.rename("part", "child")
    while True:
        print("0.1" * 9999)
while not os.path.exists("child"): time.sleep(0.01)
os.write(1, b"\\n0.5\\n")
os._exit(7)
"""
    try:
        with pytest.raises(adapters.PeerError, match="exited with code 7"):
            make(program, timeout=60).estimate(X, Y)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_command_ends_with_the_process_that_asked(
    make: Make, gone: Gone, tmp_path: Path, number: signal.Signals
) -> None:
    command = make("import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)")
    (tmp_path / "command.pickle").write_bytes(pickle.dumps(command))
    (tmp_path / "temporary").mkdir()
    code = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb')).estimate([1.0, 2.0], [3.0, 4.0])"
    asking = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "command.pickle")],
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
    )
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert asking.poll() is None, "it ended before it was told to"
        time.sleep(0.02)
    asking.send_signal(number)
    asking.wait()
    assert gone(int((tmp_path / "pid").read_text()))
    if number == signal.SIGTERM:
        assert list((tmp_path / "temporary").iterdir()) == []


def test_programs_that_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match=r"there is no program 'no-such-program' in .* or on PATH"):
        adapters.Command("no-such-program {x} {y}", "nats").estimate(X, Y)
    (tmp_path / "plain.txt").write_text("no program")
    with pytest.raises(adapters.PeerError, match=r"cannot be started: Permission denied"):
        adapters.Command("./plain.txt {x} {y}", "nats", folder=tmp_path).estimate(X, Y)
    (tmp_path / "plain.txt").chmod(0o755)
    with pytest.raises(adapters.PeerError, match=r"cannot be started: Exec format error"):
        adapters.Command("./plain.txt {x} {y}", "nats", folder=tmp_path).estimate(X, Y)
    (tmp_path / "short-lived").mkdir()
    command = adapters.Command("true {x} {y}", "nats", folder=tmp_path / "short-lived")
    (tmp_path / "short-lived").rmdir()
    with pytest.raises(adapters.PeerError, match="there is no such folder"):
        command.estimate(X, Y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"command": 3}, r"command is 3; give text"),
        ({"command": ""}, r"names no program"),
        ({"command": "  "}, r"names no program"),
        ({"command": "mi \0 {x} {y}"}, r"names no program"),
        ({"command": "mi '{x} {y}"}, r"cannot be split into words: No closing quotation"),
        ({"command": "mi {x}"}, r"would not see y: put \{y\}"),
        ({"command": "mi {{x}} {y}"}, r"would not see x: put \{x\}"),
        ({"command": "mi {x} {y} {sed}"}, r"nothing to put for \{sed\}; did you mean seed"),
        ({"command": "mi {x} {y} {}"}, r"nothing to put for \{\}"),
        ({"unit": "bit"}, r"unit is 'bit'; give one of nats, bits, hartleys; did you mean bits"),
        ({"unit": None}, r"unit is None"),
        ({"unit": ["bits"]}, r"unit is \['bits'\]"),
        ({"timeout": 0}, r"timeout is 0; give seconds above 0"),
        ({"timeout": math.nan}, r"timeout is nan"),
        ({"timeout": "60"}, r"timeout is '60'"),
        ({"timeout": True}, r"timeout is True"),
        ({"header": 1}, r"header is 1; give true or false"),
        ({"folder": "/no/such/folder"}, r"folder is '/no/such/folder', which is no folder"),
        ({"version": 0}, r"version is 0; give a whole number"),
        ({"arguments": [3]}, r"arguments is \[3\]; give names and values"),
        ({"arguments": {"k": 3}}, r"the argument 'k' has no place: put \{k\} into the command"),
        ({"arguments": {"seed": 3}, "command": "mi {x} {y} {seed}"}, r"the argument 'seed' is filled by mibench"),
    ],
)
def test_a_command_that_cannot_work_says_why(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        adapters.Command(**{"command": "mi {x} {y}", "unit": "nats", **settings})


def test_data_are_checked_before_anything_runs(make: Make, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="y has 1 values that are not finite"):
        make(LOOKS).estimate([1.0, 2.0], [1.0, math.nan])
    assert not (tmp_path / "seen.json").exists()


def test_streams_that_are_closed_early_do_not_end_the_wait(tmp_path: Path) -> None:
    code = "import os, time; os.close(1); os.close(2); time.sleep(0.3); os._exit(4)"
    ended = process.run([sys.executable, "-I", "-S", "-c", code], tmp_path, None)
    assert (ended.code, ended.output) == (4, "")
    assert ended.seconds >= 0.3


def test_a_stream_that_never_ends_is_left_when_its_command_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def endless(selector: Any, patience: float) -> int:
        asked.append(patience)
        assert len(asked) < 10_000, "it would read for ever"
        time.sleep(0.001 if patience else 0)
        return 1 << 12

    monkeypatch.setattr(process, "_read", endless)
    assert process.run(["true"], tmp_path, None).code == 0
