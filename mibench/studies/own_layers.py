# SPDX-License-Identifier: Apache-2.0
"""Activations of a torch module's layers for all inputs at any parameters, with no trace left in the module.

The module runs in eval mode, without gradients, with the given parameters and buffers in the place of its own
(`torch.func.functional_call`) and with torch's random generators put back afterwards; hooks are there for that pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mibench.contracts import InputError
from mibench.names import suggest

__all__ = ["OUTPUT", "Watched", "own_state", "unwrapped"]

OUTPUT = "output"  # what the module gives, where no layer has that name
_FALLBACK = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Bilinear)


class Watched:
    """A module, and those of its layers that are looked at.

    Parameters
    ----------
    model : Module
    inputs : Tensor, shape (u, ...)
        Already of the type that the model takes.
    layers : sequence of str, optional
        Names of ``model.named_modules()``, or ``output``. None: every activation module, or, where there is none,
        every linear and convolutional one, and the output. A layer that runs k > 1 times in a pass is ``name#1`` to
        ``name#k``; its bare name stands for all.
    batch_size : int
    seed : int
        Of torch's generators, for networks that draw random numbers in eval mode too.

    Attributes
    ----------
    names : tuple of str
    kinds : tuple of str
        The layers' classes; empty for the output.
    random : tuple of str
        Layers that are not the same again in a second pass: the network draws random numbers in eval mode.

    Raises
    ------
    InputError
        For names that are no layers, with the nearest ones, layers that do not run, or that give no tensor of a row
        for each input.
    """

    def __init__(
        self, model: nn.Module, inputs: Tensor, layers: Sequence[str] | None, batch_size: int, seed: int
    ) -> None:
        self.model, self._inputs, self._batch_size, self._seed = model, inputs, batch_size, seed
        self._modules = dict(model.named_modules(remove_duplicate=False))
        asked = self._default() if layers is None else self._asked(layers)
        self._bases = list(dict.fromkeys(self._base(name) for name in asked))
        batch = inputs[:batch_size]
        state = own_state(model)
        with _quiet(model, seed):
            seen, same = self._pass(state, batch)
        if layers is None:
            asked = [name for name in asked if seen[name] and not (name == OUTPUT and same)]
        self._places = [place for name in asked for place in self._calls(name, len(seen[self._base(name)]))]
        if not self._places:
            raise InputError("none of the model's layers gives activations: name layers of model.named_modules()")
        runs = {base: len(found) for base, found in seen.items()}
        self.names = tuple(base if runs[base] == 1 else f"{base}#{call + 1}" for base, call in self._places)
        if len(set(self.names)) < len(self.names):
            raise InputError(f"layers name one layer twice: {', '.join(self.names)}")
        modules = [self._modules.get(base) for base, _ in self._places]
        self.kinds = tuple("" if module is None else type(module).__name__ for module in modules)
        once = self._read(seen, len(batch))
        with _quiet(model, seed + 1):
            again = self._read(self._pass(state, batch)[0], len(batch))
        pairs = zip(self.names, once, again, strict=True)
        self.random = tuple(name for name, a, b in pairs if not np.array_equal(a, b, equal_nan=True))

    def activations(self, state: Mapping[str, Tensor]) -> list[NDArray[Any]]:
        """The layers, each of shape (u, d), float32 or float64, with these parameters and buffers."""
        parts = []
        with _quiet(self.model, self._seed):
            for start in range(0, len(self._inputs), self._batch_size):
                batch = self._inputs[start : start + self._batch_size]
                parts.append(self._read(self._pass(state, batch)[0], len(batch)))
        return [np.concatenate(blocks) for blocks in zip(*parts, strict=True)]

    def _default(self) -> list[str]:
        leaves = {name: each for name, each in self.model.named_modules() if name and not any(each.children())}
        found = [name for name, each in leaves.items() if _is_activation(each)]
        found = found or [name for name, each in leaves.items() if isinstance(each, _FALLBACK)]
        return [*found, *([] if OUTPUT in found else [OUTPUT])]

    def _asked(self, layers: Sequence[str]) -> list[str]:
        if isinstance(layers, str) or not layers or not all(isinstance(name, str) for name in layers):
            raise InputError(f"layers is {layers!r}: give a list of names of model.named_modules(), or leave it out")
        known = [name for name in self._modules if name]
        for name in layers:
            if self._base(name) not in known and name != OUTPUT:
                raise InputError(f"the model has no layer {name!r}{suggest(name, [*known, OUTPUT])}")
        return list(layers)

    def _base(self, name: str) -> str:
        base, mark, call = name.rpartition("#")
        return base if mark and call.isdigit() else name

    def _calls(self, name: str, runs: int) -> list[tuple[str, int]]:
        base = self._base(name)
        if not runs:
            raise InputError(
                f"layer {name!r} does not run in model(x): name a layer that is called, as a module, in its forward"
            )
        if base == name:
            return [(base, call) for call in range(runs)]
        number = int(name.rpartition("#")[2])
        if not 1 <= number <= runs:
            raise InputError(f"layer {base!r} runs {runs} times in model(x), and {name!r} is asked for")
        return [(base, number - 1)]

    def _pass(self, state: Mapping[str, Tensor], batch: Tensor) -> tuple[dict[str, list[Any]], bool]:
        """What each layer gave at each of its calls, and whether the last of them gave the model's output itself."""
        seen: dict[str, list[Any]] = {name: [] for name in self._bases}
        last: list[Any] = [None]

        def keep(name: str) -> Any:
            def hook(module: nn.Module, args: Any, output: Any) -> None:
                last[0] = output
                # a copy: what follows may work in place
                seen[name].append(output.detach().clone() if isinstance(output, Tensor) else output)

            return hook

        hooks = [self._modules[n].register_forward_hook(keep(n)) for n in self._bases if n in self._modules]
        try:
            output = torch.func.functional_call(
                self.model, dict(state), (batch.to(_device(self.model)),), tie_weights=False
            )
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raise InputError(
                f"model(x) fails for inputs of shape {tuple(batch.shape)} and {batch.dtype}: {error}; give x as the "
                "model takes it, a row for each input"
            ) from error
        finally:
            for each in hooks:
                each.remove()
        if OUTPUT in seen and OUTPUT not in self._modules:
            seen[OUTPUT].append(output)
        return seen, output is last[0]

    def _read(self, seen: Mapping[str, list[Any]], n: int) -> list[NDArray[Any]]:
        found = []
        for (base, call), name in zip(self._places, self.names, strict=True):
            if call >= len(seen[base]):
                raise InputError(f"layer {name!r} does not run in every batch: its calls depend on the input")
            found.append(_matrix(name, seen[base][call], n))
        return found


