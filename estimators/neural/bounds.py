# SPDX-License-Identifier: Apache-2.0
"""The variational bounds, as functions of a matrix of scores.

``scores[i, j] = f(x_i, y_j)``: the diagonal holds the pairs, every entry beside it a draw from the product of the
marginals. Each bound has two sides: `ascent`, the derivative of its training objective with respect to the scores
(handed to back-propagation as it stands, so a biased or corrected gradient is written down, not implied), and `mi`, its
value in nats, of which `value` also knows what each sample contributes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["Bound", "Clipped", "Contrastive", "DonskerVaradhan", "MovingAverage", "NguyenWainwrightJordan", "Value"]

_FLOOR = 1e-12  # smaller weights change no gradient; zero instead of denormals, which are ten times slower on CPUs


@dataclass(frozen=True)
class Value:
    """A bound's value on one matrix of scores, and its variance.

    Attributes
    ----------
    mi : float
        Nats.
    influence : Tensor, shape (m,)
        First-order contribution of each sample, as a pair and as a member of the product of marginals; mean 0.
    remainder : float
        Variance of the second-order part of the product term, a U-statistic: it is what grows like exp(2 MI).
    """

    mi: float
    influence: Tensor
    remainder: float = 0.0

    @property
    def variance(self) -> float:
        """Variance of `mi` for a fixed critic, by the delta method."""
        m = len(self.influence)
        return float(self.influence.square().sum()) / (m * (m - 1)) + self.remainder


class Bound(Protocol):
    """What training and evaluation need of a bound."""

    def ascent(self, scores: Tensor) -> Tensor:
        """Derivative of the training objective with respect to `scores`, shape (m, m)."""
        ...

    def mi(self, scores: Tensor) -> float:
        """The bound on `scores`, shape (m, m), in nats."""
        ...

    def value(self, scores: Tensor) -> Value:
        """The same with what its error is made of."""
        ...


def product_terms(scores: Tensor) -> Tensor:
    """The scores with the pairs (the diagonal) at minus infinity, where an exponential leaves nothing."""
    return scores.masked_fill(torch.eye(len(scores), dtype=torch.bool, device=scores.device), -math.inf)


def log_mean_exp(scores: Tensor) -> Tensor:
    """log E[exp f] under the product of the marginals, over all m (m - 1) unpaired entries of `scores`."""
    m = len(scores)
    return torch.logsumexp(product_terms(scores).flatten(), 0) - math.log(m * (m - 1))


def _pair_weights(scores: Tensor) -> Tensor:
    return torch.eye(len(scores), dtype=scores.dtype, device=scores.device) / len(scores)


def _tilted(scores: Tensor, log_partition: Tensor) -> Tensor:
    """exp(f - log_partition) / (m (m - 1)) off the diagonal, without denormals: the weights of a product term."""
    m = len(scores)
    weights = torch.exp(product_terms(scores) - log_partition) / (m * (m - 1))
    return torch.where(weights < _FLOOR, 0.0, weights)


def _influence(scores: Tensor, log_partition: Tensor) -> tuple[Tensor, float]:
    """Hajek projection of mean f - (product mean of exp f) / partition, and the variance of what it leaves."""
    m = len(scores)
    ratio = torch.exp(product_terms(scores) - log_partition)
    rows, columns = ratio.sum(1) / (m - 1), ratio.sum(0) / (m - 1)
    mean = rows.mean()
    paired = scores.diagonal()
    rest = product_terms(ratio - rows[:, None] - columns[None, :] + mean).nan_to_num(neginf=0.0)
    return paired - paired.mean() - (rows - mean) - (columns - mean), float(rest.square().sum()) / (m * (m - 1)) ** 2


class DonskerVaradhan:
    """E[f] - log E'[exp f], with its plain gradient (Donsker, Varadhan 1983; Belghazi et al. 2018, eq. 6)."""

    def ascent(self, scores: Tensor) -> Tensor:
        return _pair_weights(scores) - _tilted(scores, log_mean_exp(scores))

    def mi(self, scores: Tensor) -> float:
        return float(scores.diagonal().mean() - log_mean_exp(scores))

    def value(self, scores: Tensor) -> Value:
        return Value(self.mi(scores), *_influence(scores, log_mean_exp(scores)))


