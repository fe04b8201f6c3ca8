# SPDX-License-Identifier: Apache-2.0
"""One compression for every estimator on the same sample, across processes.

Where the environment variable ``MIBENCH_CACHE`` names a folder, a compression is stored there under the SHA-256 of the
compressor's parameters, the data and the random state, and read back by the next estimator that asks for the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import canonical_json
from mibench.registry import identity

if TYPE_CHECKING:
    from mibench.estimators.compress.compose import Codes, Compressor

__all__ = ["shared"]


def shared(
    compressor: Compressor, x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator, side: Mapping[str, Any]
) -> tuple[Codes, dict[str, float]]:
    """Compress, or read the same compression from the cache.

    Returns
    -------
    codes : Codes
    cost : dict
        Empty for a fresh compression; for a stored one, ``shared_seconds`` and ``shared_peak_mb``, what it cost
        when it was made.
    """
    folder = os.environ.get("MIBENCH_CACHE")
    if not folder or not compressor.shared:
        return compressor.compress(x, y, rng=rng, side=side), {}
    path = Path(folder) / f"{_key(compressor, x, y, rng)}.npz"
    stored = _read(path)
    if stored:
        return stored
    started = time.perf_counter()
    codes = compressor.compress(x, y, rng=rng, side=side)
    _write(path, codes, {"shared_seconds": time.perf_counter() - started, "shared_peak_mb": _peak_mb()})
    return codes, {}


def _key(compressor: Compressor, x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator) -> str:
    sha = hashlib.sha256(canonical_json(identity(type(compressor).__name__, compressor)).encode())
    sha.update(json.dumps(rng.bit_generator.state, sort_keys=True, default=str).encode())
    for values in (x, y):
        sha.update(f"{values.dtype.str}{values.shape}".encode())
        sha.update(np.ascontiguousarray(values).data)
    return sha.hexdigest()


def _read(path: Path) -> tuple[Codes, dict[str, float]] | None:
    from mibench.estimators.compress.compose import Codes

    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            return Codes(file["x"], file["y"], about["loss_bound"], about["diagnostics"]), about["cost"]
    except FileNotFoundError:
        return None
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        zipfile.BadZipFile,
    ):  # torn by a kill or a full disk: make it again
        return None


def _write(path: Path, codes: Codes, cost: dict[str, float]) -> None:
    about = {"loss_bound": codes.loss_bound, "diagnostics": dict(codes.diagnostics), "cost": cost}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.savez(file, x=codes.x, y=codes.y, about=np.array(json.dumps(about)))
        os.replace(file.name, path)
    except OSError:  # a cache that cannot be written costs time, not results
        return


def _peak_mb() -> float:
    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / unit
