# SPDX-License-Identifier: Apache-2.0
"""Studies: networks are trained, their planes drawn by many estimators, and what was claimed of them gets a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mibench.studies.own import OwnPlane, Recorder, plane

__all__ = ["OwnPlane", "Recorder", "plane"]


def __getattr__(name: str) -> Any:
    if name in __all__:  # torch is imported only where a network is at hand
        from mibench.studies import own

        return getattr(own, name)
    raise AttributeError(f"module 'mibench.studies' has no attribute {name!r}")
