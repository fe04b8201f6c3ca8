# SPDX-License-Identifier: Apache-2.0
"""Any function of two arrays that returns a number, with its unit."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mibench.contracts import Estimate, InputError
from mibench.estimators.adapters.answers import check_unit, read
from mibench.estimators.adapters.arguments import check_arguments, check_folder, check_version, label
from mibench.estimators.adapters.asking import ask, draw_seed
from mibench.estimators.adapters.data import as_columns
from mibench.estimators.inputs import as_matrices, as_pair
from mibench.loading import check_target, find
from mibench.names import suggest

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["Function", "check_call"]


@dataclass(frozen=True)
class Function:
    """A function ``f(x, y)`` of others, as an estimator.

    Parameters
    ----------
    function : callable or str
        It, or ``"package.module:name"`` or ``"file.py:name"``, imported when first asked. It returns a number, or a
        pair (number, standard error).
    unit : {"nats", "bits", "hartleys"}
        Of what it returns.
    arguments : mapping
        Further keyword arguments of it. They are the parameters of the estimator's name: ``mine[k=5]``.
    shape : {"matrix", "vector", "as is"}
        What it is given: (n, d), images flattened; (n,), and a side of more than one number per sample is
        `Unsupported`; or (n, ...) as the task makes it. Always copies, in float64.
    seed_as : str, optional
        The keyword argument of it that takes a whole number as seed, such as ``random_state``.
    version : int
        Raise it when the function changes its answers: rows of the former stay apart.
    folder : path
        Where the path of a ``file.py`` starts.

    Notes
    -----
    The global generators of `random`, NumPy and torch are seeded from `rng` before each call and put back after it. A
    lambda or a local function serves in one process; the trials of a run load the plug-in file that defines it.
    """

    function: Callable[..., Any] | str = field(compare=False)
    unit: str
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    shape: Literal["matrix", "vector", "as is"] = "matrix"
    seed_as: str | None = None
    version: int = 1
    folder: Path = field(default=Path(), compare=False, repr=False)
    source: str = field(init=False)

    tags: ClassVar[frozenset[str]] = frozenset({"peer"})

    def __post_init__(self) -> None:
        if not callable(self.function) and not isinstance(self.function, str):
            raise InputError(f"callable: {self.function!r:.80} is no function; give one, or module:name as text")
        object.__setattr__(self, "source", label(self.function))
        who = self._who
        check_unit(self.unit, who)
        object.__setattr__(self, "arguments", check_arguments(self.arguments, who))
        if self.shape not in ("matrix", "vector", "as is"):
            raise InputError(f"{who}: shape is {self.shape!r}; give matrix, vector or as is")
        if self.seed_as is not None and (not isinstance(self.seed_as, str) or not self.seed_as.isidentifier()):
            raise InputError(f"{who}: seed_as is {self.seed_as!r}; give the name of an argument, such as random_state")
        check_version(self.version, who)
        object.__setattr__(self, "folder", check_folder(self.folder, who))
        if isinstance(self.function, str):
            check_target(self.function, self.folder)

    @property
    def summary(self) -> str:
        """One line for ``mibench ls``."""
        return f"{self.source}, in {self.unit}"

    @property
    def _who(self) -> str:
        return f"callable {self.source!r}"

    def load_packages(self) -> None:
        """Import the function: a cost of the process, not of the estimate."""
        if isinstance(self.function, str):
            ask(self.source, find, self.function, self.folder, seed=0)

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
        rng : seed or generator

        Raises
        ------
        InputError
            For data no estimator could use, a function that is not there or an argument that it does not take.
        Unsupported
            For a side of more than one number per sample where the function takes vectors.
        NotInstalled
            If the function's module, or one it imports, is absent.
        PeerError
            If it returns anything but a finite number. What it raises itself passes.
        """
        if self.shape == "vector":
            x, y = as_columns(x, y, self._who)
        elif self.shape == "matrix":
            x, y = as_matrices(x, y)
        else:
            x, y = (values.astype("float64") for values in as_pair(x, y))
        function = find(self.function, self.folder) if isinstance(self.function, str) else self.function
        if not callable(function):
            raise InputError(f"{self._who} is {type(function).__name__} {function!r:.80}, not a function")
        seed = draw_seed(rng)
        settings = dict(self.arguments) | ({self.seed_as: seed} if self.seed_as else {})
        check_call(function, settings, self._who)
        answer, warned = ask(self.source, lambda: function(x, y, **settings), seed=seed)
        return read(answer, self._who, self.unit, {"warnings": warned})


def check_call(function: Callable[..., Any], settings: Mapping[str, Any], who: str, data: int = 2) -> None:
    """Refuse keyword arguments that `function` does not take beside its `data` positional ones, where that is known.

    Raises
    ------
    InputError
        With the nearest names that it takes.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some builtins do not say
        return
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if len(positional) < data and not any(each.kind is each.VAR_POSITIONAL for each in parameters):
        raise InputError(f"{who} takes {len(positional)} positional arguments, not x and y")
    free = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    free += [each.name for each in positional[data:] if each.kind is each.POSITIONAL_OR_KEYWORD]
    for name in settings:
        if name not in free:
            raise InputError(f"{who} takes no argument {name!r}{suggest(name, free)}")
