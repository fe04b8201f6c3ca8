# SPDX-License-Identifier: Apache-2.0
"""The settings of the study of a convolutional classifier whose planes are drawn through lossy compression, by name.

They train on the images meant for it and measure on the others (`mibench.datasets.sets`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mibench.networks.convolutional import Convolutional
from mibench.networks.spec import Training
from mibench.studies.setting import Computed, Setting, Wanted

if TYPE_CHECKING:
    from mibench.datasets.sets import ImageSet

__all__ = ["SETTINGS", "rows"]

_PAPER = "Butakov et al. (ICLR 2024)"
_MEAN, _DEVIATION = 0.1307, 0.3081  # of MNIST's pixels from 0 to 1, as the published code has them
_USUAL = "compressed[x=ae,layer=pca]"


def _each() -> Iterator[Setting | Computed]:
    training = Training(
        epochs=300,
        batch=1024,
        learning_rate=1e-5,
        epsilon=1e-8,
        init="torch_default",
    )
    network = Convolutional(noise=1e-3, dropout=0.1)
    usual = Setting(
        "cnn",
        "three convolutions, two layers; noise proportional to what it is added to",
        f"{_PAPER}, figure 4; noise as in the code of 2023, multiplicative",
        network,
        training,
        4,
        (
            Wanted(_USUAL, 80),
            Wanted("compressed[x=ae,layer=ae]", 12, 2),
            Wanted("compressed[x=pca,layer=pca]", 40, 2),
            Wanted("compressed[x=ae,layer=pca,estimator=kl]", 25, 2),
            Wanted("compressed[x=ae,layer=pca,estimator=ksg]", 25, 2),
            Wanted("compressed[x=ae,layer=pca,output=centred]", 40),
        ),
        ("known-channel",),
        frozenset({"butakov", "E0.2"}),
        points=300,
        measured=60,
        published_split=True,
    )
    yield usual
    yield replace(
        usual,
        name="cnn-additive",
        title="the same with additive noise, as the text has it, of the standard deviation 0.1 everywhere",
        source=f"{_PAPER}, figure 4; noise as in the text, which does not say how much",
        network=replace(network, noise=0.1, noise_kind="additive"),
        runs=2,
        planes=(Wanted(_USUAL, 30),),
        analyses=(),
        variant_of="cnn",
    )
    yield replace(
        usual,
        name="cnn-random-labels",
        title="the same, taught labels at random: a negative control",
        source="ours: what fits and compresses where there is nothing to learn",
        training=replace(training, labels="random"),
        runs=2,
        planes=(Wanted(_USUAL, 30),),
        analyses=(),
        variant_of="cnn",
        tags=frozenset({"control"}),
    )
    yield Computed(
        "known-images",
        "the same estimators on images whose information is known: how far off they are",
        "ours: `mibench.tasks`, images of 4 + 4 dimensions, 10,000 pairs",
        ("known-images",),
        frozenset({"control"}),
    )


SETTINGS: Mapping[str, Setting | Computed] = {setting.name: setting for setting in _each()}


def rows(images: ImageSet) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Pixels less MNIST's mean by its deviation, shape (N, 784), images to train on first, and their labels."""
    found = images.rows("all")
    found -= np.float32(_MEAN)
    found /= np.float32(_DEVIATION)
    return found, images.labels("all")
