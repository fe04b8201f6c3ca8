# SPDX-License-Identifier: Apache-2.0
"""How published studies of networks cut activations into bins: parameters of `Binning`, by name, with their source.

A convention fixes every parameter but `bins`, and the ends of a range that the study takes from all layers and epochs
of a run. Published numbers are plug-ins, so each has ``correction=none``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mibench.contracts import InputError
from mibench.names import suggest

__all__ = ["CONVENTIONS", "Convention", "filled"]


@dataclass(frozen=True)
class Convention:
    """One study's bins: the parameters that are not `Binning`'s defaults, those left open, and the source."""

    source: str
    params: Mapping[str, Any]
    free: tuple[str, ...] = ("bins",)


_TISHBY = "Shwartz-Ziv, Tishby (2017): 30 edges from -1 to 1, so 29 intervals and the value 1"
_SAXE = "Saxe et al. (ICLR 2018)"
_CHELOMBIEV = "Chelombiev, Houghton, O'Donnell (ICLR 2019): equally many unique float32 values, of a layer as a whole"
_LORENZEN = "Lorenzen, Igel, Nielsen (ICLR 2022)"
_RASMUSSEN = "Rasmussen, Information Bottleneck for Deep Learning (thesis)"

_TANH = {"kind": "uniform", "lo": -1.0, "hi": 1.0}
_EDGES = {"kind": "uniform", "span": "side", "edge_convention": "n_edges"}
_ENDS = ("bins", "lo", "hi")
_ADAPTIVE = {"bins": 30, "kind": "ebab", "single": True}
_EVEN = {"bins": 30, "kind": "ebab-chelombiev", "single": True}

CONVENTIONS: Mapping[str, Convention] = {
    "szt": Convention(_TISHBY, {**_TANH, "bins": 30, "edge_convention": "n_edges"}),
    "saxe-tanh": Convention(f"{_SAXE}, figure 1: 30 intervals from -1 to 1", {**_TANH, "bins": 30}),
    "saxe-relu": Convention(
        f"{_SAXE}, figure 1: 100 intervals between the extremes of all units and epochs",
        {"kind": "uniform", "span": "side", "bins": 100},
        _ENDS,
    ),
    "saxe-code": Convention(f"{_SAXE}, published code: floor(t / 0.07)", {"kind": "uniform", "width": 0.07}, ()),
    "saxe-code-mnist": Convention(f"{_SAXE}, published code: floor(t / 0.5)", {"kind": "uniform", "width": 0.5}, ()),
    "chelombiev": Convention(_CHELOMBIEV, _EVEN),
    "chelombiev-relu": Convention(f"{_CHELOMBIEV}; 0 apart", {**_EVEN, "floor": 0.0}),
    "lorenzen": Convention(
        f"{_LORENZEN}, appendix A: 30, 100 or 256 intervals between the extremes of all units, layers and epochs",
        {"kind": "uniform", "span": "side", "bins": 30},
        _ENDS,
    ),
    "lorenzen-quantile": Convention(
        f"{_LORENZEN}, published code: equally many samples per interval of a unit", {"kind": "quantile", "bins": 30}
    ),
    "rasmussen-tanh": Convention(f"{_RASMUSSEN}: 30 edges from -1 to 1", {**_EDGES, "bins": 30, "lo": -1.0, "hi": 1.0}),
    "rasmussen-relu": Convention(
        f"{_RASMUSSEN}: 100 edges from 0 to the greatest activation of the run",
        {**_EDGES, "bins": 100, "lo": 0.0},
        ("bins", "hi"),
    ),
    "rasmussen-elu": Convention(
        f"{_RASMUSSEN}: 30 edges from -1 to the greatest activation of the run",
        {**_EDGES, "bins": 30, "lo": -1.0},
        ("bins", "hi"),
    ),
    "rasmussen-relu6": Convention(f"{_RASMUSSEN}: 30 edges from 0 to 6", {**_EDGES, "bins": 30, "lo": 0.0, "hi": 6.0}),
    "rasmussen-adaptive": Convention(f"{_RASMUSSEN}: equally many unique float32 values of a layer", _ADAPTIVE),
    "rasmussen-adaptive-relu": Convention(
        f"{_RASMUSSEN}: equally many unique float32 values of a layer, 0 apart", {**_ADAPTIVE, "floor": 0.0}
    ),
}


def filled(name: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter of `Binning` under a convention.

    Parameters
    ----------
    name : str
        Of the convention.
    given, defaults : mapping
        Every parameter as it was given, and its default. One that is given as its default counts as left out.

    Raises
    ------
    InputError
        For an unknown convention, with the nearest ones, or a parameter that it fixes otherwise.
    """
    if name not in CONVENTIONS:
        known = ", ".join(CONVENTIONS)
        near = suggest(str(name), [*CONVENTIONS]) if isinstance(name, str) else ""
        near = near if "did you mean" in near else ""
        raise InputError(f"binning: convention is {name!r}{near}; give one of {known}")
    convention = CONVENTIONS[name]
    wanted = {**defaults, **convention.params, "correction": None}
    for key, value in given.items():
        if value in (defaults[key], wanted[key]):
            continue
        if key not in convention.free:
            raise InputError(
                f"binning: convention {name} has {key}={wanted[key]}, and {key}={value} was given; leave {key} out, or "
                "leave convention out and give every parameter"
            )
        wanted[key] = value
    return wanted
