# SPDX-License-Identifier: Apache-2.0
"""The rows and labels that a network of one's own is seen through, checked; each distinct row passes it once.

A matrix product may round two equal rows differently, which would make one state of a layer two. So the network sees
every distinct row once, and a layer is a function of the input by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mibench.contracts import InputError
from mibench.numerics.counting import numbered
from mibench.numerics.entropies import plug_in
from mibench.numerics.rows import distinct_rows

__all__ = ["Rows", "read_rows"]


@dataclass(frozen=True)
class Rows:
    """The whole set; its distribution is taken to be the true one.

    Attributes
    ----------
    flat : ndarray, shape (N, d)
    labels : ndarray of int64, shape (N,)
    distinct : Tensor, shape (u, ...)
        The distinct inputs, shaped and typed as the network takes them.
    member : ndarray of int64, shape (N,)
        Which of them each row is.
    """

    flat: NDArray[Any]
    labels: NDArray[np.int64]
    distinct: Tensor
    member: NDArray[np.int64]

    @cached_property
    def entropy(self) -> float:
        """H(X) in nats: ln N where no row repeats."""
        return plug_in(np.bincount(self.member))


def read_rows(x: Any, y: Any, model: nn.Module) -> Rows:
    """Inputs and labels for a network.

    Parameters
    ----------
    x : array_like or Tensor, shape (N, ...)
        Floats are given to the network in its own float type; whole numbers too, unless it has an embedding.
    y : array_like or Tensor of whole numbers, shape (N,)
    model : Module

    Raises
    ------
    InputError
        For what is no such array, fewer than two rows, or values that are not finite.
    """
    values = _array("x", x)
    if values.ndim < 1 or len(values) < 2 or not values.size:
        raise InputError(f"x has shape {values.shape}: give at least two rows, shape (N, ...)")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InputError(f"x has {int((~np.isfinite(values)).sum())} values that are not finite: remove or impute them")
    flat = values.reshape(len(values), -1)
    first, member = distinct_rows(flat)
    distinct = torch.from_numpy(np.ascontiguousarray(values[first]))
    return Rows(flat, numbered("y", _array("y", y), len(values)), distinct.to(_type(values, model)), member)


def _array(name: str, values: Any) -> NDArray[Any]:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        values = (values.float() if values.dtype in (torch.float16, torch.bfloat16) else values).numpy()
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} cannot become an array ({error}): give numbers, a row for each input") from None
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} has dtype {array.dtype}: give real numbers, a row for each input")
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _type(values: NDArray[Any], model: nn.Module) -> torch.dtype:
    embeds = any(isinstance(each, nn.Embedding | nn.EmbeddingBag) for each in model.modules())
    if values.dtype.kind != "f" and embeds:
        return torch.int64
    return next((each.dtype for each in model.parameters() if each.is_floating_point()), torch.float32)
