# SPDX-License-Identifier: Apache-2.0
"""What the page of each study says of it: its words, the unit it opens in, the letter of its layers, its ceilings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mibench.studies.results import Results

__all__ = ["About", "about"]

_Unit = Literal["bits", "nats"]


@dataclass(frozen=True)
class About:
    """Of a study's page.

    Attributes
    ----------
    intro : str
    unit : {"bits", "nats"}
        In which planes are first shown.
    letter : str
        Of layers: T as most sources have it, L as Butakov et al.
    first : tuple of int
        Places of the layers that the source draws, where it draws each on its own.
    rows : str
        What all values are of.
    data : str
        What the data set is, empty where it goes without saying.
    reading : str
        What else is in its planes.
    warning : str
        Where the data are not those that the study is named after.
    ceilings : tuple of float or None
        H(X) and H(Y) of the rows that planes are of, in nats, where the folder tells them.
    label : str
        What a label is.
    """

    intro: str
    unit: _Unit
    letter: str
    first: tuple[int, ...]
    rows: str
    reading: str
    data: str = ""
    warning: str = ""
    ceilings: tuple[float, float] | None = None
    label: str = "class"


_NULL = (
    "I(T;Y) of permuted labels, the null, is what an estimator shows where there is nothing to know. The grey area of "
    "a plane is how high the null of any layer and epoch reaches at an I(X;T) or below it, always of the mean over "
    "runs; its cliffs come from layers that stand side by side, not from one layer's path."
)
_COMPRESSED = (
    "L1 to L3 are the blocks of convolution, pooling and activation, L4 is the layer of 32 units, L5 the output (T_1 "
    "to T_5 in the verdicts). Images and layers are compressed before they are estimated. Crosses are 95 % intervals "
    "of the estimates, which speak of chance alone; paths are smoothed by the published filters, coloured by how fast "
    "the loss changes. I(L;Y) of permuted labels, the null (grey), is what an estimator shows where there is nothing "
    "to know. How far estimates are off where the truth is known is what the controls tell."
)


@dataclass(frozen=True)
class _Kind:
    intro: str
    reading: str = _NULL
    unit: _Unit = "bits"
    letter: str = "T"
    first: tuple[int, ...] = ()
    held_out: bool = False  # planes are of the rows that are not trained on
    patterns: str = "images"


_KINDS = {
    "ib-network": _Kind(
        "Information planes of the papers, drawn by estimators whose error is known, and a verdict on every claim.",
        patterns="patterns",
    ),
    "mnist-bottleneck": _Kind(
        "Quantised networks with narrow layers: information planes counted exactly over all images, and a verdict on "
        "every claim."
    ),
    "mnist-cnn": _Kind(
        "A convolutional classifier: information planes through lossy compression, as published, controls that tell "
        "how far they can be trusted, and a verdict on every claim.",
        _COMPRESSED,
        unit="nats",
        letter="L",
        first=(2, 3, 4),
        held_out=True,
    ),
}
_OTHER = _Kind("Information planes, and a verdict on every claim.", patterns="rows")


def about(results: Results) -> About:
    """What the page of a study's folder says of it; a folder of an older version tells less."""
    kind = _KINDS.get(results.study, _OTHER)
    told: Mapping[str, Any] = results.about.get("data") or {}
    n, held_out = _count(told, "rows"), _count(told, "held_out")
    if n is None and results.study == "ib-network":
        n = 4096
    shown, which, entropy = n, "the whole set", "label_nats"
    if kind.held_out:
        shown, which, entropy = held_out, "the set that is not trained on", "held_out_label_nats"
    counted = f" of {shown} {kind.patterns}" if shown else ""
    ceilings = None
    if shown and told.get(entropy):
        ceilings = (math.log(shown), float(told[entropy]))
    title = str(results.about.get("data_title") or "")
    data, warning = "", ""
    if title:
        parts = [title, *([f"{n} images"] if n else []), *([f"{held_out} of them held out"] if held_out else [])]
        data = ", ".join(parts)
        if results.study.startswith("mnist-") and results.about.get("dataset") != "mnist":
            warning = (
                f"These are not MNIST but {title}. Claims are about MNIST; the verdicts here are about these data."
            )
    label = "digit" if results.about.get("dataset") in ("mnist", "digits") else "class"
    rows = f"{which}{counted}"
    return About(kind.intro, kind.unit, kind.letter, kind.first, rows, kind.reading, data, warning, ceilings, label)


def _count(told: Mapping[str, Any], name: str) -> int | None:
    found = told.get(name)
    return int(found) if isinstance(found, int | float) and found > 0 else None
