# SPDX-License-Identifier: Apache-2.0
"""Randomness of one cell of a plane, that does not depend on which others are asked for."""

from __future__ import annotations

import numpy as np

__all__ = ["child"]


def child(seed: np.random.SeedSequence, *key: int) -> np.random.SeedSequence:
    """The seed of the cell `key`, whole numbers of at least 0; unlike `SeedSequence.spawn` it leaves `seed` alone."""
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *(int(part) for part in key)))
