# SPDX-License-Identifier: Apache-2.0
"""What a process has used of the machine."""

from __future__ import annotations

import resource
import sys

__all__ = ["peak_mb"]


def peak_mb() -> float:
    """Peak resident memory of this process plus that of its largest finished child, in MiB.

    The sum bounds what the two held at one moment from above: their peaks need not have fallen together. Interpreter
    and libraries count; a process without finished children reports its own peak.
    """
    units = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return units / (1 << 20 if sys.platform == "darwin" else 1 << 10)  # macOS counts bytes, Linux KiB
