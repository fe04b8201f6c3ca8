# SPDX-License-Identifier: Apache-2.0
"""What theory says of the planes: statements that hold of every run, epoch and layer, without chance."""

from __future__ import annotations

from itertools import pairwise
from math import log2

import numpy as np
from numpy.typing import NDArray

from mibench.datasets import ib12
from mibench.networks.forward import evaluate
from mibench.studies import bottleneck_settings, ib_settings
from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import ACTIVATIONS, INITS, MODES, name_8bit
from mibench.studies.claims.phases import judged
from mibench.studies.claims.population import population
from mibench.studies.claims.rules import ROWS, Floats, every, label_bits, shared
from mibench.studies.results import Results
from mibench.studies.setting import Setting

__all__ = ["CLAIMS", "ceilings", "processing"]

_PAPER = "Lorenzen, Igel, Nielsen (ICLR 2022), section 2"
_EQUAL_BITS = 1e-9
_RECOUNTED_RUNS, _RECOUNTED_EPOCHS = 2, 5
_NESTED = (32, 64, 128, 256)


def _network(case: Case) -> Setting:
    setting = {**ib_settings.SETTINGS, **bottleneck_settings.SETTINGS}[case.setting]
    assert isinstance(setting, Setting)
    return setting


def _entropy(rows: NDArray[np.int64]) -> float:
    """Of rows, in bits, by sorting them."""
    shares = np.unique(rows, axis=0, return_counts=True)[1] / len(rows)
    return float(-(shares * np.log2(shares)).sum())


