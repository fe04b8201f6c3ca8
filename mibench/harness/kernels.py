# SPDX-License-Identifier: Apache-2.0
"""How long numba spent loading (or compiling) kernels: a cost of the process, not of the estimate."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["Loading", "kernel_loading"]


class Loading:
    """Seconds spent under numba's compiler lock, which covers loading from its cache too; nested holds count once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0
        self._since = 0.0

    def began(self) -> None:
        """The lock was taken."""
        if self._depth == 0:
            self._since = time.perf_counter()
        self._depth += 1

    def ended(self) -> None:
        """The lock was let go."""
        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.perf_counter() - self._since


@contextlib.contextmanager
def kernel_loading() -> Iterator[Loading]:
    """Count what numba loads in the block; nothing is counted, and nothing imported, where numba is not loaded yet."""
    loading = Loading()
    if "numba" not in sys.modules:
        yield loading
        return
    from numba.core.event import Listener, install_listener

    class Listening(Listener):
        def on_start(self, event: Any) -> None:
            loading.began()

        def on_end(self, event: Any) -> None:
            loading.ended()

    with install_listener("numba:compiler_lock", Listening()):
        yield loading
