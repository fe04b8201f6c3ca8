# SPDX-License-Identifier: Apache-2.0
"""What the estimators that measure in units of the covariance share: varying columns and a covariance of full rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.estimators.inputs import as_pair
from mibench.numerics.covariance import Triangle, triangle

__all__ = ["Elliptic", "elliptic"]

_ADVICE = "compress first, as in pca+{0} or ae+{0}, or drop the dependent columns"


@dataclass(frozen=True)
class Elliptic:
    """Both sides as matrices without constant columns, and the triangles of x, y and (x, y)."""

    x: NDArray[Any]
    y: NDArray[Any]
    side_x: Triangle
    side_y: Triangle
    joint: Triangle

    @property
    def plug_in(self) -> float:
        """-(1/2) log(|S_xy| / (|S_x| |S_y|)): the mutual information of a normal vector with the sample covariance."""
        return self.side_y.log_det() - self.joint.log_det(self.x.shape[1])


def elliptic(x: Any, y: Any, method: str, *, whiten: bool = False) -> Elliptic:
    """Check the data and decompose its covariance.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, ...)
    method : str
        Name for the messages.
    whiten : bool
        Keep the orthonormal columns.

    Raises
    ------
    InputError
        For data no estimator could use.
    Unsupported
        For no more samples than dimensions, or a covariance that is singular to the rounding of the data: its
        determinant would measure rounding. Columns that are constant carry nothing and are left out.
    """
    x, y = (_varying(side.reshape(len(side), -1)) for side in as_pair(x, y, min_samples=4))
    n, dim = len(x), x.shape[1] + y.shape[1]
    if n < dim + 2:
        raise Unsupported(
            f"{method} needs more samples than dimensions, at least {dim + 2} for {x.shape[1]} + {y.shape[1]} varying "
            f"columns, and was given {n}; {_ADVICE.format(method)}"
        )
    sides = triangle(x, keep_q=whiten), triangle(y, keep_q=whiten)
    for side, name in zip(sides, "xy", strict=True):
        if side.dependent:
            raise Unsupported(
                f"{method}: {side.dependent} of {len(side.r)} columns of {name} are linear functions of the others, to "
                f"the rounding of the data, so {name} has no density; {_ADVICE.format(method)}"
            )
    joint = triangle(x, y, keep_q=whiten)
    if joint.dependent:
        raise Unsupported(
            f"{method}: {joint.dependent} linear functions of x and y coincide, to the rounding of the data, so their "
            "mutual information is infinite; remove what the sides share, or add the noise that the measurement has"
        )
    return Elliptic(x, y, *sides, joint)


def _varying(values: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(values[:, (values != values[0]).any(axis=0)])
