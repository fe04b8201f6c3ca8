# SPDX-License-Identifier: Apache-2.0
"""Information between the group of a component and a draw from a normal mixture, by Monte Carlo.

A unit is a set of equally likely centres (the replicas of one input); it is a group of its own or belongs to a class.
With p_u the mixture of a unit, p_g of a group and p of all,

    I = sum_u w_u E_{t ~ p_u} ln p_g(u)(t) / p(t)

is in [0, H(groups)] for the exact expectation. Noise comes in antithetic pairs +z, -z, a unit's centres take turns, and
the squares of z are control variates, whose coefficients come from units that they are not applied to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.numerics.mixtures import GroupedMixture

__all__ = ["MixtureInformation", "Units", "controlled", "mixture_information"]

_ROUND = 4096  # pairs in a round: enough to tell their variance, few enough to stop soon
_TURN = 0.5 * (5**0.5 - 1)  # steps of the golden ratio visit a unit's centres evenly

Array = NDArray[Any]


@dataclass(frozen=True)
class Units:
    """Centres of a mixture, with the unit of each and the group of each unit.

    Attributes
    ----------
    centres : ndarray, shape (s, d)
        In the order of their units; those of a unit are equally likely.
    sizes : ndarray of int, shape (u,)
        How many centres each unit has, at least 1, of sum s.
    weights : ndarray, shape (u,)
        Probabilities of the units.
    groups : ndarray of int, shape (u,)
        Of each unit, 0 ... g - 1.
    """

    centres: Array
    sizes: Array
    weights: Array
    groups: Array


@dataclass(frozen=True)
class MixtureInformation:
    """What `mixture_information` found, in nats.

    Attributes
    ----------
    mi, mc_std_error : float
        The information and its Monte Carlo standard error.
    entropy : float
        Differential entropy of the whole mixture, from the same draws.
    terms, term_variances : ndarray, shape (u,)
        E ln p_g / p of each unit, and the Monte Carlo variance of each.
    overlap, own_overlaps : float, and ndarray of shape (u,)
        One more than the chi-square information between a draw and its unit, ``E p_u / p``, and for each unit that
        between a draw and its centre within the group, ``E p_centre / p_g``: 1 where all are alike, the number of units
        (of centres) where none are.
    draws : int
        Noise vectors per unit.
    """

    mi: float
    mc_std_error: float
    entropy: float
    terms: NDArray[np.float64]
    term_variances: NDArray[np.float64]
    overlap: float
    own_overlaps: NDArray[np.float64]
    draws: int


def mixture_information(
    units: Units, std: float, rng: np.random.Generator, *, std_error: float = 0.01, draws: int | None = None
) -> MixtureInformation:
    """Information between a mixture's group and its draw.

    Parameters
    ----------
    units : Units
    std : float
        Of every component, positive.
    rng : numpy Generator
    std_error : float
        Noise is drawn until the Monte Carlo standard error (nats) is at most this.
    draws : int, optional
        Noise vectors per unit, at least 4 and even, in place of `std_error`.
    """
    count, dim = len(units.sizes), units.centres.shape[1]
    owners = np.repeat(np.arange(count), units.sizes)
    mixture = GroupedMixture(units.centres, units.groups[owners], std, (units.weights / units.sizes)[owners])
    starts = np.cumsum(units.sizes) - units.sizes
    turns = rng.random(count)
    first, second, level, surprise, done = np.zeros(count), np.zeros(count), np.zeros(count), 0.0, 0
    whole, within = np.zeros(count), np.zeros(count)
    while True:
        pairs = max(2, _ROUND // count)
        if draws is not None:
            pairs = min(pairs, draws // 2 - done)
        which = np.repeat(np.arange(count), pairs)  # a unit's draws lie together, near the same tiles
        turn = (turns[:, None] + _TURN * np.arange(done, done + pairs)).ravel() % 1.0
        centres = units.centres[starts[which] + (turn * units.sizes[which]).astype(np.int64)]
        z = rng.standard_normal((len(which), dim))
        ratio, log_all = np.zeros(len(which)), np.zeros(len(which))
        of_centre = -0.5 * ((z**2).sum(axis=1) + dim * np.log(2 * np.pi * std**2))
        for sign in (0.5, -0.5):
            own, of_all = mixture.log_densities(centres + 2 * sign * std * z, units.groups[which])
            ratio += 0.5 * (own - of_all)
            log_all += 0.5 * of_all
            of_its_unit = np.where(units.sizes[which] > 1, own, of_centre)  # units of several centres are groups
            whole += 0.5 * np.exp(of_its_unit - of_all).reshape(count, pairs).sum(axis=1)
            within += 0.5 * np.exp(of_centre - own).reshape(count, pairs).sum(axis=1)
        squares = (z**2 - 1.0).reshape(count, pairs, dim)
        of_unit = controlled(ratio.reshape(count, pairs), squares)
        if done == 0:
            level = of_unit.mean(axis=1)  # sums are relative to it, so that squares of equal terms leave no variance
        of_unit -= level[:, None]
        first += of_unit.sum(axis=1)
        second += (of_unit**2).sum(axis=1)
        surprise -= float(units.weights @ controlled(log_all.reshape(count, pairs), squares).sum(axis=1))
        done += pairs
        terms = level + first / done
        variances = np.maximum(second / done - (first / done) ** 2, 0.0) / (done - 1)
        error = float(np.sqrt((units.weights**2 * variances).sum()))
        if done >= draws // 2 if draws is not None else error <= std_error:
            mi, entropy = float(units.weights @ terms), surprise / done
            overlap = float(units.weights @ whole) / done
            return MixtureInformation(mi, error, entropy, terms, variances, overlap, within / done, 2 * done)


def controlled(values: Array, controls: Array) -> Array:
    """`values`, shape (u, k), less their regression within units on `controls`, shape (u, k, d), of expectation 0.

    The coefficients for the even units come from the odd ones and the other way round: the expectation stays.
    """
    out = values.copy()
    deviations = values - values.mean(axis=1, keepdims=True)
    moves = controls - controls.mean(axis=1, keepdims=True)
    for half in (0, 1):
        theirs = moves[1 - half :: 2].reshape(-1, controls.shape[2])
        out[half::2] -= controls[half::2] @ np.linalg.lstsq(theirs, deviations[1 - half :: 2].ravel(), rcond=None)[0]
    return out
