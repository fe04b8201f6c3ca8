# SPDX-License-Identifier: Apache-2.0
"""What a study trains and measures on: the whole set as rows, and which of them its publishers meant for training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from mibench.studies.setting import Setting

__all__ = ["Data", "fitted"]


@dataclass(frozen=True, eq=False)
class Data:
    """A whole set of labelled rows.

    Attributes
    ----------
    inputs : ndarray, shape (N, d)
    labels : ndarray of int64, shape (N,)
    n_train : int, optional
        The first so many rows are those to train on, as the set was published; None: it has no such rows.
    name : str
        Of a set that the user may choose, empty for a study's only one.
    title : str
        What to call it in print.
    digest : str
        Of its content, where the user may choose it.
    """

    inputs: NDArray[Any]
    labels: NDArray[np.int64]
    n_train: int | None = None
    name: str = ""
    title: str = ""
    digest: str = ""

    @property
    def facts(self) -> dict[str, float]:
        """Rows and entropies of labels in nats, of all and of those that are not trained on, for who reads results."""
        held_out = self.labels[self.n_train :] if self.n_train is not None else self.labels[:0]
        return {
            "rows": len(self.labels),
            "held_out": len(held_out),
            "label_nats": _entropy(self.labels),
            "held_out_label_nats": _entropy(held_out),
        }


def _entropy(labels: NDArray[np.int64]) -> float:
    shares = np.bincount(labels) / max(len(labels), 1)
    return float(entr(shares).sum())


def fitted(setting: Setting, data: Data) -> Setting:
    """The setting with the published split of the data, where it wants that and there is one."""
    if not setting.published_split or data.n_train is None:
        return setting
    training = replace(setting.training, fraction=data.n_train / len(data.inputs), split="first")
    return replace(setting, training=training)
