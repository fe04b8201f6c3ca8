# SPDX-License-Identifier: Apache-2.0
"""What an estimate may depend on: the pairs and `rng`, nothing else; and what it leaves alone."""

from __future__ import annotations

import warnings

import numpy as np

from mibench.testing.check import estimator_check
from mibench.testing.outcome import fail
from mibench.testing.subject import EstimatorSubject
from mibench.testing.watch import global_state, scrambled, written

__all__: list[str] = []


@estimator_check
def same_seed(subject: EstimatorSubject) -> None:
    """One seed, one estimate: as a number, as a generator made from it; and None twice gives the same."""
    specimen = subject.specimen
    first = subject.answer.mi
    for rng in (0, np.random.default_rng(0)):
        again = subject.mi(specimen.x, specimen.y, rng=rng)
        if again != first:
            fail(f"with the seed 0, it gave {first!r} and then {again!r} (rng={rng!r:.30}): draw from `rng` only")
    without = [subject.mi(specimen.x, specimen.y, rng=None) for _ in range(2)]
    if without[0] != without[1]:
        fail(f"without rng, two calls gave {without[0]!r} and {without[1]!r}: let None stand for a fixed seed")


@estimator_check
def global_generators(subject: EstimatorSubject) -> None:
    """The estimate neither moves nor reads the global generators of Python, NumPy and torch."""
    specimen = subject.specimen
    before = global_state()
    first = subject.mi(specimen.x, specimen.y)
    after = global_state()
    moved = [name for name, state in before.items() if after[name] != state]
    if moved:
        fail(f"it moves the global generator of {', '.join(moved)}: draw from `rng` only")
    with scrambled(987):
        second = subject.mi(specimen.x, specimen.y)
    if first != second:
        fail(f"after seeding the global generators anew it gives {second!r}, not {first!r}: draw from `rng` only")


@estimator_check
def input_kept(subject: EstimatorSubject) -> None:
    """The data are not written to."""
    specimen = subject.specimen
    x, y = specimen.x.copy(), specimen.y.copy()
    side = {key: np.copy(value) for key, value in specimen.side.items()}
    subject.mi(x, y, side=side)
    pairs = [("x", x, specimen.x), ("y", y, specimen.y)]
    pairs += [(f"side[{key!r}]", value, np.asarray(specimen.side[key])) for key, value in side.items()]
    for name, now, then in pairs:
        if not np.array_equal(now, then):
            fail(f"it changed {name}: work on a copy")


@estimator_check
def row_order(subject: EstimatorSubject) -> None:
    """The order of the pairs does not matter, beyond rounding or, where it depends on `rng`, chance."""
    specimen = subject.specimen
    first = subject.answer.mi
    chance = abs(subject.mi(specimen.x, specimen.y, rng=1) - first)
    order = np.argsort(specimen.y.reshape(len(specimen.y), -1)[:, 0], kind="stable")  # far from what came by chance
    side = {key: value[order] if np.ndim(value) else value for key, value in specimen.side.items()}
    moved = subject.mi(specimen.x[order], specimen.y[order], side=side)
    allowed = 1e-6 * max(1.0, abs(first)) if chance == 0 else 0.2 + 3 * chance
    if abs(moved - first) > allowed:
        fail(
            f"sorting the pairs by y moves the estimate from {first:.6g} to {moved:.6g}: it must see a set of pairs "
            "(split at random by `rng`, never at a row number; keep x and y together)"
        )


@estimator_check
def quiet(subject: EstimatorSubject) -> None:
    """On sound data it writes nothing to the terminal and warns of nothing."""
    specimen = subject.specimen
    with warnings.catch_warnings(record=True) as caught, written() as texts:
        warnings.simplefilter("always")
        subject.mi(specimen.x, specimen.y)
    if texts:
        fail(f"it wrote {texts[0][:80]!r} to the terminal: put what is worth telling into diagnostics")
    if caught:
        fail(f"it warned on sound data ({caught[0].category.__name__}: {caught[0].message}): avoid it or silence it")
