# SPDX-License-Identifier: Apache-2.0
"""Every check of an estimator passes a sound one and fails one that is broken in that respect."""

from __future__ import annotations

import itertools
import random
import sys
import warnings
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from mibench.contracts import Estimate, InputError, Unsupported
from mibench.estimators.inputs import as_matrices
from mibench.numerics.checks import as_generator
from mibench.testing import CheckFailed, check_estimator, checks_of


@dataclass(frozen=True)
class Sound:
    """Normal pairs by their correlation, in nats, after Galton (1888), less the bias at independence.

    Parameters
    ----------
    weight : float
        A factor.
    """

    weight: float = 1.0
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not isinstance(self.weight, float | int) or not 0 < self.weight < 10:
            raise InputError(f"weight is {self.weight!r}: give a number between 0 and 10")

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        x, y = as_matrices(x, y, min_samples=4)
        return self.answer(x, y, as_generator(rng))

    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        if x.shape[1] * y.shape[1] > 1:
            raise Unsupported("one column a side is all it takes: use ksg")
        rest = 1 - np.corrcoef(x[:, 0], y[:, 0])[0, 1] ** 2
        if not rest > 1e-12:
            raise Unsupported("the sides determine each other, so the information is infinite: check the columns")
        mi = float(-0.5 * np.log(rest) - 0.5 / len(x))
        error = float(np.sqrt((1 - rest) / len(x)))
        return Estimate(mi, error, (mi - 2 * error, mi + 2 * error), diagnostics={"rest": float(rest)})

    def same(self, x: Any, y: Any) -> Estimate:
        return self.answer(*as_matrices(x, y, min_samples=4), as_generator(0))


def test_a_sound_estimator_passes() -> None:
    findings = check_estimator(Sound)
    assert [each.check for each in findings] == list(checks_of("estimator"))
    skipped = {each.check: each.why for each in findings if each.outcome == "skipped"}
    assert set(skipped) == {"full-name", "column-major"}
    assert "give its registered name" in skipped["full-name"]


# --- form


@dataclass
class Changeable:
    """Normal pairs by their correlation, in nats (1888)."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(0.0)


class NoVersion(Sound):
    version = "1"  # type: ignore[assignment]


@dataclass(frozen=True)
class NoDocstring(Sound):
    strength: float = 1.0


@dataclass(frozen=True)
class NoUnit:
    """A number, after Galton (1888)."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(0.0)


