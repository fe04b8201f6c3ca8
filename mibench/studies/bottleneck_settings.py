# SPDX-License-Identifier: Apache-2.0
"""The settings of the study of quantised networks of MNIST, by name: bottlenecks whose planes are exact.

They train on the images meant for it and measure on all (`mibench.datasets.sets`). Runs of a setting see the images in
one order, and differ by their initial weights alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mibench.networks.convolutional import Convolutional
from mibench.networks.spec import Network, Training
from mibench.studies.setting import Setting, Wanted

if TYPE_CHECKING:
    from mibench.datasets.sets import ImageSet

__all__ = ["SETTINGS", "rows"]

_PAPER = "Lorenzen, Igel, Nielsen (ICLR 2022)"
_APPENDIX = f"{_PAPER}, appendix E, figure E.13"
_NETWORKS: dict[str, tuple[str, Network | Convolutional, int, str]] = {  # title, network, published runs, source
    "bottleneck-2": (
        "784-16-8-4-2-10: two units before the output",
        Network((784, 16, 8, 4, 2, 10), "relu", bits=8),
        20,
        f"{_PAPER}, section 4.2, figure 4",
    ),
    "bottleneck-4": (
        "784-16-12-8-4-10: four units before the output",
        Network((784, 16, 12, 8, 4, 10), "relu", bits=8),
        20,
        _APPENDIX,
    ),
    "hourglass": (
        "784-16-8-4-2-4-8-10: two units in the middle",
        Network((784, 16, 8, 4, 2, 4, 8, 10), "relu", bits=8),
        20,
        _APPENDIX,
    ),
    "4x10": ("784-10-10-10-10-10", Network((784, 10, 10, 10, 10, 10), "relu", bits=8), 10, _APPENDIX),
    "conv": (
        "two blocks of two 3x3 filters and 2x2 pooling, 20 units (16 in the code)",
        Convolutional((2, 2), (20,), activation="relu", bits=8),
        10,
        _APPENDIX,
    ),
}


def _each() -> Iterator[Setting]:
    training = Training(
        epochs=3000,
        batch=256,
        learning_rate=1e-4,
        init="fan_out_tn",
        shared_order=True,
        restart_below=0.55,
        restart_from=1000,
    )
    fast = replace(training, epochs=300, learning_rate=1e-3, restart_from=100)
    for name, (title, network, runs, source) in _NETWORKS.items():
        paper = Setting(
            name,
            f"{title}; 8 bits, exact",
            source,
            network,
            training,
            runs,
            (Wanted("exact"),),
            ("gallery",) if name in ("bottleneck-2", "hourglass") else (),
            frozenset({"lorenzen", "full", "E2.2" if name == "bottleneck-2" else "E2.7"}),
            points=200,
            published_split=True,
        )
        yield paper
        yield replace(
            paper,
            name=f"{name}-fast",
            title=f"{title}; a tenth of the epochs at ten times the rate",
            source=f"{source}; with a learning rate of 0.001 and 300 epochs, which are ours",
            training=fast,
            runs=10,
            tags=paper.tags - {"full"} | {"fast"},
            variant_of=name,
            points=120,
        )


SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _each()}


def rows(images: ImageSet) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Pixels from 0 to 1 of all images, shape (N, 784), those to train on first, and their labels."""
    return images.rows("all"), images.labels("all")
