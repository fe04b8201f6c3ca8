# SPDX-License-Identifier: Apache-2.0
"""I(X;T) and I(Y;T) of a noisy layer T = S + s Z for N equally likely inputs x with labels y, to a stated error.

With p_x the density of T given x, p_y that given the label and p that of all, they are means over t ~ p_x of
``ln p_x / p`` and ``ln p_y / p``. Only the densities are unknown: S is random given x, by the noise of earlier layers.

`nested_information` draws many replicas of x's own S and fewer of every other input's. Own replicas with the one that
made t (left in) give too much information, without it (left out) too little: their mean cancels the bias of order
1 / R, and their difference stands in the error. Isolated inputs give ln N exactly, however few the replicas.

`extrapolated_information` is the check, of another kind: the information of the channel whose inputs have r atoms each
is too large, by c / r once r is large and falling more slowly before; it is extrapolated from r, 2 r and 4 r.

A layer that is a function of the input (the first one) is a mixture of N atoms, and needs no replicas.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from mibench.numerics.mixture_information import Units, controlled, mixture_information
from mibench.numerics.mixtures import GroupedMixture, Mixture, log_densities_of_each

__all__ = ["Computed", "extrapolated_information", "nested_information"]

_BATCHES = (4, 16)  # least, and most
_OWN = 512  # replicas of the own input, at least
_POOL = (4, 32)  # replicas of every input in each of four pools
_SLOWEST = 0.8  # ratio of successive differences that extrapolation believes
_NOISY = 0.65  # such a ratio cannot be told from 1/2 by differences of separate draws
_WIDER = 1.1  # of the noise of importance sampling
_WIDE_BATCHES = (8, 200)  # least, and most
_AT_ONCE = 1 << 22  # own replicas that are held at a time

Array = NDArray[Any]
Centres = Callable[[NDArray[np.int64], int, np.random.Generator], NDArray[np.float64]]


@dataclass(frozen=True)
class Computed:
    """An information in nats, and what its error is made of.

    Attributes
    ----------
    mi : float
    mc : float
        Monte Carlo standard error.
    bias : float
        What may remain of the bias: the standard deviation of a uniform value in the bracket, and half of how far two
        extrapolations in the number of replicas differ.
    """

    mi: float
    mc: float
    bias: float

    @property
    def std_error(self) -> float:
        """Both errors together."""
        return math.hypot(self.mc, self.bias)


def nested_information(
    centres: Centres,
    labels: NDArray[Any],
    std: float,
    rng: np.random.Generator,
    *,
    deterministic: bool = False,
    std_error: float = 0.005,
    pairs: int = 2,
    most_own: int = 8192,
) -> tuple[Computed, Computed]:
    """I(X;T) and I(Y;T) by nested Monte Carlo between two bounds.

    Parameters
    ----------
    centres : callable
        ``centres(which, r, rng)`` draws S for the inputs `which`, indices of shape (k,): shape (k, r, d).
    labels : ndarray of int, shape (N,)
        y of each input, from 0.
    std : float
        s of the layer, positive.
    rng : numpy Generator
    deterministic : bool
        Whether S is a function of x.
    std_error : float
        Aimed at, in nats; the errors returned are larger where `most_own`, `_POOL` and `_BATCHES` do not reach it.
    pairs : int
        Antithetic pairs of noise for each input and batch.
    most_own : int
        Replicas of the own input, at most.

    Returns
    -------
    of_input, of_label : Computed
    """
    if deterministic:
        return _of_atoms(centres, labels, std, rng, std_error)
    own, pool = _OWN, _POOL[0]
    means = [_batch(centres, labels, std, rng, own, pool, pairs)]
    # of the error aimed at, 0.4 for the bracket and 0.6 for the pools leave 0.69 for Monte Carlo
    grown = (
        _grown(own, _bracket(means) / (0.4 * std_error), (_OWN, most_own)),
        _grown(pool, _pool_limits(means)[1] / (0.6 * std_error), _POOL),
    )
    if grown != (own, pool):
        own, pool = grown
        means = []
    while len(means) < _BATCHES[0] or (_worth_more(_summary(means), std_error) and len(means) < _BATCHES[1]):
        means.append(_batch(centres, labels, std, rng, own, pool, pairs))
    return _summary(means)


def _grown(replicas: int, excess: Array, limits: tuple[int, int]) -> int:
    """Replicas, a power of two, that bring a bias, `excess` times what is wanted and falling as 1 / replicas, down."""
    return int(min(limits[1], 2 ** math.ceil(math.log2(replicas * max(1.0, float(excess.max()))))))


def _worth_more(found: tuple[Computed, Computed], std_error: float) -> bool:
    """Whether the error is too large and more batches would lower it."""
    return any(each.std_error > std_error and each.mc > 0.3 * std_error for each in found)


def _bracket(means: list[Array]) -> Array:
    """Standard error of a value that is anywhere in the bracket, for each target."""
    mean = np.mean(means, axis=0)
    width: Array = np.abs(mean[-1, 0] - mean[-1, 1]) / math.sqrt(12)
    return width


def _pool_limits(means: list[Array]) -> tuple[Array, Array]:
    """With unlimited pools: what of the last difference is to be added, and how far that may be wrong; per target."""
    levels = np.mean(means, axis=0).mean(axis=1)
    both = [_tail(*levels[:, target]) for target in range(levels.shape[1])]
    return np.array([gain for gain, _ in both]), np.array([doubt for _, doubt in both])


def _tail(first: float, second: float, third: float, least: float = 0.5) -> tuple[float, float]:
    """Of values at r, 2 r, 4 r: the multiple of the last difference that leads to their limit, and half the doubt.

    From there on differences halve, as a bias of 1 / r does, or go on falling as slowly as they do now, but at least at
    the ratio `least`.
    """
    last = third - second
    ratio = min(max(last / (second - first), least), _SLOWEST) if second != first else least
    slow = ratio / (1 - ratio)
    return 0.5 * (1 + slow), 0.5 * (slow - 1) * abs(last)


def _summary(means: list[Array]) -> tuple[Computed, Computed]:
    """Middle of the bracket, for pools without limit."""
    levels = np.array(means).mean(axis=2)  # (batches, level, target)
    gain, doubt = _pool_limits(means)
    values = levels[:, -1] + gain * (levels[:, -1] - levels[:, -2])
    mc = values.std(axis=0, ddof=1) / math.sqrt(len(means))
    bias = np.hypot(_bracket(means), doubt)
    mi = values.mean(axis=0)
    return Computed(float(mi[0]), float(mc[0]), float(bias[0])), Computed(float(mi[1]), float(mc[1]), float(bias[1]))


def _batch(
    centres: Centres, labels: Array, std: float, rng: np.random.Generator, replicas: int, pool_replicas: int, pairs: int
) -> Array:
    """Means over one round of draws, shape (3, 2, 2).

    With each of four pools alone, with two together and with all; left in and left out; of the input and the label.
    """
    n = len(labels)
    everyone = np.arange(n)
    made = centres(everyone, pairs, rng)
    dim = made.shape[2]
    z = rng.standard_normal(made.shape)
    points = np.concatenate([made + std * z, made - std * z], axis=1)  # (n, 2 pairs, d)
    made_by = -0.5 * np.tile((z**2).sum(axis=2), 2) - 0.5 * dim * math.log(2 * math.pi * std**2)
    out = _own_density(centres, points, std, rng, replicas)
    own = (np.logaddexp(out + math.log(replicas), made_by) - math.log(replicas + 1), out)  # left in, left out
    size = np.bincount(labels)[labels][:, None]  # of the class
    pools = []
    for _ in range(4):
        pool = centres(everyone, pool_replicas, rng)
        theirs = log_densities_of_each(points, pool, std)
        of_labels = np.array([_log_sum_of(pool[labels == y], points, std) for y in range(labels.max() + 1)])
        of_all, of_class = logsumexp(of_labels, axis=0), np.take_along_axis(of_labels, labels[None, :, None], 0)[0]
        pools.append((_less(of_all, theirs), _less(of_class, theirs)))

    def means(mine: Array, some: list[tuple[Array, Array]]) -> list[float]:
        others = [logsumexp(each, axis=0) - math.log(len(some)) for each in zip(*some, strict=True)]
        log_p = np.logaddexp(mine, others[0]) - math.log(n)
        terms = (mine - log_p, np.logaddexp(mine, others[1]) - np.log(size) - log_p)
        of_pairs = (each.reshape(n, 2, pairs).mean(axis=1) for each in terms)
        return [float(controlled(each, z**2 - 1.0).mean()) for each in of_pairs]

    levels = [[pools[i : i + k] for i in range(0, 4, k)] for k in (1, 2, 4)]
    return np.array([[np.mean([means(mine, each) for each in level], axis=0) for mine in own] for level in levels])


def _log_sum_of(pool: Array, points: Array, std: float) -> Array:
    """ln of the sum over inputs of the density that the pool gives each, at points of shape (n, k, d): (n, k)."""
    density = Mixture(pool.reshape(-1, pool.shape[2]), std).log_density(points.reshape(-1, pool.shape[2]))
    total: Array = density.reshape(points.shape[:2]) + math.log(len(pool))
    return total


def _less(log_whole: Array, log_part: Array) -> Array:
    """ln(whole - part), where a part that is all of it to rounding leaves nothing."""
    with np.errstate(divide="ignore"):
        rest: Array = log_whole + np.log(np.maximum(-np.expm1(np.minimum(log_part - log_whole, 0.0)), 0.0))
    return rest


def _own_density(centres: Centres, points: Array, std: float, rng: np.random.Generator, replicas: int) -> Array:
    """ln of the density of fresh replicas of each point's own input, shape (n, points)."""
    step = max(1, _AT_ONCE // (replicas * points.shape[2]))
    blocks = [np.arange(start, min(start + step, len(points))) for start in range(0, len(points), step)]
    parts = [log_densities_of_each(points[which], centres(which, replicas, rng), std) for which in blocks]
    return np.concatenate(parts)


def _of_atoms(
    centres: Centres, labels: Array, std: float, rng: np.random.Generator, std_error: float
) -> tuple[Computed, Computed]:
    atoms = centres(np.arange(len(labels)), 1, rng)[:, 0]
    found = []
    for groups in (np.arange(len(labels)), labels):
        units = Units(atoms, np.ones(len(labels), dtype=np.int64), np.full(len(labels), 1 / len(labels)), groups)
        one = mixture_information(units, std, rng, std_error=0.8 * std_error)
        found.append(Computed(one.mi, one.mc_std_error, 0.0))
    return found[0], found[1]


def extrapolated_information(
    centres: Centres,
    labels: NDArray[Any],
    std: float,
    rng: np.random.Generator,
    *,
    deterministic: bool = False,
    replicas: int = 16,
    std_error: float = 0.005,
) -> tuple[Computed, Computed]:
    """I(X;T) and I(Y;T) from channels of `replicas`, twice and four times as many atoms for each input.

    Parameters
    ----------
    centres, labels, std, rng, deterministic
        See `nested_information`. Of a deterministic layer, points are drawn with wider noise and weighted.
    replicas : int
        r of the module's head.
    std_error : float
        Monte Carlo error aimed at; that of the extrapolation comes on top.

    Returns
    -------
    of_input, of_label : Computed
    """
    n = len(labels)
    if deterministic:
        return _by_importance(centres(np.arange(n), 1, rng)[:, 0], labels, std, rng, std_error)
    pool = centres(np.arange(n), 4 * replicas, rng)
    dim = pool.shape[2]
    found = []
    for groups in (np.arange(n), labels):
        values, errors = [], []
        for r in (replicas, 2 * replicas, 4 * replicas):
            atoms = np.ascontiguousarray(pool[:, :r]).reshape(-1, dim)
            units = Units(atoms, np.full(n, r), np.full(n, 1 / n), groups)
            one = mixture_information(units, std, rng, std_error=std_error / 1.5)
            values.append(one.mi)
            errors.append(one.mc_std_error)
        found.append(_limit(values, errors))
    return found[0], found[1]


def _limit(values: list[float], errors: list[float]) -> Computed:
    gain, doubt = _tail(values[0], values[1], values[2], _NOISY)
    mc = math.hypot((1 + gain) * errors[2], gain * errors[1])
    return Computed(values[2] + gain * (values[2] - values[1]), mc, doubt)


def _by_importance(
    atoms: Array, labels: Array, std: float, rng: np.random.Generator, std_error: float
) -> tuple[Computed, Computed]:
    """Means over points drawn with wider noise, weighted by the ratio of densities: not the points of `_of_atoms`."""
    n, dim = atoms.shape
    mixture = GroupedMixture(atoms, labels, std)
    batches: list[Array] = []
    while len(batches) < _WIDE_BATCHES[0] or (
        len(batches) < _WIDE_BATCHES[1] and np.max(_error_of_mean(batches)) > std_error
    ):
        z = _WIDER * rng.standard_normal((n, dim))
        squares = (z**2).sum(axis=1)
        weights = np.exp(dim * math.log(_WIDER) - 0.5 * squares * (1 - _WIDER**-2))
        of_class, of_all = mixture.log_densities(atoms + std * z, labels)
        own = -0.5 * (squares + dim * math.log(2 * math.pi * std**2))
        weights *= np.bincount(labels)[labels] / np.bincount(labels, weights)[labels]  # a class keeps its share
        batches.append(np.array([own - of_all, of_class - of_all]) @ weights / n)
    found, errors = np.mean(batches, axis=0), _error_of_mean(batches)
    return Computed(float(found[0]), float(errors[0]), 0.0), Computed(float(found[1]), float(errors[1]), 0.0)


def _error_of_mean(batches: list[Array]) -> Array:
    spread: Array = np.std(batches, axis=0, ddof=1)
    return spread / math.sqrt(len(batches))
