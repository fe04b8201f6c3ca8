# SPDX-License-Identifier: Apache-2.0
"""IDX files: every type and shape read back; every damage refused in words that name the file."""

import errno
import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mibench.contracts import InputError
from mibench.datasets import idx

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def as_idx(values):
    """The bytes of an IDX file, written from the format's description."""
    code = CODES[values.dtype.str[1:]]
    head = struct.pack(f">2xBB{values.ndim}I", code, values.ndim, *values.shape)
    return head + values.astype(values.dtype.newbyteorder(">")).tobytes()


@given(
    st.sampled_from(list(CODES)).flatmap(
        lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=1, max_dims=4, max_side=4))
    )
)
def test_what_is_written_is_read(values):
    found = idx.parse(as_idx(values), "it")
    assert found.dtype == values.dtype
    assert found.dtype.isnative
    assert found.flags.writeable
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda b: gzip.compress(b[:10]) + gzip.compress(b[10:])])
@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_plain_and_gzip_by_content(tmp_path, pack, name):
    path = tmp_path / name
    path.write_bytes(pack(as_idx(IMAGES)))
    np.testing.assert_array_equal(idx.read(path), IMAGES)
    np.testing.assert_array_equal(idx.read(str(path)), IMAGES)


GOOD = as_idx(IMAGES)
BAD = {
    "empty": (b"", "holds 0 bytes: expected an IDX file"),
    "magic cut": (GOOD[:3], "holds 3 bytes"),
    "not zero": (b"\x01" + GOOD[1:], "begins with 01 00 08 03: expected the magic of IDX"),
    "unknown type": (GOOD[:2] + b"\x0a" + GOOD[3:], "begins with 00 00 0a 03"),
    "no dimension": (GOOD[:3] + b"\x00" + GOOD[4:], "begins with 00 00 08 00"),
    "text": (b"<html>not found</html>", "begins with 3c 68 74 6d"),
    "pickle": (b"\x80\x04\x95\x10\x00\x00\x00\x00", "begins with 80 04 95 10"),
    "npy": (b"\x93NUMPY\x01\x00", "begins with 93 4e 55 4d"),
    "header cut": (GOOD[:15], "ends after 15 bytes: expected 3 dimensions in a header of 16"),
    "body cut": (GOOD[:-1], r"is cut short: it holds 39 bytes, and a uint8 array of \(2, 3, 4\) needs 40"),
    "more": (GOOD + b"\0", r"has bytes after its end: a uint8 array of \(2, 3, 4\) needs 40 bytes, and it holds more"),
    "huge": (
        GOOD[:4] + b"\xff" * 12 + GOOD[16:],
        r"states a uint8 array of \(4294967295, 4294967295, 4294967295\), more",
    ),
    "no rows": (struct.pack(">2xBB3I", 8, 3, 0, 28, 28), r"states the shape \(0, 28, 28\)"),
    "wider type": (GOOD[:2] + b"\x0e" + GOOD[3:], "is cut short: .* a float64 array"),
    "dimensions": (struct.pack(">2xBB200I", 8, 200, *[1] * 200) + b"\0", "states 200 dimensions"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("case", BAD)
def test_damage_is_named(tmp_path, case, packed):
    data, message = BAD[case]
    path = tmp_path / "t10k-images"
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(InputError, match=f"t10k-images .*{message}"):
        idx.read(path)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        found = idx.parse(data, "it")
    except InputError as error:
        found = None
        said = str(error)
    if found is None:
        assert said.startswith("it ")
    else:
        assert as_idx(found) == data


@given(st.integers(0, 39), st.integers(0, 255))
def test_a_changed_byte_is_never_misread(place, value):
    """Header bytes decide the type and shape; whatever is accepted has exactly the file's bytes."""
    changed = GOOD[:place] + bytes([value]) + GOOD[place + 1 :]
    try:
        found = idx.parse(changed, "it")
    except InputError:
        assert place < 16
    else:
        assert as_idx(found) == changed


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-9], "is damaged gzip after"),
        (lambda data: data[:12], "is damaged gzip after 0 bytes"),
        (lambda data: data[:20] + bytes([data[20] ^ 255]) + data[21:], "is damaged gzip"),
        (lambda data: data[:-8] + b"\0\0\0\0" + data[-4:], "is damaged gzip after .*CRC"),
        (lambda data: data + b"rubbish", "is damaged gzip"),
        (lambda data: b"\x1f\x8b", "is damaged gzip after 0 bytes"),
    ],
    ids=["cut", "cut early", "changed", "checksum", "more", "magic only"],
)
def test_damaged_gzip_is_named(tmp_path, damage, message):
    path = tmp_path / "labels.gz"
    path.write_bytes(damage(gzip.compress(GOOD)))
    with pytest.raises(InputError, match=rf"labels\.gz {message}"):
        idx.read(path)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "file"


