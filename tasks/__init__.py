# SPDX-License-Identifier: Apache-2.0
"""Tasks: generators of samples whose mutual information is known exactly.

`get` builds one by name; `registry` lists them without importing anything heavy.
"""

from __future__ import annotations

from typing import cast

if __name__ != "mibench.tasks":  # imported by folder name, from the repository root
    raise ImportError("import mibench.tasks, not tasks")

from mibench.contracts import Task
from mibench.registry import Entry, Registry

__all__ = ["board", "get", "registry"]

_IMAGES = frozenset({"images"})
_NETWORKS = frozenset({"networks"})
_TARGETS = ("input", "label")
_LABEL_GRID: dict[str, dict[str, tuple[object, ...]]] = {
    "default": {"source": ("digits",), "noise": (0.2,)},
    "quick": {"source": ("digits",)},
    "paper": {"source": ("digits", "mnist"), "noise": (0, 0.1, 0.2, 0.5)},
}
_LEVELS = (1, 3, 6)
_PAPER = tuple(i / 4 for i in range(41))  # MI = 0 to 10 nats in 41 steps (Butakov et al., ICLR 2024, Fig. 3)


def _levels(**shape: tuple[object, ...]) -> dict[str, dict[str, tuple[object, ...]]]:
    """The grid of a family per preset: its shapes and levels of MI; `quick` keeps the first shape."""
    return {
        "default": {**shape, "mi": _LEVELS},
        "quick": {**{key: values[:1] for key, values in shape.items()}, "mi": (2,)},
        "paper": {**shape, "mi": _PAPER},
    }


_IMAGE_GRID = _levels(size=(16, 32))

registry = Registry(
    "task",
    "mibench.tasks",
    {
        "blobs": Entry(
            "mibench.tasks.images.bumps:Blobs",
            "images of one round Gaussian bump; 2 latents a side",
            _IMAGES,
            _IMAGE_GRID,
        ),
        "rectangles": Entry(
            "mibench.tasks.images.rectangles:Rectangles",
            "images of one anti-aliased rectangle; 4 latents a side",
            _IMAGES,
            _IMAGE_GRID,
        ),
        "bumps": Entry(
            "mibench.tasks.images.bumps:Bumps",
            "images of one correlated Gaussian bump; 5 latents a side",
            _IMAGES,
            _IMAGE_GRID,
        ),
        "fields": Entry(
            "mibench.tasks.images.fields:Fields",
            "images of smooth Gaussian random fields plus white noise",
            _IMAGES,
            _IMAGE_GRID,
        ),
        "gaussian": Entry(
            "mibench.tasks.gaussian:Gaussian",
            "jointly normal vectors, from total MI and dimensions or from a covariance",
            frozenset({"gaussian"}),
            {
                "default": {"dim_x": (1, 2, 5), "mi": (0.5, 2, 5)},
                "quick": {"dim_x": (1,), "mi": (2,)},
                "paper": {"dim_x": (1, 2, 5), "mi": _PAPER},
            },
        ),
        "anti-pca": Entry(
            "mibench.tasks.antipca:AntiPCA",
            "a curved embedding in 32 dimensions whose largest variance carries no information",
            frozenset({"embedding"}),
            {"default": {"mi": (1, 2, 4)}, "quick": {"mi": (2,)}, "paper": {"mi": tuple(i / 10 for i in range(41))}},
        ),
        "qnn": Entry(
            "mibench.tasks.networks.quantised:QNN",
            "input or label against a layer of a trained, quantised network; enumerated",
            _NETWORKS,
            {
                "default": {"activation": ("tanh", "relu"), "layer": (3, 5), "target": _TARGETS},
                "quick": {"target": _TARGETS},
                "paper": {
                    "activation": ("tanh", "relu"),
                    "bits": (2, 4, 8),
                    "layer": (1, 2, 3, 4, 5, 6),
                    "stage": ("init", "fitted", "compressed"),
                    "target": _TARGETS,
                },
            },
        ),
        "qnn-noisy-input": Entry(
            "mibench.tasks.networks.quantised:NoisyInputQNN",
            "the same, read by the network through a channel that flips bits; enumerated",
            _NETWORKS,
            {
                "default": {"target": _TARGETS},
                "quick": {},
                "paper": {
                    "activation": ("tanh", "relu"),
                    "layer": (1, 2, 3, 4, 5, 6),
                    "target": _TARGETS,
                    "flip": (0.01, 0.05, 0.2),
                },
            },
        ),
        "single-neuron": Entry(
            "mibench.tasks.networks.single_neuron:SingleNeuron",
            "one noisy tanh neuron and its four inputs; by quadrature",
            _NETWORKS,
            {
                "default": {"weight": (0.3, 3)},
                "quick": {},
                "paper": {
                    "weight": (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5),
                    "noise": (0.01, 0.05, 0.1, 0.2),
                    "target": _TARGETS,
                },
            },
        ),
        "noisy-layer": Entry(
            "mibench.tasks.networks.noisy_layer:NoisyLayer",
            "input or label against a layer of a trained network whose units are noisy; by Monte Carlo",
            _NETWORKS,
            {
                "default": {"noise": (0.01, 0.5), "layer": (2, 5), "target": _TARGETS},
                "quick": {"target": _TARGETS},
                "paper": {
                    "noise": (0.005, 0.01, 0.05, 0.1, 0.5),
                    "layer": (1, 2, 3, 4, 5, 6),
                    "target": _TARGETS,
                },
            },
        ),
        "image-label": Entry(
            "mibench.tasks.labels:ImageLabel",
            "an image of a digit and its label, or the label through a noisy channel; enumerated",
            _NETWORKS,
            _LABEL_GRID,
        ),
        "image-pair": Entry(
            "mibench.tasks.labels:ImagePair",
            "two images of digits of one class, or of classes joined by a noisy channel; enumerated",
            _NETWORKS,
            _LABEL_GRID,
        ),
    },
)


def board() -> list[str]:
    """Families that ``all``, patterns and tags choose from."""
    return registry.names


def get(name: str) -> Task:
    """Build the task called `name`, such as ``"blobs[size=32,mi=3]"``.

    Raises
    ------
    UnknownName, InputError
        With suggestions for a wrong name or parameter.
    """
    return cast(Task, registry.build(name))