def _is_entropy(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    plane, trajectory = results.plane(case.setting, case.estimator), results.trajectory(case.setting)
    inputs, labels = ib12.patterns().astype(trajectory.dtype), ib12.labels().astype(np.int64)
    worst, counted = 0.0, 0
    for run in plane.runs[:_RECOUNTED_RUNS]:
        for at in np.unique(np.linspace(0, len(plane.epochs) - 1, _RECOUNTED_EPOCHS).astype(int)):
            point = int(np.searchsorted(trajectory.epochs, plane.epochs[at]))
            ranges = None if trajectory.ranges is None else trajectory.ranges[run, point]
            layers = evaluate(trajectory.network, trajectory.parameters[run, point], inputs, ranges)
            place = int(np.searchsorted(plane.runs, run))
            for told, layer in zip(plane.information[place, at] / np.log(2), layers, strict=True):
                codes = layer.codes[layer.member]
                h_t, h_ty = _entropy(codes), _entropy(np.column_stack([codes, labels]))
                worst = max(worst, abs(told[0] - h_t), abs(told[1] - (h_t + label_bits() - h_ty)))
                counted += 1
    detail = f"{counted} layers counted anew by sorting"
    return judged(worst, None, _EQUAL_BITS, "bits", detail, above=False)


def ceilings(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that no information is above H(Y), log2 N, I(X;T) or what a layer's bits can hold."""
    del rng
    whole = population(results)
    bits = results.plane(case.setting, case.estimator).information / np.log(2)
    network = _network(case).network
    i_x, i_y = bits[..., 0], bits[..., 1]
    found = {
        "I(T;Y) >= 0": -i_y,
        "I(T;Y) <= I(X;T)": i_y - i_x,
        "I(T;Y) <= H(Y)": i_y - whole.label_bits,
        "I(X;T) <= log2 N": i_x - whole.row_bits,
    }
    if network.bits is not None:
        for layer, units in enumerate(network.widths[1:]):
            last = layer == network.n_layers - 1
            if not last or network.mode == "paper":  # published bins of the output have one code more
                ceiling = network.bits * (1 if last and units == 2 else units)  # two outputs are complementary
                found[f"I(X;T_{layer + 1}) <= {ceiling}"] = i_x[..., layer] - ceiling
    return every(
        {
            name: judged(
                float(excess.max()), None, _EQUAL_BITS, "bits", f"at most {excess.max():.3g} above", above=False
            )
            for name, excess in found.items()
        },
        most=True,
    )


def processing(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that no layer has more than the one before it, in any run and at any epoch."""
    del rng
    information = results.plane(case.setting, case.estimator).information
    gains = np.diff(information, axis=2)
    if np.isnan(gains).any() or gains.size == 0:
        return Finding("undecided", detail="some values are missing")
    worst = float(gains.max()) / np.log(2)
    detail = f"{int((gains > 0).sum())} of {gains.size} steps from layer to layer gain information"
    return judged(worst, None, 0.0, "bits", detail, above=False)


def _all_distinct(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    plane = results.plane(case.setting, case.estimator)
    kept = plane.information[:, 0, :, 0] / np.log(2)
    if case.labels["layers"] == "hidden":
        kept = kept[:, :-1]
    share = np.mean(kept > log2(ROWS) - _EQUAL_BITS)
    detail = f"{share:.0%} of runs and layers have all {ROWS} rows distinct in epoch {plane.epochs[0]}"
    return judged(float(kept.min()), None, log2(ROWS) - _EQUAL_BITS, "bits", detail)


def _nested(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    _, planes = shared(*(results.plane(case.setting, f"bins[n={n}]") for n in _NESTED))
    widths = np.array(_network(case).network.widths[1:])
    found = {}
    for (few, coarse), (more, fine) in pairwise(zip(_NESTED, planes, strict=True)):
        found[f"{few} of {more}"] = _most(coarse - fine)
    for n, bits in zip(_NESTED, planes, strict=True):
        found[f"{n} bins"] = _most(bits[..., 0] - np.minimum(log2(ROWS), widths * log2(n)))
    return every(found, most=True)


def _most(excess: Floats) -> Finding:
    return judged(float(excess.max()), None, _EQUAL_BITS, "bits", f"at most {excess.max():.3g} above", above=False)


def _exact_cases() -> tuple[Case, ...]:
    quantised = [
        (name_8bit(activation, mode, init), {"activation": activation, "mode": mode, "init": init})
        for activation in ACTIVATIONS
        for mode in MODES
        for init in INITS
    ]
    others = [
        (f"{name}-{activation}", {"activation": activation, "mode": mode, "init": "glorot"})
        for activation in ACTIVATIONS
        for name, mode in (
            ("lorenzen-4bit", "paper, 4 bits"),
            ("lorenzen-prefit", "paper, prefit"),
            ("control-random-labels", "paper, random labels"),
            ("lorenzen-float", "float32"),
        )
    ]
    primary = {name_8bit(activation) for activation in ACTIVATIONS}
    return tuple(Case(name, "exact", name in primary, labels) for name, labels in (*quantised, *others))


_EXACT = _exact_cases()
_START = (
    ("goldfeld-deterministic", "float64", "hidden", True),
    ("goldfeld-deterministic", "float64", "all", False),
    ("lorenzen-float-tanh", "float32", "hidden", False),
    ("lorenzen-float-relu", "float32", "hidden", False),
)

CLAIMS = (
    Claim(
        "T2.1",
        "I(X;T) = H(T) where T is a function of X",
        "Of a deterministic layer the information about the input is its entropy.",
        f"{_PAPER}, equations 1, 4 and 5",
        "H(T) and H(T) + H(Y) - H(T, Y), of codes counted anew by sorting, for two runs and five epochs, are the "
        "plane's to 1e-9 bit.",
        tuple(case for case in _EXACT if case.primary),
        _is_entropy,
    ),
    Claim(
        "T2.1b",
        "no information is above its ceiling",
        "Information about the label is at most H(Y) and I(X;T); I(X;T) is at most log2 N and the bits of the layer.",
        f"{_PAPER}; section 4 for the bits of a layer",
        "in every run, epoch and layer, to 1e-9 bit; the output's two units are complementary and count as one.",
        _EXACT,
        ceilings,
    ),
    Claim(
        "T2.2",
        "the processing inequality holds of quantised layers",
        "What a layer knows of the input or of the label, the layer before it knows as well.",
        f"{_PAPER}, equations 2 and 3",
        "in no run and at no epoch is I(X;T) or I(T;Y) of a layer above that of the layer before it; no tolerance.",
        _EXACT,
        processing,
    ),
    Claim(
        "T2.3",
        "untrained tanh layers keep every input apart",
        "Invertible activations with generic weights keep all inputs apart, whatever the layer's width.",
        _PAPER,
        "before training all 4096 rows are distinct in every hidden layer of every run.",
        tuple(
            Case(name, "exact", primary, {"precision": precision, "layers": layers})
            for name, precision, layers, primary in _START
        ),
        _all_distinct,
    ),
    Claim(
        "T2.4",
        "fewer bins, less information",
        "Merging bins adds no entropy; d units in n bins hold at most d log2 n bits.",
        _PAPER,
        "with 32, 64, 128 and 256 bins, each a union of the next one's, I(X;T) and I(T;Y) do not fall in any run at "
        "any epoch and I(X;T) is at most log2 N and d log2 n, to 1e-9 bit.",
        tuple(Case(f"lorenzen-float-{activation}", "", True, {"activation": activation}) for activation in ACTIVATIONS),
        _nested,
    ),
)
