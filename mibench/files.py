# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or not there: a killed process or a full disk never leaves half of one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path

__all__ = ["open_above", "sync_folder", "write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step: a reader sees the old file or the new one.

    Raises
    ------
    OSError
        If the folder is missing or cannot be written; the old file is then as it was, and nothing is left beside it.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def open_above(path: Path, flags: int) -> int:
    """Open a file under a descriptor that is none of the standard ones, for this process alone.

    Where those were closed, the next file that is opened takes their numbers, and gets whatever is printed.

    Raises
    ------
    OSError
    """
    descriptor = os.open(path, flags, 0o644)
    if descriptor > 2:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Have the names of new files survive a power cut; a file system that cannot promise that is let be."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
