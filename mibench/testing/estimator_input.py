# SPDX-License-Identifier: Apache-2.0
"""The kinds of arrays an estimator is given: each is answered, or refused with a reason; never a crash or NaN."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, Unsupported
from mibench.testing.check import estimator_check
from mibench.testing.outcome import fail, skip
from mibench.testing.specimens import images, pairs, symbols
from mibench.testing.subject import EstimatorSubject, number

__all__: list[str] = []


def _agrees(subject: EstimatorSubject, x: Any, y: Any, what: str, within: float = 0.0) -> None:
    """The estimate on the specimen in another container is that on the arrays."""
    expected = subject.answer.mi
    try:
        found = subject.mi(x, y)
    except (TypeError, AttributeError, ValueError, IndexError, KeyError) as error:
        fail(f"{what} raise {type(error).__name__} ({error}): start with np.asarray, as mibench.estimators.inputs does")
    if abs(found - expected) > within:
        fail(f"{what} give {found!r} and the arrays {expected!r}")


def _answers_or_refuses(subject: EstimatorSubject, x: Any, y: Any, what: str, side: Any = None) -> None:
    try:
        number(subject.quick.estimate(x, y, rng=0, side=side or {}))
    except (Unsupported, InputError) as refusal:
        if not str(refusal).strip():
            fail(f"{what} are refused without a word: say why, and what to use instead")
    except Exception as error:
        fail(f"{what} raise {type(error).__name__} ({error}): answer, or raise Unsupported with the reason")


def _flat(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(len(values), -1)


@estimator_check
def vectors_are_columns(subject: EstimatorSubject) -> None:
    """Shapes (n,) and (n, 1) give one estimate."""
    specimen = subject.specimen
    if specimen.kind == "images":
        skip("it takes images only")
    _agrees(subject, specimen.x.ravel(), specimen.y.ravel(), "vectors of shape (n,)")
    _agrees(subject, _flat(specimen.x), _flat(specimen.y), "columns of shape (n, 1)")


@estimator_check
def pandas_objects(subject: EstimatorSubject) -> None:
    """Series and data frames give the estimate of their values, whatever their index."""
    import pandas as pd

    specimen = subject.specimen
    if specimen.kind == "images":
        skip("it takes images only")
    index = np.arange(len(specimen.x))[::-1]
    x, y = pd.Series(specimen.x.ravel(), index=index), pd.DataFrame({"y": specimen.y.ravel()}, index=index[::-1])
    _agrees(subject, x, y, "pandas objects")


@estimator_check
def torch_tensors(subject: EstimatorSubject) -> None:
    """Tensors, those that carry a gradient included, give the estimate of their values."""
    if "torch" not in sys.modules:  # a few seconds that a method of NumPy need not pay for twice
        try:
            import torch
        except ImportError:
            skip("torch is not installed")
    import torch

    specimen = subject.specimen
    x = torch.from_numpy(specimen.x.copy())
    _agrees(subject, x.requires_grad_() if x.is_floating_point() else x, torch.from_numpy(specimen.y.copy()), "tensors")


@estimator_check
def memory_layouts(subject: EstimatorSubject) -> None:
    """Read-only and strided arrays give the same estimate."""
    specimen = subject.specimen
    fixed = [values.copy() for values in (specimen.x, specimen.y)]
    for values in fixed:
        values.setflags(write=False)
    _agrees(subject, fixed[0], fixed[1], "read-only arrays")
    strided = [np.repeat(values, 2, axis=0)[::2] for values in fixed]
    _agrees(subject, strided[0], strided[1], "strided arrays")


@estimator_check
def column_major(subject: EstimatorSubject) -> None:
    """Arrays in Fortran order give the same estimate."""
    if subject.specimen.kind != "pairs":
        skip("it does not take normal pairs")
    wide = pairs(300, 1.0, 0, dim=2)
    try:
        expected = subject.mi(wide.x, wide.y, side=wide.side)
    except Unsupported as refusal:
        skip(f"two columns a side are refused: {refusal}")
    found = subject.mi(np.asfortranarray(wide.x), np.asfortranarray(wide.y), side=wide.side)
    if abs(found - expected) > 1e-9:
        fail(f"column-major arrays give {found!r} and row-major ones {expected!r}: let NumPy index, read no memory")


@estimator_check
def number_types(subject: EstimatorSubject) -> None:
    """float32 gives nearly the same; integers, small and unsigned ones and booleans are answered or refused."""
    specimen = subject.specimen
    if specimen.x.dtype.kind == "f":
        single = [values.astype(np.float32) for values in (specimen.x, specimen.y)]
        expected = subject.mi(*(values.astype(np.float64) for values in single))
        found = subject.mi(*single)
        if abs(found - expected) > 0.02 * max(1.0, abs(expected)):
            fail(f"float32 gives {found:.6g} and the same numbers as float64 {expected:.6g}")
    coded = symbols(300)
    for kind in (np.int64, np.int8, np.uint8, np.bool_):
        x, y = ((values % 2 if kind is np.bool_ else values).astype(kind) for values in (coded.x, coded.y))
        _answers_or_refuses(subject, x, y, f"arrays of {np.dtype(kind)}")


@estimator_check
def small_integers(subject: EstimatorSubject) -> None:
    """Integers give what the same numbers as float64 give: no arithmetic may wrap around."""
    coded = symbols(300, 1.0)
    small = [(30 * values).astype(np.uint8) for values in (coded.x, coded.y)]
    try:
        expected = number(subject.quick.estimate(*(values.astype(np.float64) for values in small), rng=0))
    except (Unsupported, InputError) as refusal:
        skip(f"discrete data are refused: {refusal}")
    found = number(subject.quick.estimate(*small, rng=0))
    if abs(found - expected) > 1e-9 * max(1.0, abs(expected)):
        fail(f"uint8 gives {found:.6g} and the same numbers as float64 {expected:.6g}: convert before you subtract")


@estimator_check
def image_arrays(subject: EstimatorSubject) -> None:
    """Images, shape (n, h, w), and one image against one number are answered or refused."""
    picture = images(300)
    _answers_or_refuses(subject, picture.x, picture.y, "images", picture.side)
    side = {key: value for key, value in picture.side.items() if key == "noise_std"}
    _answers_or_refuses(subject, picture.x, picture.y.mean(axis=(1, 2)), "an image and a number", side)


@estimator_check
def many_dimensions(subject: EstimatorSubject) -> None:
    """More dimensions than samples are answered or refused."""
    x, y = np.random.default_rng(0).standard_normal((2, 120, 130))
    _answers_or_refuses(subject, x, y, "120 samples in 130 dimensions")


@estimator_check
def degenerate_data(subject: EstimatorSubject) -> None:
    """y = x, repeated rows, a constant column and huge values are answered or refused, never NaN or infinite."""
    specimen = subject.specimen
    x, y, side = specimen.x, specimen.y, specimen.side
    _answers_or_refuses(subject, x, x.copy(), "equal sides")
    _answers_or_refuses(
        subject, np.tile(x[:100], (3, *[1] * (x.ndim - 1))), np.tile(y[:100], (3, *[1] * (y.ndim - 1))), "repeats"
    )
    if specimen.kind == "pairs":
        _answers_or_refuses(subject, np.hstack([x, np.ones_like(x)]), y, "data with a constant column", side)
        _answers_or_refuses(subject, x * 1e200, y * 1e-200, "huge and tiny values", side)
