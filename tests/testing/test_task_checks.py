# SPDX-License-Identifier: Apache-2.0
"""Every check of a task passes a sound one and fails one that is broken in that respect."""

from __future__ import annotations

import itertools
import math
import sys
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from mibench.contracts import InputError, Sample, Truth
from mibench.numerics.checks import as_generator, check_count
from mibench.testing import CheckFailed, check_task, checks_of


@dataclass(frozen=True)
class Sound:
    """Two normal variables that share `mi` nats.

    Parameters
    ----------
    mi : float
        In nats.
    """

    mi: float = 1.0
    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"toys"})

    def __post_init__(self) -> None:
        if not isinstance(self.mi, float | int) or not 0 <= self.mi < 10:
            raise InputError(f"mi is {self.mi!r}: give nats, at least 0 and below 10")

    dim_x: ClassVar[int] = 1
    dim_y: ClassVar[int] = 1

    @property
    def truth(self) -> Truth:
        return Truth(float(self.mi))

    def sample(self, n: int, rng: Any = None) -> Sample:
        return self.draw(check_count("n", n, 1), as_generator(rng))

    def draw(self, n: int, rng: np.random.Generator) -> Sample:
        x, noise = rng.standard_normal((2, n, 1))
        rest = math.exp(-2 * self.mi)
        return Sample(x.copy(), math.sqrt(1 - rest) * x + math.sqrt(rest) * noise)


def test_a_sound_task_passes() -> None:
    findings = check_task(Sound)
    assert [each.check for each in findings] == list(checks_of("task"))
    assert {each.check for each in findings if each.outcome == "skipped"} == {"full-name"}


# --- form


@dataclass
class Changeable:
    """Nats."""

    def sample(self, n: int, rng: Any = None) -> Sample:
        return Sample(np.zeros(n), np.zeros(n))


@dataclass(frozen=True)
class ListParameter(Sound):
    """Nats."""

    levels: Any = field(default_factory=lambda: [1, 2])


class NoVersion(Sound):
    version = 0


class NoDocstring(Sound):
    pass


@dataclass(frozen=True)
class TakesAnything(Sound):
    """Nats."""

    def __post_init__(self) -> None:
        pass


@dataclass(frozen=True)
class Nameless(Sound):
    """Nats."""

    kernel: Any = field(default_factory=object)


class ListTags(Sound):
    tags = ["toys"]  # type: ignore[assignment]  # noqa: RUF012


class BareTruth(Sound):
    truth = 1.0  # type: ignore[assignment]


class NegativeTruth(Sound):
    truth = Truth(-0.1)  # type: ignore[assignment]


class NaNTruth(Sound):
    truth = Truth(float("nan"))  # type: ignore[assignment]


class ByGuess(Sound):
    truth = Truth(1.0, 0.0, "a guess")  # type: ignore[assignment, arg-type]


class ExactWithError(Sound):
    truth = Truth(1.0, 0.1, "closed form")  # type: ignore[assignment]


class MonteCarloWithoutError(Sound):
    truth = Truth(1.0, 0.0, "monte carlo")  # type: ignore[assignment]


_LOOKS = itertools.count()


class MovingTruth(Sound):
    @property
    def truth(self) -> Truth:
        return Truth(1.0 + 1e-6 * next(_LOOKS))


class WrongDimension(Sound):
    dim_y = 2


class Forgetful(Sound):
    def __reduce__(self) -> Any:
        return Sound, (2.0,)


# --- one sample