def unwrapped(model: Any) -> nn.Module:
    """The module inside of what `torch.compile` or data parallelism makes of one, whose layers can be hooked.

    Raises
    ------
    InputError
        For what is no module, or one that cannot be hooked.
    """
    model = getattr(model, "_orig_mod", model)
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        model = model.module
    if not isinstance(model, nn.Module):
        raise InputError(f"model is a {type(model).__name__}: give a torch.nn.Module")
    if isinstance(model, torch.jit.ScriptModule):
        raise InputError("model is a TorchScript module, whose layers cannot be looked at: give the one it was made of")
    if any(nn.parameter.is_lazy(each) for each in model.parameters()):
        raise InputError("the model has lazy layers without parameters: call it once on a batch before")
    return model


def own_state(model: nn.Module) -> dict[str, Tensor]:
    """The model's parameters, and copies of its buffers, which a pass may change."""
    state: dict[str, Tensor] = {name: each.detach() for name, each in model.named_parameters(remove_duplicate=False)}
    return state | {name: each.detach().clone() for name, each in model.named_buffers(remove_duplicate=False)}


@contextmanager
def _quiet(model: nn.Module, seed: int) -> Iterator[None]:
    """Eval mode, no gradients, generators seeded; all of it as before afterwards."""
    modes = [(each, each.training) for each in model.modules()]
    device = _device(model)
    devices = [] if device.type == "cpu" else [device]
    kind = "cuda" if device.type == "cpu" else device.type
    try:
        with torch.no_grad(), torch.random.fork_rng(devices, device_type=kind):
            torch.default_generator.manual_seed(seed)
            if devices:
                getattr(torch, kind).manual_seed(seed)
            model.eval()
            yield
    finally:
        for each, mode in modes:
            each.training = mode


def _device(model: nn.Module) -> torch.device:
    return next((each.device for each in model.parameters()), torch.device("cpu"))


def _is_activation(module: nn.Module) -> bool:
    known = type(module).__module__ == "torch.nn.modules.activation"
    return known and not isinstance(module, nn.MultiheadAttention)


def _matrix(name: str, output: Any, n: int) -> NDArray[Any]:
    if not isinstance(output, Tensor):
        raise InputError(
            f"layer {name!r} gives a {type(output).__name__}, not one tensor: name the layer whose tensor is meant"
        )
    if output.ndim < 1 or len(output) != n or not output.numel() or output.is_complex():
        raise InputError(
            f"layer {name!r} gives shape {tuple(output.shape)} and {output.dtype} for {n} inputs: name one that gives "
            "real numbers, a row for each input"
        )
    kept = output.dtype in (torch.float32, torch.float64)
    values = output.detach().to("cpu", output.dtype if kept else torch.float32)
    return values.reshape(n, -1).numpy()
