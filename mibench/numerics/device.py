# SPDX-License-Identifier: Apache-2.0
"""The device that torch computes on."""

from __future__ import annotations

import os

import torch

from mibench.contracts import InputError

__all__ = ["pick"]


def pick(default: str = "auto") -> torch.device:
    """The device named by the environment variable ``MIBENCH_DEVICE``, or the default.

    Parameters
    ----------
    default : str
        A device's name, or ``auto``: the GPU when there is one.

    Raises
    ------
    InputError
        For a name torch does not know, or a GPU that is not there.
    """
    name = os.environ.get("MIBENCH_DEVICE", "").strip().lower() or default
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device {name!r} is no torch device: use auto, cpu, cuda or cuda:0") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"device {name!r}: torch sees {torch.cuda.device_count()} CUDA devices here; use auto or cpu")
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device {name!r} cannot train a network here: use auto, cpu or cuda")
    return device
