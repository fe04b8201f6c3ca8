# SPDX-License-Identifier: Apache-2.0
"""Variational autoencoders of two points: the ELBO drives the codes apart, InfoVAE does not (Zhao, Song, Ermon 2019).

The data are x = -1 and x = 1, equally likely; the code z is one number with the prior N(0, 1), the encoder
q(z|x) = N(m_x, s_x^2) with free numbers, which any encoder of two points is, and the decoder p(x|z) = N(m(z), s(z)^2) a
small network. What is maximised is the objective of InfoVAE,

    E ln p(x|z) - (1 - alpha) E KL(q(z|x) || p) - (alpha + lambda - 1) KL(q(z) || p)

which is the ELBO for alpha = 0 and lambda = 1; for InfoVAE alpha is 1 and lambda large. Expectations are Gauss-Hermite
sums, so that nothing of a training is drawn but its initial numbers, and KL(q(z) || p) is itself a term, where for more
data an adversary or MMD takes its place. The measures of the result are sums on a fine grid.
"""

from __future__ import annotations

from math import log, pi
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from mibench.studies.grid import thinned
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.seeds import child
from mibench.studies.setting import Scale

__all__ = ["OBJECTIVES", "Decoder", "Encoder", "Measured", "gradient", "infovae", "measured", "objective", "two_forms"]

OBJECTIVES = ((0.0, 1.0), (1.0, 10.0), (1.0, 100.0), (1.0, 1000.0))  # alpha, lambda; the first is the ELBO
_RUNS, _STEPS, _POINTS = {"paper": 20, "quick": 4}, {"paper": 5000, "quick": 1500}, 60
_HIDDEN, _NODES = 16, 24
_RATE, _DECAY, _TINY = 1e-2, (0.9, 0.999), 1e-8  # of Adam
_GRID, _REACH = 2001, 10.0  # of the measures: points, standard deviations beyond the outer code

Floats = NDArray[np.float64]
_DATA = np.array([-1.0, 1.0])
_AT, _WEIGHT = np.polynomial.hermite_e.hermegauss(_NODES)
_WEIGHT = _WEIGHT / _WEIGHT.sum()


class Encoder(NamedTuple):
    """Means and logarithms of standard deviations of q(z|x) of B models, shapes (B, 2)."""

    mean: Floats
    log_std: Floats


class Decoder(NamedTuple):
    """From z by 16 units of tanh to the mean and the logarithm of the standard deviation of x."""

    inner: Floats  # (B, 1, H)
    inner_bias: Floats  # (B, 1, H)
    outer: Floats  # (B, H, 2)
    outer_bias: Floats  # (B, 1, 2)

    def __call__(self, z: Floats) -> tuple[Floats, Floats]:
        """Of z, shape (B, P), both of shape (B, P)."""
        found = np.tanh(z[..., None] * self.inner + self.inner_bias) @ self.outer + self.outer_bias
        return found[..., 0], found[..., 1]


class Measured(NamedTuple):
    """Of B models, shapes (B,), in nats."""

    apart: Floats  # |m_+ - m_-|
    divergence: Floats  # KL(q(z) || p(z))
    information: Floats  # I_q(x;z), at most ln 2


def _log_normal(z: Floats, mean: Any, log_std: Any) -> Floats:
    return np.asarray(-0.5 * ((z - mean) * np.exp(-log_std)) ** 2 - log_std - 0.5 * log(2 * pi))


def _codes(encoder: Encoder) -> Floats:
    """z at the nodes of each x, shape (B, 2, nodes)."""
    return np.asarray(encoder.mean[..., None] + np.exp(encoder.log_std)[..., None] * _AT)


def _of_each(encoder: Encoder, z: Floats) -> Floats:
    """ln q(z|x) at z, shape (B, P), of both x: shape (B, 2, P)."""
    return _log_normal(z[:, None], encoder.mean[..., None], encoder.log_std[..., None])


