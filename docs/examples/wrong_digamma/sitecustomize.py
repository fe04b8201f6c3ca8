# SPDX-License-Identifier: Apache-2.0
"""Break KSG on purpose, to see the gate fail: ``PYTHONPATH=docs/examples/wrong_digamma mibench run ...`` (docs/ci.md).

Python imports a module of this name at its start, in the workers too. log(x) + 1/(2x) stands for log(x) - 1/(2x): one
sign of the digamma function's expansion, a slip that no crash and no shape gives away.
"""

from typing import Any

import numpy as np

from mibench.estimators import ksg


def _wrong(x: Any) -> Any:
    return np.log(x) + 1 / (2 * np.asarray(x, dtype=np.float64))


ksg.digamma = _wrong
