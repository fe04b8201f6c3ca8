# SPDX-License-Identifier: Apache-2.0
"""Planes of noisy networks by sample propagation: every input is sent through the noisy layers a few times.

Given input x, layer T = S + s Z is taken for the mixture of normals about the r values that S took, and T for the
mixture of all. The same values stand in both, so that the information is that of a real channel and lies in [0, ln N].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from mibench.contracts import Unsupported
from mibench.networks.noisy import centres, layer_noise
from mibench.networks.trajectory import Trajectory
from mibench.numerics.checks import check_count
from mibench.numerics.counting import numbered
from mibench.numerics.mixtures import Mixture, log_densities_of_each
from mibench.studies.planes.contract import LayerInformation, Progress
from mibench.studies.planes.seeds import child
from mibench.studies.planes.vectors import fully_connected
from mibench.studies.results import Plane

__all__ = ["SP", "SampleInformation", "sample_information", "sample_information_reference"]

_TWICE = 8  # one input of so many has a second noise vector, from which the Monte Carlo error is known

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SP:
    """``I(X;T) = h(T) - mean_x h(T|x)`` and ``I(T;Y)`` of the mixtures that noise makes of propagated samples.

    Goldfeld et al., Estimating Information Flow in Deep Neural Networks (ICML 2019). Every input is used once: their
    script draws inputs with replacement, which takes 0.57 nat from I(X;T_1) of 4096 inputs. The first layer is a
    function of the input and has no other error than that of Monte Carlo; the output is read as the difference of its
    two logits (`mibench.networks.noisy`).

    Parameters
    ----------
    replicas : int
        r, at least 2.

    Notes
    -----
    Too few replicas give too much information: each input's density is too narrow. With noise of 0.005 in the network
    of the 12-bit set, 16 give up to 0.2 nat more of I(X;T) than 64 do, and up to 0.02 of I(T;Y), most where information
    peaks. `Plane.std_error` is the Monte Carlo error alone.

    `Plane.null` is not a mean: it is I(T;Y) where the labels are permuted once, anew for each cell.

    Raises
    ------
    InputError
        For fewer than 2 replicas.
    """

    replicas: int = 16

    def __post_init__(self) -> None:
        check_count("replicas", self.replicas, 2)

    def of_trajectory(
        self,
        trajectory: Trajectory,
        inputs: NDArray[Any],
        labels: NDArray[Any],
        *,
        runs: NDArray[np.int64],
        points: NDArray[np.int64],
        seed: np.random.SeedSequence,
        progress: Progress = lambda share: None,
    ) -> Plane:
        """As `PlaneEstimator.of_trajectory`; a cell's answer does not depend on which others are asked for."""
        network, labels = fully_connected(trajectory.network, "sp"), numbered("labels", labels, len(inputs))
        if not network.noise:
            raise Unsupported(
                "sp needs a network with noise, and this one's layers are functions of the input: give 'exact' for "
                "what they distinguish, or 'kde' for noise that is assumed"
            )
        shape = (len(runs), len(points), network.n_layers)
        information, std_error, null = np.empty((*shape, 2)), np.empty((*shape, 2)), np.empty(shape)
        for done, (r, p, at) in enumerate(np.ndindex(shape)):
            run, point, layer = int(runs[r]), int(points[p]), at + 1
            rng, parameters = np.random.default_rng(child(seed, run, point, at)), trajectory.parameters[run, point]
            propagated = centres(network, parameters, inputs, layer, 1 if layer == 1 else self.replicas, rng)
            found = sample_information(propagated, labels, layer_noise(network, parameters, layer), rng)
            information[r, p, at], std_error[r, p, at] = (found.i_x, found.i_y), found.std_error
            null[r, p, at] = found.null
            progress((done + 1) / null.size)
        name = f"sp[replicas={self.replicas}]"
        return Plane(name, trajectory.epochs[points], np.asarray(runs), information, null, std_error)

    def of_layers(
        self,
        inputs: NDArray[Any],
        layers: Sequence[NDArray[Any]],
        labels: NDArray[Any],
        *,
        limits: tuple[float, float] | None = None,
        seed: np.random.SeedSequence,
    ) -> list[LayerInformation]:
        """Activations alone do not tell how noise reached them.

        Raises
        ------
        Unsupported
            Always.
        """
        raise Unsupported(
            "sp needs the noisy network itself, not activations: give 'kde' for noise that is assumed, or the "
            "estimator 'noisy-plugin' the layer without its noise and the level of it"
        )


