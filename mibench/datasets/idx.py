# SPDX-License-Identifier: Apache-2.0
"""IDX, the file format of MNIST: two zero bytes, a type, the number of dimensions, the dimensions, the numbers.

All big-endian. A file says how long it must be, and is refused where it is not: nothing is allocated on the word of a
header.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError

__all__ = ["contents", "parse", "read"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20
_MOST_BYTES = 1 << 31  # of a file once unpacked: what a small gzip file may unfold to has a limit


def read(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in an IDX file, plain or gzip.

    Returns
    -------
    array
        Writable, in the machine's byte order, of the type and shape that the file states.

    Raises
    ------
    InputError
        If the file cannot be read, or is not exactly an IDX file: the message says what was found and expected.
    """
    return parse(contents(path), str(path))


def contents(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file, unpacked where they are gzip's (told by its first two bytes, whatever the name).

    Raises
    ------
    InputError
        If it cannot be read, is damaged gzip, or unpacks to more than 2 GiB.
    """
    place = Path(path)
    parts: list[bytes] = []
    size = 0
    try:
        with place.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            with gzip.open(raw) if packed else raw as file:
                while chunk := file.read(_CHUNK):
                    size += len(chunk)
                    if size > _MOST_BYTES:
                        raise InputError(f"{place} holds more than {_MOST_BYTES >> 30} GiB: give an IDX file of less")
                    parts.append(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{place} is damaged gzip after {size} bytes ({error}): fetch the file again") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{place} cannot be read ({reason}): give the path of an IDX file, plain or .gz") from error
    return b"".join(parts)


def parse(data: bytes, name: str) -> NDArray[Any]:
    """The array in the bytes of an IDX file; `name` is what errors call it.

    Raises
    ------
    InputError
        For a wrong magic number, type or length: cut short, or followed by more.
    """
    if len(data) < 4:
        raise InputError(f"{name} holds {len(data)} bytes: expected an IDX file, which begins with a magic of 4")
    if data[:2] != b"\0\0" or data[2] not in _TYPES or data[3] == 0:
        types = ", ".join(f"{code:02x}" for code in _TYPES)
        raise InputError(
            f"{name} begins with {data[:4].hex(' ')}: expected the magic of IDX, 00 00, a type ({types}) and "
            "the number of dimensions"
        )
    kind, n_dims = np.dtype(_TYPES[data[2]]), data[3]
    head = 4 + 4 * n_dims
    if len(data) < head:
        raise InputError(f"{name} ends after {len(data)} bytes: expected {n_dims} dimensions in a header of {head}")
    shape = struct.unpack(f">{n_dims}I", data[4:head])
    expected = head + math.prod(shape) * kind.itemsize
    if len(data) != expected:
        how = "is cut short" if len(data) < expected else "has bytes after its end"
        raise InputError(
            f"{name} {how}: it holds {len(data)} bytes, and a {kind.name} array of {shape} needs {expected}"
        )
    if not math.prod(shape):
        raise InputError(f"{name} states the shape {shape}: expected an array with numbers in it")
    try:
        return np.frombuffer(data, kind, offset=head).reshape(shape).astype(kind.newbyteorder("="))
    except ValueError as error:  # more dimensions than NumPy has
        raise InputError(f"{name} states {n_dims} dimensions: {error}") from error
