# SPDX-License-Identifier: Apache-2.0
"""infomeasure: those of its approaches that estimate Shannon's mutual information of samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mibench.contracts import Estimate, InputError
from mibench.estimators.adapters.answers import read
from mibench.estimators.adapters.asking import ask, check_flag, draw_seed, require
from mibench.estimators.adapters.data import as_labels, check_kinds
from mibench.estimators.inputs import as_matrices
from mibench.names import suggest
from mibench.numerics.checks import check_count

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["Infomeasure"]

_CONTINUOUS = ("ksg", "kernel")
_DISCRETE = ("discrete", "miller_madow", "grassberger", "shrink", "chao_shen", "chao_wang_jost", "nsb", "zhang")
_OTHER = {"renyi": "Renyi's", "tsallis": "Tsallis'", "ordinal": "the patterns of a time series'"}


@dataclass(frozen=True)
class Infomeasure:
    """infomeasure: `mutual_information` by one of its approaches; any dimensions.

    Parameters
    ----------
    approach : str
        ``ksg`` or ``kernel`` for continuous sides; ``discrete``, ``miller_madow``, ``grassberger``, ``shrink``,
        ``chao_shen``, ``chao_wang_jost``, ``nsb`` or ``zhang`` for labels.
    k : int
        Neighbours of ``ksg``; its default, 4.
    ksg_id : {1, 2}
        Algorithm of Kraskov et al. (2004).
    kernel : {"gaussian", "box"}
        Of ``kernel``.
    bandwidth : float
        Of ``kernel``, in the data's units (or standard deviations, with `normalize`). It has no default there; 0.5 is
        ours.
    normalize : bool
        Whether each column is brought to unit standard deviation first; its default, false.

    Notes
    -----
    It is asked in nats, whatever its global setting. Its other approaches estimate other quantities and are refused.
    The noise of ``ksg`` (1e-10) is seeded from `rng`.
    """

    approach: str = "ksg"
    k: int = 4
    ksg_id: int = 1
    kernel: Literal["gaussian", "box"] = "gaussian"
    bandwidth: float = 0.5
    normalize: bool = False

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"peer"})

    def __post_init__(self) -> None:
        if self.approach in _OTHER:
            raise InputError(
                f"infomeasure: approach {self.approach!r} estimates {_OTHER[self.approach]} information, which is not "
                f"the I(X;Y) of the tasks; give one of {', '.join(_CONTINUOUS + _DISCRETE)}"
            )
        if self.approach not in _CONTINUOUS + _DISCRETE:
            hint = suggest(str(self.approach), _CONTINUOUS + _DISCRETE)
            raise InputError(f"infomeasure: no approach {self.approach!r}{hint}")
        check_count("infomeasure: k", self.k, 1)
        check_flag(self.normalize, "normalize", "infomeasure")
        if isinstance(self.ksg_id, bool) or self.ksg_id not in (1, 2):
            raise InputError(f"infomeasure: ksg_id is {self.ksg_id!r}; give 1 or 2")
        if self.kernel not in ("gaussian", "box"):
            raise InputError(f"infomeasure: kernel is {self.kernel!r}; give gaussian or box")
        if isinstance(self.bandwidth, bool) or not isinstance(self.bandwidth, (int, float)) or not self.bandwidth > 0:
            raise InputError(f"infomeasure: bandwidth is {self.bandwidth!r}; give a number above 0")

    def load_packages(self) -> None:
        """Import infomeasure and what its approach needs: a cost of the process, not of the estimate."""
        ask("infomeasure", require("infomeasure", "infomeasure").get_estimator_class, "mi", self.approach, seed=0)

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
        rng : seed or generator

        Raises
        ------
        InputError
            For data no estimator could use, or too few samples.
        Unsupported
            For sides of another kind than the approach is for.
        NotInstalled
            Without infomeasure, or `sparse`, which it imports only when asked.
        """
        x, y = as_matrices(x, y, min_samples=self.k + 2)
        labels = self.approach in _DISCRETE
        check_kinds(x, y, labels, labels, f"infomeasure's {self.approach}")
        peer = require("infomeasure", "infomeasure")
        seed = draw_seed(rng)
        settings: dict[str, Any] = {}
        if self.approach == "ksg":
            settings = {"k": self.k, "ksg_id": self.ksg_id}
        elif self.approach == "kernel":
            settings = {"kernel": self.kernel, "bandwidth": self.bandwidth, "workers": 1}
        if labels:
            x, y = as_labels(x), as_labels(y)
        else:
            settings["normalize"] = self.normalize

        def call() -> Any:
            return peer.mutual_information(x, y, approach=self.approach, base="e", seed=seed, **settings)

        answer, warned = ask("infomeasure", call, seed=seed)
        return read(answer, "infomeasure", "nats", {"warnings": warned})
