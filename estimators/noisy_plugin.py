# SPDX-License-Identifier: Apache-2.0
"""The sample-propagation estimator: a side whose noise is known is a mixture of normals about its noise-free values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Estimate, InputError
from mibench.estimators.inputs import as_matrices
from mibench.estimators.intervals import normal_interval
from mibench.estimators.noisy_side import NoisySide, read_noisy_side
from mibench.numerics.checks import as_generator, check_count
from mibench.numerics.mixture_information import MixtureInformation, mixture_information

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["NoisyPlugin", "risk_bound"]


@dataclass(frozen=True)
class NoisyPlugin:
    """``h(P_n * N) - sum_g p_g h(P_g * N)``: exact noise about the empirical distribution of what was there before it.

    One side is T = S + Z with Z ~ N(0, s^2 I) and s known; P_n is the empirical distribution of S, and the entropies of
    the mixtures are found by Monte Carlo (Goldfeld et al., Estimating Information Flow in Deep Neural Networks, ICML
    2019). Which densities are compared depends on what is declared:

    - ``centres_y``: the r noise-free values of a row, given its x, are replicas of its p(t|x); rows of equal x share
      theirs. The same replicas stand in p(t|x) and in p(t), so that the estimate of I(X;T) lies in [0, ln n]. With
      r = 1, S is a function of x and h(T|x) is exact.
    - else ``clean_y``, where x is discrete: the noise-free values of the rows with one x are a sample of p(s|x).

    Parameters
    ----------
    std_error : float
        Noise is drawn until the Monte Carlo standard error is at most this many nats.
    n_mc : int or None
        Noise vectors per noise-free value (per x with replicas), an even number of at least 4, in place of `std_error`.

    Notes
    -----
    The mixture of n values has less entropy than that of all values: h(P * N) - E h(P_n * N) is a mean divergence. So
    h(T) is biased down, and I(X;T) with it where h(T|x) is exact; too few replicas bias h(T|x) down and I(X;T) up.
    The 95 % interval holds the sampling error over rows, the Monte Carlo error, and bounds of both biases, estimated
    from the same draws: ``ln(1 + chi^2 / n)`` for n independent values, with chi^2 the chi-square information between a
    value and its noisy self (upwards for h(T), downwards for h(T|x) or each class). Where most values stand alone the
    sample bounds nothing: of h(T), the interval ends at ln of the declared alphabet, or there is none; of p(t|x), it
    takes this x to tell nothing. `std_error` leaves the biases out.
    """

    std_error: float = 0.01
    n_mc: int | None = None

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        number = isinstance(self.std_error, (int, float)) and not isinstance(self.std_error, bool)
        if not (number and 0 < float(self.std_error) < math.inf):
            raise InputError(f"noisy-plugin: std_error is {self.std_error!r}; give a positive number of nats")
        if self.n_mc is not None and check_count("noisy-plugin: n_mc", self.n_mc, 4) % 2:
            raise InputError(f"noisy-plugin: n_mc is {self.n_mc}: noise is drawn in pairs, give an even number")

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
            Memory grows as n r d.
        rng : numpy Generator, int or None
            Of the Monte Carlo noise.
        side : mapping
            ``noise_std_y`` (or ``noise_std``: s, where ``centres_y`` or ``clean_y`` says that y has it),
            ``centres_y`` of shape (n, r, d), ``clean_y`` of y's shape, ``x_is_discrete`` (if absent: whether fewer than
            half of the rows of x are distinct), ``alphabet_size_x``; or the same with x and y swapped. Where both sides
            qualify, y is taken as the noisy one, and replicas are preferred.

        Raises
        ------
        InputError
            For data no estimator could use, a noise level that is not positive, replicas of another shape.
        Unsupported
            Where the level of the noise or the noise-free values are not declared.

        Notes
        -----
        Diagnostics: ``entropy`` h(T), ``mc_std_error``, ``draws`` (noise vectors per noise-free value or x),
        ``replicas``, ``cap`` (entropy of the distinct x among the rows, at most ln n: no estimate exceeds it),
        ``bias_below`` and ``bias_above`` (what the interval allows for the biases, where finite), ``risk_bound``, where
        all noise-free values lie in [-1, 1]^d: see `risk_bound`.
        """
        x, y = as_matrices(x, y)
        noisy = read_noisy_side(x, y, side or {})
        found = mixture_information(
            noisy.units, noisy.std, as_generator(rng), std_error=float(self.std_error), draws=self.n_mc
        )
        weights = noisy.units.weights
        variance = float(weights @ ((found.terms - found.mi) ** 2 - found.term_variances)) * len(x) / (len(x) - 1)
        error = math.sqrt(max(variance, 0.0) / len(x) + found.mc_std_error**2)
        below, above = _most_bias(noisy, found, len(x))
        low, high = normal_interval(found.mi, error)
        low, high = max(min(low - above, noisy.most), 0.0), min(high + below, noisy.most)
        bounded = {"bias_below": below, "bias_above": above}
        diagnostics = _diagnostics(noisy, found, len(x)) | {k: v for k, v in bounded.items() if math.isfinite(v)}
        interval = (low, high) if math.isfinite(high) else None
        return Estimate(found.mi, error, interval, diagnostics=diagnostics)


