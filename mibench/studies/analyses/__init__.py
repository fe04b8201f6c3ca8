# SPDX-License-Identifier: Apache-2.0
"""What a study computes beside planes, by name: of a trajectory (`ANALYSES`), or without one (`COMPUTATIONS`).

An analysis is a function ``(trajectory, inputs, labels, *, scale, seed, progress) -> dict of arrays``; a computation
``(*, scale, seed, progress) -> dict of arrays``. Arrays are finite; information is in nats.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["ANALYSES", "COMPUTATIONS", "load"]

ANALYSES = {
    "snr": "mibench.studies.analyses.gradient_snr:gradient_snr",
    "fixed-point": "mibench.studies.analyses.fixed_point:fixed_point",
    "clustering": "mibench.studies.analyses.clustering:clustering",
    "gallery": "mibench.studies.analyses.gallery:gallery",
    "known-channel": "mibench.studies.analyses.known_channel:known_channel",
}
COMPUTATIONS = {
    "ib-curve": "mibench.studies.analyses.ib_curve:ib_curve",
    "finite-samples": "mibench.studies.analyses.finite_samples:finite_samples",
    "known-images": "mibench.studies.analyses.known_images:known_images",
    "infovae": "mibench.studies.analyses.infovae:infovae",
    "neuron": "mibench.studies.analyses.neuron:neuron",
    "sp-risk": "mibench.studies.analyses.sp_risk:sp_risk",
}


def load(target: str) -> Any:
    """The function that ``module:name`` names, imported now."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
