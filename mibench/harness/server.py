# SPDX-License-Identifier: Apache-2.0
"""Imported once by the server process that trials are copies of: it adopts what they leave behind, and ends it."""

from __future__ import annotations

import atexit
import contextlib
import os
import warnings

from mibench.harness import inside, strays

__all__ = ["inside"]  # imported here so that no trial has to


def _leave(server: int) -> None:
    """End what is left when the run is over, or was killed: trials, and the orphans of trials."""
    if os.getpid() == server:  # not in a copy
        strays.end_all(server)


with contextlib.suppress(OSError):
    os.setsid()  # a signal to the run's whole group must leave somebody to end the orphans
strays.adopt_orphans()
warnings.filterwarnings("ignore", message="forkserver: waitpid returned unexpected pid")  # an orphan that ended
atexit.register(_leave, os.getpid())
