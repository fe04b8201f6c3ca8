# SPDX-License-Identifier: Apache-2.0
"""Data that no estimator can use: refused by `InputError` or `Unsupported`, in words that help."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from mibench.contracts import InputError, Unsupported
from mibench.testing.check import estimator_check
from mibench.testing.outcome import fail
from mibench.testing.subject import EstimatorSubject

__all__: list[str] = []

_ADVICE = re.compile(
    r"\b(give|use|pass|remove|drop|impute|encode|rescale|check|add|try|needs?|expect\w*|must|at least|want\w*)\b",
    re.IGNORECASE,
)


def _refused(subject: EstimatorSubject, x: Any, y: Any, what: str, *names: str) -> None:
    """Asserts a refusal whose message holds one of `names` and says what to do."""
    try:
        found = subject.quick.estimate(x, y, rng=0, side=subject.specimen.side)
    except (InputError, Unsupported) as refusal:
        text = str(refusal)
    except Exception as error:
        fail(f"{what} raise {type(error).__name__} ({error}): raise InputError; mibench.estimators.inputs does it all")
    else:
        fail(f"{what} give {found!r:.60}: raise InputError; mibench.estimators.inputs does it all")
    if names and not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names):
        fail(f"{what} are refused with {text!r}: name what is wrong ({' or '.join(names)})")
    if not _ADVICE.search(text):
        fail(f"{what} are refused with {text!r}: say also what to give or to do")


@estimator_check
def refuses_unequal_lengths(subject: EstimatorSubject) -> None:
    """x and y of different lengths, with both lengths in the message."""
    specimen = subject.specimen
    n = len(specimen.y)
    _refused(subject, specimen.x[: n - 7], specimen.y, "sides of different lengths", str(n - 7), str(n))


@estimator_check
def refuses_not_finite(subject: EstimatorSubject) -> None:
    """NaN or an infinity, in either side, naming the side."""
    specimen = subject.specimen
    for value in (np.nan, np.inf, -np.inf):
        for side in "xy":
            data = {"x": specimen.x.astype(np.float64), "y": specimen.y.astype(np.float64)}
            data[side][(7, *[0] * (data[side].ndim - 1))] = value
            _refused(subject, data["x"], data["y"], f"data with {value} in {side}", side)


@estimator_check
def refuses_empty(subject: EstimatorSubject) -> None:
    """No samples, no columns, or a single number."""
    specimen = subject.specimen
    _refused(subject, specimen.x[:0], specimen.y[:0], "0 samples")
    _refused(subject, np.empty((len(specimen.y), 0)), specimen.y, "an x without columns", "x")
    _refused(subject, np.float64(1.0), specimen.y, "a single number as x", "x")


@estimator_check
def refuses_constants(subject: EstimatorSubject) -> None:
    """A side whose samples are all equal, naming the side."""
    specimen = subject.specimen
    _refused(subject, np.zeros_like(specimen.x), specimen.y, "data with a constant x", "x")
    _refused(subject, specimen.x, np.ones_like(specimen.y), "data with a constant y", "y")


@estimator_check
def refuses_no_numbers(subject: EstimatorSubject) -> None:
    """Texts, None and complex numbers, naming the side."""
    specimen = subject.specimen
    n = len(specimen.x)
    _refused(subject, np.array(["a", "b"] * n)[:n], specimen.y, "texts as x", "x")
    _refused(subject, specimen.x, np.array([None, 1.0] * n, dtype=object)[:n], "None among y", "y")
    _refused(subject, specimen.x + 1j, specimen.y, "complex numbers as x", "x")


@estimator_check
def few_samples(subject: EstimatorSubject) -> None:
    """One sample is refused; two to five are refused or answered with a finite number."""
    specimen = subject.specimen
    for n in range(1, 6):
        side = {key: value[:n] if np.ndim(value) else value for key, value in specimen.side.items()}
        try:
            found = subject.quick.estimate(specimen.x[:n], specimen.y[:n], rng=0, side=side)
        except (InputError, Unsupported) as refusal:
            if n == 1 and not re.search(r"\d|constant|equal", str(refusal)):
                fail(f"{n} samples are refused with {str(refusal)!r}: say how many there are and how many it needs")
        except Exception as error:
            fail(f"{n} samples raise {type(error).__name__} ({error}): raise InputError with how many it needs")
        else:
            if n == 1 or not np.isfinite(found.mi):
                fail(f"{n} samples give {found.mi}: raise InputError with how many it needs")
