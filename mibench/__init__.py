# SPDX-License-Identifier: Apache-2.0
"""mibench: estimators of mutual information, scored on tasks whose answer is known.

>>> import mibench
>>> task = mibench.tasks.get("gaussian[mi=2,dim_x=1,dim_y=1]")
>>> sample = task.sample(2000, rng=0)
>>> abs(mibench.estimate(sample.x, sample.y, estimator="ksg").mi - task.truth.mi) < 0.2
True
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mibench.contracts import Estimate, Estimator, InputError, Sample, Task, Trial, Truth

if TYPE_CHECKING:
    from mibench import adapters, estimators, ib, reports, studies, tasks
    from mibench.contracts import RandomLike

__version__ = "0.1.0"
__all__ = [
    "Estimate",
    "Estimator",
    "Sample",
    "Task",
    "Trial",
    "Truth",
    "__version__",
    "adapters",
    "estimate",
    "estimators",
    "ib",
    "reports",
    "studies",
    "tasks",
]


def estimate(
    x: Any,
    y: Any,
    estimator: str | Estimator = "ksg",
    *,
    rng: RandomLike = None,
    side: Mapping[str, Any] | None = None,
) -> Estimate:
    """Estimate the mutual information I(X;Y) in nats.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, ...)
        Paired observations: NumPy arrays, pandas objects or torch tensors on the CPU.
    estimator : str or Estimator
        A name such as ``"ksg"``, ``"ksg[k=5]"``, ``"ae[latent_dim=2]+wkl"``, or an estimator object.
    rng : int, numpy.random.Generator or None
        Source of randomness; ``None`` means seed 0, so that one call gives one number.
    side : mapping, optional
        Side information, such as ``{"noise_std": 0.1}``.

    Returns
    -------
    Estimate
        ``float(...)`` gives the nats; intervals, bounds and diagnostics stand beside them.

    Raises
    ------
    InputError
        If the data cannot be used (unequal lengths, NaN, too few samples, ...).
    Unsupported
        If this estimator cannot handle such data.
    """
    if isinstance(estimator, str):
        from mibench import estimators

        estimator = estimators.get(estimator)
    if not hasattr(estimator, "estimate"):
        raise InputError(f"estimator is {estimator!r}: give a name, such as 'ksg', or an object with .estimate(x, y)")
    return estimator.estimate(x, y, rng=rng, side=side)


def __getattr__(name: str) -> Any:
    if name in {"adapters", "tasks", "estimators", "ib", "reports", "studies"}:
        return importlib.import_module(f"mibench.{name}")
    raise AttributeError(f"module 'mibench' has no attribute {name!r}")
