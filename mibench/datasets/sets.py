# SPDX-License-Identifier: Apache-2.0
"""Sets of images by name: MNIST, Fashion-MNIST, the digits of scikit-learn, or a folder of files in MNIST's form.

All are grey images of 28 x 28 pixels in ten classes, split into images to train on and images to test on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, NotInstalled, UnknownName
from mibench.datasets import digits, idx
from mibench.datasets.places import VARIABLE, absent, file_of, find
from mibench.datasets.published import FILES, MOST_BYTES, PUBLISHED, Published, digest_like
from mibench.names import suggest

__all__ = ["NAMES", "ImageSet", "Which", "default", "load"]

NAMES = (*PUBLISHED, "digits")
Which = Literal["all", "train", "test"]

_SIDE = 28
_CLASSES = 10


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A set of labelled grey images.

    Attributes
    ----------
    name : str
        What `load` finds it by; of a folder of other files, its path.
    title : str
        What to call it in print.
    train_images, test_images : array of uint8, shape (n, h, w)
    train_labels, test_labels : array of uint8, shape (n,)
        From 0 to 9.
    source : str
        Where it was read from.
    """

    name: str
    title: str
    train_images: NDArray[np.uint8] = field(repr=False)
    train_labels: NDArray[np.uint8] = field(repr=False)
    test_images: NDArray[np.uint8] = field(repr=False)
    test_labels: NDArray[np.uint8] = field(repr=False)
    source: str

    def images(self, which: Which = "all") -> NDArray[np.uint8]:
        """The images, shape (n, h, w): of ``all`` those to train on, then those to test on."""
        return _part(which, self.train_images, self.test_images)

    def rows(self, which: Which = "all") -> NDArray[np.float32]:
        """The images as rows, shape (n, h * w), from 0 to 1: a new array of float32, k/255 where the image has k."""
        images = self.images(which)
        rows = images.reshape(len(images), -1).astype(np.float32)
        rows /= np.float32(255)
        return rows

    def labels(self, which: Which = "all") -> NDArray[np.int64]:
        """The labels of the same rows, shape (n,): a new array of int64."""
        return _part(which, self.train_labels, self.test_labels).astype(np.int64)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all images and labels, wherever they came from: sets of one digest are the same."""
        found = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            found.update(f"{array.shape}".encode())
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()


def load(name: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> ImageSet:
    """The set called `name`.

    Parameters
    ----------
    name : str or path
        ``mnist``, ``fashion-mnist``, ``digits``, or the path of a folder of four IDX files, plain or .gz, named as
        MNIST's: uint8 images of 28 x 28 pixels and their labels from 0 to 9, any number of each. A folder that is named
        as a set is meant by ``./mnist``.
    folder : path or None
        Where the files of ``mnist`` and ``fashion-mnist`` are looked for first, as `mibench.datasets.places` says.

    Raises
    ------
    UnknownName
        If `name` is neither a set nor a folder.
    NotInstalled
        If the files of the set are nowhere; the message says how to get them. Another set is never taken instead.
    InputError
        If a file is damaged, not the published one, or not in MNIST's form.
    """
    said = os.fspath(name)
    if said == "digits":
        return _digits()
    if said in PUBLISHED:
        return _published(PUBLISHED[said], find(PUBLISHED[said], folder))
    if os.path.isdir(said):
        return _own(said)
    if os.sep in said:
        raise InputError(f"there is no folder {said!r}: give one that holds {', '.join(FILES)}, plain or .gz")
    raise UnknownName(f"no data set {said!r}, nor a folder of that name{suggest(said, NAMES)}")


def default(folder: str | os.PathLike[str] | None = None) -> str:
    """The set to take where none is asked for: ``mnist`` where its four files are found, else ``digits``.

    Raises
    ------
    InputError
        If `folder` is given and is no folder.
    NotInstalled
        If `folder` is given, or ``MIBENCH_DATA`` set, and MNIST is nowhere: who names a folder wants what is in it.
    """
    try:
        find(PUBLISHED["mnist"], folder)
    except NotInstalled as error:
        if folder is None and not os.environ.get(VARIABLE):
            return "digits"
        raise NotInstalled(f"{error}. Or ask for another set, such as digits") from None
    return "mnist"


def _digits() -> ImageSet:
    images, labels, train, test = digits.enlarged()
    title = "digits (scikit-learn's, 8 x 8 enlarged to 28 x 28)"
    return ImageSet("digits", title, images[train], labels[train], images[test], labels[test], "scikit-learn")


def _published(published: Published, place: Path) -> ImageSet:
    pairs = zip(_paths(place), published.digests, strict=True)
    arrays = [_verified(published, path, digest) for path, digest in pairs]
    return _made(published.name, published.title, arrays, str(place))


def _verified(published: Published, path: Path, digest: str) -> NDArray[Any]:
    """The array of a file, if it holds what was published under its name."""
    data = idx.contents(path, MOST_BYTES)
    if (found := digest_like(data, digest)) != digest:
        others = [name for name, each in zip(FILES, published.digests, strict=True) if each == found]
        raise InputError(
            f"{path} is not {published.title}'s: its contents have the digest {found}"
            f"{f', that of {others[0]}' if others else ''}, expected {digest}; remove it and "
            f"`mibench data fetch {published.name}`, or name a set of your own by the path of its folder"
        )
    return idx.parse(data, str(path))


def _own(said: str) -> ImageSet:
    """The set in a folder, under its published name if it is a published one."""
    place = Path(said)
    if missing := absent(place):
        raise InputError(f"the folder {said} lacks {', '.join(missing)}: put the files there, plain or .gz")
    paths = _paths(place)
    read = [idx.contents(path) for path in paths]
    arrays = [_checked(idx.parse(data, str(path)), path) for path, data in zip(paths, read, strict=True)]
    counts = [len(array) for array in arrays]
    if counts[0] != counts[1] or counts[2] != counts[3]:
        swapped = counts[0] == counts[3] and counts[1] == counts[2]
        raise InputError(
            f"{said} holds {counts[0]} images and {counts[1]} labels to train on, {counts[2]} and {counts[3]} to test "
            f"on: give as many labels as images{'; those of train and t10k seem to be swapped' if swapped else ''}"
        )
    for each in PUBLISHED.values():
        if all(digest_like(data, its) == its for data, its in zip(read, each.digests, strict=True)):
            return _made(each.name, each.title, arrays, said)
    return _made(said, place.resolve().name or said, arrays, said)


def _paths(place: Path) -> list[Path]:
    return [file_of(place, name) for name in FILES]


def _made(name: str, title: str, arrays: Sequence[NDArray[Any]], source: str) -> ImageSet:
    return ImageSet(name, title, arrays[0], arrays[1], arrays[2], arrays[3], source)


def _checked(array: NDArray[Any], path: Path) -> NDArray[Any]:
    """The array of a file, if it is images or labels as the file's name says."""
    images = "images" in path.name
    other = array.ndim == (1 if images else 3)
    form = f"an array of shape {array.shape} ({array.dtype})"
    hint = f", as of {'labels' if images else 'images'}: the two seem to be swapped" if other else ""
    if images and (array.ndim != 3 or array.shape[1:] != (_SIDE, _SIDE) or array.dtype != np.uint8):
        raise InputError(f"{path} holds {form}{hint}; expected images, uint8 of shape (n, {_SIDE}, {_SIDE})")
    if not images and (array.ndim != 1 or array.dtype != np.uint8):
        raise InputError(f"{path} holds {form}{hint}; expected labels, uint8 of shape (n,)")
    if not images and array.max() >= _CLASSES:
        raise InputError(f"{path} holds the label {array.max()}: expected labels from 0 to {_CLASSES - 1}")
    return array


def _part(which: Which, train: NDArray[np.uint8], test: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if which == "all":
        return np.concatenate([train, test])
    if which not in ("train", "test"):
        raise InputError(f"which is {which!r}: give 'all', 'train' or 'test'")
    return train if which == "train" else test
