# SPDX-License-Identifier: Apache-2.0
"""exp, expm1, log and tanh of float32 against the library's in float64; of float64 they are the library's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from mibench.numerics import elementary


@njit
def _exp(x, out):
    for j in range(x.size):
        out[j] = elementary.exp(x[j])


@njit
def _expm1(x, out):
    for j in range(x.size):
        out[j] = elementary.expm1(x[j])


@njit
def _log(x, out):
    for j in range(x.size):
        out[j] = elementary.log(x[j])


@njit
def _tanh(x, out):
    for j in range(x.size):
        out[j] = elementary.tanh(x[j])


def _of(function, x):
    out = np.empty_like(x)
    function(x, out)
    return out


def _grid(low, high):
    return np.linspace(low, high, 200_001).astype(np.float32)


@pytest.mark.parametrize("edge", [0.3, 1.0, 12.0, 1e4])
def test_tanh_is_exact_to_1e_7_and_odd_and_within_1(edge):
    x = _grid(-edge, edge)
    found = _of(_tanh, x)
    assert np.abs(found - np.tanh(x.astype(np.float64))).max() < 1e-7
    assert np.array_equal(found, -_of(_tanh, -x))
    assert np.abs(found).max() <= 1.0


@pytest.mark.parametrize(("function", "exact"), [(_exp, np.exp), (_expm1, np.expm1)])
def test_exponentials_to_3e_7_relative(function, exact):
    x = _grid(-80.0, 80.0)
    x = x[x != 0]
    expected = exact(x.astype(np.float64))
    assert np.abs(_of(function, x) / expected - 1).max() < 3e-7
    assert _of(function, np.zeros(1, dtype=np.float32))[0] == exact(0.0)


def test_exponentials_stay_finite_and_positive():
    extreme = np.array([-np.inf, -1e30, 1e30, np.inf], dtype=np.float32)
    assert np.isfinite(_of(_exp, extreme)).all()
    assert (_of(_exp, extreme) > 0).all()


def test_log():
    x = np.concatenate([np.exp(_grid(-80.0, 80.0)), _grid(0.5, 2.0)])
    expected = np.log(x.astype(np.float64))
    assert (np.abs(_of(_log, x) - expected) / np.maximum(np.abs(expected), 1)).max() < 1e-7
    assert _of(_log, np.ones(1, dtype=np.float32))[0] == 0.0


@pytest.mark.parametrize(
    ("function", "library"), [(_exp, math.exp), (_expm1, math.expm1), (_log, math.log), (_tanh, math.tanh)]
)
def test_of_float64_they_are_the_librarys(function, library):
    x = np.linspace(0.01, 5.0, 1001)
    assert np.array_equal(_of(function, x), [library(value) for value in x])
    assert getattr(elementary, function.__name__[1:])(0.5) == library(0.5)
