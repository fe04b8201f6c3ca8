# SPDX-License-Identifier: Apache-2.0
"""Made-up folders of the studies of images, whose every number is known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mibench.networks.convolutional import Convolutional
from mibench.networks.spec import Training
from mibench.networks.trajectory import Trajectory
from mibench.studies.results import Measures, Plane, Results, save_analysis
from mibench.studies.trust import PIPELINES

__all__ = ["COMPRESSED", "bottleneck", "cnn", "described", "gallery_of", "known_channel", "known_images"]

COMPRESSED = "compressed[x=ae,layer=pca]"
_LABELS = np.log(10) - 2e-3  # nats


def described(folder: Path, study: str, settings: Mapping[str, Mapping[str, Any]], **more: Any) -> Results:
    """A folder that says of itself what a run would: settings with what is told of each, and their ``planes``."""
    told = {
        "study": study,
        "scale": "paper",
        "seed": 0,
        "dataset": "mnist",
        "data_title": "MNIST",
        "data": {"rows": 70000, "held_out": 10000, "label_nats": _LABELS, "held_out_label_nats": _LABELS},
        "settings": list(settings),
        "planes": {name: list(about.get("planes", ())) for name, about in settings.items() if "runs" in about},
        "about": {
            name: {"title": f"about {name}", "source": "A paper, figure 4", "variant_of": ""} | dict(about)
            for name, about in settings.items()
        },
        "versions": {"mibench": "0.1.0"},
        "hardware": {"cpu": "A processor"},
        "started": "2026-01-02T03:04:05+00:00",
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.json").write_text(json.dumps(told), "utf-8")
    results = Results(folder)
    for name in settings:
        results.path(name, "measures").parent.mkdir(parents=True, exist_ok=True)
    return results


def cnn(folder: Path, runs: int = 3, points: int = 60, epochs: int = 300, **more: Any) -> Results:
    """A study of a convolutional network: planes with errors, losses that fall fast around epoch 60."""
    about = {"runs": runs, "epochs": epochs, "widths": [784, 1352, 400, 32, 32, 10], "activation": "leaky-relu"}
    usual = {**about, "tags": ["butakov"], "planes": [COMPRESSED, "compressed[x=ae,layer=pca,estimator=kl]"]}
    other = {**about, "tags": ["control"], "planes": [COMPRESSED], "variant_of": "cnn"}
    known = {"tags": ["control"], "title": "images whose information is known"}
    results = described(folder, "mnist-cnn", {"cnn": usual, "cnn-random-labels": other, "known-images": known}, **more)
    at = np.unique(np.rint(np.geomspace(1, epochs + 1, points)).astype(np.int64)) - 1
    for place, (name, told) in enumerate({"cnn": usual, "cnn-random-labels": other}.items()):
        for estimator in told["planes"]:
            some = runs if estimator == COMPRESSED else 1
            plane_of(at, some, epochs, estimator, seed=place).save(results.path(name, f"plane-{estimator}"))
        trained(runs, epochs, at).save(results.path(name, "trajectory"))
        measured(runs, epochs, at, 5).save(results.path(name, "measures"))
    save_analysis(results.path("known-images", "analysis-known-images"), known_images())
    save_analysis(results.path("cnn", "analysis-known-channel"), known_channel())
    return results


def known_images() -> dict[str, np.ndarray]:
    """A control whose pipelines estimate too little of much, and of the layers' range less than it reaches."""
    truth = np.linspace(0, 6, 13)
    estimate = np.stack([truth - 0.02 * place * truth for place in range(len(PIPELINES))])
    return {"truth": truth, "estimate": estimate, "std_error": np.full_like(estimate, 0.02)}


def known_channel(layers: int = 5) -> dict[str, np.ndarray]:
    """Brackets of labels behind a channel; estimates are inside but for the last layer's, which are 0.3 nats above."""
    errors, epochs = np.array([0.0, 0.3, 0.6]), np.array([0, 300])
    upper = np.array([2.3, 1.1, 0.3])
    shape = (len(epochs), layers, len(errors))
    lower = np.broadcast_to(0.5 * upper, shape)
    estimate = 0.8 * np.broadcast_to(upper, shape)
    estimate[:, -1] = upper + 0.3
    missing = np.zeros(shape, bool)
    missing[0, 0, 0] = True
    return {
        "epochs": epochs,
        "layers": np.arange(1, layers + 1),
        "channel_errors": errors,
        "truth_upper": upper,
        "bracket_lower": lower,
        "bracket_lower_error": np.zeros_like(lower),
        "codes_lower": 0.9 * lower,
        "estimate": np.where(missing, 0.0, estimate),
        "std_error": np.full(shape, 0.02),
        "estimate_missing": missing,
    }


def loss_at(epochs: Any, total: int, runs: int) -> np.ndarray:
    """A loss that falls fast around a fifth of the training, shape (R, E)."""
    middle = total / 5 * (1 + 0.1 * np.arange(runs))[:, None]
    return 0.3 + 2.0 / (1 + np.exp((np.asarray(epochs)[None] - middle) / (total / 30)))