@dataclass(frozen=True)
class SampleInformation:
    """I(X;T), I(T;Y) and the latter of permuted labels in nats, and Monte Carlo standard errors of the first two."""

    i_x: float
    i_y: float
    null: float
    std_error: tuple[float, float]


def sample_information(
    propagated: NDArray[Any], labels: NDArray[np.int64], std: float, rng: np.random.Generator
) -> SampleInformation:
    """Information between N equally likely inputs, or their labels, and mixtures of normals.

    Parameters
    ----------
    propagated : ndarray, shape (N, r, d)
        The values about which the mixture of each input stands; N is at least 2.
    labels : ndarray of int, shape (N,)
    std : float
        s, positive.
    rng : numpy Generator

    Notes
    -----
    Means over draws t of ``ln p_x(t) / p(t)`` and ``ln p_y(t) / p(t)``; each input has one draw, some have two.
    """
    n, replicas, dim = propagated.shape
    permuted = rng.permutation(labels)
    twice = rng.permutation(n)[: max(2, n // _TWICE)]
    which = np.concatenate([np.arange(n), twice])
    z = rng.standard_normal((len(which), dim))
    points = propagated[which, rng.integers(replicas, size=len(which))] + std * z
    own = log_densities_of_each(points[:, None], propagated[which], std)[:, 0]
    # one pass over all values for both labels: those that agree in the label and in the permuted one are a group
    pairs, group = np.unique(np.stack([labels, permuted], axis=1), axis=0, return_inverse=True)
    group = group.reshape(n)
    shares = np.bincount(group) / n
    log_joint = np.array(
        [
            log(share) + Mixture(propagated[group == g].reshape(-1, dim), std).log_density(points)
            for g, share in enumerate(shares)
        ]
    )
    log_all = logsumexp(log_joint, axis=0)
    terms = [own - log_all]
    for side, label in enumerate((labels, permuted)):
        of_label = np.where((pairs[:, side, None] == label[which]), log_joint, -np.inf)
        terms.append(logsumexp(of_label, axis=0) - np.log(np.bincount(label)[label[which]] / n) - log_all)
    (i_x, error_x), (i_y, error_y), (null, _) = (_mean(each, n, twice) for each in terms)
    return SampleInformation(max(i_x, 0.0), max(i_y, 0.0), max(null, 0.0), (error_x, error_y))


def _mean(terms: Floats, n: int, twice: NDArray[Any]) -> tuple[float, float]:
    """The mean over inputs, and its Monte Carlo error: inputs are all there are, only their draws are by chance."""
    values = terms[:n].copy()
    differences = values[twice] - terms[n:]
    values[twice] = (values[twice] + terms[n:]) / 2
    variance = (differences**2).mean() / 2  # of one draw
    return float(values.mean()), float(np.sqrt(variance * (n - len(twice) / 2))) / n


def sample_information_reference(
    propagated: NDArray[Any], labels: NDArray[np.int64], std: float, rng: np.random.Generator, draws: int
) -> tuple[float, float]:
    """I(X;T) and I(T;Y) as differences of entropies of mixtures, every density written out, `draws` for each value."""
    n, replicas, dim = propagated.shape
    constant = -0.5 * dim * log(2 * pi * std**2)
    flat, owner = propagated.reshape(-1, dim), np.repeat(np.arange(n), replicas)

    def entropy(members: NDArray[np.bool_]) -> float:
        own = flat[members[owner]]
        points = np.repeat(own, draws, axis=0)
        points = points + std * rng.standard_normal(points.shape)
        squares = ((points[:, None] - own) ** 2).sum(axis=2)
        return -float(np.mean(logsumexp(-squares / (2 * std**2), axis=1) - log(len(own)) + constant))

    everyone = entropy(np.ones(n, dtype=np.bool_))
    of_inputs = np.mean([entropy(np.arange(n) == i) for i in range(n)])
    of_labels = sum(float(np.mean(labels == y)) * entropy(labels == y) for y in np.unique(labels))
    return everyone - float(of_inputs), everyone - of_labels