def _most_bias(noisy: NoisySide, found: MixtureInformation, n: int) -> tuple[float, float]:
    """How far the estimate may lie below the information by the bias of h(T), and above it by that of h(T|x)."""
    units = noisy.units
    shares = np.bincount(units.groups, units.weights)
    # values that each group's density is made of: its replicas, or its rows, of which equal ones are one unit
    centres = np.maximum(np.bincount(units.groups, units.sizes), n * shares)
    own = np.bincount(units.groups, units.weights * found.own_overlaps) / shares
    terms = (
        np.bincount(units.groups, units.weights * found.terms) / shares
    )  # divergences from p(t): at least 0 in truth
    above = np.minimum(_bias(own, centres), np.maximum(terms, 0.0))
    above[centres <= 1] = 0.0  # one value is the function of x that it is declared to be
    return float(_bias(np.array(found.overlap), np.array(n))), float(shares @ above)


def _bias(overlap: NDArray[Any], n: NDArray[Any]) -> NDArray[Any]:
    """``ln(1 + chi^2 / n)``; unbounded where most of n values stand alone: how many there are they cannot tell."""
    return np.where(overlap > n / 2, np.inf, np.log1p(np.maximum(overlap - 1.0, 0.0) / n))


def _diagnostics(noisy: NoisySide, found: MixtureInformation, n: int) -> dict[str, float]:
    shares = np.bincount(noisy.units.groups, noisy.units.weights)
    diagnostics = {
        "entropy": found.entropy,
        "mc_std_error": found.mc_std_error,
        "draws": float(found.draws),
        "replicas": float(noisy.replicas),
        "cap": float(-(shares * np.log(shares)).sum()),
    }
    if np.abs(noisy.units.centres).max() <= 1.0:
        diagnostics["risk_bound"] = risk_bound(noisy.std, noisy.units.centres.shape[1], n, noisy.atoms)
    return diagnostics


def risk_bound(std: float, dim: int, n: int, atoms: float = math.inf) -> float:
    """A bound of E|h(P * N) - h(P_n * N)| in nats, for every P on [-1, 1]^dim with at most `atoms` atoms.

    ``ln(1 + min(A - 1, ceil(2 / s)^d e^{9 d / 8}) / n) + d (2 / s^2 + 1 / 2) / sqrt(2 n)``. The first term bounds the
    bias E KL(P_n * N | P * N) by the chi-square information: A - 1 for A atoms, and for any P by splitting the cube
    into cells of side s and Jensen's inequality in each. The second is the Efron-Stein inequality with the influence
    of one value, (4 d + d s^2) / (2 s^2 n). It is valid and loose.

    Parameters
    ----------
    std : float
        s, positive.
    dim, n : int
        d and the number of independent values.
    atoms : float
        A; infinite where unknown.
    """
    cells = dim * (math.log(math.ceil(2 / std)) + 9 / 8)
    chi_square = min(math.log(atoms - 1) if atoms > 1 else -math.inf, cells)
    return float(np.logaddexp(0.0, chi_square - math.log(n))) + dim * (2 / std**2 + 0.5) / math.sqrt(2 * n)
