# SPDX-License-Identifier: Apache-2.0
"""What every estimator is given, or refuses: one message each."""

import numpy as np
import pandas as pd
import pytest
import torch

import mibench
from mibench.contracts import InputError, Unsupported

N = np.random.default_rng(0).standard_normal(200)
M = N + np.random.default_rng(1).standard_normal(200)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.where(N > 2, np.nan, N), M, r"x has \d+ values that are not finite \(the first, nan, at index \(\d+,\)\)"),
        (N, np.where(N > 2, np.inf, M), "y has .* values that are not finite .*: remove or impute them"),
        (np.full(200, 3.0), M, "x is constant: all 200 samples are equal, so I.X;Y. is 0"),
        (N[:150], M, "x has 150 samples and y has 200: give pairs, with equal first axes"),
        (np.float64(1.0), M, "x is a single number .1.0.: give n samples"),
        (N.astype(object), M, "x has dtype object: give real numbers"),
        (np.arange(200) + 2**60, M, r"x holds whole numbers beyond 2\^53, which float64 cannot tell apart"),
        (N + 1j, M, "x has dtype complex128: give real numbers"),
        (np.array(["a"] * 200), M, "x has dtype <U1: give real numbers, with categories encoded as integers"),
        (np.empty((0, 3)), M, r"x is empty, with shape \(0, 3\)"),
        ([[1.0], [2.0, 3.0]], M, "x cannot become an array"),
        (np.ma.masked_greater(N, 1), M, r"x has \d+ masked values: remove or impute them"),
        (N * 1e155, M, r"the largest of x's values is .*e\+155 in size.*: rescale it"),
        (N, M * 1e-200, "the largest of y's values is .*e-200 in size.*: rescale it"),
        (N[:3], M[:3], "3 samples were given and .* needs at least"),
    ],
)
@pytest.mark.parametrize("estimator", ["ksg", "gaussian", "ae+ksg"])
def test_bad_data_are_named(x, y, message, estimator):
    with pytest.raises(InputError, match=message):
        mibench.estimate(x, y, estimator)


@pytest.mark.parametrize("estimator", ["ksg", "kl", "wkl", "kde"])
def test_density_estimators_refuse_integers_and_copies(estimator):
    with pytest.raises(Unsupported, match="x looks discrete: 4 distinct values in 200 samples; use binning"):
        mibench.estimate(np.arange(200) % 4, M, estimator)
    with pytest.raises(Unsupported, match="200 of 400 pairs are repeats of others; remove the duplicates"):
        mibench.estimate(np.tile(N, 2), np.tile(M, 2), estimator)


def test_ksg_refuses_sides_that_determine_each_other():
    with pytest.raises(Unsupported, match=r"one side determines the other and I\(X;Y\) is infinite"):
        mibench.estimate(N, N, "ksg")


@pytest.mark.parametrize("estimator", ["ksg", "pca+ksg", "ae[steps=20,latent_dim=1]+ksg"])
def test_vectors_of_shape_n_are_columns(estimator):
    assert mibench.estimate(N, M, estimator).mi == mibench.estimate(N[:, None], M[:, None], estimator).mi


def test_pandas_and_torch_are_arrays():
    expected = mibench.estimate(N, M).mi
    assert mibench.estimate(pd.Series(N), pd.DataFrame({"m": M})).mi == expected
    assert mibench.estimate(torch.tensor(N, requires_grad=True), torch.tensor(M)).mi == expected


@pytest.mark.parametrize("estimator", [None, 5])
def test_what_is_no_estimator_is_named(estimator):
    with pytest.raises(InputError, match=f"estimator is {estimator}: give a name, such as 'ksg'"):
        mibench.estimate(N, M, estimator)
