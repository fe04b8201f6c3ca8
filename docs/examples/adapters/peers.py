# SPDX-License-Identifier: Apache-2.0
"""The same in Python: mibench run --tasks gaussian --estimators peer,ksg --plugin peers.py"""

import numpy as np

from mibench import adapters


def rho(x, y):
    return -0.5 * np.log2(1 - np.corrcoef(x, y)[0, 1] ** 2)


pair = adapters.Function(rho, unit="bits", shape="vector")
sk5 = adapters.ScikitLearn(n_neighbors=5)
npeet5 = adapters.NPEETPlus(k=5)
awk_mi = adapters.Command("awk -F, -f mi.awk {x} {y}", unit="bits", timeout=60)
