# SPDX-License-Identifier: Apache-2.0
"""Train the networks that ship with the package and compute the truths of the noisy ones anew.

``python -m mibench.networks.freeze --out DIR`` writes both files of `mibench.networks.frozen`, in minutes. Another
processor rounds otherwise, so its networks are others: that is why they ship.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.datasets import ib12
from mibench.networks import frozen, recording
from mibench.networks.noisy import centres, layer_noise
from mibench.networks.noisy_information import Computed, extrapolated_information, nested_information
from mibench.networks.planes import plane
from mibench.networks.spec import Network, Training
from mibench.networks.train import train

__all__ = ["main", "noisy_networks", "noisy_truths", "quantised_networks"]

_SEED = 0
_EVERY = 25  # epochs between those that may become the fitted stage
_CHECK = 0.01  # nats that the second computation of a truth aims at
# where little noise meets folded layers, a density needs more replicas than elsewhere
_HARD: dict[tuple[float, int], dict[str, int]] = {(0.005, 5): {"pairs": 8, "most_own": 1 << 15}}
_COMMAND = "python -m mibench.networks.freeze"
# Lorenzen, Igel and Nielsen (ICLR 2022), the published code: Glorot's initial weights, dead networks done again
QUANTISED = Training(epochs=8000, learning_rate=1e-4, init="glorot_uniform", restart_below=0.55)
# Goldfeld et al. (ICML 2019), the published script
NOISY = Training(epochs=10_000, learning_rate=4e-4, epsilon=1e-8, init="torch_default", split="random")

Arrays = dict[str, NDArray[Any]]
Say = Callable[[str], None]


def quantised_networks(training: Training = QUANTISED, say: Say = print) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of the quantised networks: of each, run 0 of root seed 0 at the three stages."""
    inputs, labels = ib12.patterns().astype(np.float32), ib12.labels().astype(np.int64)
    arrays: Arrays = {}
    epochs: dict[str, list[int]] = {}
    record = recording.every(_EVERY, training.total_epochs)
    for activation in frozen.ACTIVATIONS:
        for bits in frozen.BITS:
            name = f"{activation}-{bits}"
            network = Network(activation=activation, bits=bits)
            run = train(network, training, inputs, labels, runs=1, seed=_SEED, record=record)
            about_input = plane(network, run.parameters[0], inputs, labels)[:, -1, 0]
            stages = [0, int(about_input.argmax()), len(record) - 1]
            arrays[name] = run.parameters[0, stages].astype(np.float32)
            epochs[name] = run.epochs[stages].tolist()
            say(f"{name}: epochs {epochs[name]}, accuracy {run.accuracy[0, -1]:.3f}, restarts {run.restarts[0]}")
    stages_said = {
        "init": "before training",
        "fitted": "where the output layer's I(X;T) is greatest",
        "compressed": "after the last epoch",
    }
    return _header(training, stages_said) | {"epochs": epochs}, arrays


def noisy_networks(training: Training = NOISY, say: Say = print) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of the noisy networks, without their truths."""
    inputs, labels = ib12.patterns().astype(np.float32), ib12.labels().astype(np.int64)
    record = (training.total_epochs,)
    arrays: Arrays = {}
    for noise in frozen.NOISES:
        run = train(Network(noise=noise), training, inputs, labels, runs=1, seed=_SEED, record=record)
        arrays[f"{noise:g}"] = run.parameters[0].astype(np.float32)
        say(f"noise {noise:g}: accuracy {run.accuracy[0, -1]:.3f}")
    return _header(training, {"compressed": "after the last epoch"}), arrays


def noisy_truths(arrays: Arrays, say: Say = print) -> NDArray[np.float64]:
    """Both computations for every noise, layer and target: shape (5, 6, 2, 4), the last as in `frozen.NoisyTruth`."""
    truths = np.empty((len(frozen.NOISES), frozen.LAYERS, len(frozen.TARGETS), 4))
    for i, noise in enumerate(frozen.NOISES):
        for layer in range(1, frozen.LAYERS + 1):
            began = time.perf_counter()
            both = _both(Network(noise=noise), arrays[f"{noise:g}"][0], layer, (_SEED, i, layer))
            for k, (one, other) in enumerate(zip(*both, strict=True)):
                truths[i, layer - 1, k] = one.mi, one.std_error, other.mi, other.std_error
            say(f"noise {noise:g} layer {layer}: {truths[i, layer - 1].tolist()} ({time.perf_counter() - began:.0f} s)")
    return truths


def _both(
    network: Network, parameters: NDArray[Any], layer: int, seed: tuple[int, ...]
) -> tuple[tuple[Computed, Computed], tuple[Computed, Computed]]:
    """The two computations of one layer, each with draws of its own."""
    inputs = ib12.patterns().astype(np.float64)

    def of(which: NDArray[Any], replicas: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return centres(network, parameters, inputs[which], layer, replicas, rng)

    std = layer_noise(network, parameters, layer)
    labels = ib12.labels().astype(np.int64)
    sources = [np.random.default_rng(each) for each in np.random.SeedSequence(seed).spawn(2)]
    hard = _HARD.get((network.noise, layer), {})
    first = nested_information(of, labels, std, sources[0], deterministic=layer == 1, **hard)
    second = extrapolated_information(of, labels, std, sources[1], deterministic=layer == 1, std_error=_CHECK)
    return first, second


def _header(training: Training, stages: dict[str, str]) -> dict[str, Any]:
    return {"command": _COMMAND, "seed": _SEED, "training": vars(training), "stages": stages}


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description="Train the frozen networks and compute their truths.")
    parser.add_argument("--out", type=Path, default=frozen.FOLDER, help="folder to write to (default: the package's)")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    say = partial(print, flush=True)
    frozen.write(folder / frozen.QUANTISED, *quantised_networks(say=say))
    header, arrays = noisy_networks(say=say)
    frozen.write(folder / frozen.NOISY, header, {**arrays, "truths": noisy_truths(arrays, say=say)})
    print(f"written: {folder / frozen.QUANTISED}, {folder / frozen.NOISY}")


if __name__ == "__main__":
    main()
