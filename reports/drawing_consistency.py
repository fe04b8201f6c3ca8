# SPDX-License-Identifier: Apache-2.0
"""By how much estimators contradict themselves: a row per estimator, a column per check."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from mibench.harness.consistency import CHECKS
from mibench.reports import drawing_heat
from mibench.reports.drawing_heat import Grid, Tile
from mibench.reports.words import fixed, groups

__all__ = ["CAP", "draw", "table"]

CAP = 1.0  # nats: deviations beyond it get the full colour


def table(deviations: pd.DataFrame) -> pd.DataFrame:
    """Mean deviation in nats, estimators down and checks across, in the order of the board and of `CHECKS`.

    Parameters
    ----------
    deviations : pandas.DataFrame
        Of `mibench.harness.score.consistency`.
    """
    wide = deviations.pivot(index="estimator", columns="check", values="deviation")
    order = [method.name for methods in groups(dict.fromkeys(deviations["estimator"])).values() for method in methods]
    return wide.reindex(index=order, columns=[name for name in CHECKS if name in wide.columns])


def draw(wide: pd.DataFrame) -> Figure:
    """`table` as a heat map; a word where no cell has an answer to the check."""
    rows = [
        (
            kind,
            [(method.name, [_tile(value) for value in wide.loc[method.name]]) for method in methods],
        )
        for kind, methods in groups(wide.index).items()
    ]
    heads = [(name, 1) for name in wide.columns]
    return drawing_heat.draw(Grid(heads, [""] * len(heads), rows, "", f"{CAP:g} nat", signed=False))


def _tile(value: float) -> Tile:
    return Tile(None, "none") if pd.isna(value) else Tile(min(1.0, value / CAP), fixed(value))
