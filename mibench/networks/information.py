# SPDX-License-Identifier: Apache-2.0
"""Exact information of the layers of a network on a finite input set: I(X;T_l) and I(T_l;Y), in nats.

X is uniform on the N rows of the whole set and T_l is a function of X, so H(T_l | X) = 0 and

    I(X;T_l) = H(T_l)        I(T_l;Y) = H(T_l) + H(Y) - H(T_l, Y)

the empirical distribution being the true one: nothing is estimated. This holds as well where rows repeat: X is then not
uniform on its values, but T_l is still a function of it. Sums are exact (`mibench.numerics.exact_logs`), so what holds
in theory holds of the numbers, without a tolerance: 0 <= I(T_l;Y) <= I(X;T_l), and neither grows from layer to layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import fsum, log
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks.forward import Layer
from mibench.numerics.counting import numbered
from mibench.numerics.exact_logs import exact_logs, nats
from mibench.numerics.hashing import count_pairs, count_pairs_reference

__all__ = ["assert_processing", "information_of_joint", "layer_information", "layer_information_reference"]

_MOST_WEIGHT = 1 << 22  # of a row; see `mibench.numerics.exact_logs`
_MOST_LABELS = 64  # beyond, the table of codes and labels is mostly empty, and pairs are counted by themselves


@njit(cache=True, nogil=True)
def information_of_joint(
    joint: Any, n_codes: int, total: int, high: Any, low: Any, high_bits: int, low_bits: int
) -> Any:
    """H(T) and I(T;Y) from joint[:n_codes], counts of codes and labels that sum to `total`, and its table of logs."""
    n_labels = joint.shape[1]
    of_label = np.zeros(n_labels, np.int64)
    code_high = code_low = cell_high = cell_low = 0
    for code in range(n_codes):
        row, count = joint[code], 0
        for label in range(n_labels):
            count += row[label]
            of_label[label] += row[label]
        if count > 1:  # 1 ln 1 = 0
            code_high += high[count]
            code_low += low[count]
            for label in range(n_labels):
                if row[label] > 1:
                    cell_high += high[row[label]]
                    cell_low += low[row[label]]
    i_x = nats(high[total] - code_high, low[total] - code_low, high_bits, low_bits, total)
    y_high, y_low = high[total], low[total]  # of N H(Y)
    for label in range(n_labels):
        y_high -= high[of_label[label]]
        y_low -= low[of_label[label]]
    i_y = nats(y_high - code_high + cell_high, y_low - code_low + cell_low, high_bits, low_bits, total)
    return i_x, i_y


def layer_information(
    layer: Layer | NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None
) -> tuple[float, float]:
    """I(X;T) and I(T;Y) of one layer, in nats.

    Parameters
    ----------
    layer : Layer or ndarray of whole numbers, shape (N, d)
        A layer's codes, row by row; uint8 is counted the fastest.
    labels : ndarray of whole numbers, shape (N,)
    weights : ndarray of whole numbers, shape (N,), optional
        How often each row stands in the set; once where not given.

    Returns
    -------
    i_x, i_y : float

    Raises
    ------
    InputError
        If shapes do not agree, or something is not whole numbers.
    """
    codes, labels, weights = _checked(layer, labels, weights)
    n_labels = int(labels.max()) + 1
    total = len(codes) if weights is None else int(weights.sum())
    table = exact_logs(total)
    if n_labels <= _MOST_LABELS:
        _, joint = count_pairs(codes, labels, n_labels, weights)
        i_x, i_y = information_of_joint(joint, len(joint), total, *table)
        return float(i_x), float(i_y)
    one = np.zeros_like(labels)
    ids, of_code = count_pairs(codes, one, 1, weights)
    _, of_pair = count_pairs(np.stack([ids, labels], axis=1), one, 1, weights)
    _, of_label = count_pairs(labels[:, None], one, 1, weights)
    sums = [(int(table.high[c].sum()), int(table.low[c].sum())) for c in (of_code, of_label, of_pair)]
    (code_high, code_low), (label_high, label_low), (pair_high, pair_low) = sums
    n_high, n_low = int(table.high[total]), int(table.low[total])
    i_x = nats(n_high - code_high, n_low - code_low, table.high_bits, table.low_bits, total)
    high, low = n_high - code_high - label_high + pair_high, n_low - code_low - label_low + pair_low
    return float(i_x), float(nats(high, low, table.high_bits, table.low_bits, total))


def layer_information_reference(
    layer: Layer | NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None
) -> tuple[float, float]:
    """What `layer_information` computes, from dictionaries and floating-point logarithms."""
    codes, labels, weights = _checked(layer, labels, weights)
    entropies = []
    for symbols in (codes, labels[:, None], np.hstack([codes, labels[:, None]])):
        _, counts = count_pairs_reference(symbols, np.zeros_like(labels), 1, weights)
        p = counts[counts > 0] / counts.sum()
        entropies.append(-fsum(q * log(q) for q in p.tolist()))
    return entropies[0], fsum([entropies[0], entropies[1], -entropies[2]])


def assert_processing(layers: Sequence[Layer]) -> None:
    """Assert that each layer is a function of the one before: rows of one code stay together.

    Raises
    ------
    AssertionError
        Naming the first layer, counted from 1, that tells apart what the one before it does not.
    """
    for number, (fine, coarse) in enumerate(pairwise(layers), start=2):
        code_of = np.empty(len(fine.codes), dtype=coarse.member.dtype)
        code_of[fine.member] = coarse.member
        split = np.flatnonzero(code_of[fine.member] != coarse.member)
        assert not split.size, f"layer {number} tells row {split[0]} from rows of the same code in layer {number - 1}"


def _checked(
    layer: Layer | NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64] | None]:
    codes = layer.member[:, None] if isinstance(layer, Layer) else np.asarray(layer)
    if codes.ndim != 2 or codes.size == 0 or codes.dtype.kind not in "iu":
        raise InputError(f"codes have shape {codes.shape} and type {codes.dtype}: give whole numbers, shape (N, d)")
    labels = numbered("labels", labels, len(codes))
    if weights is None:
        return codes, labels, None
    weights = np.asarray(weights)
    if weights.dtype.kind in "iu" and weights.size and int(weights.max()) > _MOST_WEIGHT:
        raise InputError(f"a weight is {weights.max()}: give how often each row counts, at most {_MOST_WEIGHT}")
    if weights.shape != labels.shape or weights.dtype.kind not in "iu" or weights.min() < 0 or not weights.any():
        raise InputError(
            f"weights have shape {weights.shape} and type {weights.dtype}: give for each of {len(codes)} rows how "
            "often it counts, whole numbers of at least 0, not all 0"
        )
    return codes, labels, weights.astype(np.int64)
