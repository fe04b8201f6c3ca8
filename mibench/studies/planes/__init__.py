# SPDX-License-Identifier: Apache-2.0
"""Estimators of planes by name; any registered estimator of samples is one too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mibench.names import parse, split_top
from mibench.registry import Entry, Registry

if TYPE_CHECKING:
    from mibench.studies.planes.contract import PlaneEstimator

__all__ = ["get", "registry"]

registry = Registry(
    "plane estimator",
    "mibench.planes",
    {
        "exact": Entry("mibench.studies.planes.exact:Exact", "codes of quantised layers, distinct rows of others"),
        "bins": Entry("mibench.studies.planes.bins:Bins", "uniform bins, of a fixed range or of the run's"),
        "adaptive": Entry("mibench.studies.planes.adaptive:Adaptive", "bins of equally many distinct values"),
        "kde": Entry("mibench.studies.planes.kde:KDE", "upper bound of Kolchinsky and Tracey, noise of a set variance"),
        "compressed": Entry(
            "mibench.studies.planes.compressed:Compressed", "neighbour distances of compressed images and layers"
        ),
        "sp": Entry("mibench.studies.planes.sp:SP", "plug-in of noisy layers (Goldfeld et al.)"),
    },
)


def get(name: str) -> PlaneEstimator:
    """The plane estimator that `name` names, such as ``bins[n=30,lo=-1,hi=1]``, or ``ksg`` of `mibench.estimators`.

    Raises
    ------
    UnknownName, InputError
        For an unknown name or parameter, with the nearest ones.
    """
    if parse(split_top(name, "+")[0]).name in registry.names:
        found: PlaneEstimator = registry.build(name)
        return found
    from mibench.studies.planes.registered import Registered

    return Registered(name)
