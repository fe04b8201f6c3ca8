# SPDX-License-Identifier: Apache-2.0
"""Any function, and any object of bmi's interface: what it is given and what is made of its answer."""

from __future__ import annotations

import dataclasses
import functools
import math
import pickle
import random
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mibench import adapters
from mibench.contracts import InputError, NotInstalled, Unsupported
from mibench.registry import identity

X, Y = np.random.default_rng(0).normal(size=(2, 40))


def half(x: Any, y: Any) -> float:
    return 0.5


def scaled(x: Any, y: Any, factor: float = 1.0, *, offset: float = 0.0) -> float:
    return factor * 0.5 + offset


@given(st.floats(-1e300, 1e300), st.sampled_from([("nats", 1.0), ("bits", math.log(2)), ("hartleys", math.log(10))]))
def test_answers_become_nats_and_are_never_clipped(value: float, unit: tuple[str, float]) -> None:
    estimate = adapters.Function(lambda x, y: value, unit[0]).estimate(X, Y)
    assert estimate.mi == value * unit[1]
    assert estimate.std_error is None
    assert estimate.interval is None


@pytest.mark.parametrize(
    "number", [2, 2.0, np.float64(2), np.float32(2), np.int64(2), np.array(2.0), torch.tensor(2.0), Fraction(4, 2)]
)
def test_numbers_of_many_kinds(number: Any) -> None:
    assert adapters.Function(lambda x, y: number, "nats").estimate(X, Y).mi == 2.0
    pair = adapters.Function(lambda x, y: (number, np.float32(0.5)), "bits").estimate(X, Y)
    assert pair.mi == 2 * math.log(2)
    assert pair.std_error == 0.5 * math.log(2)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, r"callable '.*' returned None \(no `return`\?\), not a number \(mutual information in bits\)"),
        (math.nan, r"returned nan, not a finite number"),
        (-math.inf, r"returned -inf, not a finite number"),
        (10**400, r"returned inf, not a finite number"),
        (np.array([0.5]), r"returned ndarray of shape \(1,\), not a number"),
        (np.array(math.nan), r"returned nan"),
        (torch.zeros(2), r"returned Tensor of shape \(2,\)"),
        ("0.5", r"returned str '0.5', not a number"),
        (True, r"returned bool True"),
        (np.bool_(True), r"returned (np\.)?bool"),
        (1j, r"returned complex 1j"),
        ([0.5], r"returned list of length 1"),
        ([0.5, 0.1], r"returned list of length 2"),
        ((0.5, 0.1, 0.2), r"returned tuple of length 3"),
        ((0.5, None), r"returned None .*\(a standard error\)"),
        ((0.5, math.nan), r"returned nan, not a finite number \(a standard error\)"),
        ((0.5, -0.1), r"returned the standard error -0.1, which is below 0"),
        ({"mi": 0.5}, r"returned dict \{'mi': 0.5\}"),
    ],
)
def test_answers_that_are_no_number(answer: Any, message: str) -> None:
    with pytest.raises(adapters.PeerError, match=message):
        adapters.Function(lambda x, y: answer, "bits").estimate(X, Y)


def test_shapes() -> None:
    seen: list[tuple[Any, Any]] = []

    def look(x: Any, y: Any) -> float:
        seen.append((x.copy(), y.copy()))
        x[:] = 0  # what it does to its copy is its affair
        return 0.0

    images, y = np.random.default_rng(1).normal(size=(6, 2, 3)).astype(np.float32), np.arange(6)
    before = images.copy()
    for shape, wanted in (("matrix", ((6, 6), (6, 1))), ("as is", ((6, 2, 3), (6,)))):
        adapters.Function(look, "nats", shape=shape).estimate(images, y)  # type: ignore[arg-type]
        assert tuple(each.shape for each in seen[-1]) == wanted
        assert {each.dtype for each in seen[-1]} == {np.dtype(float)}
        assert np.array_equal(seen[-1][0].reshape(6, 6), before.reshape(6, 6).astype(float))
    assert np.array_equal(images, before)
    vector = adapters.Function(look, "nats", shape="vector")
    vector.estimate(y.reshape(6, 1), y)
    assert [each.shape for each in seen[-1]] == [(6,), (6,)]
    with pytest.raises(Unsupported, match="takes one number per sample on each side, and x has 6"):
        vector.estimate(images, y)


def test_arguments_and_a_seed_reach_the_function() -> None:
    given_seeds: list[int] = []

    def seeded(x: Any, y: Any, *, k: int, random_state: int) -> float:
        given_seeds.append(random_state)
        return float(k)

    mine = adapters.Function(seeded, "nats", arguments={"k": 3}, seed_as="random_state")
    assert [mine.estimate(X, Y, rng=rng).mi for rng in (1, 1, 2)] == [3.0] * 3
    assert given_seeds[0] == given_seeds[1] != given_seeds[2]
    assert adapters.Function(scaled, "nats", {"factor": 3, "offset": 1}).estimate(X, Y).mi == 2.5


