# SPDX-License-Identifier: Apache-2.0
"""mibench's contract, check by check, for the names this package adds and for objects with other parameters."""

from mibench_example.additive_noise import AdditiveNoise

import mibench.testing


@mibench.testing.parametrize_with_checks(
    ["gaussian-copula", "additive-noise", AdditiveNoise(noise=0.75)],
)
def test_contract(check):
    check()
