# SPDX-License-Identifier: Apache-2.0
"""The IB curve of the 12-bit set, for two sharpnesses of its stochastic labels, and of the labels themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.datasets import ib12
from mibench.ib import IBCurve, curve
from mibench.studies.analyses.rule import GAMMAS, rule
from mibench.studies.planes.contract import Progress
from mibench.studies.setting import Scale

__all__ = ["ib_curve", "of_rule"]

_TOLD = (1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
_DENSE = {"paper": 200, "quick": 60}


def of_rule(gamma: float, betas: Any = None) -> IBCurve:
    """The curve of `rule`, all 4096 patterns being equally likely."""
    return curve(rule(gamma) / ib12.N_PATTERNS, betas)


def ib_curve(
    *,
    scale: Scale,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _share: None,
) -> dict[str, NDArray[Any]]:
    """The curves of `GAMMAS` and, last, of the deterministic labels, gamma being infinite.

    Parameters
    ----------
    scale : {"quick", "paper"}
        How many betas there are.
    seed : SeedSequence
        Not used.
    progress : callable
        Called with the share that is done, from 0 to 1.

    Returns
    -------
    dict of ndarray
        ``betas`` (B,); ``i_x``, ``i_y`` (3, B), nats; ``converged`` (3, B); ``i_xy``, ``h_sufficient`` (3,), I(X;Y)
        and the entropy of X when patterns with the same P(Y|x) are one; ``gammas`` (2,) of the first two.
    """
    del seed
    betas = np.unique([*_TOLD, *(1 + np.geomspace(0.005, 999.0, _DENSE[scale]))])
    found = []
    for number, gamma in enumerate((*GAMMAS, np.inf), start=1):
        found.append(of_rule(gamma, betas))
        progress(number / (len(GAMMAS) + 1))
    names = ("i_x", "i_y", "converged", "i_xy", "h_sufficient")
    arrays = {name: np.array([getattr(each, name) for each in found]) for name in names}
    return {"betas": betas, "gammas": np.array(GAMMAS), **arrays}
