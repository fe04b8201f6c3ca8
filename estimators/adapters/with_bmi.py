# SPDX-License-Identifier: Apache-2.0
"""The point-estimator interface of bmi (Czyz et al., NeurIPS 2023): ``estimate(x, y) -> float``, ``parameters()``."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mibench.contracts import Estimate, InputError
from mibench.estimators.adapters.answers import PeerError, read
from mibench.estimators.adapters.arguments import check_arguments, check_folder, check_version, label
from mibench.estimators.adapters.asking import ask, draw_seed, require
from mibench.estimators.adapters.function import check_call
from mibench.estimators.inputs import as_matrices
from mibench.loading import check_target, find

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["BMI"]


@dataclass(frozen=True)
class BMI:
    """An estimator of bmi's interface: an object with ``estimate(x, y) -> float``, in nats.

    Parameters
    ----------
    object : object or str
        It; or its class, or the class's place as text, such as ``"bmi.estimators:KSGEnsembleFirstEstimator"``.
    arguments : mapping
        Of the class. They are the parameters of the estimator's name: ``theirs[neighborhoods=5]``.
    version : int
        Raise it when the estimator changes its answers.
    folder : path
        Where the path of a ``file.py`` starts.

    Notes
    -----
    A class that takes a `seed` and is given none gets one from `rng`; an object that is made already keeps its own.
    bmi 0.1.3 does not import beside the JAX that pip brings with it (its issue 181): install ``jax==jaxlib==0.4.33``.
    """

    object: Any = field(compare=False)
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    version: int = 1
    folder: Path = field(default=Path(), compare=False, repr=False)
    source: str = field(init=False)
    settings: str = field(init=False)  # of an object that is made already: JSON of its `parameters()`

    tags: ClassVar[frozenset[str]] = frozenset({"peer"})

    def __post_init__(self) -> None:
        made = not isinstance(self.object, (str, type))
        object.__setattr__(self, "source", label(self.object))
        object.__setattr__(self, "settings", _parameters(self.object) if made else "")
        object.__setattr__(self, "arguments", check_arguments(self.arguments, self._who))
        check_version(self.version, self._who)
        object.__setattr__(self, "folder", check_folder(self.folder, self._who))
        if isinstance(self.object, str):
            check_target(self.object, self.folder)
        if made and self.arguments:
            raise InputError(f"{self._who} is made already: give its class for arguments to go to")
        if made and not callable(getattr(self.object, "estimate", None)):
            raise InputError(f"{self._who} has no method estimate(x, y)")

    @property
    def summary(self) -> str:
        """One line for ``mibench ls``."""
        return f"{self.source}, of bmi's interface"

    @property
    def _who(self) -> str:
        return f"bmi object {self.source!r}"

    def load_packages(self) -> None:
        """Import the class: a cost of the process, not of the estimate."""
        ask("benchmark-mi", self._found, seed=0)

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
            The object is given matrices of shape (n, d).
        rng : seed or generator

        Raises
        ------
        InputError
            For data no estimator could use, a class that is not there or an argument that it does not take.
        NotInstalled, PeerError
            If its package is absent; if it is there and does not work, or returns anything but a finite number.
        """
        x, y = as_matrices(x, y)
        seed = draw_seed(rng)
        answer, warned = ask("benchmark-mi", lambda: self._made(seed).estimate(x, y), seed=seed)
        return read(answer, self._who, "nats", {"warnings": warned})

    def _found(self) -> Any:
        if not isinstance(self.object, str):
            return self.object
        if self.object.startswith(("bmi.", "bmi:")):
            require("bmi", "benchmark-mi")
        return find(self.object, self.folder)

    def _made(self, seed: int) -> Any:
        made = self._found()
        if isinstance(made, type):
            settings = dict(self.arguments)
            check_call(made, settings, self._who, data=0)
            if "seed" in _names(made):
                settings.setdefault("seed", seed)
            made = made(**settings)
        if not callable(getattr(made, "estimate", None)):
            raise PeerError(f"{self._who} makes {type(made).__name__}, which has no method estimate(x, y)")
        return made


def _names(made: type) -> set[str]:
    try:
        return set(inspect.signature(made).parameters)
    except (TypeError, ValueError):  # some classes do not say
        return set()


def _parameters(made: Any) -> str:
    """`made.parameters()` (a pydantic model, a dataclass or a mapping) as text that is the same in every process."""
    found = made.parameters() if callable(getattr(made, "parameters", None)) else {}
    for name in ("model_dump", "dict"):  # pydantic 2, pydantic 1
        if callable(getattr(found, name, None)):
            found = getattr(found, name)()
            break
    if not isinstance(found, Mapping):
        found = vars(found)
    return json.dumps(dict(found), sort_keys=True, default=lambda value: type(value).__qualname__)
