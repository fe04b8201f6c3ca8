# SPDX-License-Identifier: Apache-2.0
"""The trained networks that ship with the package, and the Monte Carlo truths of the noisy ones.

`mibench.networks.freeze` makes the files; here they are read, checked by the hashes they carry.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks import archive
from mibench.networks.spec import Activation, Network

__all__ = [
    "ACTIVATIONS",
    "BITS",
    "FOLDER",
    "LAYERS",
    "NOISES",
    "NOISY",
    "QUANTISED",
    "STAGES",
    "TARGETS",
    "NoisyTruth",
    "noisy",
    "noisy_truth",
    "quantised",
    "read",
    "write",
]

ACTIVATIONS: tuple[Activation, ...] = ("tanh", "relu")
BITS = (2, 4, 8)
NOISES = (0.005, 0.01, 0.05, 0.1, 0.5)
STAGES = ("init", "fitted", "compressed")
TARGETS = ("input", "label")
LAYERS = 6
FOLDER = Path(__file__).parent / "weights"
QUANTISED, NOISY = "quantised.npz", "noisy.npz"
_KIND = "frozen networks"
_MOST = 200_000  # bytes of a file


@dataclass(frozen=True)
class NoisyTruth:
    """I(X;T) or I(T;Y) of a noisy layer in nats, twice: by two estimators of one integral and draws of their own.

    Attributes
    ----------
    mi, std_error : float
        What tasks state.
    second_mi, second_std_error : float
        The second computation.
    """

    mi: float
    std_error: float
    second_mi: float
    second_std_error: float


def quantised(activation: str, bits: int, stage: str, folder: Path = FOLDER) -> tuple[Network, NDArray[np.float32]]:
    """A quantised network and its parameters, shape (294,), at one of `STAGES`.

    Raises
    ------
    InputError
        For a network that is not among them, or a file that is not as it was written.
    """
    network = Network(activation=_one_of("activation", activation, ACTIVATIONS), bits=_one_of("bits", bits, BITS))
    at = STAGES.index(_one_of("stage", stage, STAGES))
    return network, _parameters(network, folder / QUANTISED, f"{activation}-{bits}", len(STAGES))[at]


def noisy(noise: float, folder: Path = FOLDER) -> tuple[Network, NDArray[np.float32]]:
    """A trained tanh network of noisy units and its parameters, shape (294,).

    Raises
    ------
    InputError
        As `quantised`.
    """
    network = Network(noise=_one_of("noise", noise, NOISES))
    return network, _parameters(network, folder / NOISY, f"{noise:g}", 1)[0]


def noisy_truth(noise: float, layer: int, target: str, folder: Path = FOLDER) -> NoisyTruth:
    """The stored truth of a layer of `noisy`: 1 to 5, or 6 for the difference of the logits.

    Raises
    ------
    InputError
        As `quantised`.
    """
    table = read(folder / NOISY)[1].get("truths")
    shape = (len(NOISES), LAYERS, len(TARGETS), 4)
    if table is None or table.shape != shape:
        found = "none" if table is None else f"of shape {table.shape}"
        raise InputError(f"{folder / NOISY} has truths {found}; expected shape {shape}: make the file again")
    at = (
        NOISES.index(_one_of("noise", noise, NOISES)),
        _one_of("layer", layer, range(1, LAYERS + 1)) - 1,
        TARGETS.index(_one_of("target", target, TARGETS)),
    )
    return NoisyTruth(*table[at].tolist())


@lru_cache(maxsize=8)
def read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays of a file of frozen networks.

    Raises
    ------
    InputError
        If it is missing, or not as it was written.
    """
    return archive.read(path, _KIND, most_bytes=_MOST)


def write(path: Path, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Write a file that `read` reads."""
    archive.write(path, _KIND, header, arrays)


def _parameters(network: Network, path: Path, name: str, stages: int) -> NDArray[np.float32]:
    """A copy, shape (stages, P)."""
    found = read(path)[1].get(name)
    wanted = (stages, network.n_parameters)
    if found is None or found.shape != wanted or found.dtype != np.float32:
        said = "no such array" if found is None else f"{found.dtype} of shape {found.shape}"
        raise InputError(
            f"{path} has for {name!r} {said}; expected float32 of shape {wanted}: "
            "make the file again, with python -m mibench.networks.freeze"
        )
    return np.array(found)


def _one_of(name: str, value: Any, allowed: Any) -> Any:
    if value not in allowed:
        raise InputError(f"no frozen network with {name} {value!r}; there are: {', '.join(map(str, allowed))}")
    return value
