# SPDX-License-Identifier: Apache-2.0
"""One compression for every estimator on the same sample, across processes.

Where the environment variable ``MIBENCH_CACHE`` names a folder, a compression is stored there under the SHA-256 of the
compressor's parameters, the data and the random state, and read back by the next estimator that asks for the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import canonical_json
from mibench.estimators.compress.contract import Compression, Compressor
from mibench.files import write_whole
from mibench.registry import identity
from mibench.usage import peak_mb

__all__ = ["shared"]


def shared(
    compressor: Compressor, x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator, side: Mapping[str, Any]
) -> tuple[Compression, dict[str, float]]:
    """Compress, or read the same compression from the cache.

    Returns
    -------
    codes : Compression
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
    _write(path, codes, {"shared_seconds": time.perf_counter() - started, "shared_peak_mb": peak_mb()})
    return codes, {}


def _key(compressor: Compressor, x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator) -> str:
    sha = hashlib.sha256(canonical_json(identity(type(compressor).__name__, compressor)).encode())
    sha.update(json.dumps(rng.bit_generator.state, sort_keys=True, default=str).encode())
    for values in (x, y):
        sha.update(f"{values.dtype.str}{values.shape}".encode())
        sha.update(np.ascontiguousarray(values).data)
    return sha.hexdigest()


def _read(path: Path) -> tuple[Compression, dict[str, float]] | None:
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            return Compression(file["x"], file["y"], about["loss_bound"], about["diagnostics"]), about["cost"]
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


def _write(path: Path, codes: Compression, cost: dict[str, float]) -> None:
    about = {"loss_bound": codes.loss_bound, "diagnostics": dict(codes.diagnostics), "cost": cost}
    file = io.BytesIO()
    np.savez(file, x=codes.x, y=codes.y, about=np.array(json.dumps(about)))
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, not results
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, file.getvalue())
