# SPDX-License-Identifier: Apache-2.0
"""Where claims on quantised networks of images are checked: trained as published, and in a tenth of the epochs."""

from __future__ import annotations

from mibench.studies.claims.contract import Case

__all__ = ["NETWORKS", "OTHERS", "TWO", "both", "each_network", "sibling"]

TWO = "bottleneck-2"
OTHERS = ("bottleneck-4", "hourglass", "4x10", "conv")
NETWORKS = (TWO, *OTHERS)
_FAST = "-fast"


def both(network: str, estimator: str = "exact", *, primary: bool = True, **labels: str) -> tuple[Case, ...]:
    """A network in both trainings; primary, unless `primary` forbids it, is the one that is always run.

    That is the published one for two units in the middle, and the fast one for all others.
    """
    published, fast = ({"network": network, "training": training, **labels} for training in ("published", "fast"))
    first = Case(network, estimator, primary and network == TWO, published)
    second = Case(f"{network}{_FAST}", estimator, primary and network != TWO, fast)
    return (first, second) if network == TWO else (second, first)


def each_network(*networks: str, estimator: str = "exact") -> tuple[Case, ...]:
    """`both` trainings of several networks."""
    return tuple(case for network in networks for case in both(network, estimator))


def sibling(setting: str, network: str) -> str:
    """The setting of another network in the same training as this setting's."""
    return f"{network}{_FAST}" if setting.endswith(_FAST) else network
