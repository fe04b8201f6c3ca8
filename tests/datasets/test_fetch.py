# SPDX-License-Identifier: Apache-2.0
"""Fetching from servers on this machine, good and bad: what is in a folder afterwards is right, or is not there."""

import gzip
import os
import struct
import subprocess
import sys
import time

import pytest

from mibench.contracts import InputError, NotInstalled, UnknownName
from mibench.datasets import places, sets
from mibench.datasets import transfer as transfers
from mibench.datasets.fetch import fetch, state
from mibench.datasets.published import FILES, MOST_BYTES, PUBLISHED

pytestmark = pytest.mark.usefixtures("nowhere")
PACKED = [f"{name}.gz" for name in FILES]
FIRST = PACKED[0]
NOBODY = "http://127.0.0.1:9/none/"  # no server there


@pytest.fixture
def files(tmp_path, make, publish):
    """The files of a small set that is published as MNIST."""
    return publish(make(tmp_path / "published", 9, 4), "mnist")


@pytest.fixture
def large(tmp_path, make, publish):
    """As `files`, of which the first comes in several pieces."""
    return publish(make(tmp_path / "published", 400, 4), "mnist")


@pytest.fixture
def to(tmp_path):
    return tmp_path / "to"


def held(folder):
    """The files of a folder, but for the lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".fetch.lock"}


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_fetched_files_are_the_set(tmp_path, make, publish, serve, to, name):
    files = publish(make(tmp_path / "published"), name)
    server, said, seen = serve(files), [], []
    folder = fetch(name, to, mirrors=[server.address], tell=said.append, progress=lambda *each: seen.append(each))
    assert folder == to / name
    assert held(folder) == files
    assert sets.load(name, to).digest == sets.load(tmp_path / "published").digest
    assert server.asked == [(each, None) for each in PACKED]
    assert said == [f"{each}: fetched from {server.address}, and its contents are right" for each in PACKED]
    assert seen[-1] == (FILES[-1], len(files[PACKED[-1]]), len(files[PACKED[-1]]))


def test_where_it_goes(monkeypatch, files, serve, tmp_path):
    server = serve(files)
    assert fetch("mnist", mirrors=[server.address]) == places.cache() / "mnist"
    assert sets.load("mnist").source == str(places.cache() / "mnist")
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "mine"))
    server.asked.clear()
    said = []
    assert fetch("mnist", mirrors=[server.address], tell=said.append) == places.cache() / "mnist"
    assert said == [f"MNIST is there, and its contents are right: {places.cache() / 'mnist'}"]
    assert not server.asked
    (places.cache() / "mnist" / FIRST).unlink()
    assert fetch("mnist", mirrors=[server.address]) == tmp_path / "mine" / "mnist"
    assert fetch("mnist", tmp_path / "published", mirrors=[]) == tmp_path / "published"  # holds them itself


def test_what_is_there_and_right_is_not_fetched_again(files, serve, to):
    server = serve(files)
    folder = fetch("mnist", to, mirrors=[server.address])
    (folder / FIRST).unlink()
    (folder / PACKED[1]).unlink()
    (folder / FILES[1]).write_bytes(gzip.decompress(files[PACKED[1]]))  # unpacked by the user
    (folder / PACKED[2]).write_bytes(gzip.compress(gzip.decompress(files[PACKED[2]]), 1))  # packed otherwise
    server.asked.clear()
    said = []
    fetch("mnist", to, mirrors=[server.address], tell=said.append)
    assert server.asked == [(FIRST, None)]
    assert said[1] == f"{FILES[1]}: is there, and its contents are right"
    assert sets.load("mnist", to).train_images.shape == (9, 28, 28)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_part_goes_on_where_the_server_can(files, serve, to, ranges):
    server = serve(files, ranges=ranges)
    (to / "mnist").mkdir(parents=True)
    (to / "mnist" / f".{FIRST}.part").write_bytes(files[FIRST][:700])
    assert held(fetch("mnist", to, mirrors=[server.address])) == files
    assert server.asked == [(FIRST, "bytes=700-"), *((each, None) for each in PACKED[1:])]


def test_what_a_stopped_download_left_goes_on(files, serve, to):
    """Under the file's own name, as other programs leave it."""
    server = serve(files)
    (to / "mnist").mkdir(parents=True)
    (to / "mnist" / FIRST).write_bytes(files[FIRST][:900])
    assert held(fetch("mnist", to, mirrors=[server.address])) == files
    assert server.asked[:2] == [(FIRST, "bytes=900-"), (PACKED[1], None)]


