# SPDX-License-Identifier: Apache-2.0
"""The warden beside a cluster's worker, spoken to without a cluster."""

from __future__ import annotations

import pickle
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from mibench.contracts import MibenchError
from mibench.harness.executors import Request, warden


def ask(messages: list[Any], folder: Path) -> list[Any]:
    """What a warden answers until it is told to end."""
    ours, theirs = Pipe()
    with ours, theirs:
        for message in [*messages, None]:
            ours.send(message)
        warden._Warden(theirs, warden.Order("it", Request(timeout=30.0), {}), folder).serve()
        return [ours.recv() for _ in iter(ours.poll, False)]


def test_a_machine_without_room_for_processes_loses_the_call_and_not_the_warden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_: Request) -> None:
        raise MibenchError("no room for sockets")

    monkeypatch.setattr(warden, "LocalExecutor", refuse)
    call = pickle.dumps((abs, (-1,)))
    lost = ("lost", "MibenchError: no room for sockets")
    assert ask([(1, call), (2, call)], tmp_path) == [(1, lost), (2, lost)]


def test_what_cannot_be_read_is_said_and_what_has_ended_needs_no_stop(tmp_path: Path) -> None:
    ((number, (kind, text)),) = ask([(7, None), (1, b"no pickle")], tmp_path)
    assert (number, kind) == (1, "raised")
    assert text.startswith("UnpicklingError: ")
