# SPDX-License-Identifier: Apache-2.0
"""Sets that a test makes and publishes, and a server of files on this machine that does what a test wants of it."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import hashlib
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from mibench.datasets import idx, places
from mibench.datasets.published import FILES, PUBLISHED

Make = Callable[..., Path]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No set is on this machine but what a test puts there, and no server is asked but those of the test."""
    monkeypatch.delenv(places.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, each in PUBLISHED.items():
        monkeypatch.setitem(PUBLISHED, name, dataclasses.replace(each, mirrors=("http://127.0.0.1:9/none/",)))


@pytest.fixture(scope="session")
def make() -> Make:
    """Write files in the form of MNIST's into a folder, the test ones packed."""

    def write(folder: Path, n_train: int = 5, n_test: int = 3, seed: int = 0) -> Path:
        rng = np.random.default_rng(seed)
        folder.mkdir(parents=True, exist_ok=True)
        for name, n in zip(FILES, (n_train, n_train, n_test, n_test), strict=True):
            images = "images" in name
            shape = (n, 28, 28) if images else (n,)
            values = rng.integers(0, 256 if images else 10, shape).astype(np.uint8)
            data = struct.pack(f">2xBB{values.ndim}I", 8, values.ndim, *shape) + values.tobytes()
            packed = name.startswith("t10k")
            (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(data) if packed else data)
        return folder

    return write


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], dict[str, bytes]]:
    """Make what lies in a folder the published set of that name; the files as a mirror has them."""

    def published(folder: Path, name: str) -> dict[str, bytes]:
        contents = {each: bytes(idx.contents(places.file_of(folder, each))) for each in FILES}
        algorithm = PUBLISHED[name].digests[0].partition(":")[0]
        found = tuple(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}" for data in contents.values())
        monkeypatch.setitem(PUBLISHED, name, dataclasses.replace(PUBLISHED[name], digests=found))
        return {f"{each}.gz": gzip.compress(data) for each, data in contents.items()}

    return published


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Servers of files for the length of a test."""
    with contextlib.ExitStack() as stack:
        yield lambda files, **how: stack.enter_context(Server(files, **how))


@dataclass
class Server:
    """What is served, and how, the bad ways too; what was asked."""

    files: dict[str, bytes]
    ranges: bool = True
    status: int = 200
    cut: int | None = None  # bytes of an answer after which the connection is broken, while `cuts` lasts
    cuts: int = 0
    silent: float = 0.0  # seconds before an answer
    slow: float = 0.0  # seconds before each KiB
    length: bool = True  # whether the length of an answer is said
    shift: int = 0  # of the part that is sent, against the one that was asked for
    encoded: bool = False  # claims that a .gz is a plain file, packed on the way
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""

    def __enter__(self) -> Server:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}/data/"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name, wanted = request.path.rpartition("/")[2], request.headers.get("Range")
        self.asked.append((name, wanted))
        time.sleep(self.silent)
        request.close_connection = True
        body = self.files.get(name)
        if self.status != 200 or body is None:
            request.send_response(self.status if self.status != 200 else 404)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.ranges else 0
        if start >= len(body) > 0:
            request.send_response(416)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        start += self.shift if start else 0
        if wanted and self.ranges:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.length:
            request.send_header("Content-Length", str(len(body) - start))
        if self.encoded:
            request.send_header("Content-Encoding", "gzip")
        request.end_headers()
        rest = body[start:]
        if self.cut is not None and self.cuts:
            self.cuts -= 1
            rest = rest[: self.cut]
        for place in range(0, len(rest), 1024):
            time.sleep(self.slow)
            try:
                request.wfile.write(rest[place : place + 1024])
            except OSError:  # who asked is gone
                return