def test_functions_that_draw_from_the_global_generators_repeat_themselves_and_disturb_nobody() -> None:
    def draws(x: Any, y: Any) -> float:
        return random.random() + np.random.rand() + float(torch.rand(1))  # noqa: NPY002

    def state() -> tuple[Any, ...]:
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[index]  # noqa: NPY002

    mine, before = adapters.Function(draws, "nats"), state()
    first, again, other = (mine.estimate(X, Y, rng=rng).mi for rng in (1, 1, 2))
    assert first == again != other
    assert state() == before


def test_warnings_are_counted_and_break_nothing() -> None:
    def worries(x: Any, y: Any) -> float:
        warnings.warn("one", stacklevel=1)
        warnings.warn("two", DeprecationWarning, stacklevel=1)
        return 0.5

    assert adapters.Function(worries, "nats").estimate(X, Y).diagnostics == {"warnings": 2.0}
    assert adapters.Function(half, "nats").estimate(X, Y).diagnostics == {"warnings": 0.0}


def test_what_the_function_raises_passes() -> None:
    with pytest.raises(ZeroDivisionError):
        adapters.Function(lambda x, y: 1 / 0, "nats").estimate(X, Y)

    def needs(x: Any, y: Any) -> float:
        import a_package_that_is_not_there  # type: ignore[import-not-found]

        return float(a_package_that_is_not_there.mi(x, y))

    with pytest.raises(NotInstalled, match=r"needs a_package_that_is_not_there, .*: pip install a_package_that"):
        adapters.Function(needs, "nats").estimate(X, Y)


def test_functions_by_text(tmp_path: Path) -> None:
    assert adapters.Function("math:dist", "nats", shape="vector").estimate([0.0, 3.0], [4.0, 3.0]).mi == 4.0
    (tmp_path / "beside.py").write_text("class Inner:\n    @staticmethod\n    def f(x, y): return 0.25\nnumber = 3\n")
    for target in ("beside.py:Inner.f", f"{tmp_path}/beside.py:Inner.f"):
        mine = pickle.loads(pickle.dumps(adapters.Function(target, "nats", folder=tmp_path)))  # noqa: S301
        mine.load_packages()
        assert mine.estimate(X, Y).mi == 0.25


@pytest.mark.parametrize(
    ("target", "kind", "message"),
    [
        ("math", InputError, r"'math' names no Python object: give package.module:name or file.py:name"),
        ("math:", InputError, r"names no Python object"),
        ("../up:f", InputError, r"names no Python object"),
        ("math:distance", InputError, r"'math:distance': math has no 'distance'; did you mean dist\b"),
        ("math:pi", InputError, r"callable 'math:pi' is float 3.14159\d*, not a function"),
        ("no_such.module:f", NotInstalled, r"no module named 'no_such'; install the package that brings it"),
        ("beside:f", NotInstalled, r"no module named 'beside'; for the file beside it write beside.py:"),
        ("absent.py:f", InputError, r"there is no file .*absent.py"),
        ("broken.py:f", InputError, r"failed to import: SyntaxError"),
        ("needy.py:f", NotInstalled, r"no module named 'no_such'"),
    ],
)
def test_functions_that_are_not_there(tmp_path: Path, target: str, kind: type[Exception], message: str) -> None:
    (tmp_path / "beside.py").write_text("def f(x, y): return 0.25\n")
    (tmp_path / "broken.py").write_text("def f(x, y: return\n")
    (tmp_path / "needy.py").write_text("import no_such\n")
    with pytest.raises(kind, match=message):
        adapters.Function(target, "nats", folder=tmp_path).estimate(X, Y)


