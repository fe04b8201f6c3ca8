# SPDX-License-Identifier: Apache-2.0
"""MINE, DV, NWJ, InfoNCE and SMILE: one critic, one training, five bounds."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import torch

from mibench.contracts import Estimate, InputError
from mibench.estimators.inputs import as_pair
from mibench.estimators.intervals import normal_interval
from mibench.estimators.neural.bounds import (
    Bound,
    Clipped,
    Contrastive,
    DonskerVaradhan,
    MovingAverage,
    NguyenWainwrightJordan,
)
from mibench.estimators.neural.critic import Critic, Kind
from mibench.estimators.neural.heldout import split, standardise
from mibench.estimators.neural.training import Schedule, train
from mibench.numerics.checks import as_generator
from mibench.numerics.device import pick

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["DV", "MINE", "NWJ", "SMILE", "InfoNCE", "Neural"]

_LEAST = {"batch": 2, "max_steps": 1, "check": 1, "patience": 1, "hidden": 1, "channels": 1, "width": 1, "units": 0}


@dataclass(frozen=True)
class Neural(ABC):
    """What the five estimators share: a critic trained on one part of the sample, valued on the rest.

    The reported value is always that of held-out samples, over their unpaired combinations (in blocks beyond 2048
    samples a half), and the checkpoint it belongs to is chosen by other held-out samples
    (`mibench.estimators.neural.heldout`).

    Parameters
    ----------
    critic : {"auto", "conv", "mlp"}
        Convolutional encoders for images, shape (n, h, w) or (n, channels, h, w), and dense ones for vectors ("auto"),
        or one of them for both sides.
    batch : int
        Pairs per step; their batch * (batch - 1) unpaired combinations stand for the product of the marginals.
    max_steps, lr, weight_decay : int, float, float
        Steps at most, and the learning rate and decay of AdamW; the rate falls along half a cosine.
    average : float
        Of the exponential average of the weights that is valued, per step.
    holdout : float
        Share of the samples held out, between 0.05 and 0.5 (at most 8192 samples).
    check, patience : int
        Steps between two looks at the held-out value; looks without a better one before training stops.
    hidden, channels, width, units : int
        The critic's size (`mibench.estimators.neural.critic.Critic`).
    """

    critic: Kind = "auto"
    batch: int = 192
    max_steps: int = 800
    lr: float = 7e-3
    weight_decay: float = 0.4
    average: float = 0.99
    holdout: float = 0.3
    check: int = 50
    patience: int = 5
    hidden: int = 128
    channels: int = 8
    width: int = 32
    units: int = 16

    version: ClassVar[int] = 1
    check_params: ClassVar[Mapping[str, Any]] = {"max_steps": 20, "check": 10, "batch": 32, "hidden": 16}
    min_samples: ClassVar[int] = 100
    block: ClassVar[int] = 2048

    def __post_init__(self) -> None:
        name = type(self).__name__
        if self.critic not in get_args(Kind):
            raise InputError(f"{name}: critic={self.critic!r} is none of {', '.join(get_args(Kind))}")
        for parameter, least in _LEAST.items():
            found = getattr(self, parameter)
            if not isinstance(found, int) or isinstance(found, bool) or found < least:
                raise InputError(f"{name}: {parameter}={found!r} must be an integer of at least {least}")
        for parameter, low, high in self._ranges():
            found = getattr(self, parameter)
            if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
                raise InputError(f"{name}: {parameter}={found!r} must be a number between {low:g} and {high:g}")

    def _ranges(self) -> list[tuple[str, float, float]]:
        return [("lr", 1e-8, 1.0), ("weight_decay", 0.0, 100.0), ("average", 0.0, 0.99999), ("holdout", 0.05, 0.5)]

    @abstractmethod
    def bound(self) -> Bound:
        """A fresh bound, with whatever it remembers between steps."""

    def _block(self) -> int:
        return self.block

    def _caps(self, half: int) -> dict[str, float]:
        return {}

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """The bound on I(X;Y) that the trained critic reaches on held-out samples.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
            Paired observations, images as images; at least 100 of them. Discrete values are welcome.
        rng : int, numpy.random.Generator or None
            Decides split, initial weights and batches; on one machine, one seed gives one number.
        side : mapping, optional
            Not used.

        Returns
        -------
        Estimate
            `mi` in nats; `std_error` and `interval` by the delta method over held-out samples, for the critic that was
            found: they tell how well the bound is known, not how far it lies below I(X;Y). Diagnostics: ``steps``,
            ``best_step``, ``stopped_early``, ``held_out`` (samples), ``held_out_value``, ``train_value`` (their gap is
            the overfit), ``parameters``, ``seconds``, and ``cap`` or ``tau`` where the bound has one.

        Raises
        ------
        InputError
            For unsound data, fewer than 100 samples, or ``critic="conv"`` with a side that is no image.
        """
        x, y = (v.reshape(len(v), -1) if v.ndim == 1 else v for v in as_pair(x, y, min_samples=self.min_samples))
        generator = as_generator(rng)
        parts = split(len(x), self.holdout, generator)
        weights = torch.Generator().manual_seed(int(generator.integers(2**63)))
        critic = Critic(
            x.shape[1:],
            y.shape[1:],
            self.critic,
            hidden=self.hidden,
            channels=self.channels,
            width=self.width,
            units=self.units,
            generator=weights,
        )
        shared = {each.name: getattr(self, each.name) for each in fields(Schedule) if each.name != "block"}
        outcome = train(
            critic,
            self.bound(),
            standardise(x, parts.train),
            standardise(y, parts.train),
            parts,
            Schedule(**shared, block=self._block()),
            generator,
            pick(),
        )
        return Estimate(
            outcome.mi,
            outcome.std_error,
            normal_interval(outcome.mi, outcome.std_error),
            diagnostics=outcome.diagnostics | self._caps(len(parts.halves[0])),
        )


@dataclass(frozen=True)
class DV(Neural):
    """The Donsker-Varadhan bound, E[f] - log E'[exp f], climbed by its plain gradient.

    References
    ----------
    Donsker, Varadhan: Asymptotic evaluation of certain Markov process expectations for large time, 1983;
    Belghazi et al.: Mutual information neural estimation, ICML 2018, eq. 6.
    """

    def bound(self) -> Bound:
        return DonskerVaradhan()


@dataclass(frozen=True)
class MINE(Neural):
    """The Donsker-Varadhan bound, its gradient's denominator replaced by a moving average over batches.

    Parameters
    ----------
    rate : float
        Weight of the current batch in the moving average of E'[exp f].
    anchor : float
        Pull of log E'[exp f] towards 0, where the bound does not care; without it training diverges at large MI.

    References
    ----------
    Belghazi et al.: Mutual information neural estimation, ICML 2018, eq. 12;
    Choi, Lee: Combating the instability of mutual information-based losses via regularization, UAI 2022.
    """

    rate: float = 0.1
    anchor: float = 0.1

    def _ranges(self) -> list[tuple[str, float, float]]:
        return [*super()._ranges(), ("rate", 1e-6, 1.0 - 1e-6), ("anchor", 0.0, 100.0)]

    def bound(self) -> Bound:
        return MovingAverage(self.rate, self.anchor)


@dataclass(frozen=True)
class NWJ(Neural):
    """The bound E[f] - E'[exp(f - 1)] (f-MINE, MINE-f).

    References
    ----------
    Nguyen, Wainwright, Jordan: Estimating divergence functionals and the likelihood ratio by convex risk
    minimization, IEEE Trans. Inf. Theory 56, 2010.
    """

    def bound(self) -> Bound:
        return NguyenWainwrightJordan()


@dataclass(frozen=True)
class InfoNCE(Neural):
    """The contrastive bound: each x finds its y among those of its batch. Never above ``cap`` = log(batch).

    Held-out batches have the size of the training batches, or of half the held-out samples where these are fewer.

    References
    ----------
    van den Oord, Li, Vinyals: Representation learning with contrastive predictive coding, 2018, section 2.3.
    """

    batch: int = 256

    def bound(self) -> Bound:
        return Contrastive()

    def _block(self) -> int:
        return self.batch

    def _caps(self, half: int) -> dict[str, float]:
        return {"cap": math.log(min(self.batch, half))}


@dataclass(frozen=True)
class SMILE(Neural):
    """The Donsker-Varadhan value with the density ratio clipped to [exp -tau, exp tau], trained on Jensen-Shannon's.

    Clipping makes the value less variable and no longer a bound: above tau nats it leans upwards.

    Parameters
    ----------
    tau : float
        Clip of the critic's scores in the partition, nats.

    References
    ----------
    Song, Ermon: Understanding the limitations of variational mutual information estimators, ICLR 2020, eq. 8.
    """

    tau: float = 5.0

    def _ranges(self) -> list[tuple[str, float, float]]:
        return [*super()._ranges(), ("tau", 1e-3, 500.0)]

    def bound(self) -> Bound:
        return Clipped(self.tau)

    def _caps(self, half: int) -> dict[str, float]:
        return {"tau": self.tau}
