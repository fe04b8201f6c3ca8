# SPDX-License-Identifier: Apache-2.0
"""What planes of compressed images show where the truth is known: the same steps on images of known information.

X is an image of a rectangle, told by four normal latents xi (`mibench.tasks`, ``rectangles``), and beside it stand eta,
four numbers that read xi through Gaussian noise. What is told of X is

- ``layer``: two layers of 32 leaky units of eta, weights drawn once. A leaky unit is a bijection and weights of full
  rank lose nothing, so I(X;L) = I(xi;eta), a closed form (Theorem 1 of Butakov et al., ICLR 2024);
- ``image``: a second image, of eta, with I(X;Y) = I(xi;eta) as well.

All numbers are Gaussian behind the pictures, so that ``latents`` show the estimator's own error, and the rest is what
the compression loses and what it makes harder. Four principal components of rectangles are no injective map: much is
lost, and an estimate through them is far too low. A layer's lose less. Where a side of the codes is far from normal,
entropies err, unequally, and the estimate may lie below 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mibench.studies.planes.compressed_information import Codes, Method, information
from mibench.studies.planes.compressed_linear import principal
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.seeds import child
from mibench.studies.setting import Scale
from mibench.studies.trust import PIPELINES
from mibench.tasks.images.rectangles import Rectangles

__all__ = ["Layer", "known_images"]

DIM, K = 4, 5  # numbers a side is compressed to, neighbours: those of the planes
_WIDTH, _LEAK, _BIAS = 32, 0.01, 0.3
_WEIGHTS = 2024  # seed of the layer's: it is one layer, the same for every sample
_IMAGES, _FITTED, _CODER = range(3)  # what a seed is for

Floats = NDArray[np.float64]


class _Size(NamedTuple):
    levels: tuple[float, ...]  # nats
    n: int
    fitted: int  # other images, that compressors of images learn from
    side: int
    repeats: int


_SIZES = {
    "paper": _Size(tuple(map(float, range(9))), 10_000, 20_000, 28, 2),
    "quick": _Size((0.0, 2.0, 4.0, 8.0), 1_000, 1_000, 16, 1),
}


class Layer:
    """Two layers of 32 leaky units, of rows of 4 numbers: an injective map."""

    def __init__(self) -> None:
        rng = np.random.default_rng(_WEIGHTS)
        self.weights = tuple(
            (rng.standard_normal((into, _WIDTH)) / np.sqrt(into), _BIAS * rng.standard_normal(_WIDTH))
            for into in (DIM, _WIDTH)
        )

    def __call__(self, rows: Floats) -> Floats:
        """Shape (n, 4) -> (n, 32)."""
        for weights, bias in self.weights:
            rows = rows @ weights + bias
            rows = np.where(rows > 0, rows, _LEAK * rows)
        return rows


def known_images(
    *, scale: Scale, seed: np.random.SeedSequence, progress: Progress = lambda _share: None
) -> dict[str, NDArray[Any]]:
    """Estimates of known information by the steps of `mibench.studies.planes.compressed.Compressed`.

    Parameters
    ----------
    scale : {"quick", "paper"}
        1,000 pairs of 16 x 16 pixels at 4 levels, or 10,000 of 28 x 28 at 9, twice. At ``paper`` the autoencoder of
        images is the planes', and learns from 20,000 others. At ``quick`` it is another: the small one that the planes
        take for layers, which learns from the very images, so that its estimates tell nothing of the planes'.
    seed : SeedSequence
        The images X are the same at every level: levels differ by what is told of them.
    progress : callable

    Returns
    -------
    dict
        ``truth`` (K,): I in nats; ``estimate`` (P, K), the mean over repetitions, in the order of
        `mibench.studies.trust.PIPELINES`; ``std_error`` (P, K), of one estimate: its own, or the spread over
        repetitions, drawn and trained anew, where that is larger; ``samples`` (1,) and ``repetitions`` (1,).
    """
    size = _SIZES[scale]
    found = np.empty((size.repeats, len(PIPELINES), len(size.levels), 2))
    for repeat in range(size.repeats):
        share = lambda done, at=repeat: progress((at + done) / size.repeats)  # noqa: E731
        found[repeat] = _repetition(size, scale, child(seed, repeat), share)
    estimate, own = found[..., 0], np.sqrt((found[..., 1] ** 2).mean(axis=0))
    spread = estimate.std(axis=0, ddof=1) if size.repeats > 1 else np.zeros_like(own)
    return {
        "truth": np.array(size.levels),
        "estimate": estimate.mean(axis=0),
        "std_error": np.maximum(own, spread),
        "samples": np.array([size.n]),
        "repetitions": np.array([size.repeats]),
    }


def _repetition(size: _Size, scale: Scale, seed: np.random.SeedSequence, share: Callable[[float], None]) -> Floats:
    """Estimates and their errors, shape (P, K, 2)."""
    from mibench.studies.planes.compressed_coders import LayerCoder, autoencoded  # torch takes a second to import

    def images(mi: float, n: int, what: int) -> Any:
        return Rectangles(size=size.side, mi=mi).sample(n, np.random.default_rng(child(seed, what)))

    others = images(0.0, size.fitted, _FITTED).x.reshape(size.fitted, -1)
    leading, layer = principal(others, DIM, "the image"), Layer()
    coder = LayerCoder(DIM, child(seed, _CODER, 0))
    found = np.empty((len(PIPELINES), len(size.levels), 2))
    sides: dict[tuple[str, str], Floats] = {}  # codes by compressor and what they are of
    for level, mi in enumerate(size.levels):
        sample = images(mi, size.n, _IMAGES)
        x, y = (each.reshape(size.n, -1) for each in (sample.x, sample.y))
        told = layer(sample.side["latent_y"])
        if not sides:  # X is the same at every level
            own = child(seed, _CODER, 1)
            by_ae = autoencoded(others, x, DIM, own) if scale == "paper" else LayerCoder(DIM, own).codes(x)
            sides = {("ae", "x"): by_ae, ("pca", "x"): leading.scores_of(x), ("oracle", "x"): sample.side["latent_x"]}
        sides[("oracle", "latents")] = sample.side["latent_y"]
        sides[("pca", "layer")] = principal(told, DIM, "the layer").scores
        sides[("ae", "layer")] = coder.codes(told)
        sides[("pca", "image")] = leading.scores_of(y)
        codes: dict[tuple[str, str, str], Codes] = {}
        for at, pipeline in enumerate(PIPELINES):
            method = Method(pipeline.estimator, K)
            pair = [
                codes.setdefault((*side, method.estimator), Codes(sides[side], side[1], method))
                for side in ((pipeline.x, "x"), (pipeline.other, pipeline.of))
            ]
            found[at, level] = information(*pair)
        share((level + 1) / len(size.levels))
    return found
