# SPDX-License-Identifier: Apache-2.0
"""A study runs to its end whatever fails on the way, and goes on where it was stopped, to the same bits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mibench.contracts import InputError, UnknownName
from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory
from mibench.studies.catalogue import Study
from mibench.studies.data import Data
from mibench.studies.folder import describe, held
from mibench.studies.jobs import Job, asked_planes
from mibench.studies.results import Results
from mibench.studies.run import run
from mibench.studies.setting import Computed, Setting, Wanted

_NETWORK = Network((12, 4, 3, 2))
_TRAINING = Training(epochs=12, batch=256, learning_rate=1e-2)
GOOD = Setting("good", "a small one", "none", _NETWORK, _TRAINING, 2, (Wanted("exact"), Wanted("bins[n=10]", 4)))
SETTINGS: dict[str, Setting | Computed] = {
    "good": GOOD,
    "diverges": replace(
        GOOD,
        name="diverges",
        network=replace(_NETWORK, activation="linear"),
        training=replace(_TRAINING, learning_rate=1e6, optimiser="sgd", momentum=0.9),
    ),
    "noisy": replace(GOOD, name="noisy", network=replace(_NETWORK, noise=0.1), planes=(Wanted("exact"),)),
    "last": replace(GOOD, name="last", planes=(Wanted("exact"),), runs=1),
}
STUDY = Study("small", "for tests", f"{__name__}:SETTINGS", "mibench.studies.ib_settings:data")


class _Quiet:
    """Notes what was done; ends its process in the middle of a job if told to."""

    def __init__(self, kill_at: str = "") -> None:
        self.done: list[str] = []
        self._kill_at = kill_at

    def plan(self, missing: Sequence[Job], before: int) -> None:
        self.missing, self.before = len(missing), before

    def begin(self, job: Job) -> None:
        pass

    def progress(self, job: Job, share: float) -> None:
        if f"{job.setting.name}/{job.product}" == self._kill_at and 0.4 < share < 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def end(self, job: Job, seconds: float, error: str) -> None:
        self.done.append(f"{job.setting.name}/{job.product}")


def _study(monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setattr(Study, "settings", property(lambda _: SETTINGS))
    return STUDY


def test_what_fails_is_named_and_the_rest_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run(_study(monkeypatch), [*SETTINGS], scale="paper", folder=tmp_path / "out", observer=_Quiet())
    results = Results(tmp_path / "out")
    failed = {(setting, product): reason for setting, product, reason in outcome.failed}
    assert "diverged" in failed["diverges", "trajectory"]
    assert "learning_rate" in failed["diverges", "trajectory"]
    assert "trajectory of diverges is not there" in failed["diverges", "measures"]
    assert ("noisy", "plane-exact") in failed
    assert not any(setting in ("good", "last") for setting, _ in failed)
    assert results.planes("good") == ["exact", "bins[n=10]"]
    assert results.plane("good", "bins[n=10]").information.shape == (2, 4, 3, 2)
    assert results.plane("last", "exact").estimator == "exact"
    assert {(line["setting"], line["product"]) for line in results.failures()} == set(failed)


def test_the_same_command_again_does_nothing_and_another_estimator_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = _study(monkeypatch)
    first = run(study, ["good"], scale="paper", folder=tmp_path, observer=_Quiet())
    before = (tmp_path / "settings/good/plane-exact.npz").read_bytes()
    again = run(study, ["good"], scale="paper", folder=tmp_path, observer=_Quiet())
    assert (again.done, again.before) == (0, first.done)
    more = _Quiet()
    run(study, ["good"], scale="paper", folder=tmp_path, estimators=["own", "binning[bins=4]"], observer=more)
    assert more.done == ["good/plane-binning[bins=4]"]
    assert (tmp_path / "settings/good/plane-exact.npz").read_bytes() == before
    assert Results(tmp_path).planes("good") == ["exact", "bins[n=10]", "binning[bins=4]"]


def test_a_plane_of_other_epochs_or_damaged_is_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, first, again = _study(monkeypatch), _Quiet(), _Quiet()
    run(study, ["good"], scale="paper", folder=tmp_path, observer=first)
    before = {path.name: path.read_bytes() for path in (tmp_path / "settings/good").glob("plane-*.npz")}
    (tmp_path / "settings/good/plane-exact.npz").write_bytes(before["plane-exact.npz"][:-99])
    monkeypatch.setitem(SETTINGS, "good", replace(GOOD, planes=(Wanted("exact"), Wanted("bins[n=10]", 3))))
    run(study, ["good"], scale="paper", folder=tmp_path, observer=again)
    assert again.done == ["good/plane-exact", "good/plane-bins[n=10]"]
    assert (tmp_path / "settings/good/plane-exact.npz").read_bytes() == before["plane-exact.npz"]
    assert len(Results(tmp_path).plane("good", "bins[n=10]").epochs) == 3


def test_a_plane_does_not_depend_on_how_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, setting = _study(monkeypatch), replace(GOOD, planes=(Wanted("exact"), Wanted("kde[variance=0.1]", 3, 1)))
    monkeypatch.setitem(SETTINGS, "good", setting)
    for name, asked in (("own", None), ("named", ["binning[bins=4]", "kde[variance=0.1]"])):
        run(study, ["good"], scale="paper", folder=tmp_path / name, estimators=asked, observer=_Quiet())
    own, named = (tmp_path / name / "settings/good/plane-kde[variance=0.1].npz" for name in ("own", "named"))
    assert own.read_bytes() == named.read_bytes()
    run(study, ["good"], scale="paper", folder=tmp_path / "named", observer=_Quiet())
    assert Results(tmp_path / "named").planes("good") == ["exact", "kde[variance=0.1]", "binning[bins=4]"]


def test_a_plane_has_one_name_however_it_is_spelt() -> None:
    own = Wanted("compressed[x=ae]", 7, 1)
    setting = replace(GOOD, planes=(Wanted("exact"), own, Wanted("bins[n=10]", 4)))
    spelt = ["compressed[x=ae,layer=pca,dim=4]", "bins[n=10,range=run]", "compressed[dim=4,x=ae]"]
    assert asked_planes(setting, spelt, "paper") == (own, Wanted("bins[n=10]", 4))
    assert asked_planes(setting, [*spelt, "own"], "quick") == (own, Wanted("bins[n=10]", 4), Wanted("exact"))
    others = ["kde[variance=0.5]", "bins[n=9,softmax=same]", "bins[n=9]", "ksg[k=5]"]
    found = [each.estimator for each in asked_planes(setting, others, "paper")]
    assert found == ["kde[variance=0.5]", "bins[n=9,softmax=same]", "ksg[k=5]"]
    with pytest.raises(UnknownName, match="ksgg"):
        asked_planes(setting, ["ksgg"], "paper")


def test_own_images_are_known_by_what_they_hold_and_not_by_their_path(tmp_path: Path) -> None:
    images = Data(np.zeros((3, 2)), np.arange(3), 2, "some/images", "images", "one digest")
    describe(tmp_path, STUDY, "quick", 0, {}, images)
    describe(tmp_path, STUDY, "quick", 0, {}, replace(images, name="../moved"))
    assert json.loads((tmp_path / "study.json").read_text())["dataset"] == "../moved"
    with pytest.raises(InputError, match=r"dataset '../moved', and 'others' was asked for"):
        describe(tmp_path, STUDY, "quick", 0, {}, replace(images, name="others", digest="another"))
    with pytest.raises(InputError, match="data_digest 'one digest', and 'another' was asked for"):
        describe(tmp_path, STUDY, "quick", 0, {}, replace(images, name="../moved", digest="another"))


def test_what_a_crash_leaves_behind_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = _study(monkeypatch)
    run(study, ["last"], scale="paper", folder=tmp_path, observer=_Quiet())
    parts = tmp_path / "settings/last/training"
    parts.mkdir()
    (parts / "part-000.npz").write_bytes(b"stored whole beside")
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"setting": "last", "pro')
    run(study, ["last", "noisy"], scale="paper", folder=tmp_path, observer=_Quiet())
    assert not parts.exists()
    assert [line["product"] for line in Results(tmp_path).failures()] == ["plane-exact"]
    assert len((tmp_path / "journal.jsonl").read_text().splitlines()) == 7


def test_a_killed_study_goes_on_to_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import mibench.networks.train as train, test_run as t\n"
        "from pathlib import Path\n"
        "train._SECONDS = 0.0\ntrain._STRIDE = 3\n"
        "t.Study.settings = property(lambda _: t.SETTINGS)\n"
        f"t.run(t.STUDY, ['good'], scale='paper', folder=Path({str(tmp_path / 'killed')!r}), "
        "observer=t._Quiet('good/trajectory'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list((tmp_path / "killed/settings/good/training").glob("part-*.npz"))
    study = _study(monkeypatch)
    for name in ("killed", "whole"):
        run(study, ["good"], scale="paper", folder=tmp_path / name, observer=_Quiet())
    for file in ("trajectory.npz", "measures.npz", "plane-exact.npz"):
        killed, whole = (tmp_path / name / "settings/good" / file for name in ("killed", "whole"))
        assert killed.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "killed/settings/good/training").exists()


def test_a_folder_of_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = _study(monkeypatch)
    run(study, ["last"], scale="paper", folder=tmp_path / "a", observer=_Quiet())
    with pytest.raises(InputError, match="seed 0, and 1 was asked for"):
        run(study, ["last"], scale="paper", folder=tmp_path / "a", seed=1, observer=_Quiet())
    with pytest.raises(InputError, match="scale 'paper', and 'quick'"):
        run(study, ["last"], scale="quick", folder=tmp_path / "a", observer=_Quiet())
    (tmp_path / "b").mkdir()
    (tmp_path / "b/thesis.tex").write_text("mine")
    with pytest.raises(InputError, match=r"holds 'thesis\.tex' and no study"):
        run(study, ["last"], scale="paper", folder=tmp_path / "b", observer=_Quiet())
    assert (tmp_path / "b/thesis.tex").read_text() == "mine"
    with held(tmp_path / "a"), pytest.raises(InputError, match="another process works in"):
        run(study, ["last"], scale="paper", folder=tmp_path / "a", observer=_Quiet())


def test_a_trajectory_of_another_architecture_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = _study(monkeypatch)
    run(study, ["good", "last"], scale="paper", folder=tmp_path, observer=_Quiet())
    (tmp_path / "settings/last/plane-exact.npz").unlink()
    source, target = (tmp_path / f"settings/{name}/trajectory.npz" for name in ("good", "last"))
    target.write_bytes(source.read_bytes())
    outcome = run(study, ["last"], scale="paper", folder=tmp_path, observer=_Quiet())
    assert "is of another training than last is now" in outcome.failed[0][2]


def test_damaged_products_and_estimators_that_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = _study(monkeypatch)
    with pytest.raises(UnknownName, match="ksgg"):
        run(study, ["good"], scale="paper", folder=tmp_path / "x", estimators=["ksgg"], observer=_Quiet())
    assert not (tmp_path / "x").exists()
    run(study, ["last"], scale="paper", folder=tmp_path, observer=_Quiet())
    paths = [tmp_path / f"settings/last/{name}.npz" for name in ("trajectory", "measures", "plane-exact")]
    whole = [path.read_bytes() for path in paths]
    for path, content in zip(paths, whole, strict=True):
        path.write_bytes(content[:-500])
    assert [str(paths[at]) in why for at, why in zip((2, 1), Results(tmp_path).damaged(), strict=True)] == [True] * 2
    observer = _Quiet()
    run(study, ["last"], scale="paper", folder=tmp_path, observer=observer)
    assert Results(tmp_path).damaged() == []
    assert observer.done == ["last/trajectory", "last/measures", "last/plane-exact"]
    assert [path.read_bytes() for path in paths] == whole
    about = json.loads((tmp_path / "study.json").read_text())
    about["about"]["last"]["digest"] = "another"
    (tmp_path / "study.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match="another version of mibench"):
        run(study, ["last"], scale="paper", folder=tmp_path, observer=_Quiet())
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(InputError, match=r"study\.json"):
        Results(tmp_path)


def test_a_dead_relu_run_is_begun_again_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(epochs=4, learning_rate=1e-5, restart_below=0.53, restart_from=1)
    relu = replace(GOOD, name="relu", network=Network((12, 3, 2, 2), "relu"), training=training, runs=6)
    monkeypatch.setitem(SETTINGS, "relu", relu)
    run(_study(monkeypatch), ["relu"], scale="paper", folder=tmp_path, observer=_Quiet())
    found = Trajectory.load(tmp_path / "settings/relu/trajectory.npz")
    assert found.restarts.sum() > 0
    assert (found.accuracy[:, -1] >= 0.53).all()
    about = json.loads((tmp_path / "study.json").read_text())
    assert about["about"]["relu"]["runs"] == 6
    assert np.isfinite(found.parameters).all()
