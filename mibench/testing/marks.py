# SPDX-License-Identifier: Apache-2.0
"""The checks as parameters of a pytest test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mibench.contracts import InputError, NotInstalled
from mibench.names import suggest
from mibench.testing.check import checks_of
from mibench.testing.outcome import CheckFailed, check_expectations
from mibench.testing.runner import yield_checks

if TYPE_CHECKING:
    import pytest

__all__ = ["parametrize_with_checks"]


def parametrize_with_checks(
    things: Iterable[Any],
    *,
    expected_failures: Mapping[str, Mapping[str, str]] | None = None,
    checks: Sequence[str] | None = None,
) -> pytest.MarkDecorator:
    """A decorator that runs a pytest test once for each check of each thing.

    The test has the parameter ``check`` and calls it. Ids read ``thing-check``. A check that does not apply is skipped;
    a declared failure is a strict ``xfail``: it fails when it passes.

    Parameters
    ----------
    things : iterable of str, class or object
        Registered names, classes that are built without arguments, or objects; tasks and estimators.
    expected_failures : mapping, optional
        Thing, as its id names it -> name of a check -> why it cannot hold.
    checks : sequence of str, optional
        Names of the checks to make; all of them by default.

    Raises
    ------
    InputError, UnknownName
        For what is no task and no estimator, and for a thing or a check that is not there.

    Examples
    --------
    >>> import mibench.testing
    >>> @mibench.testing.parametrize_with_checks(["ksg[k=5]"], checks=["version"])
    ... def test_contract(check):
    ...     check()
    """
    try:
        import pytest
    except ImportError:
        raise NotInstalled("parametrize_with_checks needs pytest: pip install pytest") from None

    declared = dict(expected_failures or {})
    cases, labels = [], []
    for thing in things:
        for each in yield_checks(thing, checks=checks):
            label = each.subject.label
            labels.append(label)
            expected = check_expectations(declared.get(label), checks_of(each.check.kind))
            marks = []
            if each.name in expected:
                marks.append(pytest.mark.xfail(reason=expected[each.name], strict=True, raises=CheckFailed))
            cases.append(pytest.param(each, id=f"{label}-{each.name}", marks=marks))
    for label in declared:
        if label not in labels:
            raise InputError(f"expected_failures names {label!r}, which is not checked{suggest(label, labels)}")
    return pytest.mark.parametrize("check", cases)
