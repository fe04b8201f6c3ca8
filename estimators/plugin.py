# SPDX-License-Identifier: Apache-2.0
"""Mutual information of discrete data from counts: each distinct row of a side is one symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray

from mibench.contracts import Estimate, InputError, Unsupported
from mibench.estimators.counted import JointCounts, all_whole, alphabet_size, as_codes, counted, joint_counts
from mibench.estimators.inputs import as_pair
from mibench.numerics.entropies import CORRECTIONS, nsb
from mibench.numerics.permuted import permuted_information

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["PlugIn"]

_CORRECTIONS = (*CORRECTIONS, "nsb", "shuffle")
_LARGEST = 1e300  # symbols of a pair: beyond it the prior's integral leaves the range of float64


@dataclass(frozen=True)
class PlugIn:
    """``H(X) + H(Y) - H(X,Y)`` of symbols, each entropy from their counts, for data that are discrete as they are.

    Parameters
    ----------
    correction : {"grassberger", "miller-madow", "chao-shen", "nsb", "shuffle", None}
        ``none``: the plug-in itself. ``miller-madow``, ``grassberger``, ``chao-shen``: of each entropy, without
        knowing the alphabet. ``nsb``: the posterior mean of each entropy (Nemenman, Shafee, Bialek 2002), given the
        alphabet. ``shuffle``: the plug-in less its exact mean over all pairings of the two sides.

    Notes
    -----
    The default is Grassberger's, though the name is the plug-in's. From a sample, the plug-in's bias is of order
    ``(k_xy - k_x - k_y + 1) / 2n`` and often larger than what it estimates; it answers what a saturated table holds,
    not what was asked. Grassberger's correction needs no alphabet and no random numbers, and comes closer than
    Miller-Madow's where symbols are seen a few times. Only where the rows are the whole population, each as often as
    it is probable (a network evaluated on every input), is ``correction=none`` exact and every correction wrong.

    ``nsb`` takes the alphabets from the declared side information ``alphabet_size_x`` and ``alphabet_size_y``, else
    from the symbols seen (`alphabet_declared` says which), and their product for the pair. Its prior takes a pair for
    nearly independent, so it is too low where one side is a function of the other. ``shuffle`` is right near
    independence only: where one side is a function of the other it takes away the information itself.

    Diagnostics: `plug_in`, the estimate without correction; `null_plug_in`, its exact mean over all pairings of these
    same samples, which is what the plug-in shows where there is no information (with distinct symbols of T, it is
    H(Y) for any labels Y); `saturation`, the share of samples whose pair of symbols occurs once. At a saturation of 1
    the plug-in is at its `cap`, ``ln n``, whatever the data; from 0.5 on there is no `std_error`.

    `std_error` is the delta method's for the plug-in; the interval (95 %, normal) leaves the bias out.
    """

    correction: str | None = "grassberger"

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.correction not in _CORRECTIONS:
            raise InputError(
                f"plugin: correction is {self.correction!r}; give one of {', '.join(map(str, _CORRECTIONS))}"
            )

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
            Discrete; categories encoded as integers. Time and memory grow as n (d_x + d_y).
        rng
            Not used: the estimate is deterministic.
        side : mapping, optional
            ``x_is_discrete``, ``y_is_discrete``: the side is discrete, however many of its rows are distinct.
            ``alphabet_size_x``, ``alphabet_size_y``: how many symbols there can be, which ``nsb`` uses.

        Raises
        ------
        InputError
            For data no estimator could use, or more distinct symbols than the declared alphabet has.
        Unsupported
            For a side that looks continuous: it has values that are no whole numbers, more than half of its rows are
            distinct, and it is not declared discrete.
        """
        side = side or {}
        x, y = (values.reshape(len(values), -1) for values in as_pair(x, y, min_samples=2))
        counts = joint_counts(as_codes(x), as_codes(y))
        for name, values, distinct in (("x", x, counts.x), ("y", y, counts.y)):
            _reject_continuous(name, values, len(distinct), side)
        declared = alphabet_size("x", len(counts.x), side), alphabet_size("y", len(counts.y), side)
        alphabets = declared[0] or float(len(counts.x)), declared[1] or float(len(counts.y))
        plain = [CORRECTIONS[None](each) for each in (counts.x, counts.y, counts.xy)]
        null = permuted_information(counts.x, counts.y)
        return counted(
            counts,
            self._entropies(counts, alphabets),
            {
                "plug_in": plain[0] + plain[1] - plain[2],
                "null_plug_in": null,
                "alphabet_size_x": alphabets[0],
                "alphabet_size_y": alphabets[1],
                "alphabet_declared": float(None not in declared),
            },
            bias=null if self.correction == "shuffle" else 0.0,
        )

    def _entropies(self, counts: JointCounts, alphabets: tuple[float, float]) -> tuple[float, float, float]:
        """Of x, of y and of the pair."""
        if self.correction == "nsb":
            pairs = alphabets[0] * alphabets[1]
            if pairs > _LARGEST:
                raise Unsupported(
                    f"plugin: nsb integrates over alphabets of at most {_LARGEST:g} pairs, and {alphabets[0]:.3g} x "
                    f"{alphabets[1]:.3g} are declared; use correction=grassberger, which needs no alphabet"
                )
            return nsb(counts.x, alphabets[0]), nsb(counts.y, alphabets[1]), nsb(counts.xy, pairs)
        entropy = CORRECTIONS[None if self.correction == "shuffle" else self.correction]
        return entropy(counts.x), entropy(counts.y), entropy(counts.xy)


def _reject_continuous(name: str, values: NDArray[Any], distinct: int, side: Mapping[str, Any]) -> None:
    if side.get(f"{name}_is_discrete", False) or 2 * distinct <= len(values) or all_whole(values):
        return
    raise Unsupported(
        f"plugin counts symbols, and {name} looks continuous: {distinct} of its {len(values)} rows are distinct and "
        f"its values are no whole numbers; use binning, ksg or kde, or declare side['{name}_is_discrete'] if it is "
        "discrete"
    )