@dataclass(frozen=True)
class NoSource:
    """A number in nats."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(0.0)


@dataclass(frozen=True)
class Unexplained(Sound):
    """Normal pairs by their correlation, in nats (1888)."""

    strength: float = 1.0


class _Kernel:
    pass


@dataclass(frozen=True)
class Nameless(Sound):
    """Normal pairs by their correlation, in nats (1888)."""

    kernel: Any = _Kernel()  # noqa: RUF009


@dataclass(frozen=True)
class TakesAnything(Sound):
    """Normal pairs by their correlation, in nats (1888)."""

    def __post_init__(self) -> None:
        pass


@dataclass(frozen=True)
class WrongError(Sound):
    """Normal pairs by their correlation, in nats (1888)."""

    def __post_init__(self) -> None:
        self.weight + 1.0


class Positional(Sound):
    def estimate(self, x: Any, y: Any, rng: Any) -> Estimate:  # type: ignore[override]
        return Estimate(0.0)


class Bare(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Any:
        return 0.5


class NotANumber(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(float("nan"))


class RefusesAll(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        raise Unsupported("not today: use ksg")


class SinglePrecision(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return replace(super().answer(x, y, rng), mi=np.float32(0.5))


class UpsideDown(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return replace(super().answer(x, y, rng), interval=(2.0, 1.0))


class Elsewhere(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return replace(super().answer(x, y, rng), interval=(5.0, 6.0))


class NegativeError(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return replace(super().answer(x, y, rng), std_error=-1.0)


class BoundsCrossed(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return replace(super().answer(x, y, rng), bounds=(1.0, float("nan")))


class PercentLevel(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return replace(super().answer(x, y, rng), level=95.0)


class ArrayDiagnostics(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return replace(super().answer(x, y, rng), diagnostics={"weights": np.ones(3)})  # type: ignore[dict-item]


@dataclass(frozen=True)
class Forgetful(Sound):
    """Normal pairs by their correlation, in nats (1888)."""

    def __reduce__(self) -> Any:
        return Sound, (2.0,)

    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(0.25)


class NeedsNoise(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        assert side["latent_x"] is not None
        return self.same(x, y)


# --- what it depends on

_DRAWS = itertools.count()


class Restless(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(super().answer(x, y, rng).mi + 1e-9 * next(_DRAWS))


class FreshWithoutSeed(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(self.same(x, y).mi + 1e-6 * np.random.default_rng(rng).random())


class DrawsGlobally(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(super().answer(x, y, rng).mi + 1e-9 * random.random())


class ReadsGlobally(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(super().answer(x, y, rng).mi + 1e-12 * np.random.get_state()[1][0])  # noqa: NPY002


class Overwrites(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        x -= x.mean(axis=0)
        return self.same(x, y)


class SplitsAtARow(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        half = max(4, len(x) // 2)
        return super().answer(x[:half], y[:half], rng)


class Chatty(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        print("epoch 1")
        return super().answer(x, y, rng)


class Warns(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        warnings.warn("no convergence", RuntimeWarning, stacklevel=1)
        return super().answer(x, y, rng)


# --- the number


class Bits(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(super().answer(x, y, rng).mi / np.log(2))


class Hartleys(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(super().answer(x, y, rng).mi / np.log(10))


class Half(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(super().answer(x, y, rng).mi / 2)


class Offset(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(super().answer(x, y, rng).mi + 0.15)


class Clipped(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        return Estimate(max(0.0, super().answer(x, y, rng).mi))


# --- the data


class MatricesOnly(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return self.same(x[:, :1], y[:, :1])


class AlignsIndex(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        if hasattr(x, "index"):
            y = y.loc[x.index]
        return self.same(x, y)


class NoTensors(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return self.same(np.asarray(x.copy()), np.asarray(y.copy()))


class WritesIntoCopies(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        x[...] = x
        return self.same(x, y)


class Buffers(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        x = np.asarray(x)
        return self.same(np.frombuffer(x.tobytes("A"), x.dtype).reshape(x.shape), y)

    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        if x.shape[1] > 1:
            return Estimate(float(np.cov(x[:, 0], y[:, 0])[0, 1]))
        return super().answer(x, y, rng)


class HalfPrecision(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        single = getattr(x, "dtype", None) == np.float32
        return Estimate(self.same(x, y).mi * (0.9 if single else 1.0))


class NoIntegers(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        if getattr(x, "dtype", None) == np.int8:
            raise TypeError("int8")
        return self.same(x, y)


class WrapsAround(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return self.same(np.asarray(x) + np.asarray(x), y)


class NoImages(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        if np.ndim(x) > 2:
            raise IndexError("too many indices")
        return self.same(x, y)


class Inverts(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        if x.shape[1] > len(x):
            raise np.linalg.LinAlgError("singular matrix")
        return super().answer(x, y, rng)


class Infinite(Sound):
    def answer(self, x: Any, y: Any, rng: Any) -> Estimate:
        with np.errstate(divide="ignore"):
            return Estimate(float("inf")) if np.array_equal(x, y) else super().answer(x, y, rng)


# --- what must be refused


class Truncates(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        n = min(len(x), len(y)) if np.ndim(x) else 0
        return self.same(x[:n], y[:n])


class LeavesNaNOut(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        keep = np.isfinite(np.asarray(y, dtype=float)).reshape(len(y), -1).all(axis=1)
        return self.same(x[keep], y[keep])


class EmptyIsZero(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(0.0) if np.size(x) == 0 else self.same(x, y)


class ConstantIsZero(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(0.0) if np.ptp(np.asarray(x)) == 0 else self.same(x, y)


class Curt(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        try:
            return self.same(x, y)
        except InputError as error:
            raise InputError(str(error).split(":")[0].replace("x has", "bad")) from None


class DropsImaginary(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return self.same(np.real(x) if np.iscomplexobj(x) else x, y)


class OneIsEnough(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(0.0) if len(x) == 1 else self.same(x, y)


class Divides(Sound):
    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        if len(x) == 2:
            raise ZeroDivisionError("division by zero")
        return self.same(x, y)


BROKEN: list[tuple[str, type, str]] = [
    ("frozen-dataclass", Changeable, "can be changed after it is made"),
    ("version", NoVersion, "version is '1'"),
    ("docstring", NoDocstring, "NoDocstring has no docstring"),
    ("docstring", NoUnit, "do not say the unit"),
    ("docstring", NoSource, "gives no source"),
    ("docstring", Unexplained, "explains no strength"),
    ("identity-is-text", Nameless, "different texts for equal objects"),
    ("parameters-are-checked", TakesAnything, "takes weight='no such value'"),
    ("parameters-are-checked", WrongError, "raises TypeError"),
    ("signature", Positional, "rng must be a keyword that is None by default"),
    ("answers", Bare, "returned float"),
    ("answers", NotANumber, "the estimate is nan"),
    ("answers", RefusesAll, "refused every kind of sound data.*pairs: not today"),
    ("answers", SinglePrecision, "of type float32"),
    ("intervals", UpsideDown, r"interval is \(2.0, 1.0\)"),
    ("intervals", Elsewhere, "leaves out the estimate"),
    ("intervals", NegativeError, "std_error is -1"),
    ("intervals", BoundsCrossed, "bounds is"),
    ("intervals", PercentLevel, "level is 95"),
    ("diagnostics", ArrayDiagnostics, "diagnostics has 'weights'"),
    ("pickling", Forgetful, "a pickled copy gives"),
    ("side-information", NeedsNoise, "side={} raises KeyError"),
    ("same-seed", Restless, "draw from `rng` only"),
    ("same-seed", FreshWithoutSeed, "let None stand for a fixed seed"),
    ("global-generators", DrawsGlobally, "moves the global generator of random"),
    ("global-generators", ReadsGlobally, "after seeding the global generators anew"),
    ("input-kept", Overwrites, "it changed x"),
    ("row-order", SplitsAtARow, "sorting the pairs by y moves the estimate"),
    ("quiet", Chatty, "wrote 'epoch 1"),
    ("quiet", Warns, "RuntimeWarning: no convergence"),
    ("nats", Bits, "these are bits"),
    ("nats", Hartleys, "these are hartleys"),
    ("accuracy", Half, "the estimate is 0.2.* where the truth is 0.5 nats"),
    ("independence", Offset, "for 2000 independent pairs"),
    ("not-clipped", Clipped, "are exactly 0 and none is negative"),
    ("vectors-are-columns", MatricesOnly, r"vectors of shape \(n,\) raise IndexError"),
    ("pandas-objects", AlignsIndex, "pandas objects give"),
    ("torch-tensors", NoTensors, "tensors raise AttributeError"),
    ("memory-layouts", WritesIntoCopies, "read-only arrays raise ValueError"),
    ("column-major", Buffers, "column-major arrays give"),
    ("number-types", HalfPrecision, "float32 gives"),
    ("number-types", NoIntegers, "arrays of int8 raise TypeError"),
    ("small-integers", WrapsAround, "uint8 gives"),
    ("image-arrays", NoImages, "images raise IndexError"),
    ("many-dimensions", Inverts, "120 samples in 130 dimensions raise LinAlgError"),
    ("degenerate-data", Infinite, "equal sides raise CheckFailed .the estimate is inf"),
    ("refuses-unequal-lengths", Truncates, "sides of different lengths give"),
    ("refuses-not-finite", LeavesNaNOut, "data with nan in y give"),
    ("refuses-empty", EmptyIsZero, "0 samples give"),
    ("refuses-constants", ConstantIsZero, "data with a constant x give"),
    ("refuses-no-numbers", Curt, "name what is wrong .x"),
    ("refuses-no-numbers", DropsImaginary, "complex numbers as x give"),
    ("few-samples", OneIsEnough, "1 samples give 0.0"),
    ("few-samples", Divides, "2 samples raise ZeroDivisionError"),
]


@pytest.mark.parametrize(("check", "broken", "message"), BROKEN, ids=lambda each: getattr(each, "__name__", None))
def test_each_check_can_fail(check: str, broken: type, message: str) -> None:
    with pytest.raises(CheckFailed, match=message):
        check_estimator(broken(), checks=[check])


def test_light_import_can_fail(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "heavy_plugin_under_test.py").write_text(
        "import matplotlib\nclass Heavy:\n    def estimate(self, x, y, *, rng=None, side=None): ...\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    import heavy_plugin_under_test  # type: ignore[import-not-found]

    try:
        with pytest.raises(CheckFailed, match="loads matplotlib: import them inside estimate"):
            check_estimator(heavy_plugin_under_test.Heavy(), checks=["light-import"])
    finally:
        del sys.modules["heavy_plugin_under_test"]


def test_full_name_can_fail(tmp_path: Any, restored: None) -> None:
    from mibench.harness.plugins import load_plugin

    file = tmp_path / "halves.py"
    file.write_text(
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\n"
        "class Halved:\n"
        "    k: float = 4.0\n"
        "    def __post_init__(self): object.__setattr__(self, 'k', self.k / 2)\n"
        "    def estimate(self, x, y, *, rng=None, side=None): ...\n"
    )
    load_plugin(file)
    with pytest.raises(CheckFailed, match=r"halved\[k=2\] builds .*k=1.0"):
        check_estimator("halved", checks=["full-name"])


def test_every_check_has_a_broken_estimator() -> None:
    tested = {check for check, _, _ in BROKEN} | {"light-import", "full-name"}
    assert tested == set(checks_of("estimator"))
