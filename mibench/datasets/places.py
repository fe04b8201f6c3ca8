# SPDX-License-Identifier: Apache-2.0
"""Where the files of a set are looked for: the folder that is given, that of ``MIBENCH_DATA``, the user's cache.

Each may hold the four files of one set itself, or in a folder named as the set.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from mibench.contracts import InputError, MibenchError, NotInstalled
from mibench.datasets import idx
from mibench.datasets.published import FILES, MOST_BYTES, PUBLISHED, Published, digest_like

__all__ = ["VARIABLE", "Root", "absent", "cache", "file_of", "find", "roots"]

VARIABLE = "MIBENCH_DATA"


class Root(NamedTuple):
    """A folder that sets are looked for in, and in words why there."""

    folder: Path
    why: str


def cache() -> Path:
    """The user's cache, such as ``~/.cache/mibench``; ``XDG_CACHE_HOME`` moves it."""
    import platformdirs

    return platformdirs.user_cache_path("mibench")


def roots(folder: str | os.PathLike[str] | None = None) -> list[Root]:
    """The folders that sets are looked for in, the first first; all but the given one may be absent.

    Raises
    ------
    InputError
        If `folder` is given and is no folder.
    """
    found = []
    if folder is not None:
        if not os.path.isdir(folder):
            raise InputError(f"there is no folder {os.fspath(folder)!r}: give one that holds the files of a data set")
        found.append(Root(Path(folder), "given"))
    if os.environ.get(VARIABLE):
        found.append(Root(Path(os.environ[VARIABLE]), VARIABLE))
    return [*found, Root(cache(), "the cache")]


def file_of(folder: Path, name: str) -> Path:
    """The path of one of `FILES` in a folder: plain where that is there, else .gz."""
    plain = folder / name
    return plain if os.path.exists(plain) else folder / f"{name}.gz"


def absent(folder: Path) -> list[str]:
    """Which of `FILES` a folder has neither plain nor as .gz."""
    return [name for name in FILES if not os.path.exists(file_of(folder, name))]


def find(published: Published, folder: str | os.PathLike[str] | None = None) -> Path:
    """The first folder that holds all four files of a published set. What is in them is not looked at.

    Raises
    ------
    NotInstalled
        If there is none; the message says how to get the files, where they may be put and what a folder lacks.
    InputError
        As `roots`.
    """
    looked, lacking = roots(folder), ""
    for root in looked:
        for place in (root.folder / published.name, root.folder):
            missing = absent(place)
            if not missing and not (place == root.folder and _is_of_another(place, published)):
                return place
            if missing and len(missing) < len(FILES):
                lacking += f"; {place} lacks {', '.join(missing)}"
    said = ", ".join(f"{root.folder} ({root.why})" for root in looked)
    raise NotInstalled(
        f"{published.title} is not here: `mibench data fetch {published.name}` fetches it, or put "
        f"{', '.join(FILES)} (plain or .gz) into a folder and set {VARIABLE} to its path. Looked in {said}{lacking}"
    )


def _is_of_another(place: Path, published: Published) -> bool:
    """Whether the files are known to be those of another published set, by the smallest of them."""
    others = [each for each in PUBLISHED.values() if each.name != published.name]
    try:
        data = idx.contents(file_of(place, FILES[-1]), MOST_BYTES)
    except MibenchError:  # damaged: whoever reads it says so
        return False
    return any(digest_like(data, each.digests[-1]) == each.digests[-1] for each in others)
