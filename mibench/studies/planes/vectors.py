# SPDX-License-Identifier: Apache-2.0
"""Parameter vectors of a trajectory in parts of about a second: compiled code hears no Ctrl-C and reports nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.networks.convolutional import AnyNetwork
from mibench.networks.spec import Network
from mibench.networks.trajectory import Trajectory

__all__ = ["Part", "fully_connected", "in_parts", "refuse_noise"]

_SECONDS = 0.7  # of a part
_FIRST = 16  # vectors in the first part


@dataclass(frozen=True)
class Part:
    """Vectors `at` of all (run, point) pairs, runs first: parameters (v, P), ranges (v, L, 4) or None."""

    at: slice
    parameters: NDArray[Any]
    ranges: NDArray[Any] | None


def in_parts(
    trajectory: Trajectory, runs: NDArray[np.int64], points: NDArray[np.int64], progress: Callable[[float], None]
) -> Iterator[Part]:
    """Parts that make up the given runs and points; what their user does between them is timed and reported."""
    total, at, size = len(runs) * len(points), 0, _FIRST
    while at < total:
        stop = min(at + size, total)
        run, point = np.divmod(np.arange(at, stop), len(points))
        which = (runs[run], points[point])
        began = time.monotonic()
        yield Part(
            slice(at, stop),
            trajectory.parameters[which],
            None if trajectory.ranges is None else trajectory.ranges[which],
        )
        rate = (stop - at) / max(time.monotonic() - began, 1e-6)
        size = int(min(4 * size, max(1.0, _SECONDS * rate)))
        at = stop
        progress(at / total)


def fully_connected(network: AnyNetwork, what: str) -> Network:
    """The network; raise `Unsupported` for one that is not fully connected, whose layers `what` cannot take."""
    if not isinstance(network, Network):
        raise Unsupported(f"{what} does not evaluate convolutional networks: take exact (with bits), or compressed")
    return network


def refuse_noise(network: AnyNetwork, what: str) -> None:
    """Raise `Unsupported` for a noisy network, whose layers `what` cannot take."""
    if network.noise:
        raise Unsupported(
            f"{what}: the layers have noise of {network.noise:g} and are no functions of the input, so no counting of "
            "its rows gives I(X;T); take compressed or, of a fully connected network, sp or the analysis clustering"
        )
