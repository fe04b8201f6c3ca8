# SPDX-License-Identifier: Apache-2.0
"""Equal rows of numbers, against NumPy's own sorting of rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mibench.numerics.rows import distinct_rows


@given(n=st.integers(1, 60), dim=st.integers(1, 4), values=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_distinct_rows_are_those_of_numpy(n, dim, values, seed):
    matrix = np.random.default_rng(seed).integers(-values, values + 1, size=(n, dim)) / 7.0
    first, which = distinct_rows(matrix)
    np.testing.assert_array_equal(matrix[first][which], matrix)
    assert len(np.unique(matrix, axis=0)) == len(first)
    assert (np.diff(first) > 0).all()


def test_the_two_zeros_are_one_value():
    assert len(distinct_rows(np.array([[0.0, 1.0], [-0.0, 1.0]]))[0]) == 1
