# SPDX-License-Identifier: Apache-2.0
"""Quantisers of a layer of R runs at once, each run on its own range, in torch.

The grids are those of `mibench.networks.quantisers`, in the float type of the values.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mibench.networks.quantisers import SLACK

__all__ = ["level_grid", "spread", "zero_grid"]


def spread(values: Tensor) -> tuple[Tensor, Tensor]:
    """Least and greatest value of each run, shape (R,), of values of shape (R, ...)."""
    flat = values.flatten(1)
    return flat.amin(1), flat.amax(1)


def level_grid(values: Tensor, low: Tensor, high: Tensor, bits: int) -> Tensor:
    """`values`, shape (R, units, B), clipped to and rounded on 2^bits levels from `low` to `high`, shape (R,)."""
    step = (high - low) / (2**bits - 1)
    return _round(values, low, high, torch.where(step > 0, step, torch.ones_like(step)))


def zero_grid(values: Tensor, low: Tensor, high: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """`values`, shape (R, units, B), on the grid of ranges of shape (R,), and the mask of those that lie inside."""
    most = float(2**bits - 1)
    low, high = low.clamp(max=0), high.clamp(min=0)
    step = (high - low) / most
    step = torch.where(step > 0, step, torch.ones_like(step))
    zero = (0.5 - low / step).floor_().clamp_(0, most)
    low, high = -zero * step, (most - zero) * step
    slack = SLACK * step
    inside = (values >= _tall(low - slack)) & (values <= _tall(high + slack))
    return _round(values, low, high, step), inside


def _round(values: Tensor, low: Tensor, high: Tensor, step: Tensor) -> Tensor:
    low, step = _tall(low), _tall(step)
    rounded = values.clamp(low, _tall(high)).sub_(low).div_(step).add_(0.5).floor_()
    return rounded.mul_(step).add_(low)


def _tall(of_runs: Tensor) -> Tensor:
    return of_runs[:, None, None]
