# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or not there: a killed report never leaves half of one."""

from __future__ import annotations

from pathlib import Path

from mibench.files import write_whole
from mibench.harness.store import FolderError

__all__ = ["write_bytes", "write_text"]


def write_bytes(path: Path, content: bytes) -> Path:
    """Replace `path` by `content` in one step; its folder is made when missing.

    Raises
    ------
    FolderError
        If the folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise FolderError(
            f"cannot write {path}: {error.strerror}; free some space, make the folder writable or choose another place"
        ) from error
    return path


def write_text(path: Path, content: str) -> Path:
    """Like `write_bytes`, as UTF-8 with ``\\n`` line ends; what is no character (half of a surrogate pair, as names of
    files that are no UTF-8 hold them) is written as its escape."""
    return write_bytes(path, content.encode(errors="backslashreplace"))
