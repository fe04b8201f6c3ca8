# SPDX-License-Identifier: Apache-2.0
"""Mutual information from counts: each side cut into bins, its whole vector one symbol."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Estimate, InputError
from mibench.estimators.conventions import filled
from mibench.estimators.counted import all_whole, as_codes, counted, joint_counts
from mibench.estimators.discretise import ebab, fixed_width, on_edges, quantile, uniform
from mibench.estimators.inputs import as_pair
from mibench.numerics.counting import symbols
from mibench.numerics.entropies import CORRECTIONS

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["Binning"]

_KINDS = ("auto", "uniform", "quantile", "ebab", "symbols", "ebab-chelombiev")
_EDGES = ("n_intervals", "n_edges")
_PER_CELL = 5  # samples per cell of the joint table that the default number of bins aims at
_MOST_BINS = 1 << 20


@dataclass(frozen=True)
class Binning:
    """``H(X) + H(Y) - H(X,Y)`` of the binned sides, each entropy from the counts of its symbols.

    Parameters
    ----------
    bins : int, optional
        Intervals per column. By default ``(n / 5)^(1 / (d_x + d_y))``, at least 2: about 5 samples per cell of the
        joint table as long as that is possible. A side taken as symbols counts as its number of symbols instead.
    kind : {"auto", "uniform", "quantile", "ebab", "symbols", "ebab-chelombiev"}
        ``uniform``: intervals of equal width, the last one closed on the right. ``quantile``: equally many samples
        per interval. ``ebab``: equally many unique values, pooled over the columns, with the floor and the maximum
        apart (Chelombiev et al., 2019), counted as in Rasmussen's thesis; ``ebab-chelombiev``: as in Chelombiev et
        al.'s code. ``symbols``: each distinct value is one. ``auto``: ``symbols`` for a side in which fewer than half
        of the rows are distinct (what density estimators refuse), else ``uniform``.
    correction : {"miller-madow", "grassberger", "chao-shen", None}
        Bias correction of each entropy; ``none`` in a name is None.
    lo, hi : float, optional
        Range of the uniform bins of both sides, such as -1 and 1 for tanh units; give both or neither.
    span : {"column", "side"}
        Without `lo` and `hi`, the range is that of each column, or of all columns of a side together.
    floor : float, optional
        For ``ebab``, the value that has a bin of its own: 0 for a ReLU.
    edge_convention : {"n_intervals", "n_edges"}
        Of uniform bins: whether `bins` are intervals, or edges with one interval fewer and one more for the upper
        limit and what lies above it (``numpy.digitize`` on ``numpy.linspace``).
    width : float, optional
        Uniform bins of this width, ``floor(value / width)``, in place of `bins` in a range.
    single : bool
        Round the values of binned sides to float32 first, on which adaptive bins depend: they count unique values.
    convention : str, optional
        A study's bins by its name in `mibench.estimators.conventions`, such as ``szt``, ``saxe-tanh``, ``lorenzen`` or
        ``rasmussen-relu``. It sets all the parameters above, the correction to none included; `bins` may be given too,
        and the ends of a range that the study takes from a whole run.

    Notes
    -----
    A convention is about activations: sides of whole numbers (bits, labels, codes) and sides declared discrete
    (``x_is_discrete``) are taken as symbols, and any other is binned, however often its rows repeat. Where that would
    leave nothing to bin, a declared side beside one of whole numbers is: a quantised layer, given by its values.
    As in the studies' code, values above the limits then count to the last interval, and those below share one more.

    Binning loses information, the corrections repair only the sampling bias, and neither helps once the joint table is
    saturated: `saturation`, among the diagnostics, is the share of samples whose joint symbol occurs once. At 1 the
    plug-in is at its `cap`, ``ln n``, whatever the data; from 0.5 on there is no `std_error`.

    `std_error` is the delta method's for the plug-in; the interval (95 %, normal) leaves the bias out.
    """

    bins: int | None = None
    kind: str = "auto"
    correction: str | None = "miller-madow"
    lo: float | None = None
    hi: float | None = None
    span: str = "column"
    floor: float | None = None
    edge_convention: str = "n_intervals"
    width: float | None = None
    single: bool = False
    convention: str | None = None

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.convention is not None:
            defaults = {each.name: each.default for each in fields(self) if each.name != "convention"}
            for name, value in filled(
                self.convention, {name: getattr(self, name) for name in defaults}, defaults
            ).items():
                object.__setattr__(self, name, value)
        whole = isinstance(self.bins, int) and not isinstance(self.bins, bool)
        if self.bins is not None and not (whole and 2 <= self.bins <= _MOST_BINS):
            raise InputError(f"binning: bins is {self.bins!r}; give a whole number from 2 to {_MOST_BINS}")
        choices: dict[str, tuple[str | None, ...]] = {
            "kind": _KINDS,
            "correction": tuple(CORRECTIONS),
            "span": ("column", "side"),
            "edge_convention": _EDGES,
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"binning: {name} is {getattr(self, name)!r}; give one of {', '.join(map(str, allowed))}"
                )
        for name in ("lo", "hi", "floor", "width"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise InputError(f"binning: {name} is {value!r}; give a finite number, or none")
        if self.convention is None and (self.lo is None) != (self.hi is None):
            raise InputError(f"binning: lo is {self.lo} and hi is {self.hi}; give both ends of the range, or neither")
        if self.lo is not None and self.hi is not None and not -math.inf < self.lo < self.hi < math.inf:
            raise InputError(f"binning: the range from lo={self.lo} to hi={self.hi} is empty or not finite")
        if self.floor is not None and not math.isfinite(self.floor):
            raise InputError(f"binning: floor is {self.floor}; give a finite number")
        if not isinstance(self.single, bool):
            raise InputError(f"binning: single is {self.single!r}; give true or false")
        uniform_bins = self.kind in ("auto", "uniform")
        if self.width is not None:
            if not 0 < self.width < math.inf:
                raise InputError(f"binning: width is {self.width}; give a positive finite number")
            if not uniform_bins or (self.bins, self.lo, self.edge_convention) != (None, None, "n_intervals"):
                raise InputError(
                    f"binning: width={self.width} makes uniform bins of no given number; leave out bins, lo, hi and "
                    "edge_convention, with kind auto or uniform"
                )
        if self.edge_convention == "n_edges" and not uniform_bins:
            raise InputError(f"binning: n_edges is about uniform bins and kind is {self.kind}; use auto or uniform")

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
            Real or discrete; categories encoded as integers.
        rng
            Not used: the estimate is deterministic.
        side : mapping, optional
            ``x_is_discrete``, ``y_is_discrete``, which conventions use.

        Raises
        ------
        InputError
            For data no estimator could use, values outside `lo` to `hi`, or below `floor`.
        """
        x, y = (values.reshape(len(values), -1) for values in as_pair(x, y, min_samples=2))
        kinds = (self._kind(x), self._kind(y)) if self.convention is None else self._kinds_of_layers(x, y, side or {})
        bins = self.bins or (0 if self.width is not None else _default_bins(x, y, kinds))
        counts = joint_counts(self._codes(x, kinds[0], bins), self._codes(y, kinds[1], bins))
        entropy = CORRECTIONS[self.correction]
        return counted(
            counts,
            (entropy(counts.x), entropy(counts.y), entropy(counts.xy)),
            {"bins": float(bins) if set(kinds) != {"symbols"} else 0.0},
        )

    def _kinds_of_layers(self, x: NDArray[Any], y: NDArray[Any], side: Mapping[str, Any]) -> tuple[str, str]:
        real = not all_whole(x), not all_whole(y)
        layers = [one and not side.get(f"{name}_is_discrete", False) for name, one in zip("xy", real, strict=True)]
        if not any(layers) and sum(real) == 1:
            layers = [*real]
        return self.kind if layers[0] else "symbols", self.kind if layers[1] else "symbols"

    def _kind(self, values: NDArray[Any]) -> str:
        if self.kind != "auto":
            return self.kind
        return "symbols" if 2 * symbols(as_codes(values))[1] < len(values) else "uniform"

    def _codes(self, values: NDArray[Any], kind: str, bins: int) -> NDArray[np.int64]:
        if kind == "symbols":
            return as_codes(values)
        if self.single:
            values = _as_single(values)
        if kind == "quantile":
            return quantile(values, bins)
        if kind in ("ebab", "ebab-chelombiev"):
            return ebab(values, bins, self.floor, even=kind == "ebab-chelombiev")
        if self.width is not None:
            return as_codes(fixed_width(values, self.width))
        cut = on_edges if self.edge_convention == "n_edges" else uniform
        return cut(values, bins, self._limits(values), self.span, outside=self.convention is not None)

    def _limits(self, values: NDArray[Any]) -> tuple[float, float] | None:
        """The given range, an end that a convention leaves open being the data's."""
        if self.lo is None and self.hi is None:
            return None
        low = float(values.min()) if self.lo is None else self.lo
        high = float(values.max()) if self.hi is None else self.hi
        if not low < high:
            raise InputError(
                f"binning: the range from lo={low:g} to hi={high:g} is empty, with data from {values.min():g} to "
                f"{values.max():g}; give both ends, or another convention than {self.convention}"
            )
        return low, high


def _default_bins(x: NDArray[Any], y: NDArray[Any], kinds: tuple[str, str]) -> int:
    """About 5 samples per cell; a side taken as symbols uses up its number of symbols."""
    cells, columns = len(x) / _PER_CELL, 0
    for values, kind in ((x, kinds[0]), (y, kinds[1])):
        if kind == "symbols":
            cells /= symbols(as_codes(values))[1]
        else:
            columns += values.shape[1]
    return max(2, int(max(cells, 1.0) ** (1 / columns))) if columns else 2


def _as_single(values: NDArray[Any]) -> NDArray[np.float32]:
    largest = float(np.abs(values).max())
    if largest > float(np.finfo(np.float32).max):
        raise InputError(f"binning: the largest value, {largest:.3g}, is beyond float32; rescale, or use single=false")
    return values.astype(np.float32)
