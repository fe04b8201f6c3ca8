# SPDX-License-Identifier: Apache-2.0
"""One noisy tanh neuron, of which the information is known by quadrature (Goldfeld et al., ICML 2019, section 4).

X is uniform on {-3, -1, 1, 3} and T = tanh(w X + b) + s Z. The classes {-3, -1, 1} and {3} meet at 2. Growing w with
b = -2 w sharpens the neuron between them; a training does it by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.networks.recording import log_spaced
from mibench.numerics.line_information import line_information
from mibench.studies.planes.contract import Progress
from mibench.studies.setting import Scale

__all__ = ["INPUTS", "LABELS", "NOISES", "WEIGHTS", "neuron", "trained"]

INPUTS = np.array([-3.0, -1.0, 1.0, 3.0])
LABELS = np.array([0, 0, 0, 1])
BOUNDARY = 2.0
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0])
NOISES = np.array([0.01, 0.05, 0.1, 0.2])
_TRAINING_NOISE, _RATE, _FIRST = 0.1, 0.01, (0.1, 0.0)  # ours: the source gives no recipe
_STEPS = {"paper": 1_000_000, "quick": 20_000}
_POINTS = {"paper": 120, "quick": 30}


def neuron(
    *, scale: Scale, seed: np.random.SeedSequence, progress: Progress = lambda _share: None
) -> dict[str, NDArray[Any]]:
    """Information of the neuron over weights, and along a training.

    Parameters
    ----------
    scale : {"quick", "paper"}
        20,000 steps of training, or a million.
    seed : SeedSequence
        Not used: nothing is random.
    progress : callable

    Returns
    -------
    dict
        ``weights`` (W,), ``noises`` (S,), ``table`` (W, S): I(X;T) in nats with b = -2 w; ``table_label`` (W, S) of the
        class. ``steps`` (E,), ``trained`` (E, 2): w and b after so many; ``information`` (E,) and ``information_label``
        (E,) in nats with noise of ``training_noise`` (1,); ``correct`` (E,): the share of the four inputs on the right
        side of 0 without noise; ``spread`` (E,): the greatest distance of values of the first class.
    """
    del seed
    table = np.array([[_information(np.array([w, -BOUNDARY * w]), s) for s in NOISES] for w in WEIGHTS])
    parameters = trained(_STEPS[scale])
    steps = np.array(log_spaced(_STEPS[scale], _POINTS[scale]))
    parameters = parameters[steps]
    information = np.array([_information(each, _TRAINING_NOISE) for each in parameters])
    values = np.tanh(parameters[:, :1] * INPUTS + parameters[:, 1:])
    progress(1.0)
    return {
        "weights": WEIGHTS,
        "noises": NOISES,
        "table": table[..., 0],
        "table_label": table[..., 1],
        "steps": steps,
        "trained": parameters,
        "training_noise": np.array([_TRAINING_NOISE]),
        "information": information[:, 0],
        "information_label": information[:, 1],
        "correct": ((values > 0) == LABELS).mean(axis=1),
        "spread": np.ptp(values[:, LABELS == 0], axis=1),
    }


@njit(cache=True)
def _descend(found: Any, inputs: Any, target: Any, rate: float) -> None:
    """Fill found[1:], shape (steps + 1, 2), from the w and b of found[0]."""
    for step in range(len(found) - 1):
        w, b = found[step]
        by_w, by_b = 0.0, 0.0
        for x, wanted in zip(inputs, target):  # noqa: B905  # compiled code knows no strict
            value = np.tanh(w * x + b)
            slope = 2.0 * (value - wanted) * (1.0 - value**2) / len(inputs)
            by_w += slope * x
            by_b += slope
        found[step + 1, 0] = w - rate * by_w
        found[step + 1, 1] = b - rate * by_b


def trained(steps: int) -> NDArray[np.float64]:
    """Gradient descent, all inputs at once, on the mean squared error to -1 and 1: (w, b) after 0, 1, ... steps."""
    found = np.empty((steps + 1, 2))
    found[0] = _FIRST
    _descend(found, INPUTS, 2.0 * LABELS - 1.0, _RATE)
    return found


def _information(parameters: NDArray[Any], noise: float) -> tuple[float, float]:
    """I(X;T) and that of the class, in nats."""
    values = np.tanh(parameters[0] * INPUTS + parameters[1])
    return line_information(values, np.arange(len(INPUTS)), noise), line_information(values, LABELS, noise)
