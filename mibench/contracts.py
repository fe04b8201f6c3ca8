# SPDX-License-Identifier: Apache-2.0
"""The contracts every room of mibench stands on. Imports nothing of ours and nothing heavy.

Units are nats, float64 and raw: an estimate is never clipped, because a negative estimate is information about the
estimator. Views that clip or show bits say so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    RandomLike = int | np.random.Generator | None

Status = Literal["ok", "error", "timeout", "crashed", "out_of_memory", "unsupported", "not_installed"]
STATUSES: tuple[Status, ...] = ("ok", "error", "timeout", "crashed", "out_of_memory", "unsupported", "not_installed")
TruthMethod = Literal["closed form", "enumeration", "quadrature", "monte carlo"]


class MibenchError(Exception):
    """Base of every error mibench raises on purpose."""


class InputError(MibenchError, ValueError):
    """Data or a parameter that no estimator or task could use: the message names it and what was expected."""


class Unsupported(MibenchError):
    """A sound input that this method cannot handle; it never returns a number it does not mean."""


class UnknownName(MibenchError, LookupError):
    """No task or estimator by that name; the message suggests the nearest ones."""


class NotInstalled(MibenchError, ImportError):
    """An optional package that the method needs is absent; the message names the command that installs it."""


@dataclass(frozen=True)
class Truth:
    """What a task knows about its mutual information: `mi` in nats, its standard error (0.0 unless Monte Carlo)."""

    mi: float
    std_error: float = 0.0
    method: TruthMethod = "closed form"


@dataclass(frozen=True)
class Sample:
    """What an estimator may see.

    Attributes
    ----------
    x, y : array, shape (n, ...)
        Paired observations; images stay images, shape (n, h, w).
    side : mapping
        Declared side information. Of the noise: ``noise_std`` (of white noise in both sides), ``noise_std_x``,
        ``noise_std_y`` (in that side alone), ``clean_x``, ``clean_y`` (the side without it), ``centres_x``,
        ``centres_y`` (shape (n, r, ...): r draws of the noise-free side given the row's other side). Of discrete
        sides: ``x_is_discrete``, ``y_is_discrete``, ``alphabet_size_x``, ``alphabet_size_y`` (how many values it can
        take). ``latent_x``, ``latent_y`` (shape (n, d); only ``oracle+`` reads them).
    """

    x: Array
    y: Array
    side: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Task(Protocol):
    """A generator of samples whose mutual information is known. A frozen dataclass of its parameters."""

    @property
    def version(self) -> int: ...
    @property
    def tags(self) -> frozenset[str]: ...
    @property
    def truth(self) -> Truth: ...
    @property
    def dim_x(self) -> int: ...
    @property
    def dim_y(self) -> int: ...
    def sample(self, n: int, rng: RandomLike = None) -> Sample: ...


@dataclass(frozen=True)
class Estimate:
    """What an estimator returned; ``float(estimate)`` is its mutual information in nats.

    Attributes
    ----------
    mi : float
        Nats, raw: never clipped.
    std_error : float or None
        Standard error of `mi`, where the method has one.
    interval : (float, float) or None
        Confidence interval at `level`.
    bounds : (float, float) or None
        Enclosure of I(X;Y) at `level`, such as that of PCA with Corollary 4; the method says what it rests on.
    diagnostics : mapping of str to float
        Bandwidth, latent_dim, final loss, saturation, cap, ...
    level : float
        Confidence level of `interval`.
    """

    mi: float
    std_error: float | None = None
    interval: tuple[float, float] | None = None
    bounds: tuple[float, float] | None = None
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    level: float = 0.95

    def __float__(self) -> float:
        return float(self.mi)


@runtime_checkable
class Estimator(Protocol):
    """A frozen dataclass of hyper-parameters with fixed defaults; randomness comes only from `rng`."""

    @property
    def version(self) -> int: ...

    def estimate(
        self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None
    ) -> Estimate: ...


@dataclass(frozen=True)
class Trial:
    """One cell of a run: an estimator on one sample of a task.

    `task` and `estimator` are names as the registry reads them; `task_params` and `estimator_params` hold every
    parameter, defaults included, so two spellings of one trial have one key.
    """

    task: str
    estimator: str
    n: int
    repetition: int
    seed: int
    task_params: str  # canonical JSON of the registry's identity: name, version, every parameter
    estimator_params: str
    check: str = ""  # a self-consistency check: the estimator meets the sample transformed; empty for the sample itself

    @cached_property
    def key(self) -> str:
        """SHA-256 of the trial's canonical JSON."""
        parts = {
            "task": json.loads(self.task_params),
            "estimator": json.loads(self.estimator_params),
            "n": self.n,
            "repetition": self.repetition,
            "seed": self.seed,
        }
        return digest(parts | {"check": self.check} if self.check else parts)


@dataclass(frozen=True)
class Row:
    """How one trial ended, whatever happened: one line of the journal.

    `check` names the self-consistency check of a trial on a transformed sample (empty: the sample itself, scored for
    accuracy). `seed`, `task_version` and `estimator_version` are what the key was made of; `sample` is a fingerprint of
    the data the estimator saw, by which rows of two runs are known to be of one sample. Journals of schema 1 have
    none of these four.
    """

    key: str
    task: str
    estimator: str
    n: int
    repetition: int
    status: Status
    estimate: float | None = None
    std_error: float | None = None
    interval: tuple[float, float] | None = None
    bounds: tuple[float, float] | None = None
    truth: float | None = None
    truth_std_error: float | None = None
    seconds: float | None = None
    peak_mb: float | None = None
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    check: str = ""
    seed: int | None = None
    task_version: int | None = None
    estimator_version: int | None = None
    sample: tuple[float, ...] | None = None


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
