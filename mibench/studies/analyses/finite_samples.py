# SPDX-License-Identifier: Apache-2.0
"""How far plug-in information of a fixed encoder is from the truth, against the bounds of the lecture.

Tishby and Zaslavsky (2015) quote Shamir, Sabato and Tishby (2010): with probability 1 - delta, n samples, in nats,

    |I^(X;T) - I(X;T)| <= |T| ln n sqrt(ln(4/delta) / (2 n)) + (|T| - 1) / n
    |I^(T;Y) - I(T;Y)| <= (3 |T| + 2) ln n sqrt(ln(4/delta) / (2 n)) + ((|Y| + 1)(|T| + 1) - 4) / n

For a T that is a function of X, as here, both follow from two known facts: an entropy of counts changes by 2 ln(n) / n
at most when a sample does, so that McDiarmid's inequality applies (Antos and Kontoyiannis 2001), and it is too small by
(K - 1) / n at most in the mean, K values being possible (Paninski 2003).

The encoders are groups of the 64 classes of the 12-bit set, neighbours in order of their probability, so that groups
are not equally likely: the spread of the entropy of equally likely ones falls with 1/n, not with 1/sqrt(n).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import binom

from mibench.datasets import ib12
from mibench.studies.analyses.ib_curve import of_rule
from mibench.studies.analyses.rule import GAMMAS, rule
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.seeds import child
from mibench.studies.setting import Scale

__all__ = ["CLUSTERS", "DELTA", "SIZES", "bounds", "expected_entropy", "finite_samples", "joint_of", "worst_case"]

CLUSTERS = (2, 4, 8, 16, 32, 64)
SIZES = (100, 316, 1000, 3162, 10_000, 31_623, 100_000)
DELTA = 0.05
_SAMPLES = {"paper": 4000, "quick": 400}
_SLOPES_FROM = 1000  # samples
_RATES = 400  # points of the worst-case curve
_WIDTH = 12.0  # standard deviations of a count

Floats = NDArray[np.float64]


def joint_of(clusters: int) -> Floats:
    """p(t, y), shape (clusters, 2), of the stochastic labels with the first of `GAMMAS`."""
    classes = ib12.classes()
    mass = np.bincount(classes)
    place = np.empty(len(mass), np.int64)
    place[np.argsort(mass, kind="stable")] = np.arange(len(mass))
    codes = place[classes] * clusters // len(mass)
    return np.stack([np.bincount(codes, p) for p in rule(GAMMAS[0]).T], axis=1) / ib12.N_PATTERNS


def bounds(clusters: int, n: int, delta: float = DELTA) -> tuple[float, float]:
    """What the errors of I(X;T) and I(T;Y) are at most, with probability 1 - delta; two labels."""
    spread = np.log(n) * np.sqrt(np.log(4 / delta) / (2 * n))
    return (
        float(clusters * spread + (clusters - 1) / n),
        float((3 * clusters + 2) * spread + (3 * (clusters + 1) - 4) / n),
    )


def expected_entropy(p: Floats, n: int) -> float:
    """The mean entropy of the counts of n samples: each count is binomial, and their terms add up."""
    total = 0.0
    for share in p[p > 0]:
        reach = _WIDTH * np.sqrt(n * share * (1 - share)) + _WIDTH**2
        counts = np.arange(max(0, int(n * share - reach)), min(n, int(n * share + reach)) + 1)
        total -= float(binom.pmf(counts, n, share) @ xlogy(counts / n, counts / n))
    return total


def _entropies(joint: Floats) -> Floats:
    """I(X;T) = H(T) and I(T;Y) of tables, shape (..., clusters, 2)."""
    h_t, h_y, h_ty = (
        -xlogy(p, p).sum(axis=-1)
        for p in (joint.sum(axis=-1), joint.sum(axis=-2), joint.reshape(*joint.shape[:-2], -1))
    )
    return np.stack([h_t, h_t + h_y - h_ty], axis=-1)


def worst_case(n: int, rates: Floats, i_y: Floats, i_xy: float) -> Floats:
    """The worst-case distortion D(R; n) = I(X;Y) - I_IB(R) + e^R |Y| / sqrt(n), |T| being e^R, in nats."""
    return np.asarray(i_xy - i_y + 2 * np.exp(rates) / np.sqrt(n))


def finite_samples(
    *,
    scale: Scale,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _share: None,
) -> dict[str, NDArray[Any]]:
    """Errors of plug-in information of encoders with k values from n samples, and the worst-case curve.

    Parameters
    ----------
    scale : {"quick", "paper"}
        How often samples are drawn.
    seed : SeedSequence
    progress : callable
        Called with the share that is done, from 0 to 1.

    Returns
    -------
    dict of ndarray
        ``clusters`` (K,), ``sizes`` (N,); ``truth`` (K, 2) of I(X;T) and I(T;Y); ``bias`` (K, N, 2), computed and not
        drawn; ``mean``, ``std``, ``error``, ``worst`` (K, N, 2), mean, spread, mean and greatest absolute error of the
        samples drawn; ``bound`` (K, N, 2) and ``exceeded``, the share of samples beyond it; ``slopes`` (2, K, 2),
        of the logarithms of bias and spread by that of n, from 1000 samples on; ``rates`` (G,), ``distortion`` (N, G)
        and ``best_rate`` (N,) of the worst-case curve. Information is in nats.
    """
    samples = _SAMPLES[scale]
    shape = (len(CLUSTERS), len(SIZES), 2)
    found = {name: np.empty(shape) for name in ("bias", "mean", "std", "error", "worst", "bound", "exceeded")}
    truth = np.array([_entropies(joint_of(clusters)) for clusters in CLUSTERS])
    for k, clusters in enumerate(CLUSTERS):
        joint = joint_of(clusters)
        for i, n in enumerate(SIZES):
            rng = np.random.default_rng(child(seed, k, i))
            drawn = _entropies(rng.multinomial(n, joint.ravel(), size=samples).reshape(samples, clusters, 2) / n)
            h_t, h_y, h_ty = (expected_entropy(p, n) for p in (joint.sum(axis=1), joint.sum(axis=0), joint.ravel()))
            errors, bound = np.abs(drawn - truth[k]), np.array(bounds(clusters, n))
            found["bias"][k, i] = np.array([h_t, h_t + h_y - h_ty]) - truth[k]
            found["mean"][k, i], found["std"][k, i] = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
            found["error"][k, i], found["worst"][k, i] = errors.mean(axis=0), errors.max(axis=0)
            found["bound"][k, i], found["exceeded"][k, i] = bound, (errors > bound).mean(axis=0)
        progress((k + 1) / len(CLUSTERS))
    far = np.array(SIZES) >= _SLOPES_FROM
    slopes = [
        np.polyfit(np.log(SIZES)[far], np.log(np.abs(found[name])).swapaxes(0, 1)[far].reshape(far.sum(), -1), 1)[0]
        for name in ("bias", "std")
    ]
    curve = of_rule(GAMMAS[0])
    rates = np.linspace(0, np.log(CLUSTERS[-1]), _RATES)
    distortion = np.array([worst_case(n, rates, curve.i_y_at(rates), curve.i_xy) for n in SIZES])
    return {
        "clusters": np.array(CLUSTERS),
        "sizes": np.array(SIZES),
        "truth": truth,
        **found,
        "slopes": np.reshape(slopes, (2, len(CLUSTERS), 2)),
        "rates": rates,
        "distortion": distortion,
        "best_rate": rates[distortion.argmin(axis=1)],
    }
