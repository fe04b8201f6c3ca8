# SPDX-License-Identifier: Apache-2.0
"""What peers can be given: matrices, single columns, labels; and what they would misread is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.estimators.inputs import as_matrices

__all__ = ["as_columns", "as_labels", "check_kinds"]


def as_columns(x: Any, y: Any, who: str, min_samples: int = 2) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sides of one number per sample, each of shape (n,).

    Raises
    ------
    Unsupported
        If a side has more: such a peer would estimate column by column, or not at all.
    """
    x, y = as_matrices(x, y, min_samples=min_samples)
    for values, side in ((x, "x"), (y, "y")):
        if values.shape[1] != 1:
            raise Unsupported(
                f"{who} takes one number per sample on each side, and {side} has {values.shape[1]}; "
                "I(X;Y) of vectors is not among what it estimates"
            )
    return x[:, 0], y[:, 0]


def check_kinds(x: NDArray[Any], y: NDArray[Any], discrete_x: bool, discrete_y: bool, who: str) -> None:
    """Refuse a side that looks like the other kind than it is declared to be.

    Raises
    ------
    Unsupported
        Discrete means that fewer than half of the rows of a side are distinct.
    """
    for values, declared, side in ((x, discrete_x, "x"), (y, discrete_y, "y")):
        distinct = len(np.unique(values.reshape(len(values), -1), axis=0))
        found = f"{distinct} distinct values in {len(values)} samples"
        if 2 * distinct < len(values) and not declared:
            raise Unsupported(f"{who} takes {side} for continuous and it looks discrete ({found}); say so if it can be")
        if 2 * distinct >= len(values) and declared:
            raise Unsupported(f"{who} takes {side} for labels and it looks continuous ({found})")


def as_labels(values: NDArray[Any]) -> NDArray[np.int64]:
    """Rows become labels 0, 1, ...: equal rows, equal labels; shape (n,)."""
    inverse = np.unique(values.reshape(len(values), -1), axis=0, return_inverse=True)[1]
    return np.asarray(inverse, dtype=np.int64).reshape(-1)
