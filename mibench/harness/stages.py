# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a name of stages joined by ``+``, said before anything is built."""

from __future__ import annotations

from mibench import estimators
from mibench.contracts import InputError, UnknownName
from mibench.names import split_top

__all__ = ["check_selection", "check_stages"]


def check_selection(selection: str) -> None:
    """Refuse a part of a selection of estimators that `check_stages` refuses; tags and patterns are passed over.

    Raises
    ------
    UnknownName, InputError
        See `check_stages`.
    """
    for part in split_top(selection, ","):
        check_stages(part)


def check_stages(name: str) -> None:
    """Refuse a stage without a name, and a compressor where the estimator stands.

    Raises
    ------
    InputError
        If nothing stands on one side of a ``+``, as in ``+ksg``.
    UnknownName
        If the last stage is a compressor, as in ``ksg+ae``, ``ae`` and ``ae+``.
    """
    stages = split_top(name, "+")
    last = stages[-1].partition("[")[0] if stages else ""
    if last in estimators.compressors.names and last not in estimators.registry.names:
        raise UnknownName(
            f"{name!r} ends in {last}, which is a compressor and no estimator: give {last}+E with an estimator E, "
            f"such as {last}+ksg"
        )
    if len(stages) != _pluses(name) + 1:
        raise InputError(f"{name!r} has a '+' with nothing beside it: give compressor+estimator, such as ae+ksg")


def _pluses(name: str) -> int:
    depth = count = 0
    for char in name:
        depth += (char == "[") - (char == "]")
        count += char == "+" and depth == 0
    return count
