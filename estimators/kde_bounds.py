# SPDX-License-Identifier: Apache-2.0
"""Bounds of the information of a layer with Gaussian noise, from distances between its noise-free values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Estimate, InputError
from mibench.estimators.inputs import as_matrices
from mibench.estimators.kde_centres import Centres, read_centres
from mibench.estimators.kde_enclosure import enclosure
from mibench.numerics.entropies import plug_in
from mibench.numerics.mixtures import GroupedMixture
from mibench.numerics.rows import distinct_rows

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["KDEBounds"]

_REPORTS = ("mean", "upper", "lower")


@dataclass(frozen=True)
class KDEBounds:
    """Kolchinsky and Tracey's bounds (Entropy 2017) of a mixture of normals, one about each noise-free value.

    One side is the layer T = C + N(0, s^2 I); the other is what it depends on (patterns, inputs) or labels. For weights
    w_i on distinct values c_i, the information of T about C lies between

        ``D(a) = -sum_i w_i ln sum_j w_j exp(-|c_i - c_j|^2 / (2 a s^2))``   with a = 4 (Bhattacharyya) and a = 1 (KL).

    Equal values are one, with their weight, so a saturated layer is cheap. Of the other side Z, ``I(Z;T) = I(C;T) -
    sum_z p_z I(C;T|Z=z)``, where the second term, of the values that share a z, is bounded alike: it vanishes where C
    is a function of Z, and for labels the difference is that of H(T) and H(T|Z).

    Parameters
    ----------
    variance : float
        s^2 where no noise is declared: of noise that the data do not have and the method assumes (Saxe et al., ICLR
        2018: 0.1 in the text, 0.001 in the code).
    report : {"mean", "upper", "lower"}
        Which pair of terms `mi` is the difference of: both with a = 1 (``upper``), both with a = 4 (``lower``), as
        published, or the mean of the two differences, which is the middle of the enclosure below.
    layer : {"auto", "x", "y"}
        Which side is T. ``auto``: the side whose noise is declared, else the one that is not discrete; of two discrete
        ones, the one whose values are no whole numbers (a quantised layer's).

    Notes
    -----
    A difference of two upper bounds bounds nothing. Upper less lower and lower less upper do: the diagnostics `lower`
    and `upper`, cut to [0, H(Z)], enclose the information of the mixture of these noise-free values (with r > 1
    replicas of a row, but for the error of a mean over n rows).

    That mixture is not its population, whose information may lie outside of both. `bounds` is a 99.9 % enclosure of
    I(X;Y) itself (`mibench.estimators.kde_enclosure`). There are `bounds` only where the noise and the noise-free
    values are declared. With an assumed `variance` the result is about other data than those given, and with noisy
    samples for centres the noise counts twice: then `bounds` is None, and `lower` and `upper` say what the pair would
    enclose.

    Diagnostics: `upper_difference` and `lower_difference`; `saturation`, the share of rows near which the other rows
    weigh less than the row itself. Where it is 1, `mi` is near its `cap`, the entropy of Z among the rows, whatever the
    data; from one half on there is no `std_error`. `std_error` is the standard deviation of the terms over sqrt(n).
    """

    variance: float = 0.1
    report: str = "mean"
    layer: str = "auto"

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        number = isinstance(self.variance, int | float) and not isinstance(self.variance, bool)
        if not (number and 0 < self.variance < math.inf):
            raise InputError(f"kde-bounds: variance is {self.variance!r}; give a positive finite number")
        if self.report not in _REPORTS:
            raise InputError(f"kde-bounds: report is {self.report!r}; give one of {', '.join(_REPORTS)}")
        if self.layer not in ("auto", "x", "y"):
            raise InputError(f"kde-bounds: layer is {self.layer!r}; give one of auto, x, y")

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
            A layer and what it depends on, or labels; the latter discrete, unless ``centres_y`` is declared. Time
            grows as the square of the number of distinct noise-free values, memory as their number.
        rng
            Not used: the estimate is deterministic.
        side : mapping, optional
            ``noise_std_y``: s. ``centres_y``, shape (n, r, d): r noise-free values given the row's x, all of which
            have weight in the inner sums; the outer one takes the first of each row. Else ``clean_y``, y before its
            noise; else y itself. ``x_is_discrete``: if absent, whether x has whole numbers only or fewer than half of
            its rows are distinct. ``alphabet_size_x``, which bounds I(X;Y). Or the same with x and y swapped.

        Raises
        ------
        InputError
            For data no estimator could use, a noise level that is not positive, declared arrays of another shape.
        Unsupported
            Where both sides are noisy or discrete, or neither is known to be the layer.
        """
        x, y = as_matrices(x, y)
        centres = read_centres(x, y, side or {}, self.layer, float(self.variance))
        n = len(centres.values)
        mixture, evaluated, of_row = _mixture(centres)
        share = np.bincount(of_row) / n
        own, every = {}, {}
        for name, width in (("upper", 1.0), ("lower", 2.0)):
            own[name], every[name] = mixture.log_sums(evaluated, width * centres.std)
        difference = {name: own[name] - every[name] for name in own}
        difference["mean"] = (difference["upper"] + difference["lower"]) / 2
        cap = plug_in(np.bincount(centres.classes))
        lower = min(max(float(share @ (own["upper"] - every["lower"])), 0.0), cap)
        upper = max(min(float(share @ (own["lower"] - every["upper"])), cap), lower)
        terms = difference[self.report]
        mi, saturation = float(share @ terms), float(share @ (n * np.exp(every["upper"]) < 2.0))
        std_error = float(terms[of_row].std(ddof=1)) / math.sqrt(n) if saturation < 0.5 else None
        return Estimate(
            mi,
            std_error,
            None,  # the middle of two bounds has no interval that would hold the information: see `bounds`
            enclosure(centres, *(sums[name][of_row] for name in ("lower", "upper") for sums in (own, every)))
            if centres.declared
            else None,
            diagnostics={
                "upper_difference": float(share @ difference["upper"]),
                "lower_difference": float(share @ difference["lower"]),
                "lower": lower,
                "upper": upper,
                "noise_std": centres.std,
                "saturation": saturation,
                "cap": cap,
                "distinct_centres": float(len(mixture.values)),
                "classes": float(centres.classes.max() + 1),
            },
        )


@dataclass(frozen=True)
class _Mixture:
    """Distinct pairs of a noise-free value and its class, with their weights."""

    values: NDArray[np.float64]
    classes: NDArray[np.int64]
    weights: NDArray[np.float64]

    def log_sums(self, at: NDArray[np.int64], std: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``ln sum_j w_j exp(-|c_i - c_j|^2 / (2 std^2))`` for i of `at`: over i's class, normalised, and over all."""
        mixture = GroupedMixture(self.values, self.classes, std, self.weights)
        own, every = mixture.log_densities(self.values[at], self.classes[at])
        constant = 0.5 * self.values.shape[1] * math.log(2.0 * math.pi * std**2)
        return own + constant, every + constant


def _mixture(centres: Centres) -> tuple[_Mixture, NDArray[np.int64], NDArray[np.int64]]:
    """The mixture, which of its values some row has as its first, and which of those each row has."""
    n, replicas, dim = centres.values.shape
    flat, classes = centres.values.reshape(-1, dim), np.repeat(centres.classes, replicas)
    first, which = distinct_rows(np.column_stack([flat, classes]))
    evaluated, of_row = np.unique(which.reshape(n, replicas)[:, 0], return_inverse=True)
    return _Mixture(flat[first], classes[first], np.bincount(which) / len(which)), evaluated, of_row