def test_a_whole_part_is_not_asked_for(files, serve, to):
    """Stopped between the last byte and the name."""
    server, said = serve(files), []
    (to / "mnist").mkdir(parents=True)
    (to / "mnist" / f".{FIRST}.part").write_bytes(files[FIRST])
    assert held(fetch("mnist", to, mirrors=[server.address], tell=said.append)) == files
    assert [name for name, _ in server.asked] == PACKED[1:]
    assert said[0] == f"{FIRST}: had come before, and its contents are right"


@pytest.mark.parametrize(
    "part", [b"rubbish", b"x" * 100_000, "changed"], ids=["other", "longer than the file", "changed byte"]
)
def test_a_part_that_is_wrong_is_begun_anew(files, serve, to, part):
    server = serve(files)
    if part == "changed":
        part = files[FIRST][:500] + b"?" + files[FIRST][501:1000]
    (to / "mnist").mkdir(parents=True)
    (to / "mnist" / f".{FIRST}.part").write_bytes(part)
    assert held(fetch("mnist", to, mirrors=[server.address])) == files
    assert server.asked[:2] == [(FIRST, f"bytes={len(part)}-"), (FIRST, None)]


def test_a_cut_connection_is_made_again(files, serve, to):
    server = serve(files, cut=1000, cuts=3)
    assert held(fetch("mnist", to, mirrors=[server.address])) == files
    assert server.asked[:4] == [(FIRST, None), *((FIRST, f"bytes={k}000-") for k in (1, 2, 3))]


def test_a_cut_is_seen_where_no_length_was_said(files, serve, to):
    bad, good = serve(files, cut=1000, cuts=1, length=False), serve(files, length=False)
    assert held(fetch("mnist", to, mirrors=[bad.address, good.address])) == files
    assert good.asked[0] == (FIRST, None)


def test_a_connection_that_is_always_cut_is_given_up_and_goes_on_elsewhere(files, serve, to):
    bad, good = serve(files, cut=500, cuts=99), serve(files)
    assert held(fetch("mnist", to, mirrors=[bad.address, good.address])) == files
    assert [name for name, _ in bad.asked] == [FIRST] * 5
    assert good.asked == [(FIRST, "bytes=2500-"), *((each, None) for each in PACKED[1:])]


def test_a_server_that_packs_what_it_sends_is_read_as_it_lies(files, serve, to):
    server = serve(files, encoded=True)
    assert held(fetch("mnist", to, mirrors=[server.address])) == files