def objective(encoder: Encoder, decoder: Decoder, alpha: Floats, lam: Floats) -> Floats:
    """What is maximised, shape (B,)."""
    z = _codes(encoder).reshape(len(alpha), -1)
    mean, log_std = decoder(z)
    weights = np.tile(_WEIGHT / 2, 2)
    fit = _log_normal(np.repeat(_DATA, _NODES), mean, log_std) @ weights
    log_q = np.logaddexp(*_of_each(encoder, z).swapaxes(0, 1)) - log(2)
    whole = (log_q - _log_normal(z, 0.0, 0.0)) @ weights
    each = (0.5 * (encoder.mean**2 + np.exp(2 * encoder.log_std) - 1) - encoder.log_std).mean(axis=1)
    return np.asarray(fit - (1 - alpha) * each - (alpha + lam - 1) * whole)


def gradient(encoder: Encoder, decoder: Decoder, alpha: Floats, lam: Floats) -> tuple[Encoder, Decoder]:
    """The gradient of the objective. That of E_q ln q is taken along z alone: the rest of it is 0 in the mean."""
    models = len(alpha)
    z = _codes(encoder).reshape(models, -1)
    weights = np.tile(_WEIGHT / 2, 2)
    hidden = np.tanh(z[..., None] * decoder.inner + decoder.inner_bias)
    out = hidden @ decoder.outer + decoder.outer_bias
    pull = (np.repeat(_DATA, _NODES) - out[..., 0]) * np.exp(-2 * out[..., 1])
    by_out = np.stack([pull, pull**2 * np.exp(2 * out[..., 1]) - 1], axis=-1) * weights[:, None]
    by_sum = (by_out @ decoder.outer.swapaxes(1, 2)) * (1 - hidden**2)
    of_decoder = Decoder(
        (z[:, None] @ by_sum), by_sum.sum(axis=1, keepdims=True), hidden.swapaxes(1, 2) @ by_out,
        by_out.sum(axis=1, keepdims=True),
    )  # fmt: skip
    of_each = _of_each(encoder, z)
    share = np.exp(of_each - np.logaddexp(*of_each.swapaxes(0, 1))[:, None])
    fall = (z[:, None] - encoder.mean[..., None]) * np.exp(-2 * encoder.log_std)[..., None]
    by_whole = weights * (z - (share * fall).sum(axis=1))
    by_z = (by_sum * decoder.inner).sum(axis=-1) - (alpha + lam - 1)[:, None] * by_whole
    by_z = by_z.reshape(models, 2, _NODES)
    std, part = np.exp(encoder.log_std), (1 - alpha)[:, None] / 2
    by_log_std = (by_z @ _AT) * std - part * (std**2 - 1)
    return Encoder(by_z.sum(axis=-1) - part * encoder.mean, by_log_std), of_decoder


def _on_grid(encoder: Encoder) -> tuple[Floats, Floats, Floats]:
    """Points z (B, G), their distances (B,), ln q(z|x) (B, 2, G)."""
    std = np.exp(encoder.log_std)
    low, high = (encoder.mean - _REACH * std).min(axis=1), (encoder.mean + _REACH * std).max(axis=1)
    z = np.linspace(low, high, _GRID, axis=-1)
    return z, z[:, 1] - z[:, 0], _of_each(encoder, z)


def measured(encoder: Encoder) -> Measured:
    """Distance of the codes, KL(q(z) || p(z)) and I_q(x;z)."""
    z, step, of_each = _on_grid(encoder)
    log_q = np.logaddexp(*of_each.swapaxes(0, 1)) - log(2)
    divergence = (np.exp(log_q) * (log_q - _log_normal(z, 0.0, 0.0))).sum(axis=-1) * step
    information = (np.exp(of_each) * (of_each - log_q[:, None])).sum(axis=-1).mean(axis=1) * step
    return Measured(np.abs(np.diff(encoder.mean, axis=1))[:, 0], divergence, information)


def two_forms(encoder: Encoder, decoder: Decoder, alpha: Floats, lam: Floats) -> tuple[Floats, Floats]:
    """The objective of InfoVAE in two forms, on the grid, shapes (B,); the first is greater by H(x) = ln 2.

    The first is ``-lambda KL(q(z) || p) - E_q(z) KL(q(x|z) || p(x|z)) + alpha I_q(x;z)``.
    """
    z, step, of_each = _on_grid(encoder)
    at = measured(encoder)
    log_x = np.stack([_log_normal(_DATA[i], *decoder(z)) for i in (0, 1)], axis=1)
    q_z = np.exp(of_each).mean(axis=1)
    posterior = np.exp(of_each - np.logaddexp(*of_each.swapaxes(0, 1))[:, None])
    mismatch = (q_z[:, None] * (xlogy(posterior, posterior) - posterior * log_x)).sum(axis=(1, 2)) * step
    fit = (np.exp(of_each) * log_x).sum(axis=-1).mean(axis=1) * step
    own = (0.5 * (encoder.mean**2 + np.exp(2 * encoder.log_std) - 1) - encoder.log_std).mean(axis=1)
    first = -lam * at.divergence - mismatch + alpha * at.information
    return first, fit - (1 - alpha) * own - (alpha + lam - 1) * at.divergence


