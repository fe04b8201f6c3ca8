# SPDX-License-Identifier: Apache-2.0
"""Ways to look at the same answers, each under its own name: as they are, clipped at 0, in bits, tuned by the truth."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
import pandas as pd

from mibench.contracts import InputError, Row
from mibench.harness.score.oracle import with_oracle
from mibench.harness.score.table import as_frame, derive
from mibench.names import suggest

__all__ = ["UNITS", "VIEWS", "View", "check_view", "seen"]

View = Literal["raw", "clipped", "bits", "oracle-tuned"]
VIEWS: tuple[View, ...] = get_args(View)
UNITS = {"raw": "nats", "clipped": "nats", "bits": "bits", "oracle-tuned": "nats"}
_ESTIMATES = ["estimate", "low", "high", "lower", "upper"]
_INFORMATION = [*_ESTIMATES, "truth", "truth_std_error"]


def seen(rows: Iterable[Row] | pd.DataFrame, view: str = "raw") -> pd.DataFrame:
    """The frame of `rows` in a view; ``attrs`` hold the ``view`` and the ``unit`` of information.

    Parameters
    ----------
    rows : iterable of Row, or the frame of them
    view : str
        ``raw``: as answered, in nats. ``clipped``: estimates, intervals and bounds below 0 become 0, which no mutual
        information is below; it hides bias and spread near 0. ``bits``: every column of information over ln 2.
        ``oracle-tuned``: the lines as they are (``tuning`` is ``fixed``) and beside them lines that choose a method's
        best parameters by the truth (``tuning`` is ``oracle``); see `with_oracle`.

    Raises
    ------
    InputError
        For a name that is no view, or a frame that is in another view already.
    """
    check_view(view)
    table = as_frame(rows)
    already = table.attrs.get("view", "raw")
    if already not in ("raw", view):
        raise InputError(f"this frame is the {already} view already: make the {view} view from the rows or raw frame")
    if view == already:
        return table
    if view == "oracle-tuned":
        table = with_oracle(table)
    elif view == "clipped":
        table = derive(table.assign(**{name: np.maximum(table[name], 0.0) for name in _ESTIMATES}))
    else:
        table = derive(table.assign(**{name: table[name] / math.log(2) for name in _INFORMATION}))
    table.attrs |= {"view": view, "unit": UNITS[view]}
    return table


def check_view(view: str) -> None:
    """Refuse what is no view.

    Raises
    ------
    InputError
        With the nearest names.
    """
    if view not in VIEWS:
        raise InputError(f"no view {view!r}{suggest(view, VIEWS)}")
