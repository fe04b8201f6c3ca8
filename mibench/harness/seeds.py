# SPDX-License-Identifier: Apache-2.0
"""Seeds derived from names: independent of order, of worker and of PYTHONHASHSEED.

The sample's seed leaves the estimator out, so every estimator sees the same sample and every comparison is paired.
The estimator's seed knows only the first stage of its name, so ``ae+ksg`` and ``ae+wkl`` share one training.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from typing import Any

import numpy as np

from mibench import estimators
from mibench.contracts import Trial, canonical_json
from mibench.names import parse, split_top

__all__ = ["estimator_seed", "first_stage", "sample_seed", "second_seed", "seed_everything", "shared_work"]


def sample_seed(trial: Trial) -> np.random.SeedSequence:
    """The seed of the trial's sample, from (root, task, n, repetition)."""
    return _derive(trial.seed, ["sample", *_sample(trial)])


def second_seed(trial: Trial) -> np.random.SeedSequence:
    """The seed of an independent second sample, for checks that need one."""
    return _derive(trial.seed, ["second sample", *_sample(trial)])


def estimator_seed(trial: Trial) -> np.random.SeedSequence:
    """The seed of the estimator, from (root, task, n, repetition, first stage with its parameters)."""
    return _derive(trial.seed, ["estimator", *_sample(trial), first_stage(trial)])


def first_stage(trial: Trial) -> dict[str, Any]:
    """Identity of what sees the sample first: the compressor of ``ae+ksg``, or else the estimator itself."""
    whole: dict[str, Any] = json.loads(trial.estimator_params)
    compressor = whole["params"].get("compressor")
    return compressor if isinstance(compressor, dict) and "+" in trial.estimator else whole


def shared_work(trial: Trial) -> str | None:
    """Names the compression that this trial shares with others on its sample; None if it shares nothing.

    Only a compressor that says ``shared`` is worth the wait: the others are quicker made anew than waited for.
    """
    head, *rest = split_top(trial.estimator, "+")
    if not rest or not getattr(estimators.compressors.factory(parse(head).name), "shared", False):
        return None
    return canonical_json([trial.seed, *_sample(trial), trial.check, first_stage(trial)])


def seed_everything(seed: np.random.SeedSequence) -> None:
    """Seed the global generators, for third-party code that uses them; ours takes `rng`."""
    words = [int(word) for word in seed.generate_state(4)]
    random.seed(words[0])
    np.random.seed(words[1])  # noqa: NPY002
    if "torch" in sys.modules:
        import torch

        torch.manual_seed((words[2] << 32) + words[3])


def _sample(trial: Trial) -> list[Any]:
    return [json.loads(trial.task_params), trial.n, trial.repetition]


def _derive(root: int, names: list[Any]) -> np.random.SeedSequence:
    hashed = hashlib.sha256(canonical_json(names).encode()).digest()
    return np.random.SeedSequence(entropy=root, spawn_key=[int(word) for word in np.frombuffer(hashed, "<u4")])
