# SPDX-License-Identifier: Apache-2.0
"""Information of layers behind a noisy input, ``T = f(X')`` with X' a noisy X: exact, by enumeration, so below H(T).

The input X is uniform on all patterns of b bits and X' has each bit flipped with one probability, independently. Then

    P(T = t | x) = sum_{x'} P(x' | x) 1[f(x') = t]

is the indicator of code t sent through one two-by-two channel along each of b axes, b 2^b operations for each code in
place of 4^b, and I(X;T) = sum_t mean_x P(t|x) ln(P(t|x) / P(t)). Any other channel is a matrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.special import rel_entr

from mibench.contracts import InputError
from mibench.numerics.counting import numbered

__all__ = ["channel_information", "flip_information", "flip_table", "flip_table_reference"]


@njit(cache=True, nogil=True)
def _send(indicator: Any, flip: float) -> None:
    """Send a function of b bits, shape (2^b,), through the flips of all bits, in place."""
    half = 1
    while half < indicator.size:
        for start in range(0, indicator.size, 2 * half):
            zero, one = indicator[start : start + half], indicator[start + half : start + 2 * half]
            for i in range(half):
                moved = flip * (one[i] - zero[i])  # nothing where they are equal: constants stay what they are
                zero[i] += moved
                one[i] -= moved
        half *= 2


@njit(cache=True, parallel=True)
def _each_code(member: Any, labels: Any, n_codes: int, n_labels: int, flip: float) -> Any:
    """For each code, its term of I(X;T) and its joint probabilities with the labels."""
    n = member.size
    terms, joint = np.empty(n_codes), np.zeros((n_codes, n_labels))
    for code in prange(n_codes):
        p = np.empty(n)
        count = 0
        for i in range(n):
            p[i] = 1.0 if member[i] == code else 0.0
            count += member[i] == code
        _send(p, flip)
        total = 0.0
        for i in range(n):
            if p[i] > 0.0:
                total += p[i] * np.log(p[i] * n / count)
            joint[code, labels[i]] += p[i] / n
        terms[code] = total / n
    return terms, joint


def flip_information(member: NDArray[Any], labels: NDArray[Any], flip: float) -> tuple[float, float]:
    """I(X;T) and I(T;Y), T a code of the pattern X with bits flipped, Y the label of the pattern before the flips.

    Parameters
    ----------
    member : ndarray of int, shape (2^b,)
        Code of each pattern, in the order of `mibench.datasets.ib12.patterns` (row r is r in binary), numbered from 0
        without gaps: `mibench.networks.forward.Layer.member`.
    labels : ndarray of int, shape (2^b,)
    flip : float
        Probability that a bit is flipped.

    Returns
    -------
    i_x, i_y : float
        In nats, to rounding.

    Raises
    ------
    InputError
        If the numbers of rows are no power of two or differ, codes or labels are not whole numbers, `flip` is not a
        probability.
    """
    member, flip = _checked(member, flip)
    labels = numbered("labels", labels, len(member))
    terms, joint = _each_code(member, labels, int(member.max()) + 1, int(labels.max()) + 1, flip)
    return float(terms.sum()), _mutual(joint)


def flip_table(member: NDArray[Any], flip: float) -> NDArray[np.float64]:
    """P(T = t | X = x), shape (2^b, number of codes); arguments and errors as `flip_information`."""
    member, flip = _checked(member, flip)
    table = np.equal.outer(np.arange(member.max() + 1), member).astype(np.float64)
    for row in table:
        _send(row, flip)
    return table.T


def flip_table_reference(member: NDArray[Any], flip: float) -> NDArray[np.float64]:
    """What `flip_table` computes, pattern by pattern and flip by flip."""
    n = len(member)
    bits = n.bit_length() - 1
    table = np.zeros((n, max(member) + 1))
    for x in range(n):
        for flips in range(n):
            flipped = flips.bit_count()
            table[x, member[x ^ flips]] += flip**flipped * (1.0 - flip) ** (bits - flipped)
    return table


def channel_information(
    channel: NDArray[Any], member: NDArray[Any], labels: NDArray[Any], prior: NDArray[Any] | None = None
) -> tuple[float, float]:
    """I(X;T) and I(T;Y) behind any channel from N inputs to M noisy ones.

    Parameters
    ----------
    channel : ndarray, shape (N, M)
        P(x' | x): each row sums to 1.
    member : ndarray of int, shape (M,)
        Code of each noisy input, from 0.
    labels : ndarray of int, shape (N,)
        Label of each input.
    prior : ndarray, shape (N,), optional
        Probabilities of the inputs; uniform where not given.

    Returns
    -------
    i_x, i_y : float
        In nats, to rounding.

    Raises
    ------
    InputError
        If shapes do not agree, or probabilities are negative or do not sum to 1 (to 1e-9).
    """
    channel = np.asarray(channel, dtype=np.float64)
    if channel.ndim != 2 or channel.size == 0:
        raise InputError(f"channel has shape {channel.shape}: give (inputs, noisy inputs), at least one of each")
    n, m = channel.shape
    prior = np.full(n, 1.0 / n) if prior is None else np.asarray(prior, dtype=np.float64)
    if prior.shape != (n,):
        raise InputError(f"prior has shape {prior.shape}: give one probability for each of {n} inputs")
    for name, rows in (("channel", channel), ("prior", prior[None])):
        if not (np.all(rows >= 0) and np.allclose(rows.sum(axis=1), 1.0, rtol=0, atol=1e-9)):
            raise InputError(f"{name} holds no probabilities: each row must be at least 0 and sum to 1")
    member, labels = numbered("member", member, m), numbered("labels", labels, n)
    joint = prior[:, None] * (channel @ np.equal.outer(member, np.arange(member.max() + 1)))
    with_label = np.zeros((labels.max() + 1, joint.shape[1]))
    np.add.at(with_label, labels, joint)
    return _mutual(joint), _mutual(with_label)


def _checked(member: NDArray[Any], flip: float) -> tuple[NDArray[np.int64], float]:
    n = len(member)
    if n < 1 or n & (n - 1):
        raise InputError(f"member has {n} rows: give one for each pattern of b bits, 2^b in all")
    if not 0.0 <= float(flip) <= 1.0:
        raise InputError(f"flip is {flip!r}: give the probability that a bit is flipped, from 0 to 1")
    return numbered("member", member, n), float(flip)


def _mutual(joint: NDArray[np.float64]) -> float:
    """Mutual information in nats of a table of joint probabilities."""
    product = np.multiply.outer(joint.sum(axis=1), joint.sum(axis=0))
    return float(rel_entr(joint, product).sum())