class OneTooMany(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        return super().draw(n + 1, rng)


class Squeezed(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return sample if n > 1 else Sample(sample.x, sample.y[0])


class Lists(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        return Sample(super().draw(n, rng).x.tolist(), super().draw(n, rng).y)  # type: ignore[arg-type]


class HalfPrecision(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x.astype(np.float16), sample.y)


class Overflows(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(np.where(sample.x > 2, np.inf, sample.x), sample.y)


class AnySize(Sound):
    def sample(self, n: int, rng: Any = None) -> Sample:
        return self.draw(max(1, int(n or 1)), as_generator(rng))


class TypeErrors(Sound):
    def sample(self, n: int, rng: Any = None) -> Sample:
        if n < 1:
            raise InputError("n must be positive")
        return self.draw(n, as_generator(rng))


class Restless(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        return super().draw(n, np.random.default_rng())


class OneSample(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        return super().draw(n, np.random.default_rng(5))


class Reseeds(Sound):
    def sample(self, n: int, rng: Any = None) -> Sample:
        n = check_count("n", n, 1)
        return self.draw(n, np.random.default_rng(0 if isinstance(rng, np.random.Generator) else rng))


class DrawsGlobally(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        np.random.random()  # noqa: NPY002
        return super().draw(n, rng)


class ReadsGlobally(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        return super().draw(n, np.random.default_rng(np.random.get_state()[1]))  # type: ignore[arg-type]  # noqa: NPY002


class ReadOnly(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        sample.x.setflags(write=False)
        return sample


_POOL = np.zeros((10_000, 1))


class Pooled(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        _POOL[:n] = sample.x
        return Sample(_POOL[:n], sample.y)


class OneArray(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        joint = np.hstack([super().draw(n, rng).x] * 2)
        return Sample(joint[:, :1], joint[:, :1])


class Secret(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x, sample.y, {"answer": 1.0})


class ShortLatents(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x, sample.y, {"latent_x": sample.x[:-1], "latent_y": sample.y})


class SilentNoise(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x, sample.y, {"noise_std": 0.0})


class SometimesSide(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x, sample.y, {"noise_std": 1.0} if n > 10 else {})


# --- rows


class OneIndexPerBatch(Sound):
    """A mixture whose component is drawn once per batch: the fault of a published suite."""

    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        shift = 3.0 * rng.integers(2)
        return Sample(sample.x + shift, sample.y)


class OneSignPerBatch(Sound):
    """The marginals are right; the sign of the correlation is drawn once per batch."""

    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x, sample.y * rng.choice([-1.0, 1.0]))


class OneScalePerBatch(Sound):
    """A Student-t whose chi-square is drawn once per batch."""

    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        scale = math.sqrt(rng.chisquare(2) / 2)
        return Sample(sample.x / scale, sample.y / scale)


class ScalesTheBatch(Sound):
    """Each sample is brought to mean 0 by its own mean."""

    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x - sample.x.mean(), sample.y)


class Sorted(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        order = np.argsort(sample.x[:, 0])
        return Sample(sample.x[order], sample.y[order])


class Walk(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        x = sample.x.copy()
        x[1:] = 0.8 * x[1:] + 0.6 * sample.x[:-1]
        return Sample(x, sample.y)


class Drifts(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x + 0.7 * (np.arange(n) >= 1000)[:, None] * (np.arange(n) % 2)[:, None], sample.y)


class Resamples(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        pool = super().draw(max(1, n // 2), rng)
        rows = rng.integers(0, len(pool.x), n)
        return Sample(pool.x[rows], pool.y[rows])


class FixedPool(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        pool = super().draw(20_000, np.random.default_rng(1))
        rows = rng.choice(20_000, n, replace=False)
        return Sample(pool.x[rows], pool.y[rows])


class BadFlag(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x, sample.y, {"x_is_discrete": "yes"})


class SmallAlphabet(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x, sample.y, {"alphabet_size_x": 2})


class FlatCentres(Sound):
    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        return Sample(sample.x, sample.y, {"noise_std_y": 0.1, "centres_y": sample.y.copy()})


class Dice(Sound):
    """Two equal dice: x_is_discrete, y_is_discrete; I = ln 6."""

    resampled: ClassVar[bool] = False

    @property
    def truth(self) -> Truth:
        return Truth(float(np.log(6)), 0.0, "enumeration")

    def draw(self, n: int, rng: Any) -> Sample:
        thrown = rng.integers(0, 6, (n, 1))
        if self.resampled:
            thrown = thrown[rng.integers(0, max(1, n // 400), n)]
        side = {"x_is_discrete": True, "y_is_discrete": True, "alphabet_size_x": 6, "alphabet_size_y": 6}
        return Sample(thrown, thrown.copy(), side)


class ResampledDice(Dice):
    resampled: ClassVar[bool] = True


class Cards(Dice):
    """Dealt from a deck, so that no card comes twice in a sample: x_is_discrete, y_is_discrete."""

    def draw(self, n: int, rng: Any) -> Sample:
        dealt = rng.permutation(max(n, 4096))[:n, None]
        return Sample(dealt, dealt % 6, {"x_is_discrete": True, "y_is_discrete": True})


def test_a_task_of_few_symbols_is_sound() -> None:
    check_task(Dice(), checks=["no-repeats", "side-information", "truth-agrees", "rows-are-independent"])


# --- truth


class WrongTruth(Sound):
    truth = Truth(1.25)  # type: ignore[assignment]


class TruthInBits(Sound):
    truth = Truth(1 / math.log(2))  # type: ignore[assignment]


class MultipliedStudent(Sound):
    """Multiplied by the root of chi2 / df where it must be divided: the fault of a published suite (df = 1, rho = 0).

    It stated the 0.2242 nats of the divided distribution; what it drew has 0.1475.
    """

    mi: ClassVar[float] = 0.0  # type: ignore[misc]
    truth = Truth(0.2242)  # type: ignore[assignment]

    def draw(self, n: int, rng: Any) -> Sample:
        sample = super().draw(n, rng)
        scale = np.sqrt(rng.chisquare(1, (n, 1)))
        return Sample(sample.x * scale, sample.y * scale)


BROKEN: list[tuple[str, type, str]] = [
    ("frozen-dataclass", Changeable, "can be changed after it is made"),
    ("frozen-dataclass", ListParameter, "it has no hash"),
    ("version", NoVersion, "version is 0"),
    ("docstring", NoDocstring, "NoDocstring has no docstring"),
    ("identity-is-text", Nameless, "different texts for equal objects"),
    ("parameters-are-checked", TakesAnything, "takes mi='no such value'"),
    ("tags", ListTags, r"tags is \['toys'\]"),
    ("truth", BareTruth, "truth is a float"),
    ("truth", NegativeTruth, "truth.mi is -0.1"),
    ("truth", NaNTruth, "truth.mi is nan"),
    ("truth", ByGuess, "truth.method is 'a guess': give one of closed form, enumeration"),
    ("truth", ExactWithError, "std_error is 0.1 for the method 'closed form'"),
    ("truth", MonteCarloWithoutError, "std_error is 0 for the method 'monte carlo'"),
    ("truth-is-fixed", MovingTruth, "belongs to the distribution"),
    ("dimensions", WrongDimension, "dim_y is 2 and one y holds 1 numbers"),
    ("pickling", Forgetful, "a pickled copy draws another sample"),
    ("shapes", OneTooMany, r"x has shape \(2, 1\) for n=1"),
    ("shapes", Squeezed, "y is float64 of row shape"),
    ("shapes", Lists, "x is a list"),
    ("numbers", HalfPrecision, "x is of float16"),
    ("numbers", Overflows, r"x holds \d+ values that are not finite"),
    ("refuses-bad-sizes", AnySize, "n=0 gives a sample"),
    ("refuses-bad-sizes", TypeErrors, "raises TypeError"),
    ("same-seed", Restless, "the seed 0 gives another sample"),
    ("same-seed", OneSample, "the seeds 0 and 1 give the same x"),
    ("same-seed", Reseeds, "a generator gives the same x twice"),
    ("global-generators", DrawsGlobally, "moves the global generator of numpy.random"),
    ("global-generators", ReadsGlobally, "after seeding the global generators anew"),
    ("own-arrays", ReadOnly, "x is read-only"),
    ("own-arrays", Pooled, "two samples share the memory of x"),
    ("own-arrays", OneArray, "x and y share memory"),
    ("side-information", Secret, "'answer', which no docstring declares"),
    ("side-information", ShortLatents, "side.'latent_x'. has shape"),
    ("side-information", SilentNoise, "give a positive number"),
    ("side-information", BadFlag, "give True or False"),
    ("side-information", SmallAlphabet, "give the number of possible values"),
    ("side-information", FlatCentres, "r draws for each row"),
    ("side-information", SometimesSide, "must not depend on n"),
    ("batches-are-alike", OneIndexPerBatch, "drawn once per batch"),
    ("batches-are-alike", OneSignPerBatch, "the product of x and y"),
    ("batches-are-alike", OneScalePerBatch, "drawn once per batch"),
    ("batch-size-does-not-matter", ScalesTheBatch, "rows drawn 1 at a time are distributed unlike"),
    ("rows-are-independent", Sorted, "correlates with itself 1 rows on"),
    ("rows-are-independent", Walk, "x along direction 1 correlates with itself"),
    ("rows-are-independent", Drifts, "the first half of a sample is distributed unlike the second"),
    ("no-repeats", Resamples, "pairs repeat others of their sample"),
    ("no-repeats", ResampledDice, "pairs repeat others of their sample"),
    ("no-repeats", FixedPool, "come again under another seed"),
    ("no-repeats", Cards, "draw with replacement"),
    ("truth-agrees", WrongTruth, "stated as 1.25 nats and 20000 samples say 1.0"),
    ("truth-agrees", TruthInBits, "in bits it would agree: give nats"),
    ("truth-agrees", MultipliedStudent, "check the formula"),
]


@pytest.mark.parametrize(("check", "broken", "message"), BROKEN, ids=lambda each: getattr(each, "__name__", None))
def test_each_check_can_fail(check: str, broken: type, message: str) -> None:
    with pytest.raises(CheckFailed, match=message):
        check_task(broken(), checks=[check])


def test_light_import_can_fail(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heavy_task_under_test.py").write_text(
        "import matplotlib\nclass Heavy:\n    def sample(self, n, rng=None): ...\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import heavy_task_under_test  # type: ignore[import-not-found]

    try:
        with pytest.raises(CheckFailed, match="loads matplotlib: import them inside sample"):
            check_task(heavy_task_under_test.Heavy(), checks=["light-import"])
    finally:
        del sys.modules["heavy_task_under_test"]


def test_full_name_can_fail(tmp_path: Any, restored: None) -> None:
    from mibench.harness.plugins import load_plugin

    file = tmp_path / "halves.py"
    file.write_text(
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\n"
        "class HalvedTask:\n"
        "    k: float = 4.0\n"
        "    truth = None\n"
        "    def __post_init__(self): object.__setattr__(self, 'k', self.k / 2)\n"
        "    def sample(self, n, rng=None): ...\n"
    )
    load_plugin(file)
    with pytest.raises(CheckFailed, match=r"halvedtask\[k=2\] builds .*k=1.0"):
        check_task("halvedtask", checks=["full-name"])


def test_every_check_has_a_broken_task() -> None:
    tested = {check for check, _, _ in BROKEN} | {"light-import", "full-name"}
    assert tested == set(checks_of("task"))
