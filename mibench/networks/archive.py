# SPDX-License-Identifier: Apache-2.0
"""Files of named arrays with a header: an npz that is written whole, holds no pickles and is checked before it is read.

Members are stored, not compressed, so what a file declares can be held against what it is; the header (member
``header``, JSON) names every array with its type, shape and SHA-256. `numpy.load` reads such a file too.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, canonical_json
from mibench.files import write_whole

__all__ = ["VERSION", "read", "write"]

VERSION = 1
_MOST = 4 * 2**30  # bytes
_MOST_HEADER = 2**20
_KINDS = "biuf"  # of numpy's types; whole numbers, floats and truth values


def write(path: str | Path, kind: str, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `arrays` and `header` to `path`, in one step; the same content is the same bytes.

    Parameters
    ----------
    path : str or Path
    kind : str
        What the file is, which `read` must be told.
    header : mapping
        Of what JSON can hold.
    arrays : mapping of str to ndarray
        Whole numbers, floats (finite) or truth values.

    Raises
    ------
    InputError
        If an array is of another type or not finite.
    OSError
        If the file cannot be written.
    """
    about = {}
    for name, array in arrays.items():
        if array.dtype.kind not in _KINDS:
            raise InputError(f"array {name!r} is of {array.dtype}: give whole numbers, floats or truth values")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"array {name!r} has values that are not finite: such a result is not stored")
        about[name] = {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": _digest(array)}
    text = canonical_json({"kind": kind, "version": VERSION, "arrays": about, "header": dict(header)}).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, array in {"header": np.frombuffer(text, dtype=np.uint8), **arrays}.items():
            with file.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
    write_whole(Path(path), buffer.getvalue())


def read(path: str | Path, kind: str, *, most_bytes: int = _MOST) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays of a file that `write` wrote.

    Parameters
    ----------
    path : str or Path
    kind : str
        What the file must be.
    most_bytes : int
        A larger file is refused unread.

    Raises
    ------
    InputError
        If there is no such file, or it is none that `write` wrote, whole: truncated, changed, compressed, larger than
        it declares or than `most_bytes`, of another kind or version, with pickles, or with numbers that are not finite.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as handle, zipfile.ZipFile(handle) as file:
            return _read(path, file, kind, size, most_bytes)
    except FileNotFoundError as error:
        raise InputError(f"no file {path}: give the path of a file of kind {kind!r}") from error
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path} cannot be read as a whole npz ({error}): it is cut off, changed or none") from error


def _read(
    path: Path, file: zipfile.ZipFile, kind: str, size: int, most_bytes: int
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    members = {member.filename: member for member in file.infolist()}
    if len(members) != len(file.infolist()) or "header.npy" not in members:
        _refuse(path, f"members {sorted(members)[:5]}", "a member header.npy, and no name twice")
    if size > most_bytes:
        _refuse(path, f"{size} bytes", f"at most {most_bytes}")
    declared = sum(member.file_size for member in members.values())
    if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()) or declared > size:
        _refuse(path, f"members of {declared} bytes in {size} bytes of file", "members as they are, not compressed")
    text = _array(path, file, members.pop("header.npy"), _MOST_HEADER)
    try:
        found = json.loads(text.tobytes())
        arrays = {str(name): dict(entry) for name, entry in found["arrays"].items()}
        header, version, found_kind = dict(found["header"]), found["version"], found["kind"]
        wanted = {name: (entry["dtype"], tuple(entry["shape"]), entry["sha256"]) for name, entry in arrays.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"the header of {path} is none of ours ({error!r}): give a file that mibench wrote") from error
    if found_kind != kind:
        _refuse(path, f"a file of kind {found_kind!r}", f"kind {kind!r}")
    if version != VERSION:
        _refuse(path, f"format version {version!r}", f"version {VERSION}; read it with the mibench that wrote it")
    if set(members) != {f"{name}.npy" for name in wanted}:
        _refuse(path, f"members {sorted(members)}", f"those of its header: {sorted(wanted)}")
    read_arrays = {}
    for name, (dtype, shape, digest) in wanted.items():
        array = _array(path, file, members[f"{name}.npy"], size)
        if (array.dtype.str, array.shape) != (dtype, shape):
            _refuse(path, f"{name} of {array.dtype.str}, shape {array.shape}", f"{dtype}, shape {shape}, by its header")
        if _digest(array) != digest:
            _refuse(path, f"{name} with another SHA-256", "that of its header; the file was changed")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            _refuse(path, f"{name} with values that are not finite", "finite numbers")
        read_arrays[name] = array
    return header, read_arrays


def _array(path: Path, file: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> NDArray[Any]:
    """One member, its declared size held against that of its bytes before any is read."""
    with file.open(member) as handle:
        try:
            shape, dtype = _declared(handle)
        except (ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
            raise InputError(
                f"member {member.filename} of {path} is no array ({error}): the file was changed"
            ) from error
        count = 1
        for length in shape:
            count *= length
        if dtype.kind not in _KINDS or dtype.hasobject:
            _refuse(
                path, f"{member.filename} of {dtype}", "whole numbers, floats or truth values; pickles are not read"
            )
        data_bytes = count * dtype.itemsize
        if handle.tell() + data_bytes != member.file_size or data_bytes > most:
            _refuse(
                path,
                f"{member.filename} of shape {shape} and {dtype} in {member.file_size} bytes",
                f"as many bytes as it declares, at most {most}",
            )
        return np.frombuffer(bytearray(handle.read(data_bytes)), dtype=dtype).reshape(shape)


def _declared(handle: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of an array from the head of format 1.0 that numpy writes; what that is not, raises."""
    if np.lib.format.read_magic(handle) != (1, 0):
        raise ValueError("not of npy format 1.0")
    head = ast.literal_eval(handle.read(int.from_bytes(handle.read(2), "little")).decode("latin1"))
    shape, dtype = head["shape"], np.dtype(head["descr"])
    if head["fortran_order"] is not False or not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"not a shape in C order: {shape}")
    return tuple(shape), dtype


def _digest(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data if array.size else b"").hexdigest()


def _refuse(path: Path, found: str, expected: str) -> NoReturn:
    raise InputError(f"{path} has {found}; expected {expected}")
