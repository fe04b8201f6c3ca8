# SPDX-License-Identifier: Apache-2.0
"""How a peer is called: found or reported absent, seeded, its warnings counted, what it did to globals undone."""

from __future__ import annotations

import contextlib
import importlib
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from mibench.contracts import InputError, NotInstalled
from mibench.estimators.adapters.answers import PeerError
from mibench.numerics.checks import as_generator

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["ask", "check_flag", "draw_seed", "require"]


def require(module: str, distribution: str) -> ModuleType:
    """Import a peer.

    Raises
    ------
    NotInstalled
        If it, or a package it needs, is absent; the message is the command that installs it.
    PeerError
        If it is there and fails to import.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise _absent(error, distribution) from error
    except Exception as error:  # a package may fail in any way, such as bmi with a new JAX
        raise PeerError(
            f"{distribution} is installed and fails to import: {type(error).__name__}: {error}; "
            "install versions that fit each other"
        ) from error


def ask(distribution: str, function: Callable[..., Any], *args: Any, seed: int, **kwargs: Any) -> tuple[Any, float]:
    """What ``function(*args, **kwargs)`` returns, and how many warnings it gave.

    The global generators of `random`, NumPy and torch start from `seed` and are put back: peers that draw from them
    repeat themselves, and the caller's draws stay what they were.

    Raises
    ------
    NotInstalled
        If the peer imports, only now, a package that is absent.
    """
    with warnings.catch_warnings(record=True) as given, _seeded(seed):
        warnings.simplefilter("default")
        try:
            answer = function(*args, **kwargs)
        except ModuleNotFoundError as error:
            raise _absent(error, distribution) from error
    return answer, float(len(given))


def draw_seed(rng: RandomLike) -> int:
    """A seed for a peer, such as scikit-learn's `random_state`: below 2**31."""
    return int(as_generator(rng).integers(2**31))


def check_flag(value: Any, name: str, who: str) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise InputError(f"{who}: {name} is {value!r}; give true or false")


def _absent(error: ModuleNotFoundError, distribution: str) -> NotInstalled:
    missing = (error.name or "").partition(".")[0]
    if missing in {
        "",
        distribution.replace("-", "_"),
        {"scikit-learn": "sklearn", "benchmark-mi": "bmi"}.get(distribution),
    }:
        return NotInstalled(f"{distribution} is not installed: pip install {distribution}")
    return NotInstalled(f"{distribution} needs {missing}, which is not installed: pip install {missing}")


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    before, numpy_before = random.getstate(), np.random.get_state()  # noqa: NPY002 - the peers' generator, not ours
    torch = sys.modules.get("torch")
    with torch.random.fork_rng(devices=[]) if torch else contextlib.nullcontext():
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        if torch:
            torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(before)
            np.random.set_state(numpy_before)  # noqa: NPY002
