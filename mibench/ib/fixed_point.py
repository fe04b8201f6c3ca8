# SPDX-License-Identifier: Apache-2.0
"""How near an encoder is to a fixed point of the bottleneck, and at which beta (Shwartz-Ziv and Tishby 2017, figure 6).

Put an encoder's own p(t) and p(y|t) into the first self-consistent equation: at each beta this gives another encoder,

    p_beta(t|x) = p(t) exp(-beta KL(p(y|x) || p(y|t))) / Z(x, beta)

Where the encoder is on the curve it is its own p_beta. Else beta* is where the mean over x of KL(p(t|x) || p_beta(t|x))
is least. That is a convex function of beta, minus the likelihood of an exponential family, so there is one minimum. As
beta* is chosen to make the divergence small, neither means anything alone: the divergence at beta = 0 is I(X;T), and
encoders with values of x exchanged at random are the null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.ib.equations import decoder, information
from mibench.ib.joint import distribution, divergences, table
from mibench.numerics.checks import as_generator, check_count

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["LIMIT", "FixedPoint", "fixed_point_beta", "fixed_point_reference"]

LIMIT = 1e6  # beta beyond which it is infinite
_NEAREST = 1e-12  # nats, that may be lost by not having the value of t that tells the most
_STEPS, _PRECISION = 200, 1e-10
_SUM = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FixedPoint:
    """What `fixed_point_beta` finds.

    Attributes
    ----------
    beta : float
        beta*; infinite where every x has the value of t that tells most of its y, or where the divergence still falls
        at beta = 10^6. 0 where T tells nothing of Y.
    residual : float
        The divergence at beta*, in nats: 0 at a fixed point of the bottleneck.
    i_x, i_y : float
        I(X;T), which the residual is at most, and I(T;Y), in nats.
    null_beta, null_residual : ndarray, shape (permutations,)
        The same of encoders with the values of x exchanged at random.
    """

    beta: float
    residual: float
    i_x: float
    i_y: float
    null_beta: Floats
    null_residual: Floats


class _Problem(NamedTuple):
    """Lumped over x with the same p(y|x); rows are these, columns the values of t."""

    weights: Floats  # p(x)
    joint: Floats  # p(x, t)
    p_t: Floats
    cost: Floats  # KL(p(y|x) || p(y|t))
    own: float  # sum of p(x, t) ln p(t|x) before lumping


def fixed_point_beta(
    encoder: Any,
    p_y_given_x: Any,
    p_x: Any = None,
    *,
    permutations: int = 0,
    rng: RandomLike = None,
) -> FixedPoint:
    """The beta at which an encoder is nearest to a fixed point of the bottleneck.

    Parameters
    ----------
    encoder : array_like, shape (K,) or (K, C)
        The code of each x, whole numbers of at least 0, or p(t|x), whose rows sum to 1.
    p_y_given_x : array_like, shape (K, K_y)
        Rows sum to 1. It should be stochastic: with labels that are functions of x nothing but 0 and infinity comes out
        wherever each t has one label.
    p_x : array_like, shape (K,), optional
        Uniform by default.
    permutations : int
        Of the null.
    rng : int, Generator or None
        Of the permutations.

    Returns
    -------
    FixedPoint

    Raises
    ------
    InputError
        If shapes do not agree or something is no distribution.
    """
    rule = _conditional("p_y_given_x", p_y_given_x)
    weights = distribution("p_x", np.full(len(rule), 1 / len(rule)) if p_x is None else p_x)
    channel = _channel(encoder)
    for name, rows in (("encoder", len(channel)), ("p_x", len(weights))):
        if rows != len(rule):
            raise InputError(f"{name} has {rows} rows and p_y_given_x has {len(rule)}: give one for each x")
    permutations, rng = check_count("permutations", permutations, 0), as_generator(rng)
    kinds, member = np.unique(rule, axis=0, return_inverse=True)
    member = member.reshape(-1)
    beta, residual = _minimum(_problem(channel, kinds, member, weights))
    null = [_minimum(_problem(rng.permutation(channel), kinds, member, weights)) for _ in range(permutations)]
    null_beta, null_residual = np.array(null).reshape(-1, 2).T
    return FixedPoint(beta, residual, *_information(channel, kinds, member, weights), null_beta, null_residual)


def _conditional(name: str, values: Any) -> Floats:
    found = table(name, values, 2)
    total = found.sum(axis=1, keepdims=True)
    if np.abs(total - 1).max() > _SUM:
        row = int(np.abs(total - 1).argmax())
        raise InputError(f"row {row} of {name} sums to {total[row, 0]:.9g}, not to 1: divide rows by their sums")
    return np.asarray(found / total)


def _channel(encoder: Any) -> NDArray[Any]:
    """Codes 0, 1, ... without gaps, shape (K,), or p(t|x)."""
    values = np.asarray(encoder)
    if values.ndim != 1:
        return _conditional("encoder", encoder)
    if values.dtype.kind not in "iu" or not values.size or values.min() < 0:
        raise InputError("encoder has one axis: give codes, whole numbers of at least 0, or the table p(t|x)")
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _lumped(channel: NDArray[Any], member: NDArray[Any], weights: Floats, kinds: int) -> Floats:
    """p(kind of x, t)."""
    if channel.ndim == 1:
        clusters = int(channel.max()) + 1
        flat = np.bincount(member * clusters + channel, weights, minlength=kinds * clusters)
        return np.asarray(flat, np.float64).reshape(kinds, clusters)
    joint = np.zeros((kinds, channel.shape[1]))
    np.add.at(joint, member, weights[:, None] * channel)
    return joint


def _problem(channel: NDArray[Any], kinds: Floats, member: NDArray[Any], weights: Floats) -> _Problem:
    joint = _lumped(channel, member, weights, len(kinds))
    joint = joint[:, joint.sum(axis=0) > 0]
    of_kind = joint.sum(axis=1)
    some = of_kind > 0
    joint, of_kind = joint[some], of_kind[some]
    p_t, p_y_given_t = decoder(of_kind, kinds[some], joint / of_kind[:, None])
    own = 0.0
    if channel.ndim == 2:
        own = float((weights[:, None] * channel * np.log(np.where(channel > 0, channel, 1.0))).sum())
    return _Problem(of_kind, joint, p_t, divergences(kinds[some], p_y_given_t), own)


def _information(channel: NDArray[Any], kinds: Floats, member: NDArray[Any], weights: Floats) -> tuple[float, float]:
    problem = _problem(channel, kinds, member, weights)
    p_t = problem.p_t
    i_x = max(0.0, problem.own - float((p_t * np.log(p_t)).sum()))
    some = np.bincount(member, weights, minlength=len(kinds)) > 0
    i_y = information(problem.weights, kinds[some], problem.joint / problem.weights[:, None])[1]
    return i_x, i_y


def _at(problem: _Problem, beta: float) -> tuple[float, float, float]:
    """The divergence at a beta and its first two derivatives."""
    weights, joint, p_t, cost, own = problem
    least = cost.min(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # no cost that a used pair has is infinite
        above = np.where(np.isfinite(cost), cost - least, 0.0)
        share = np.where(np.isfinite(cost), p_t * np.exp(-beta * (cost - least)), 0.0)
    z = share.sum(axis=1, keepdims=True)
    share /= z
    used = float((joint * above).sum())
    first = (share * above).sum(axis=1)
    second = (share * above**2).sum(axis=1)
    value = own - float((p_t * np.log(p_t)).sum()) + beta * used + float(weights @ np.log(z[:, 0]))
    return value, used - float(weights @ first), float(weights @ (second - first**2))


def _minimum(problem: _Problem) -> tuple[float, float]:
    """Where the divergence is least and what it is there: Newton's steps on its slope, kept within an interval."""
    above = problem.cost - problem.cost.min(axis=1, keepdims=True)
    if above.max() <= _NEAREST:  # T tells nothing of Y: every beta gives p(t)
        return 0.0, max(0.0, _at(problem, 0.0)[0])
    used = problem.joint > 0
    separable = float((problem.joint[used] * above[used]).sum()) <= _NEAREST
    if separable or _at(problem, LIMIT)[1] < 0:
        return np.inf, max(0.0, _at(problem, LIMIT)[0])
    low, high = 0.0, 1.0
    while high < LIMIT and _at(problem, high)[1] < 0:
        low, high = high, 4 * high
    beta = 0.5 * (low + high)
    for _ in range(_STEPS):
        _, slope, bend = _at(problem, beta)
        low, high = (beta, high) if slope < 0 else (low, beta)
        after = beta - slope / bend if bend > 0 else low
        after = after if low < after < high else 0.5 * (low + high)
        if abs(after - beta) <= _PRECISION * beta:
            break
        beta = after
    return beta, max(0.0, _at(problem, beta)[0])


def fixed_point_reference(encoder: Floats, p_y_given_x: Floats, p_x: Floats, beta: float) -> float:
    """The divergence at a beta as it is defined, of p(t|x), shape (K, C), all of whose t are used."""
    p_t, p_y_given_t = decoder(p_x, p_y_given_x, encoder)
    cost = divergences(p_y_given_x, p_y_given_t)
    other = p_t * np.exp(-beta * (cost - cost.min(axis=1, keepdims=True)))  # the nearest t keeps its share at any beta
    other /= other.sum(axis=1, keepdims=True)
    some = encoder > 0
    ratio = np.log(encoder[some]) - np.log(other[some])
    return float((p_x[:, None] * encoder)[some] @ ratio)