@pytest.mark.parametrize(
    ("function", "settings", "message"),
    [
        (3, {}, r"3 is no function"),
        (half, {"unit": "bytes"}, r"callable 'half': unit is 'bytes'; give one of nats, bits, hartleys"),
        (half, {"shape": "flat"}, r"shape is 'flat'; give matrix, vector or as is"),
        (half, {"seed_as": "random state"}, r"seed_as is 'random state'"),
        (half, {"seed_as": 3}, r"seed_as is 3"),
        (half, {"folder": "no such folder"}, r"folder is 'no such folder', which is no folder"),
        (half, {"folder": 3}, r"folder is '3', which is no folder"),
        (half, {"version": True}, r"version is True"),
        (half, {"arguments": {"a b": 1}}, r"arguments is \{'a b': 1\}"),
    ],
)
def test_settings_that_cannot_be_meant(function: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        adapters.Function(function, **{"unit": "nats", **settings})


def test_arguments_that_the_function_does_not_take() -> None:
    with pytest.raises(InputError, match=r"callable 'scaled' takes no argument 'fcator'; did you mean factor"):
        adapters.Function(scaled, "nats", {"fcator": 2}).estimate(X, Y)
    with pytest.raises(InputError, match=r"takes no argument 'x'"):
        adapters.Function(half, "nats", {"x": 2}).estimate(X, Y)
    with pytest.raises(InputError, match=r"takes no argument 'seed'"):
        adapters.Function(half, "nats", seed_as="seed").estimate(X, Y)
    with pytest.raises(InputError, match=r"takes 1 positional arguments, not x and y"):
        adapters.Function(lambda data: 0.0, "nats").estimate(X, Y)
    assert adapters.Function(lambda *data, **any_: any_["k"], "nats", {"k": 2}).estimate(X, Y).mi == 2


def test_identity_is_the_same_in_every_process_and_in_every_folder(tmp_path: Path) -> None:
    one = adapters.Function("a.b:f", "bits", {"k": 3}, folder=tmp_path)
    assert identity("mine", one) == {
        "name": "mine",
        "version": 1,
        "params": {
            "unit": "bits",
            "arguments": {"k": 3},
            "shape": "matrix",
            "seed_as": None,
            "version": 1,
            "source": "a.b:f",
        },
    }
    assert identity("mine", dataclasses.replace(one, folder=tmp_path.parent)) == identity("mine", one)
    assert identity("mine", dataclasses.replace(one, version=2))["version"] == 2
    assert "0x" not in str(identity("mine", adapters.Function(half, "nats")))
    parts = {str(identity("m", adapters.Function(functools.partial(scaled, factor=f), "nats"))) for f in (1, 2, 2)}
    assert len(parts) == 2
    assert not any("0x" in each for each in parts)


class TheirParameters:
    def __init__(self, **found: Any) -> None:
        self._found = found

    def dict(self) -> dict[str, Any]:
        return self._found


class Theirs:
    """An estimator of bmi's interface; bmi itself does not import beside the JAX that pip installs with it."""

    def __init__(self, neighborhoods: tuple[int, ...] = (5, 10), seed: int = 42) -> None:
        self.neighborhoods, self.seed = tuple(neighborhoods), seed

    def estimate(self, x: Any, y: Any) -> float:
        assert x.ndim == y.ndim == 2
        return self.neighborhoods[0] + self.seed / 2**32

    def parameters(self) -> TheirParameters:
        return TheirParameters(neighborhoods=self.neighborhoods, odd=Theirs)


class TestBMI:
    def test_an_object_keeps_its_own_seed(self) -> None:
        made = adapters.BMI(Theirs((7,)))
        assert made.estimate(X, Y, rng=1).mi == made.estimate(X, Y, rng=2).mi == 7 + 42 / 2**32
        params = identity("theirs", made)["params"]
        assert params["settings"] == '{"neighborhoods": [7], "odd": "type"}'
        assert params["source"] == "Theirs"
        assert identity("theirs", adapters.BMI(Theirs((8,)))) != identity("theirs", made)

    def test_a_class_gets_arguments_and_a_seed(self) -> None:
        mine = adapters.BMI(Theirs, {"neighborhoods": [3]})
        first, again, other = (mine.estimate(X, Y, rng=rng).mi for rng in (1, 1, 2))
        assert first == again != other
        assert 3 <= first < 4
        assert adapters.BMI(Theirs, {"seed": 0}).estimate(X, Y, rng=5).mi == 5.0

    def test_a_class_by_text(self, tmp_path: Path) -> None:
        (tmp_path / "theirs.py").write_text(
            "class Their:\n    def __init__(self, k=1): self.k = k\n    def estimate(self, x, y): return self.k / 4\n"
        )
        mine = adapters.BMI("theirs.py:Their", {"k": 3}, folder=tmp_path)
        mine.load_packages()
        assert pickle.loads(pickle.dumps(mine)).estimate(X, Y).mi == 0.75  # noqa: S301

    @pytest.mark.parametrize(
        ("thing", "arguments", "kind", "message"),
        [
            (Theirs, {"neighbourhoods": [5]}, InputError, r"no argument 'neighbourhoods'; did you mean neighborhoods"),
            ("math:pi", {}, adapters.PeerError, r"makes float, which has no method estimate"),
            ("bmi.estimators:KSG", {}, NotInstalled, r"benchmark-mi is not installed: pip install benchmark-mi"),
            (TheirParameters, {}, adapters.PeerError, r"makes TheirParameters, which has no method estimate"),
        ],
    )
    def test_classes_that_do_not_work(self, thing: Any, arguments: Any, kind: type[Exception], message: str) -> None:
        if "bmi." in str(thing):
            try:
                import bmi  # type: ignore[import-not-found]  # noqa: F401
            except ModuleNotFoundError:
                pass
            else:
                pytest.skip("bmi is installed here")
        with pytest.raises(kind, match=message):
            adapters.BMI(thing, arguments).estimate(X, Y)

    def test_objects_that_do_not_fit(self) -> None:
        with pytest.raises(InputError, match="is made already: give its class for arguments"):
            adapters.BMI(Theirs(), {"seed": 3})
        with pytest.raises(InputError, match="bmi object 'int' has no method estimate"):
            adapters.BMI(3)

    def test_an_installed_peer_that_fails_to_import_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "bmi").mkdir()
        (tmp_path / "bmi" / "__init__.py").write_text("raise AttributeError('jax.core.pp_eqn_rules was removed')\n")
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(
            adapters.PeerError, match=r"benchmark-mi is installed and fails to import: AttributeError: jax"
        ):
            adapters.BMI("bmi.estimators:KSG").estimate(X, Y)
