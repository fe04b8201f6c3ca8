# SPDX-License-Identifier: Apache-2.0
"""Our own tasks and estimators keep the contract: quick ones all of it, networks what needs no full training.

``mibench check all`` makes every check of everything; it takes minutes.
"""

from __future__ import annotations

from mibench import estimators, tasks
from mibench.testing import BoundCheck, checks_of, parametrize_with_checks

FULL = ["ksg", "kl", "wkl", "kde", "gaussian", "binning", "plugin", "kde-bounds", "noisy-plugin"]
FULL += ["pca+gaussian", "oracle+ksg"]
# Each estimate of a network trains it, a few steps though they be (check_params). Refusals come before training.
CALLS = ["answers", "global-generators", "pickling", "intervals", "diagnostics"]
STATIC = ["frozen-dataclass", "version", "docstring", "identity-is-text", "full-name", "parameters-are-checked"]
STATIC += ["light-import", "signature"]
REFUSALS = [name for name in checks_of("estimator") if name.startswith("refuses-")] + ["few-samples"]
TASKS = ["gaussian", "anti-pca[mi=1]", "blobs", "rectangles", "bumps", "fields[size=8]"]
TASKS += ["qnn", "qnn[layer=6,target=label,form=code]", "qnn-noisy-input[target=label]", "single-neuron"]
TASKS += ["noisy-layer", "noisy-layer[layer=6,target=label]", "image-label", "image-pair[noise=0.2]"]


@parametrize_with_checks([*(each for each in FULL if each != "gaussian"), *TASKS[1:]])
def test_whole_contract(check: BoundCheck) -> None:
    check()


@parametrize_with_checks(["gaussian"])  # the estimator and the task
def test_both_of_one_name(check: BoundCheck) -> None:
    check()


@parametrize_with_checks(["mine", "ae+kl"], checks=STATIC + CALLS + REFUSALS)
def test_networks(check: BoundCheck) -> None:
    check()


@parametrize_with_checks(["dv", "nwj", "infonce", "smile"], checks=STATIC)  # one class with `mine`, but for the bound
def test_form(check: BoundCheck) -> None:
    check()


def test_nothing_is_left_out() -> None:
    checked = [*FULL, "mine", "ae+kl", "dv", "nwj", "infonce", "smile"]
    assert {name for name in estimators.board() if "+" not in name} <= {*checked}
    assert {name.partition("+")[0] for name in checked if "+" in name} == set(estimators.compressors.names)
    assert {name.partition("[")[0] for name in TASKS} == set(tasks.board())
