# SPDX-License-Identifier: Apache-2.0
"""Other people's estimators behind our call, by one line: what `mibench.estimators.adapters` holds (docs/adapters.md).

>>> import mibench.adapters
>>> peer = mibench.adapters.ScikitLearn(n_neighbors=5)
>>> mine = mibench.adapters.Function(lambda x, y: 0.5, unit="bits")
"""

from mibench.estimators.adapters import (
    BMI,
    Command,
    Ennemi,
    Function,
    Infomeasure,
    NPEETPlus,
    PeerError,
    ScikitLearn,
    TimedOut,
)

__all__ = ["BMI", "Command", "Ennemi", "Function", "Infomeasure", "NPEETPlus", "PeerError", "ScikitLearn", "TimedOut"]
