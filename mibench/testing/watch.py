# SPDX-License-Identifier: Apache-2.0
"""What a call may not touch: the global generators, the terminal."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import random
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["global_state", "scrambled", "written"]


def global_state() -> dict[str, bytes]:
    """The states of the generators that belong to everybody."""
    states: dict[str, Any] = {"random": random.getstate(), "numpy.random": np.random.get_state()}  # noqa: NPY002
    if "torch" in sys.modules:
        import torch

        states["torch"] = torch.get_rng_state().numpy()
    return {name: pickle.dumps(state) for name, state in states.items()}


@contextlib.contextmanager
def scrambled(seed: int) -> Iterator[None]:
    """Another state of the global generators while inside; what it was, afterwards."""
    ours, theirs = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch_state = None
    if "torch" in sys.modules:
        import torch

        torch_state = torch.get_rng_state()
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(theirs)  # noqa: NPY002
        if torch_state is not None:
            import torch

            torch.set_rng_state(torch_state)


@contextlib.contextmanager
def written() -> Iterator[list[str]]:
    """Collects what is written to the standard streams inside, by Python or below it; read it afterwards."""
    found: list[str] = []
    python = io.StringIO()
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as below:
        kept = {number: os.dup(number) for number in (1, 2)}
        try:
            for number in kept:
                os.dup2(below.fileno(), number)
            with contextlib.redirect_stdout(python), contextlib.redirect_stderr(python):
                yield found
        finally:
            for number, copy in kept.items():
                os.dup2(copy, number)
                os.close(copy)
            below.seek(0)
            found += [text for text in (python.getvalue(), below.read().decode(errors="replace")) if text]
