# SPDX-License-Identifier: Apache-2.0
"""One file over HTTP: what has come is kept, and a later try goes on behind it where the server allows that."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from mibench import __version__

__all__ = ["Refused", "Stopped", "transfer"]

_CHUNK = 1 << 16
_OK, _PARTIAL, _OUT_OF_RANGE = 200, 206, 416


class Refused(Exception):
    """The server has not the file, or no such file as was wanted; the message says what it did."""


class Stopped(Exception):
    """The server was not reached, or stopped sending; the message says what happened."""


def transfer(address: str, part: Path, most: int, timeout: float, progress: Callable[[int, int | None], None]) -> None:
    """Add what an address holds to a file, behind the bytes of it that are already there.

    Parameters
    ----------
    address : str
    part : path
        Where no file is yet, one is begun; where the server cannot go on, it is begun anew.
    most : int
        Bytes that the file may have.
    timeout : float
        Seconds to wait for a connection, and for each next byte.
    progress : callable
        Told the bytes that are there, and of how many, where the server says that.

    Raises
    ------
    Refused, Stopped
        What has come is in the file all the same.
    OSError
        If the file cannot be written.
    """
    import requests
    from urllib3.exceptions import HTTPError

    try:
        with requests.Session() as session:
            there = part.stat().st_size if part.exists() else 0
            with _ask(session, address, there, timeout) as response:
                if response.status_code == _OUT_OF_RANGE and there:  # it has no more than we have
                    part.unlink()
                    raise Stopped("cannot go on behind what is there")
                if response.status_code not in (_OK, _PARTIAL):
                    raise Refused(f"answers {response.status_code} {response.reason or ''}".rstrip())
                _write(response, part, there, most, progress)
    except (requests.RequestException, HTTPError) as error:
        _stop(error, timeout)


def _ask(session: Any, address: str, there: int, timeout: float) -> Any:
    # a packed file is wanted as it lies: a server that packs what it sends would unpack it on the way
    headers = {"User-Agent": f"mibench/{__version__}", "Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
    return session.get(address, headers=headers, stream=True, timeout=timeout)


def _write(response: Any, part: Path, there: int, most: int, progress: Callable[[int, int | None], None]) -> None:
    goes_on = response.status_code == _PARTIAL
    if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {there}-"):
        raise Refused("sends another part than was asked for")
    start = there if goes_on else 0
    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdecimal() else None
    if total is not None and total > most:
        raise Refused(f"sends {total} bytes, more than such a file has")
    with part.open("ab" if goes_on else "wb") as file:
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            if start + len(chunk) > most:
                raise Refused(f"sends more than {most} bytes, more than such a file has")
            file.write(chunk)
            start += len(chunk)
            progress(start, total)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and start < total:
        raise Stopped(f"stopped after {start} of {total} bytes")


def _stop(error: BaseException, timeout: float) -> NoReturn:
    """Say in a few words why there was no answer: libraries tell it as a chain of errors in errors."""
    import requests
    from urllib3.exceptions import ProtocolError
    from urllib3.exceptions import TimeoutError as SlowError

    chain: list[BaseException] = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and inner not in chain:
        chain.append(inner)
    causes = [each.strerror for each in chain if isinstance(each, OSError) and each.strerror]
    if isinstance(error, (requests.Timeout, SlowError)):
        raise Stopped(f"does not answer within {timeout:g} s") from error
    if isinstance(error, ProtocolError):
        raise Stopped("broke the connection") from error
    if isinstance(error, requests.ConnectionError):
        raise Stopped(f"cannot be reached ({causes[-1] if causes else type(error).__name__})") from error
    raise Stopped(f"cannot be asked ({type(error).__name__}: {error})") from error
