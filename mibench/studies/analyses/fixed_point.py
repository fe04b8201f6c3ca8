# SPDX-License-Identifier: Apache-2.0
"""Which point of the IB curve each layer of trained networks is nearest to (Shwartz-Ziv and Tishby 2017, figure 6).

A layer's encoder is that of its bins, 30 edges from -1 to 1 as the source draws its planes; labels are those of the
stochastic rule, for which the bottleneck has more than two points. See `mibench.ib.fixed_point_beta` for beta*.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.datasets import ib12
from mibench.estimators.discretise import on_edges
from mibench.ib import fixed_point_beta
from mibench.ib.fixed_point import LIMIT
from mibench.networks.forward import evaluate
from mibench.networks.trajectory import Trajectory
from mibench.numerics.rows import distinct_rows
from mibench.studies.analyses.ib_curve import of_rule
from mibench.studies.analyses.rule import GAMMAS, rule
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.seeds import child
from mibench.studies.setting import Scale

__all__ = ["fixed_point"]

_EDGES, _LIMITS = 30, (-1.0, 1.0)


def fixed_point(
    trajectory: Trajectory,
    inputs: NDArray[Any],
    labels: NDArray[Any],
    *,
    scale: Scale,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _share: None,
) -> dict[str, NDArray[Any]]:
    """beta* of the layers of all runs as they are at the end, and where they lie below the IB curve.

    Parameters
    ----------
    trajectory : Trajectory
        Of a tanh network.
    inputs, labels : ndarray, shapes (4096, 12), (4096,)
        The patterns in their order; the labels are not used.
    scale : {"quick", "paper"}
        Not used.
    seed : SeedSequence
        Of the nulls: a permutation of the patterns for each layer.
    progress : callable
        Called with the share that is done, from 0 to 1.

    Returns
    -------
    dict of ndarray
        All of shape (R, L), information in nats: ``beta``, which is 10^6 where it is infinite, as ``infinite`` tells;
        ``residual``, the divergence left at beta*; ``null_beta``, ``null_residual``; ``i_x``, ``i_y`` of the stochastic
        labels; ``curve_i_y``, the most that a T of this I(X;T) tells of them; ``distance``, what `i_y` lacks of it.

    Raises
    ------
    Unsupported
        If the networks are noisy or not of tanh, whose range the bins are, or the patterns are others.
    """
    del labels, scale
    network = trajectory.network
    if network.noise or network.activation != "tanh":
        raise Unsupported(
            "fixed points are those of noiseless tanh layers, binned from -1 to 1: this network has others"
        )
    if not np.array_equal(inputs, ib12.patterns()):
        raise Unsupported("fixed points need the 4096 patterns in their order: the stochastic labels are theirs")
    p_y_given_x, rows = rule(GAMMAS[0]), np.asarray(inputs, trajectory.dtype)
    names = ("beta", "infinite", "residual", "null_beta", "null_residual", "i_x", "i_y")
    found = {name: np.zeros((trajectory.n_runs, network.n_layers)) for name in names}
    for run in range(trajectory.n_runs):
        ranges = None if trajectory.ranges is None else trajectory.ranges[run, -1]
        for at, layer in enumerate(evaluate(network, trajectory.parameters[run, -1], rows, ranges)):
            codes = distinct_rows(on_edges(layer.values.astype(np.float64), _EDGES, _LIMITS, outside=True))[1]
            rng = np.random.default_rng(child(seed, run, at))
            point = fixed_point_beta(codes[layer.member], p_y_given_x, permutations=1, rng=rng)
            of_layer = (point.beta, np.isinf(point.beta), point.residual, point.null_beta[0], point.null_residual[0])
            for name, value in zip(names, (*of_layer, point.i_x, point.i_y), strict=True):
                found[name][run, at] = min(value, LIMIT)
        progress((run + 1) / trajectory.n_runs)
    most = of_rule(GAMMAS[0]).i_y_at(found["i_x"])
    return {
        **found,
        "infinite": found["infinite"].astype(bool),
        "curve_i_y": most,
        "distance": most - found["i_y"],
    }
