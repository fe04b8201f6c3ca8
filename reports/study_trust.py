# SPDX-License-Identifier: Apache-2.0
"""What the truth may be where a plane of compressed images estimates so much, by the control of the same study."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import MibenchError
from mibench.reports.study_packing import pack
from mibench.studies.results import Results
from mibench.studies.trust import Band, band, pipeline_of

__all__ = ["CONTROL", "Trust", "packed"]

CONTROL = "known-images"  # the setting, and its analysis
_READ = (
    "Bars and bands of I(X;L): the truths at which images whose information is known give such an estimate by the same "
    "steps (setting known-images, four dimensions a side). They are as good as these layers are like those images. An "
    "open end: the greatest truth that was tried gives it too; no bar: no truth that was tried gives it."
)


class Trust:
    """The control of a study's folder, read when it is first asked for.

    Parameters
    ----------
    results : Results
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def of(self, estimator: str) -> tuple[Band | None, str]:
        """What the truth may be as a function of an estimate of I(X;L), or None; how to read it, or why there is none.

        A control that is damaged is as none; who shows the product says so.
        """
        try:
            pipeline = pipeline_of(estimator)
            if pipeline is None:
                return None, f"What the truth may be is not shown: {CONTROL} has no control of these steps."
            if self._results.scale != "paper":
                return None, f"What the truth may be is not shown: at quick scale {CONTROL} is of another autoencoder."
            return band(self._results.analysis(CONTROL, CONTROL), pipeline), _READ
        except (MibenchError, KeyError, ValueError):
            return None, f"What the truth may be is not shown: the control, {CONTROL}, is not in this folder."


def packed(found: Band | None, i_x: NDArray[Any], steps: int) -> dict[str, Any]:
    """Least and greatest truths of estimates (..., E) as the page carries them, or nothing."""
    if found is None:
        return {}
    low, high = found(np.asarray(i_x, np.float64))
    return {"trust": [pack(low, steps), pack(high, steps)]}
