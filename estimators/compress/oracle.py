# SPDX-License-Identifier: Apache-2.0
"""The compressor that knows the answer: it tells the compressor's loss from the estimator's error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, Unsupported
from mibench.estimators.compress.contract import Compression

__all__ = ["Oracle"]


@dataclass(frozen=True)
class Oracle:
    """The task's true latents, read from ``side["latent_x"]`` and ``side["latent_y"]``.

    Raises
    ------
    Unsupported
        If the sample declares no latents.
    InputError
        If there are not as many latents as samples.
    """

    version: ClassVar[int] = 1
    shared: ClassVar[bool] = False

    def compress(
        self, x: NDArray[Any], y: NDArray[Any], *, rng: np.random.Generator, side: Mapping[str, Any]
    ) -> Compression:
        """The latents, shape (n, d)."""
        missing = [name for name in ("latent_x", "latent_y") if name not in side]
        if missing:
            raise Unsupported(
                f"oracle+ needs the true latents, and the sample declares no {' and no '.join(missing)}; "
                "use ae+ or pca+, or pass side={'latent_x': ..., 'latent_y': ...}"
            )
        codes = [
            np.asarray(side[name], dtype=np.float64).reshape(len(side[name]), -1) for name in ("latent_x", "latent_y")
        ]
        for values, name in zip(codes, "xy", strict=True):
            if len(values) != len(x):
                raise InputError(f"latent_{name} has {len(values)} rows and there are {len(x)} samples: give one each")
        return Compression(
            codes[0], codes[1], diagnostics={"dim_x": float(codes[0].shape[1]), "dim_y": float(codes[1].shape[1])}
        )
