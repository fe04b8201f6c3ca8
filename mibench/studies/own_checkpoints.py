# SPDX-License-Identifier: Apache-2.0
"""Saved parameters of a network of one's own: read without running code, and held against its architecture."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mibench.contracts import InputError
from mibench.studies.own_layers import own_state

__all__ = ["Checkpoint", "checkpoints_of", "load_state", "state_for"]

_INSIDE = ("state_dict", "model_state_dict", "model")  # under which training scripts put it, beside the optimiser's
_WRAPPERS = ("module.", "_orig_mod.")  # of data parallelism and torch.compile
_SHOWN = 4  # names in a message


@dataclass(frozen=True)
class Checkpoint:
    """Parameters at an epoch, read when they are needed; `where` is what messages call them."""

    epoch: int
    where: str
    read: Callable[[], Mapping[str, Any]]


def checkpoints_of(given: Mapping[int, Any] | Sequence[Any]) -> list[Checkpoint]:
    """Checkpoints by rising epoch.

    Parameters
    ----------
    given : mapping of int to path or state_dict, or sequence of paths
        Of a sequence, epochs are the last whole numbers in the files' names, where each has one and they differ; else
        places in it, from 0.

    Raises
    ------
    InputError
        If there are none, or epochs are no whole numbers of at least 0.
    """
    if isinstance(given, str | Path):
        raise InputError(
            f"checkpoints is one path, {str(given)!r}: give a list of paths, or a mapping of epoch to path"
        )
    found = dict(given) if isinstance(given, Mapping) else _numbered(list(given))
    if not found:
        raise InputError("checkpoints is empty: give a list of paths, or a mapping of epoch to path")
    for epoch in found:
        if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
            raise InputError(f"checkpoints has epoch {epoch!r}: give whole numbers of at least 0")
    return [_checkpoint(epoch, found[epoch]) for epoch in sorted(found)]


def _numbered(paths: list[Any]) -> dict[int, Any]:
    if not all(isinstance(path, str | Path) for path in paths):
        raise InputError("checkpoints is no list of paths: give one, or a mapping of epoch to path or state_dict")
    numbers = [re.findall(r"\d+", Path(path).stem) for path in paths]
    epochs = [int(found[-1]) for found in numbers if found]
    if len(set(epochs)) < len(paths):
        epochs = list(range(len(paths)))
    return dict(zip(epochs, paths, strict=True))


def _checkpoint(epoch: int, given: Any) -> Checkpoint:
    if isinstance(given, str | Path):
        return Checkpoint(epoch, str(given), lambda: load_state(given))
    if isinstance(given, Mapping):
        return Checkpoint(epoch, f"the state_dict of epoch {epoch}", lambda: given)
    raise InputError(f"checkpoints has {type(given).__name__} for epoch {epoch}: give a path or a state_dict")


def load_state(path: str | Path) -> Mapping[str, Any]:
    """The state_dict in a file of `torch.save`; pickled objects, which run code, are refused.

    Raises
    ------
    InputError
        If there is no such file, it holds other objects than tensors and plain values, or no state_dict.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"no checkpoint {path}: give the path of a file that torch.save wrote") from error
    except pickle.UnpicklingError as error:
        raise InputError(
            f"checkpoint {path} holds pickled objects, which could run any code when loaded, or is none: save "
            "model.state_dict() and not the model"
        ) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise InputError(f"checkpoint {path} cannot be read ({error}): give a file that torch.save wrote") from error
    if isinstance(found, Mapping):
        inside = [found[key] for key in _INSIDE if isinstance(found.get(key), Mapping)]
        if inside and not any(isinstance(each, Tensor) for each in found.values()):
            return dict(inside[0])
        return dict(found)
    raise InputError(f"checkpoint {path} holds a {type(found).__name__}: save model.state_dict()")


def state_for(model: nn.Module, given: Mapping[str, Any], where: str) -> dict[str, Tensor]:
    """Parameters and buffers by which `model` can run, on its device and in its types.

    Raises
    ------
    InputError
        If they are those of another architecture: names that are missing or not there, or of another shape.
    """
    own = own_state(model)
    wanted = {name for name in model.state_dict() if name in own}
    state = {_bare(str(name), own): value for name, value in given.items() if not str(name).endswith("_extra_state")}
    missing, unexpected = sorted(wanted - set(state)), sorted(set(state) - set(own))
    wrong = [
        f"{name} is {_shape(state[name])} and should be {_shape(own[name])}"
        for name in sorted(set(state) & set(own))
        if _shape(state[name]) != _shape(own[name])
    ]
    parts = (("missing", missing), ("unexpected", unexpected), ("of another shape", wrong))
    if any(names for _, names in parts):
        told = "; ".join(f"{what}: {_some(names)}" for what, names in parts if names)
        raise InputError(f"{where} is of another architecture than the model ({told}): build the model it was saved of")
    cast = {name: value.to(own[name].device, own[name].dtype, copy=True) for name, value in state.items()}
    return own | cast


def _bare(name: str, own: Mapping[str, Tensor]) -> str:
    for wrapper in _WRAPPERS:
        if name not in own:
            name = name.removeprefix(wrapper)
    return name


def _shape(value: Any) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else f"a {type(value).__name__}"


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
