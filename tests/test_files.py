# SPDX-License-Identifier: Apache-2.0
"""Files are whole or not there; memory is what the system says."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mibench.files import open_above, write_whole
from mibench.usage import peak_mb


def test_a_file_is_replaced_in_one_step_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    write_whole(path, b"old")
    with path.open("rb") as reader:
        write_whole(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644, "others may read it"
    assert [one.name for one in tmp_path.iterdir()] == ["one.json"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.json"
    write_whole(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["one.json"]


def test_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "missing" / "one.json", b"")


def test_peak_memory_counts_the_largest_finished_child() -> None:
    script = (
        "import subprocess, sys; from mibench.usage import peak_mb; before = peak_mb();"
        "subprocess.run([sys.executable, '-c', 'bytearray(200 << 20)'], check=True); print(peak_mb() - before)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 200 < float(done.stdout) < 400
    assert peak_mb() > 5


def test_a_file_is_opened_above_the_standard_ones_even_where_those_are_closed(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom mibench.files import open_above\nos.closerange(0, 3)\n"
        f"number = open_above(Path({str(tmp_path / 'file')!r}), os.O_RDWR | os.O_CREAT)\n"
        "os._exit(0 if number > 2 and not os.get_inheritable(number) and os.write(number, b'x') else 1)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert (tmp_path / "file").read_bytes() == b"x"
    number = open_above(tmp_path / "file", os.O_RDONLY)
    os.close(number)
    assert number > 2
