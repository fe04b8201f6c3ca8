# SPDX-License-Identifier: Apache-2.0
"""IDX, the file format of MNIST: two zero bytes, a type, the number of dimensions, the dimensions, the numbers.

All big-endian. A file says how long it must be, and is refused where it is not: nothing is allocated on the word of a
header, and no more is read or unpacked than it states.
"""

from __future__ import annotations

import gzip
import math
import os
import stat
import struct
import zlib
from io import BufferedIOBase
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError

__all__ = ["MOST_BYTES", "DamagedGzip", "contents", "parse", "read"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAGIC = 4
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20
MOST_BYTES = 1 << 31  # of a file once unpacked: a small gzip file may state, and unfold to, anything


class _Header(NamedTuple):
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    start: int  # of the numbers
    size: int  # of the whole file, in bytes


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


class DamagedGzip(InputError):
    """Gzip that is cut short, or has bytes that are not what was packed."""


def contents(path: str | os.PathLike[str], most: int = MOST_BYTES) -> bytearray:
    """The bytes of an IDX file, unpacked where they are gzip's (told by its first two bytes, whatever the name).

    Parameters
    ----------
    path : path
    most : int
        Bytes that it may state, unpacked.

    Raises
    ------
    InputError
        If it is no regular file, cannot be read, is damaged gzip (`DamagedGzip`), is not as long as its header states,
        or states more than `most`.
    """
    name, data = os.fspath(path), bytearray()
    try:
        with open(path, "rb", opener=_open_at_once) as raw:
            if not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
                raise InputError(f"{name} is no regular file, but a pipe or a device: give the path of an IDX file")
            packed = raw.read(len(_GZIP)) == _GZIP
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) if packed else raw as file:
                _fill(data, file, name, most)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedGzip(f"{name} is damaged gzip after {len(data)} bytes ({error}): fetch the file again") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{name} cannot be read ({reason}): give the path of an IDX file, plain or .gz") from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name!r} is no path ({error}): give that of an IDX file, plain or .gz") from error
    return data


def parse(data: bytes | bytearray, name: str) -> NDArray[Any]:
    """The array in the bytes of an IDX file; `name` is what errors call it.

    Numbers of one byte stay where they are if `data` is a bytearray.

    Raises
    ------
    InputError
        For a wrong magic number, type or length: cut short, or followed by more.
    """
    header = _header(data, name)
    _check_length(len(data), header, name)
    if not math.prod(header.shape):
        raise InputError(f"{name} states the shape {header.shape}: expected an array with numbers in it")
    numbers = np.frombuffer(data, header.kind, offset=header.start)
    try:
        array = numbers.reshape(header.shape)
    except ValueError as error:  # more dimensions than NumPy has
        raise InputError(f"{name} states {len(header.shape)} dimensions: {error}") from error
    return array.astype(header.kind.newbyteorder("="), copy=not array.flags.writeable)


def _open_at_once(path: str, flags: int) -> int:
    """As `os.open`, but a pipe is opened without waiting until somebody writes to it."""
    return os.open(path, flags | os.O_NONBLOCK)


def _fill(data: bytearray, file: BufferedIOBase, name: str, most: int) -> None:
    """Read a file into `data`: its header, then what that states, then at most one byte, which must not be there."""
    _read_to(_MAGIC, data, file)
    _read_to(_start(data, name), data, file)
    header = _header(data, name)
    if header.size > most:
        raise InputError(
            f"{name} states a {header.kind.name} array of {header.shape}, more than {most >> 20} MiB: give an IDX file "
            "of less"
        )
    _read_to(header.size + 1, data, file)  # at its end gzip also compares its check sum
    _check_length(len(data), header, name)


def _read_to(size: int, data: bytearray, file: BufferedIOBase) -> None:
    while len(data) < size and (chunk := file.read(min(_CHUNK, size - len(data)))):
        data += chunk


def _start(data: bytes | bytearray, name: str) -> int:
    """Where the numbers of a file begin, by its magic number."""
    if len(data) < _MAGIC:
        raise InputError(f"{name} holds {len(data)} bytes: expected an IDX file, which begins with a magic of {_MAGIC}")
    if data[:2] != b"\0\0" or data[2] not in _TYPES or data[3] == 0:
        types = ", ".join(f"{code:02x}" for code in _TYPES)
        raise InputError(
            f"{name} begins with {data[:_MAGIC].hex(' ')}: expected the magic of IDX, 00 00, a type ({types}) and "
            "the number of dimensions"
        )
    return _MAGIC + 4 * data[3]


def _header(data: bytes | bytearray, name: str) -> _Header:
    start = _start(data, name)
    if len(data) < start:
        raise InputError(f"{name} ends after {len(data)} bytes: expected {data[3]} dimensions in a header of {start}")
    kind, shape = np.dtype(_TYPES[data[2]]), struct.unpack(f">{data[3]}I", data[_MAGIC:start])
    return _Header(kind, shape, start, start + math.prod(shape) * kind.itemsize)


def _check_length(length: int, header: _Header, name: str) -> None:
    stated = f"a {header.kind.name} array of {header.shape} needs {header.size}"
    if length < header.size:
        raise InputError(f"{name} is cut short: it holds {length} bytes, and {stated}")
    if length > header.size:
        raise InputError(f"{name} has bytes after its end: {stated} bytes, and it holds more")
