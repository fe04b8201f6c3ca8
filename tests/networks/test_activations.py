# SPDX-License-Identifier: Apache-2.0
"""Activations and slopes: compiled and plain ones are equal, and slopes are derivatives, torch's autograd says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from mibench.contracts import InputError
from mibench.networks import activations
from mibench.networks.spec import ACTIVATIONS

TORCH = {
    "tanh": torch.tanh,
    "relu": functional.relu,
    "elu": functional.elu,
    "relu6": functional.relu6,
    "leaky-relu": functional.leaky_relu,
    "softsign": functional.softsign,
    "linear": lambda z: z * 1,
}
Z = np.concatenate([np.linspace(-9, 9, 2001), [0.0, 6.0]])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_are_torchs(name):
    z = torch.tensor(Z, requires_grad=True)
    value = TORCH[name](z)
    value.sum().backward()
    mine = activations.activate(name, Z)
    assert mine == pytest.approx(value.detach().numpy(), abs=1e-14)
    assert activations.slope(name, mine) == pytest.approx(z.grad.numpy(), abs=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-15), (np.float32, 1.3e-7)])
def test_compiled_lines_are_equal_to_the_reference(name, dtype, tolerance):
    line, code = Z.astype(dtype), activations.code(name)
    exact = activations.activate(name, line.astype(np.float64))
    activations.activate_line(code, line)
    assert line.dtype == dtype
    assert (np.abs(line - exact) <= tolerance * np.maximum(1, np.abs(exact))).all()
    slopes = np.full_like(line, 2.0)
    activations.times_slope(code, line, slopes)
    assert slopes == pytest.approx(2.0 * activations.slope(name, line), abs=4 * tolerance)


def test_types_are_kept():
    for name in ACTIVATIONS:
        value = activations.activate(name, np.float32([-1.0, 2.0]))
        assert value.dtype == np.float32
        assert activations.slope(name, value).dtype == np.float32


def test_unknown_names_are_refused():
    for refused in (activations.code, lambda n: activations.activate(n, Z), lambda n: activations.slope(n, Z)):
        with pytest.raises(InputError, match=r"no activation 'tahn'.*tanh"):
            refused("tahn")
