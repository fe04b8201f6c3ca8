# SPDX-License-Identifier: Apache-2.0
"""MNIST (LeCun, Bottou, Bengio and Haffner, 1998) from its four IDX files, wherever they lie; nothing is downloaded.

The folder is the argument, else what the environment variable ``MIBENCH_MNIST`` names. The files' contents are known by
their SHA-256 (unpacked: ``zcat FILE.gz | sha256sum``).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, NotInstalled
from mibench.datasets import idx

__all__ = ["FILES", "VARIABLE", "Mnist", "folder_of", "load"]

VARIABLE = "MIBENCH_MNIST"
FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class Mnist(NamedTuple):
    """Images of digits, uint8 from 0 to 255, shape (n, 28, 28), and their labels, uint8 from 0 to 9, shape (n,)."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def folder_of(folder: str | os.PathLike[str] | None = None) -> Path:
    """The folder of the four files: `folder`, else the environment's.

    Raises
    ------
    NotInstalled
        If neither names one; the message says which four files to put where.
    InputError
        If the one that is named lacks a file.
    """
    named = folder or os.environ.get(VARIABLE)
    if not named:
        raise NotInstalled(
            f"MNIST is not here: put {', '.join(FILES)} (plain or .gz) into a folder and set {VARIABLE} to its path"
        )
    place = Path(named)
    absent = [name for name in FILES if not _path(place, name).is_file()]
    if absent:
        said = "" if folder else f" ({VARIABLE})"
        raise InputError(f"the folder {place}{said} lacks {', '.join(absent)}: put the files there, plain or .gz")
    return place


def load(folder: str | os.PathLike[str] | None = None, *, check: bool = True) -> Mnist:
    """MNIST: 60,000 images to train on and 10,000 to test on.

    Parameters
    ----------
    folder : path or None
        Where the four files lie; None asks the environment variable ``MIBENCH_MNIST``.
    check : bool
        Refuse files that are not MNIST's byte for byte. Without it any images and labels in its form are taken.

    Raises
    ------
    NotInstalled, InputError
        As `folder_of`; InputError also for a file that is damaged or not MNIST's.
    """
    place = folder_of(folder)
    arrays = [_load(_path(place, name), digest if check else None) for name, digest in FILES.items()]
    for images, labels in (arrays[:2], arrays[2:]):
        if images.ndim != 3 or labels.shape != images.shape[:1] or images.dtype != np.uint8 or labels.dtype != np.uint8:
            raise InputError(
                f"{place} holds images of shape {images.shape} ({images.dtype}) and labels of shape {labels.shape} "
                f"({labels.dtype}): expected uint8 images (n, h, w) and as many uint8 labels (n,)"
            )
    return Mnist(*arrays)


def _path(folder: Path, name: str) -> Path:
    plain = folder / name
    return plain if plain.is_file() else folder / f"{name}.gz"


def _load(path: Path, digest: str | None) -> NDArray[Any]:
    data = idx.contents(path)
    array = idx.parse(data, str(path))
    found = hashlib.sha256(data).hexdigest() if digest else None
    if found != digest:
        raise InputError(
            f"{path} is not MNIST's: its contents have the SHA-256 {found}, expected {digest}; fetch the file again, "
            "or load it with check=False"
        )
    return array
