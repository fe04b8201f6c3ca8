# SPDX-License-Identifier: Apache-2.0
"""What the information-bottleneck lecture says: layers near the IB curve, finite samples, and InfoVAE."""

from __future__ import annotations

from math import log, nan

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import bootstrap, judged
from mibench.studies.claims.rules import Floats, every
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_TISHBY = "Shwartz-Ziv and Tishby (2017)"
_SNAPSHOTS = "szt-snapshots"
_NEAR_BITS = 0.02  # below the curve
_GREATER = 10.0  # times, of KL(q(z) || p(z))
_SLOPE_BITS = 1e-6
_EXPONENT = 0.1  # from -1 and from -1/2
_NULL_SHARE = 0.9  # of the null's residual
_FAR_APART = 4.0  # standard deviations of the prior


def _at_layers(values: Floats, name: str = "T") -> dict[str, Floats]:
    return {f"{name}_{layer + 1}": values[:, layer] for layer in range(values.shape[1])}


def _falls_with_depth(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """Layers whose beta* is infinite in most runs of both have no order."""
    arrays = results.analysis(case.setting, "fixed-point")
    digits, infinite = np.log10(np.maximum(arrays["beta"], 1e-6)), arrays["infinite"].astype(bool)
    found = {}
    for layer in range(1, digits.shape[1]):
        if not infinite[:, layer - 1 : layer + 1].all(axis=1).mean() > 0.5:
            falls = digits[:, layer - 1] - digits[:, layer]
            middle = [float(10 ** np.median(digits[:, at])) for at in (layer - 1, layer)]
            detail = f"the median goes from {middle[0]:.3g} to {middle[1]:.3g}"
            found[f"T_{layer} to T_{layer + 1}"] = judged(falls.mean(), bootstrap(falls, rng), 0.0, "digits", detail)
    return every(found) if found else Finding("undecided", detail="beta* is infinite in nearly all layers")


def _near_the_curve(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    bits = results.analysis(case.setting, "fixed-point")["distance"] / log(2)
    found = {
        name: judged(
            values.mean(),
            bootstrap(values, rng),
            _NEAR_BITS,
            "bits",
            f"I(T;Y) is {values.mean():.4f} bits below the curve",
            above=False,
        )
        for name, values in _at_layers(bits).items()
    }
    return every(found, most=True)


def _nearer_than_chance(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    arrays = results.analysis(case.setting, "fixed-point")
    found = {}
    for (name, left), null in zip(_at_layers(arrays["residual"]).items(), arrays["null_residual"].T, strict=True):
        shares = left / np.maximum(null, 1e-12)
        detail = f"{left.mean() / log(2):.3f} bits are left, {null.mean() / log(2):.3f} with patterns exchanged"
        found[name] = judged(
            shares.mean(), bootstrap(shares, rng), _NULL_SHARE, "share of the null", detail, above=False
        )
    return every(found, most=True)


def _infovae(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    arrays = results.analysis(case.setting, "infovae")
    at = int(np.flatnonzero(arrays["lambda"] == float(case.labels["lambda"]))[-1])
    ends = arrays["divergence"][[0, at], :, -1].T  # (runs, 2)

    def ratio(some: Floats) -> float:
        elbo, info = some.mean(axis=0)
        return float(np.log10(elbo / max(info, 1e-300)))

    elbo, info = ends.mean(axis=0)
    detail = f"KL(q(z)||p(z)) ends at {elbo:.3g} nats under the ELBO and at {info:.3g} under InfoVAE"
    return judged(ratio(ends), bootstrap(ends, rng, ratio), np.log10(_GREATER), "digits", detail)


def _codes_apart(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    ends = results.analysis(case.setting, "infovae")["apart"][0, :, -1]
    detail = f"the codes of the two points end {ends.mean():.2f} standard deviations of the prior apart"
    return judged(ends.mean(), bootstrap(ends, rng), _FAR_APART, "standard deviations", detail)


def _slopes(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """Of a concave curve the chord between two points has a slope between those at its ends."""
    del rng
    arrays = results.analysis(case.setting, "ib-curve")
    betas, worst = arrays["betas"], -np.inf
    for i_x, i_y in zip(arrays["i_x"], arrays["i_y"], strict=True):
        value = i_x - betas[:, None] * i_y  # of every point at every beta
        worst = max(worst, float((np.diagonal(value) - value.min(axis=1)).max()) / log(2))
    detail = (
        f"of {arrays['i_x'].size} points none lies above another's line of slope 1/beta by more than {worst:.1e} bits"
    )
    return judged(worst, None, _SLOPE_BITS, "bits", detail, above=False)


def _ends_only(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    arrays = results.analysis(case.setting, "ib-curve")
    i_x, i_xy, betas = arrays["i_x"][-1], float(arrays["i_xy"][-1]), arrays["betas"]
    off = np.minimum(i_x, np.abs(i_x - i_xy))[betas > 1]
    detail = f"{len(off)} betas find encoders at most {off.max() / log(2):.1e} bits from 0 or from H(Y)"
    return judged(float(off.max()) / log(2), None, _SLOPE_BITS, "bits", detail, above=False)


def _never_exceeded(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    arrays = results.analysis(case.setting, "finite-samples")
    worst = arrays["worst"] / arrays["bound"]
    of_x, of_y = worst.max(axis=(0, 1))
    detail = f"the greatest errors are {of_x:.0%} (I(X;T)) and {of_y:.0%} (I(T;Y)) of the bound"
    return judged(float(worst.max()), None, 1.0, "share of the bound", detail, above=False)


def _rates(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    which = {"I(X;T)": 0, "I(T;Y)": 1}[case.labels["information"]]
    arrays = results.analysis(case.setting, "finite-samples")
    found = {}
    for name, slopes, wanted in zip(("bias", "spread"), arrays["slopes"], (-1.0, -0.5), strict=True):
        for clusters, slope in zip(arrays["clusters"], slopes[:, which], strict=True):
            told = f"the {name} falls with n^{slope:.3f}"
            key = f"{name} with {clusters} values"
            found[key] = judged(abs(slope - wanted), None, _EXPONENT, "exponent", told, above=False)
    return every(found, most=True)


def _best_rate(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    arrays = results.analysis(case.setting, "finite-samples")
    best, most = arrays["best_rate"] / log(2), float(arrays["rates"][-1]) / log(2)
    steps = float(np.diff(best).min()) if len(best) > 1 else nan
    inside = bool((best > 0).all() and (best < most).all())
    told = ", ".join(f"{rate:.2f}" for rate in best)
    finding = judged(steps, None, 0.0, "bits", f"the best rates are {told} bits as n grows")
    return finding if inside else Finding("fails", steps, "bits", None, finding.detail)


_LAYERS = (Case(_SNAPSHOTS),)
_CURVE, _SAMPLES, _INFOVAE = (Case("ib-curve"),), (Case("finite-samples"),), "infovae"
_LECTURE = "Tishby and Zaslavsky (2015)"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "S10",
        "the beta of a layer's fixed point falls with depth",
        "Each layer is nearest to a point of the IB curve, with a beta that is smaller the deeper the layer.",
        f"{_TISHBY}, figure 6",
        "the mean over runs of how far log10 beta* falls from each layer to the next is above 0, with the interval; "
        "pairs of layers that both have an infinite beta* in most runs are left out.",
        _LAYERS,
        _falls_with_depth,
    ),
    Claim(
        "S10b",
        "trained layers lie on the IB curve",
        "After training, layers lie very near the bound of the information bottleneck.",
        f"{_TISHBY}, figure 6",
        "in every layer I(T;Y) is on average at most 0.02 bit below the curve at the layer's I(X;T).",
        _LAYERS,
        _near_the_curve,
    ),
    Claim(
        "S10c",
        "trained layers are encoders of the bottleneck",
        "The encoder of a layer satisfies the self-consistent equations at its beta.",
        f"{_TISHBY}, figure 6; null and threshold are ours",
        "the divergence left at beta* is at most 0.9 of that of the same layer with patterns exchanged at random, in "
        "every layer. Written after a first look.",
        _LAYERS,
        _nearer_than_chance,
    ),
    Claim(
        "S11",
        "the ELBO drives the codes from the prior, InfoVAE does not",
        "Of two points, maximising the ELBO makes KL(q(z)||p(z)) large; InfoVAE keeps q(z) near the prior.",
        "Zhao, Song, Ermon (AAAI 2019); the network is ours",
        "after training the mean KL(q(z)||p(z)) under the ELBO is at least 10 times that under InfoVAE.",
        tuple(Case(_INFOVAE, "", lam == "100", {"lambda": lam}) for lam in ("10", "100", "1000")),
        _infovae,
    ),
    Claim(
        "S11b",
        "the ELBO drives the codes of two points far apart",
        "Under the ELBO the means of q(z|x) of the two points move apart without bound.",
        "Zhao, Song, Ermon (AAAI 2019); the network and the threshold are ours",
        "after training the means are at least 4 standard deviations of the prior apart, on average. "
        "Written after a first look.",
        (Case(_INFOVAE),),
        _codes_apart,
    ),
    Claim(
        "IB1",
        "the IB curve rises, is concave, and has slope 1/beta",
        "The most that T tells of Y is a concave function of what it keeps of X, whose slope is 1/beta.",
        "Tishby, Pereira, Bialek (1999)",
        "no point found has a smaller I(X;T) - beta I(T;Y) at another's beta than that one, to 1e-6 bit.",
        _CURVE,
        _slopes,
    ),
    Claim(
        "IB2",
        "labels that are functions of X leave only the ends of the curve",
        "Where Y is a function of X, no beta finds a point between (0, 0) and (H(Y), H(Y)).",
        "Kolchinsky, Tracey, Van Kuyk (ICLR 2019)",
        "with the labels themselves, every beta above 1 finds I(X;T) of 0 or H(Y), to 1e-6 bit.",
        _CURVE,
        _ends_only,
    ),
    Claim(
        "IB3",
        "finite-sample bounds are kept",
        "Plug-in information of a fixed encoder is within O(|T| / sqrt(n)) and O(|T||Y| / sqrt(n)) of the truth.",
        f"{_LECTURE}; constants of Shamir, Sabato, Tishby (2010) as quoted",
        "no sample's error is above the bound, |T| from 2 to 64 and n from 100 to 100,000.",
        _SAMPLES,
        _never_exceeded,
    ),
    Claim(
        "IB4",
        "the bias falls with 1/n and the spread with 1/sqrt(n)",
        "Plug-in information has a bias of O(|T|/n) and a standard deviation of O(1/sqrt(n)).",
        "Paninski (2003); what the bounds of the lecture are loose against",
        "from 1000 samples on the exponents are within 0.1 of -1 and -1/2 for every encoder. Written after a "
        "first look.",
        tuple(Case("finite-samples", "", which == "I(X;T)", {"information": which}) for which in ("I(X;T)", "I(T;Y)")),
        _rates,
    ),
    Claim(
        "IB5",
        "the worst case has a best compression",
        "The worst-case distortion D(R; n) is least at a finite rate R(n), which grows with n.",
        _LECTURE,
        "the least is inside of the range from 0 to 6 bits for every n, and does not fall as n grows.",
        _SAMPLES,
        _best_rate,
    ),
)