def plane_of(at: np.ndarray, runs: int, total: int, estimator: str, seed: int = 0) -> Plane:
    """A plane of five layers: I(X;L) rises while the loss falls fast, then falls; I(L;Y) only rises."""
    rng = np.random.default_rng(seed)
    learnt = (2.3 - loss_at(at, total, runs))[..., None] / 2
    depth, error = np.array([1.0, 0.95, 0.9, 0.8, 0.7]), np.full((runs, len(at), 5, 2), 0.03)
    i_x = 3 * depth * (1 + 0.4 * learnt * (2 - learnt)) - 0.6 * learnt * (at / total)[None, :, None]
    i_y = np.broadcast_to(0.4 + 1.5 * depth[::-1] * learnt, i_x.shape)
    information = np.stack([i_x, i_y], axis=-1) + 0.03 * rng.normal(size=error.shape)
    return Plane(
        estimator, at, np.arange(runs), information, std_error=error, loss_bound=0.2 * np.ones(error.shape[:-1])
    )


def trained(runs: int, total: int, at: np.ndarray) -> Trajectory:
    """A trajectory of nothing but its losses: parameters are 0."""
    network = Convolutional((1,), (), 2, 6)
    shape = (runs, len(at), network.n_parameters)
    loss = loss_at(np.arange(1, total + 1), total, runs).astype(np.float32)
    return Trajectory(
        network, Training(epochs=total), 0, "float32", at, np.zeros(shape, np.float32), None, loss,
        (1 - loss / 3).astype(np.float32), np.zeros((runs, 4), np.int64), np.zeros(runs, np.int64),
    )  # fmt: skip


def measured(runs: int, total: int, at: np.ndarray, layers: int) -> Measures:
    """Measures that fit `loss_at`."""
    loss = np.repeat(loss_at(at, total, runs)[..., None], 2, axis=-1)
    extremes = np.broadcast_to(np.array([-1.0, 1.0]), (runs, len(at), layers, 2))
    return Measures(at, loss, 0.95 - loss / 3, extremes * 1.0)


def bottleneck(folder: Path, runs: int = 4, points: int = 50, epochs: int = 3000, **more: Any) -> Results:
    """A study of a network with a layer of two units: an exact plane with its null, and a gallery."""
    about = {"runs": runs, "epochs": epochs, "widths": [784, 16, 8, 4, 2, 10], "activation": "relu"}
    usual = {**about, "tags": ["lorenzen"], "planes": ["exact"]}
    results = described(folder, "mnist-bottleneck", {"bottleneck-2": usual}, **more)
    at = np.unique(np.rint(np.geomspace(1, epochs + 1, points)).astype(np.int64)) - 1
    rng = np.random.default_rng(0)
    way, most = np.log1p(at) / np.log1p(epochs), np.log(70000)
    first = np.array([16.1, 15.7, 11.4, 6.4, 6.2]) * np.log(2)
    last = np.array([16.1, 15.8, 12.9, 10.2, 5.5]) * np.log(2)
    i_x = first + (last - first) * way[:, None] + 2.5 * np.array([0, 0, 1, 1, 1]) * (way * (1 - way) * 4)[:, None]
    i_x = np.minimum(i_x + 0.05 * rng.normal(size=(runs, 1, 1)), most)
    start = np.array([3.32, 3.15, 1.57, 0.56, 0.55]) * np.log(2)
    i_y = start + (2.25 - start) * way[:, None] ** 2 * np.ones((runs, 1, 1))
    i_y = np.minimum(np.minimum(i_y, _LABELS), i_x)
    null = 0.02 * np.maximum(i_x - 7, 0) ** 2
    plane = Plane("exact", at, np.arange(runs), np.stack([i_x, i_y], axis=-1), null=null)
    plane.save(results.path("bottleneck-2", "plane-exact"))
    measured(runs, epochs, at, 5).save(results.path("bottleneck-2", "measures"))
    save_analysis(results.path("bottleneck-2", "analysis-gallery"), gallery_of(at[:: max(1, len(at) // 7)]))
    return results


def gallery_of(epochs: Sequence[int], rows: int = 600, runs: Sequence[int] = (0, 2)) -> dict[str, np.ndarray]:
    """Two rounded numbers of each image, whose classes move apart as an epoch follows another."""
    rng = np.random.default_rng(3)
    labels = rng.integers(10, size=rows)
    angle = 2 * np.pi * labels / 10
    values = np.empty((len(runs), len(epochs), rows, 2), np.float32)
    for run, epoch in np.ndindex(values.shape[:2]):
        apart = 4 * epoch / max(len(epochs) - 1, 1)
        centre = apart * np.stack([np.cos(angle + run), np.sin(angle + run)], axis=-1)
        found = np.maximum(centre + 2 + 0.5 * rng.normal(size=(rows, 2)), 0)
        step = found.max() / 255
        values[run, epoch] = np.floor(found / step + 0.5) * step
    return {
        "values": values,
        "labels": labels.astype(np.uint8),
        "rows": np.arange(60_000, 60_000 + rows),
        "held_out": np.array([True]),
        "runs": np.array(runs),
        "epochs": np.array(epochs, np.int64),
        "layer": np.array([4]),
    }