BAD = {
    "not found": ({"status": 404}, "answers 404 Not Found"),
    "forbidden": ({"status": 403}, "answers 403 Forbidden"),
    "overloaded": ({"status": 503}, "answers 503 Service Unavailable"),
    "silent": ({"silent": 0.6}, r"does not answer within 0\.2 s"),
    "cut at once": ({"cut": 0, "cuts": 99}, "broke the connection"),
    "another part": ({"shift": 1}, "sends another part than was asked for"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_the_next_mirror_is_tried(files, serve, to, case):
    how, message = BAD[case]
    bad, good = serve(files, **how), serve(files)
    (to / "mnist").mkdir(parents=True)
    if case == "another part":
        (to / "mnist" / f".{FIRST}.part").write_bytes(files[FIRST][:700])
    with pytest.raises(NotInstalled, match=rf"^MNIST could not be fetched, {FIRST} failed: {bad.address} {message}"):
        fetch("mnist", to, mirrors=[bad.address], timeout=0.2)
    assert not {*PACKED} & {*held(to / "mnist")}
    bad.asked.clear()
    assert held(fetch("mnist", to, mirrors=[bad.address, good.address], timeout=0.2)) == files
    assert [name for name, _ in bad.asked] == [FIRST]  # later files come from the one that works


WRONG = {
    "page": b"<html>Sign in to this network</html>",
    "nothing": b"",
    "other images": gzip.compress(b"\0\0\x08\x03\0\0\0\x01\0\0\0\x1c\0\0\0\x1c" + bytes(784)),
    "bomb": gzip.compress(b"\0\0\x08\x03\xff\xff\xff\xff\0\0\0\x1c\0\0\0\x1c" + bytes(1 << 20)),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_wrong_contents_are_not_kept(files, serve, to, case):
    bad, good = serve({**files, FIRST: WRONG[case]}), serve(files)
    with pytest.raises(NotInstalled, match=rf"{bad.address} sends other contents than were published\. Give the same"):
        fetch("mnist", to, mirrors=[bad.address])
    assert held(to / "mnist") == {}
    assert held(fetch("mnist", to, mirrors=[bad.address, good.address])) == files


def test_a_server_that_never_ends_is_left(files, serve, to, monkeypatch):
    monkeypatch.setattr("mibench.datasets.fetch.MOST_BYTES", 20_000)
    for length, message in ((True, "sends 40000 bytes, more than such"), (False, "sends more than 20000 bytes")):
        bad = serve({FIRST: bytes(40_000)}, length=length)
        with pytest.raises(NotInstalled, match=message):
            fetch("mnist", to, mirrors=[bad.address])
        assert all(len(data) <= 20_000 for data in held(to / "mnist").values())


def test_without_a_network_it_is_said_what_to_put_where(files, to):
    with pytest.raises(NotInstalled) as told:
        fetch("mnist", to)
    said = str(told.value)
    assert said.startswith(
        f"MNIST could not be fetched, {FIRST} failed: {NOBODY} cannot be reached (Connection refused). "
    )
    assert said.endswith(
        f"Give the same command again to go on, or get {', '.join(PACKED)} from {NOBODY} on another machine and put "
        f"them into {to / 'mnist'}"
    )
    with pytest.raises(NotInstalled, match="failed: no mirror was given"):
        fetch("mnist", to, mirrors=[])
    for name, data in files.items():  # as it was said
        (to / "mnist" / name).write_bytes(data)
    assert fetch("mnist", to) == to / "mnist"


def test_other_data_are_not_overwritten(tmp_path, make, files, serve, to):
    mine = make(to / "mnist", seed=5)
    before = held(mine)
    with pytest.raises(InputError, match=r"idx3-ubyte is not the file of MNIST, and stays as it is: move it away"):
        fetch("mnist", to, mirrors=[serve(files).address])
    assert held(mine) == before


@pytest.mark.parametrize("name", [FIRST.removesuffix(".gz"), f"{FIRST.removesuffix('.gz')}.gz"])
@pytest.mark.parametrize(
    "data",
    [b"my only copy of something", b"", struct.pack(">IIII", 0x803, 120_000, 28, 28) + bytes(120_000 * 784)],
    ids=["text", "empty", "large"],
)
def test_what_is_not_of_the_set_is_never_removed(files, serve, to, name, data):
    (to / "mnist").mkdir(parents=True)
    (to / "mnist" / name).write_bytes(data)
    with pytest.raises(InputError, match="is not the file of MNIST, and stays as it is: move it away"):
        fetch("mnist", to, mirrors=[serve(files).address])
    assert (to / "mnist" / name).read_bytes() == data


@pytest.fixture
def child(large, serve, to):
    """A process that fetches slowly, when its first bytes have come; and the server it asks."""
    server = serve(large, slow=0.005)
    code = (
        "import dataclasses, sys; from mibench.datasets import published, fetch\n"
        "known = published.PUBLISHED['mnist']\n"
        "published.PUBLISHED['mnist'] = dataclasses.replace(known, digests=tuple(sys.argv[3:]))\n"
        "fetch.fetch('mnist', sys.argv[1], mirrors=[sys.argv[2]])"
    )
    arguments = [str(to), server.address, *PUBLISHED["mnist"].digests]
    with subprocess.Popen([sys.executable, "-c", code, *arguments]) as process:
        _wait_for(to / "mnist" / f".{FIRST}.part")
        yield process, server
        process.kill()


def test_two_fetches_do_not_meet(child, to):
    with pytest.raises(InputError, match=r"another process fetches into .*mnist: wait for it, or give another folder"):
        fetch("mnist", to, mirrors=[child[1].address])


def test_killed_half_way_it_goes_on(child, large, to):
    process, server = child
    process.kill()
    process.wait()
    part = to / "mnist" / f".{FIRST}.part"
    there = part.read_bytes()
    assert 0 < len(there) < len(large[FIRST])
    assert large[FIRST].startswith(there)
    assert [*held(to / "mnist")] == [part.name]
    server.slow = 0
    server.asked.clear()
    assert held(fetch("mnist", to, mirrors=[server.address])) == large
    assert server.asked[0] == (FIRST, f"bytes={len(there)}-")


def _wait_for(path):
    """Until some bytes are in a file."""
    deadline = time.monotonic() + 30
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.01)


def test_a_full_disk_is_named(files, serve, to):
    (to / "mnist").mkdir(parents=True)
    (to / "mnist" / f".{FIRST}.part").symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"mnist cannot be written \(No space left on device\): make room or give"):
        fetch("mnist", to, mirrors=[serve(files).address])
    assert not {*PACKED} & {path.name for path in (to / "mnist").iterdir()}
    (to / "mnist" / f".{FIRST}.part").unlink()  # room was made
    assert held(fetch("mnist", to, mirrors=[serve(files).address])) == files


def test_a_folder_that_cannot_be_made_is_named(tmp_path, files):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(
        InputError, match=r"file/mnist cannot be written \(Not a directory\): make room or give another"
    ):
        fetch("mnist", tmp_path / "file", mirrors=[NOBODY])


def test_names_and_mirrors_that_are_none(to):
    with pytest.raises(
        UnknownName, match=r"no data set 'mnits' to fetch: there are mnist, fashion-mnist; did you mean"
    ):
        fetch("mnits", to)
    with pytest.raises(InputError, match="digits come with scikit-learn: there is nothing to fetch"):
        fetch("digits", to)
    for mirror in ("ftp://host/", "", "/srv/mnist"):
        with pytest.raises(InputError, match=f"mirror '{mirror}' is no address: give one that begins with https"):
            fetch("mnist", to, mirrors=[mirror])
    with pytest.raises(NotInstalled, match="http:/// cannot be asked"):
        fetch("mnist", to, mirrors=["http:///"])


def test_states(tmp_path, files):
    digest, path = PUBLISHED["mnist"].digests[0], tmp_path / "it"
    assert state(path, digest) == "absent"
    for data, expected in (
        (files[FIRST], "right"),
        (gzip.decompress(files[FIRST]), "right"),
        (files[FIRST][:-1], "damaged"),
        (files[PACKED[2]], "other"),
    ):
        path.write_bytes(data)
        assert state(path, digest) == expected
    path.unlink()
    path.symlink_to(tmp_path / "gone")
    assert state(path, digest) == "other"


def test_what_is_kept_of_a_transfer_is_what_was_sent(files, serve, tmp_path):
    part = tmp_path / "part"
    server = serve(files, cut=800, cuts=1)
    with pytest.raises(transfers.Stopped):
        transfers.transfer(f"{server.address}{FIRST}", part, MOST_BYTES, 5, lambda *_: None)
    assert part.read_bytes() == files[FIRST][:800]
    seen = []
    transfers.transfer(f"{server.address}{FIRST}", part, MOST_BYTES, 5, lambda *each: seen.append(each))
    assert part.read_bytes() == files[FIRST]
    assert seen[-1] == (len(files[FIRST]), len(files[FIRST]))
    assert seen[0][0] > 800
    assert os.stat(part).st_mode & 0o077 == 0o044
