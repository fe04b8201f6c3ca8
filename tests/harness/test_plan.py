# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from mibench.contracts import InputError, UnknownName
from mibench.harness import plan
from mibench.harness.plugins import load_plugin


def test_every_estimator_on_every_sample_sample_by_sample(fakes: Path) -> None:
    trials = plan.make("toy[mi=1],toy[mi=2]", "fine,nan", ns=[50, 60], repetitions=2, seed=3).trials
    cells = [(trial.task, trial.n, trial.repetition, trial.estimator) for trial in trials]
    assert cells == [
        (task, n, repetition, estimator)
        for task in ("toy[mi=1]", "toy[mi=2]")
        for n in (50, 60)
        for repetition in (0, 1)
        for estimator in ("fine", "nan")
    ]
    assert {trial.seed for trial in trials} == {3}
    assert len({trial.key for trial in trials}) == len(trials) == 16


def test_trainings_that_others_wait_for_start_first(fakes: Path) -> None:
    trials = plan.make("toy", "fine,oracle+ksg,nan,oracle+kl", ns=[50]).trials
    assert [trial.estimator for trial in trials] == ["oracle+ksg", "oracle+kl", "fine", "nan"]


def test_two_spellings_of_one_trial_are_one_trial(fakes: Path) -> None:
    trials = plan.make("toy,toy[mi=1.0]", "fine,fine[bias=0.0]", ns=[50]).trials
    assert [(trial.task, trial.estimator) for trial in trials] == [("toy", "fine")]
    (changed,) = plan.make("toy", "fine[bias=1]", ns=[50]).trials
    assert changed.key != trials[0].key


def test_defaults_are_part_of_the_identity(fakes: Path) -> None:
    (trial,) = plan.make("toy", "fine", ns=[50]).trials
    assert json.loads(trial.estimator_params) == {"name": "fine", "version": 1, "params": {"bias": 0.0}}
    assert json.loads(trial.task_params) == {"name": "toy", "version": 1, "params": {"mi": 1.0}}


def test_wrong_names_and_parameters_say_what_was_meant(fakes: Path) -> None:
    with pytest.raises(UnknownName, match=r"'toi'.*did you mean toy"):
        plan.make("toi", "fine", ns=[50])
    with pytest.raises(InputError, match="no parameter 'bais'; did you mean bias"):
        plan.make("toy", "fine[bais=1]", ns=[50])
    with pytest.raises(InputError, match=r"fine\[bias=nan\]: bias is nan: give a finite number"):
        plan.make("toy", "fine[bias=nan]", ns=[50])


@pytest.mark.parametrize("name", ["ae", "ae+", "ksg+ae", "ae+ksg+ae[latent_dim=2]", "ksg,ae"])
def test_a_compressor_is_no_estimator(fakes: Path, name: str) -> None:
    with pytest.raises(UnknownName, match=r"ends in ae, which is a compressor and no estimator: give ae\+E .* ae\+ksg"):
        plan.make("toy", name, ns=[10])


@pytest.mark.parametrize("name", ["+fine", "pca++ksg", "ksg+", "+"])
def test_nothing_beside_a_plus_is_refused(fakes: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"has a '\+' with nothing beside it"):
        plan.make("toy", name, ns=[10])


@pytest.mark.parametrize("name", ["ae[latent_dim=1]+ksg", "p*", "pca+*", "*+ksg", "knn"])
def test_composites_patterns_and_tags_pass(fakes: Path, name: str) -> None:
    assert plan.make("toy", name, ns=[10]).trials


def test_modules_to_import_once_are_ours_only(fakes: Path) -> None:
    trials = plan.make("gaussian,toy", "gaussian,fine", ns=[50], preset="quick").trials
    assert set(plan.modules(trials)) == {"mibench.tasks.gaussian", "mibench.estimators.gaussian"}


def test_a_package_that_is_absent_leaves_a_trial_that_will_say_so(
    restored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "needy.py"
    file.write_text(
        "class Needy:\n    def __init__(self):\n        import a_package_that_is_not_there\n"
        "    def estimate(self, x, y, *, rng=None, side=None): ...\n"
    )
    assert load_plugin(file) == ["needy"]
    made = plan.make("gaussian[dim_x=1]", "needy", ns=[50])
    assert [trial.estimator for trial in made.trials] == ["needy"]
    assert made.left_out == ()


def test_a_constructor_that_fails_is_left_out_and_the_rest_runs(fakes: Path, tmp_path: Path) -> None:
    file = tmp_path / "moody.py"
    file.write_text(
        "class Moody:\n    def __init__(self):\n        raise OSError('not today')\n"
        "    def estimate(self, x, y, *, rng=None, side=None): ...\n"
    )
    load_plugin(file)
    made = plan.make("toy", "moody,fine", ns=[50])
    assert [trial.estimator for trial in made.trials] == ["fine"]
    assert made.left_out == ("moody: OSError: not today",)


def test_parameters_of_a_plugin_that_is_no_dataclass_still_tell_trials_apart(restored: None, tmp_path: Path) -> None:
    file = tmp_path / "plain.py"
    file.write_text(
        "class Plain:\n    def __init__(self, k=1):\n        self.k = k\n"
        "    def estimate(self, x, y, *, rng=None, side=None): ...\n"
    )
    load_plugin(file)
    trials = plan.make("gaussian[dim_x=1]", "plain[k=1],plain[k=2]", ns=[50]).trials
    assert len({trial.key for trial in trials}) == 2
