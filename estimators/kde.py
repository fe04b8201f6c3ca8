# SPDX-License-Identifier: Apache-2.0
"""Mutual information from Gaussian kernel densities, each point left out of its own density."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Estimate, InputError, Unsupported
from mibench.estimators.bandwidth import Densities, densities, likeliest
from mibench.estimators.elliptic import elliptic
from mibench.estimators.inputs import as_pair, reject_discrete, reject_repeats
from mibench.estimators.intervals import normal_interval
from mibench.numerics.ranks import normal_scores

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["KDE"]

_FEWEST_NEIGHBOURS = 2.0  # below it a density is its nearest kernel's tail
_MANY = 100  # joint dimensions in which `_PROBE` samples stand for all
_PROBE = 1000


@dataclass(frozen=True)
class KDE:
    """``h(X) + h(Y) - h(X,Y)``, each entropy the mean of ``-ln p_i`` with p_i the kernel density without point i.

    The kernel is normal with covariance ``h^2 S``, where S is the sample covariance of the space (Fukunaga 1972):
    distances are Mahalanobis distances, and the estimate does not change under invertible affine maps of either side.
    All n (n - 1) kernels are summed, none is truncated. The bandwidth h maximises the leave-one-out likelihood
    ``sum_i ln p_i`` of the joint density (Duin 1976) and serves all three densities: then p(x) and p(y) are the exact
    marginals of p(x, y), and what the smoothing does to the three entropies cancels in part, wholly for normal data.

    Parameters
    ----------
    bandwidth : {"shared", "own"} or float
        ``shared``: as above. ``own``: each density has the likeliest bandwidth of its own, which biases the
        difference downwards from about 3 dimensions on. A number is h itself, in units of S^{1/2}.
    margins : {"keep", "normal"}
        ``normal`` first replaces each column by its normal scores, an increasing map that leaves I(X;Y) as it is.
        It helps where margins are bounded or heavy-tailed, and costs accuracy where a pair of columns is nearly a
        function of one another.

    Notes
    -----
    `std_error` is the delta method's, the standard deviation of the n terms over sqrt(n), and the 95 % interval is
    normal. They hold the sampling error and not the bias of the kernels, which lowers the estimate as dimension grows.
    Of heavy-tailed margins the leave-one-out likelihood makes too wide a bandwidth: use ``margins=normal``.
    """

    bandwidth: str | float = "shared"
    margins: str = "keep"

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        number = isinstance(self.bandwidth, (int, float)) and not isinstance(self.bandwidth, bool)
        if not (self.bandwidth in ("shared", "own") or (number and 0 < float(self.bandwidth) < math.inf)):
            raise InputError(f"kde: bandwidth is {self.bandwidth!r}; give shared, own, or a positive number")
        if self.margins not in ("keep", "normal"):
            raise InputError(f"kde: margins is {self.margins!r}; give keep or normal")

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
            Constant columns are left out. Time grows as n^2 (d_x + d_y), memory as n (d_x + d_y).
        rng, side
            Not used: the estimate is deterministic.

        Raises
        ------
        InputError
            For data no estimator could use.
        Unsupported
            For data without a density (discrete, repeated pairs, a singular covariance), or samples so few for their
            dimensions that the kernels of the chosen bandwidth do not overlap.
        """
        x, y = as_pair(x, y, min_samples=8)
        reject_discrete(x, y, "kde")
        reject_repeats(x, y, "kde", "leaves each point out of its own density")
        if self.margins == "normal":
            x, y = normal_scores(x), normal_scores(y)
        data = elliptic(x, y, "kde", whiten=True)
        spaces = [_whitened(each.q) for each in (data.joint, data.side_x, data.side_y)]
        if isinstance(self.bandwidth, str) and spaces[0].shape[1] >= _MANY:
            # neighbours grow as n^(4 / (d + 4)): in so many dimensions a few samples tell, and spare the full sums
            self._refuse_few(likeliest(spaces[0][:_PROBE]), spaces[0])
        joint, of_x, of_y = self._densities(spaces)
        if isinstance(self.bandwidth, str):
            self._refuse_few(joint, spaces[0])
        terms = joint.log - of_x.log - of_y.log + data.plug_in
        mi, std_error = float(terms.mean()), float(terms.std(ddof=1) / math.sqrt(len(terms)))
        return Estimate(
            mi,
            std_error,
            normal_interval(mi, std_error),
            diagnostics={
                "bandwidth": joint.bandwidth,
                "bandwidth_x": of_x.bandwidth,
                "bandwidth_y": of_y.bandwidth,
                "effective_neighbours": joint.neighbours,
            },
        )

    def _refuse_few(self, joint: Densities, space: NDArray[np.float64]) -> None:
        if joint.neighbours < _FEWEST_NEIGHBOURS:
            raise Unsupported(
                f"kde: at the likeliest bandwidth a density rests on {joint.neighbours:.2g} of {len(space)} samples: "
                f"{space.shape[1]} dimensions are too many for them; compress first, as in pca+kde or ae+kde"
            )

    def _densities(self, spaces: list[NDArray[np.float64]]) -> list[Densities]:
        """Densities of the joint space, of x and of y."""
        if self.bandwidth == "own":
            return [likeliest(points) for points in spaces]
        joint = likeliest(spaces[0]) if self.bandwidth == "shared" else densities(spaces[0], float(self.bandwidth))
        return [joint, *(densities(points, joint.bandwidth) for points in spaces[1:])]


def _whitened(q: NDArray[np.float64] | None) -> NDArray[np.float64]:
    assert q is not None
    return q * math.sqrt(len(q) - 1)
