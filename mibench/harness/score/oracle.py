# SPDX-License-Identifier: Apache-2.0
"""What a method could reach if someone who knows the truth chose its parameters anew for every sample.

No user can tune like this, so these lines are never a score: they stand below the fixed ones and have no rank. The gap
between the two is what tuning is worth at most.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from mibench.contracts import InputError
from mibench.harness.score.table import CELL
from mibench.names import parse, split_top

__all__ = ["method", "with_oracle"]


def method(estimator: str) -> str:
    """``ae+wkl`` for ``ae[latent_dim=2]+wkl[k=7]``: the name without parameters; a name of no such form is its own."""
    try:
        return "+".join(parse(stage).name for stage in split_top(estimator, "+")) or estimator
    except InputError:  # a foreign journal may hold any name
        return estimator


def with_oracle(table: pd.DataFrame) -> pd.DataFrame:
    """`table` and, for every method of several settings, the setting with the least |error| in each cell.

    Returns
    -------
    pandas.DataFrame
        The lines of `table` with ``tuning`` = ``fixed``, then lines of estimators such as ``ksg (oracle-tuned)`` with
        ``tuning`` = ``oracle`` and, as ``choice``, the setting taken. A cell is ok if one setting answered. Its
        ``seconds`` are the sum over the settings, for all of them had to be tried; ``peak_mb`` is the largest.
    """
    fixed = table.assign(tuning="fixed", choice="")
    names = dict.fromkeys(table["estimator"])
    settings = Counter(method(name) for name in names)
    several = [name for name in names if settings[method(name)] > 1]
    tried = fixed[fixed["estimator"].isin(several)]
    if tried.empty:
        return fixed
    tried = tried.assign(tuning="oracle", choice=tried["estimator"], method=tried["estimator"].map(method))
    cell = [*CELL, "method"]
    cost = tried.groupby(cell, sort=False, dropna=False)
    tried["seconds"] = cost["seconds"].transform("sum", min_count=1)
    tried["peak_mb"] = cost["peak_mb"].transform("max")
    order = np.argsort(tried["error"].abs().to_numpy(), kind="stable")  # NaN, which is no answer, comes last
    best = tried.iloc[order].drop_duplicates(cell).sort_index()
    best["estimator"] = best["method"] + " (oracle-tuned)"
    both = pd.concat([fixed, best.drop(columns="method")], ignore_index=True)
    both.attrs = dict(table.attrs)
    return both
