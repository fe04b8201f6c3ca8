# SPDX-License-Identifier: Apache-2.0
"""What must hold of quantised networks of images, whatever they learn: theory, and negative controls."""

from __future__ import annotations

from dataclasses import replace

from mibench.studies.claims.bottleneck_cases import NETWORKS, TWO, both
from mibench.studies.claims.contract import Case, Claim
from mibench.studies.claims.controls import explained, fit_survives, no_phases
from mibench.studies.claims.theory import ceilings, processing

__all__ = ["CLAIMS"]

_OURS = "negative control"
_THEORY = "Lorenzen, Igel, Nielsen (ICLR 2022), section 2"
_LAYERS = range(1, 6)


def _by_layer(*primary: int) -> tuple[Case, ...]:
    return tuple(
        replace(case, primary=case.primary and layer in primary)
        for layer in _LAYERS
        for case in both(TWO, layer=f"T_{layer}")
    )


_ALL = tuple(replace(case, primary=case.primary or case.setting == f"{TWO}-fast") for n in NETWORKS for case in both(n))
CLAIMS = (
    Claim(
        "T2.1c",
        "no information of networks of images is above its ceiling",
        "Information about the label is at most H(Y) and I(X;T); I(X;T) is at most log2 N and the bits of the layer.",
        f"{_THEORY}; section 4 for the bits of a layer",
        "in every run, epoch and layer, to 1e-9 bit; a layer of d units has 8 d bits, so that two have 16.",
        _ALL,
        ceilings,
    ),
    Claim(
        "T2.2b",
        "the processing inequality holds of quantised networks of images",
        "What a layer knows of the input or of the label, the layer before it knows as well.",
        f"{_THEORY}, equations 2 and 3",
        "in no run and at no epoch is I(X;T) or I(T;Y) of a layer above that of the layer before it; no tolerance.",
        _ALL,
        processing,
    ),
    Claim(
        "C1c",
        "untrained networks of images have no phases",
        "The tests for phases find none where every epoch shows untrained networks.",
        _OURS,
        "as C1: at most 5 % of the tests for fit, compression and interrupted fit find any.",
        both(TWO),
        no_phases,
    ),
    Claim(
        "C3b",
        "what the first layer shows of the label, any labels would show",
        "I(T;Y) of a layer that keeps nearly all images apart is what any labels would give.",
        _OURS,
        "as C3: at the last epoch the mean of I(T_1;Y) under permuted labels explains all but 5 % of its mean.",
        _by_layer(1),
        explained,
    ),
    Claim(
        "C4b",
        "the two units and the output fit by more than distinct codes would show",
        "They have a fitting phase also when the mean under permuted labels is subtracted.",
        _OURS,
        "as C4: FIT of I(T;Y) less its mean under permuted labels, of T_4 and T_5.",
        _by_layer(4, 5),
        fit_survives,
    ),
)
