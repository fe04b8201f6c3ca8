# SPDX-License-Identifier: Apache-2.0
"""Other people's estimators behind our call: one line of Python or TOML puts each on the board (docs/adapters.md).

What a peer returns is read strictly: one finite number in a declared unit, turned into nats and never clipped. What
would be another quantity than I(X;Y) is `Unsupported`.
"""

from mibench.estimators.adapters.answers import PeerError, TimedOut
from mibench.estimators.adapters.command import Command
from mibench.estimators.adapters.function import Function
from mibench.estimators.adapters.with_bmi import BMI
from mibench.estimators.adapters.with_ennemi import Ennemi
from mibench.estimators.adapters.with_infomeasure import Infomeasure
from mibench.estimators.adapters.with_npeet_plus import NPEETPlus
from mibench.estimators.adapters.with_sklearn import ScikitLearn

__all__ = ["BMI", "Command", "Ennemi", "Function", "Infomeasure", "NPEETPlus", "PeerError", "ScikitLearn", "TimedOut"]