class MovingAverage(DonskerVaradhan):
    """The same bound, its gradient's denominator replaced by a moving average (Belghazi et al. 2018, eq. 12).

    The plain gradient of a batch is biased, since the expectation in the denominator is the batch's own. But the bound
    ignores a constant added to f, and the corrected gradient does not: at large MI the constant runs away. `anchor`
    times log(E'[exp f])^2 / 2 is taken off the objective, which holds the constant and leaves the optimum where it was
    (Choi, Lee: Combating the instability of mutual information-based losses via regularization, UAI 2022).
    """

    def __init__(self, rate: float, anchor: float) -> None:
        self.rate = rate
        self.anchor = anchor
        self.log_average: Tensor | None = None

    def ascent(self, scores: Tensor) -> Tensor:
        current = log_mean_exp(scores)
        if self.log_average is None:
            self.log_average = current
        else:
            self.log_average = torch.logaddexp(math.log1p(-self.rate) + self.log_average, math.log(self.rate) + current)
        corrected = _pair_weights(scores) - _tilted(scores, self.log_average)
        return corrected - self.anchor * current * _tilted(scores, current)


class NguyenWainwrightJordan:
    """E[f] - E'[exp(f - 1)] (Nguyen, Wainwright, Jordan 2010), written for g = f - 1, so that g = 0 has value 0."""

    def __init__(self, ceiling: float = 20.0) -> None:
        self.ceiling = ceiling  # of the logarithm of the partition, in training: beyond it the gradient is scaled

    def ascent(self, scores: Tensor) -> Tensor:
        log_partition = log_mean_exp(scores)
        return _pair_weights(scores) - _tilted(scores, (log_partition - self.ceiling).clamp(min=0.0))

    def mi(self, scores: Tensor) -> float:
        return float(1.0 + scores.diagonal().mean() - torch.exp(log_mean_exp(scores)))

    def value(self, scores: Tensor) -> Value:
        return Value(self.mi(scores), *_influence(scores, scores.new_zeros(())))


class Contrastive:
    """InfoNCE: mean_i log(exp f_ii / mean_j exp f_ij), at most log m (van den Oord et al. 2018, eq. 4)."""

    def ascent(self, scores: Tensor) -> Tensor:
        m = len(scores)
        weights = torch.softmax(scores, 1) / m
        return _pair_weights(scores) - torch.where(weights < _FLOOR, 0.0, weights)

    def mi(self, scores: Tensor) -> float:
        return float(torch.log_softmax(scores, 1).diagonal().mean()) + math.log(len(scores))

    def value(self, scores: Tensor) -> Value:
        log_shares = torch.log_softmax(scores, 1)
        terms = log_shares.diagonal()
        return Value(self.mi(scores), terms - terms.mean() - (log_shares.exp().sum(0) - 1.0))


class Clipped:
    """SMILE: E[f] - log E'[clip(exp f, exp -tau, exp tau)], trained on Jensen-Shannon's (Song, Ermon 2020, eq. 8).

    Clipping trades the partition's variance for a bias, upwards where the density ratio exceeds exp(tau).
    """

    def __init__(self, tau: float) -> None:
        self.tau = tau

    def ascent(self, scores: Tensor) -> Tensor:
        m = len(scores)
        weights = torch.sigmoid(scores) / (m * (m - 1))
        weights = torch.where(weights < _FLOOR, 0.0, weights).fill_diagonal_(0.0)
        return torch.diag(torch.sigmoid(-scores.diagonal()) / m) - weights

    def mi(self, scores: Tensor) -> float:
        return float(scores.diagonal().mean() - log_mean_exp(scores.clamp(-self.tau, self.tau)))

    def value(self, scores: Tensor) -> Value:
        clipped = scores.clamp(-self.tau, self.tau)
        influence, remainder = _influence(clipped, log_mean_exp(clipped))
        lifted = scores.diagonal() - clipped.diagonal()
        return Value(self.mi(scores), influence + lifted - lifted.mean(), remainder)