class _Models:
    """Models side by side, one for each objective and run, by Adam; a run begins alike under every objective."""

    def __init__(self, runs: int, seed: np.random.SeedSequence) -> None:
        starts = [self._drawn(np.random.default_rng(child(seed, run))) for run in range(runs)]
        every = [np.concatenate([np.array(part)] * len(OBJECTIVES)) for part in zip(*starts, strict=True)]
        self._alpha, self._lam = np.repeat(np.array(OBJECTIVES), runs, axis=0).T
        self._parameters, self._first, self._second = every, [0 * x for x in every], [0 * x for x in every]
        self._steps = 0

    @staticmethod
    def _drawn(rng: np.random.Generator) -> list[Floats]:
        return [
            rng.normal(scale=0.1, size=2),
            np.zeros(2),
            rng.normal(size=(1, _HIDDEN)),
            rng.normal(size=(1, _HIDDEN)),
            rng.normal(scale=_HIDDEN**-0.5, size=(_HIDDEN, 2)),
            np.zeros((1, 2)),
        ]

    @property
    def _parts(self) -> tuple[Encoder, Decoder]:
        return Encoder(*self._parameters[:2]), Decoder(*self._parameters[2:])

    def step(self) -> None:
        """One of Adam's."""
        self._steps += 1
        of_encoder, of_decoder = gradient(*self._parts, self._alpha, self._lam)
        quick, slow = _DECAY
        for x, first, second, slope in zip(
            self._parameters, self._first, self._second, (*of_encoder, *of_decoder), strict=True
        ):
            first += (1 - quick) * (slope - first)
            second += (1 - slow) * (slope**2 - second)
            spread = np.sqrt(second / (1 - slow**self._steps)) + _TINY
            x += _RATE * first / (1 - quick**self._steps) / spread

    def measured(self) -> list[Floats]:
        """`measured`, and how far from the data what is generated from the prior is: E (1 - |m(z)|)^2 + s(z)^2."""
        encoder, decoder = self._parts
        mean, log_std = decoder(np.tile(_AT, (len(self._alpha), 1)))
        missed = ((1 - np.abs(mean)) ** 2 + np.exp(2 * log_std)) @ _WEIGHT
        return [*measured(encoder), missed]


def infovae(
    *,
    scale: Scale,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _share: None,
) -> dict[str, NDArray[Any]]:
    """Trainings with the objectives `OBJECTIVES`.

    Parameters
    ----------
    scale : {"quick", "paper"}
        How many runs and steps.
    seed : SeedSequence
        Of the initial numbers.
    progress : callable
        Called with the share that is done, from 0 to 1.

    Returns
    -------
    dict of ndarray
        ``alpha``, ``lambda`` (4,) of the objectives, the first being the ELBO; ``steps`` (E,); and of shape (4, R, E)
        ``apart``, |m_+ - m_-|; ``divergence``, KL(q(z) || p(z)), and ``information``, I_q(x;z), in nats; ``missed``,
        the mean square by which what is generated from the prior misses the data.
    """
    runs, total = _RUNS[scale], _STEPS[scale]
    recorded = thinned(np.arange(total + 1), _POINTS)
    models, found = _Models(runs, seed), []
    for step in range(total + 1):
        if step in recorded:
            found.append(models.measured())
            progress(step / total)
        if step < total:
            models.step()
    names = ("apart", "divergence", "information", "missed")
    arrays = np.array(found).transpose(1, 2, 0).reshape(len(names), len(OBJECTIVES), runs, len(recorded))
    alpha, lam = np.array(OBJECTIVES).T
    return {"alpha": alpha, "lambda": lam, "steps": recorded, **dict(zip(names, arrays, strict=True))}