def read_or_refused(path):
    """What is read, or None where that is refused in words that name the file."""
    try:
        return idx.read(path)
    except InputError as error:
        said = str(error)
    assert said.startswith(str(path))
    return None


@given(st.data())
@settings(deadline=None)
def test_no_damage_to_gzip_is_misread(scratch, data):
    """Bytes changed, put in or taken out: what is accepted is what was packed."""
    packed = bytearray(gzip.compress(GOOD))
    for _ in range(data.draw(st.integers(1, 3))):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(packed))] * 2)))
        packed[start:end] = data.draw(st.binary(max_size=8))
    scratch.write_bytes(packed)
    if (found := read_or_refused(scratch)) is not None:
        np.testing.assert_array_equal(found, IMAGES)


@given(st.binary(max_size=80), st.sampled_from([b"", b"\x1f\x8b\x08\0", b"\0\0\x08\x01"]), st.booleans())
@settings(deadline=None)
def test_any_file_is_read_or_refused(scratch, data, head, packed):
    scratch.write_bytes(gzip.compress(head + data) if packed else head + data)
    if (found := read_or_refused(scratch)) is not None:
        assert as_idx(found) == head + data


def test_what_unfolds_without_end_is_given_up_at_once(tmp_path):
    """4 GiB of zeros behind 24 numbers: what the header does not state is not unpacked."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(GOOD) + 256 * gzip.compress(bytes(1 << 24), 1))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"bomb\.gz has bytes after its end"):
            idx.read(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 21
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(1 << 31,), (1 << 20, 28, 28 * 3), (1 << 31, 1 << 31, 1 << 31)])
def test_what_states_too_much_is_refused_unread(tmp_path, shape):
    path = tmp_path / "large.gz"
    path.write_bytes(gzip.compress(struct.pack(f">2xBB{len(shape)}I", 8, len(shape), *shape)) + b"never read")
    with pytest.raises(
        InputError, match=r"large\.gz states a uint8 array of .*, more than 2048 MiB: give an IDX file of"
    ):
        idx.read(path)


def test_a_header_alone_takes_no_memory(tmp_path):
    path = tmp_path / "empty.gz"
    path.write_bytes(gzip.compress(struct.pack(">2xBB3I", 8, 3, 2_000_000, 28, 28) + bytes(1 << 16)))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"empty\.gz is cut short: it holds 65552 bytes"):
            idx.read(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 21
    finally:
        tracemalloc.stop()


def test_what_is_read_may_be_changed():
    data = bytearray(GOOD)
    for kept in (bytes(data), data):
        array = idx.parse(kept, "it")
        array += 1
        np.testing.assert_array_equal(array, IMAGES + 1)
    assert idx.parse(as_idx(IMAGES.astype(np.int32)), "it").flags.writeable


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing cannot be read \(No such file"):
        idx.read(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\): give the path of an IDX file"):
        idx.read(tmp_path)
    with pytest.raises(InputError, match=r"'a\\x00b' is no path \(embedded null byte\)"):
        idx.read("a\0b")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(InputError, match=r"loop cannot be read \(Too many levels of symbolic links\)"):
        idx.read(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):  # a pipe would wait for a writer, and zeros never end
        with pytest.raises(
            InputError, match="is no regular file, but a pipe or a device: give the path of an IDX file"
        ):
            idx.read(path)


def test_what_may_not_be_read_is_named(tmp_path):
    path = tmp_path / "shut"
    path.write_bytes(GOOD)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    with pytest.raises(InputError, match=r"shut cannot be read \(Permission denied\)"):
        idx.read(path)


def test_a_disk_that_fails_is_named(tmp_path, monkeypatch):
    path = tmp_path / "torn"
    path.write_bytes(GOOD)

    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(idx, "_read_to", fail)
    with pytest.raises(InputError, match=r"torn cannot be read \(Input/output error\)"):
        idx.read(path)
