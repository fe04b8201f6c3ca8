# SPDX-License-Identifier: Apache-2.0
"""Planes of a network of one's own: what is counted is exact, nothing is left behind, and what does not fit is told."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mibench.contracts import InputError, UnknownName
from mibench.datasets import ib12
from mibench.networks.planes import plane as exact_plane
from mibench.networks.spec import Network
from mibench.studies import OwnPlane, Recorder, plane
from mibench.studies.results import Plane

X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
Y = np.arange(60) % 3


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine small products wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(*extra: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), *extra, nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 3))


def trained(recorder: bool, epochs: int = 4) -> tuple[list[Tensor], Tensor, Any]:
    """Weights after a training with dropout and batch normalisation, a random number drawn after it, the recorder."""
    model = small(nn.Dropout(0.2), nn.BatchNorm1d(5))
    model[3].eval()  # frozen
    optimiser = torch.optim.Adam(model.parameters(), 0.05)
    found = Recorder(model, X, Y, estimator="plugin") if recorder else None
    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    for epoch in range(epochs):
        if found:
            found(epoch)
        for batch in torch.randperm(60).split(20):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimiser.step()
            if found and epoch == 2:
                found.plane()  # in the middle of it
    assert [each.training for each in model] == [True, True, True, False, True, True, True]
    return [each.detach().clone() for each in model.state_dict().values()], torch.rand(3), found


class Twice(nn.Module):
    """Uses one activation twice, gives a tuple, and has a layer that does not run."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.act, self.idle = nn.Linear(4, 3), nn.Linear(3, 2), nn.Tanh(), nn.Tanh()
        self.memory = nn.LSTM(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        self.memory(x)
        hidden: Tensor = self.act(self.two(self.act(self.one(x))))
        return hidden


def test_the_twelve_bit_network_has_its_exact_plane() -> None:
    network = Network()
    rng = np.random.default_rng(0)
    parameters = rng.normal(size=network.n_parameters) * 0.3
    parts: list[nn.Module] = []
    for weights, bias in network.layers(parameters):
        linear = nn.Linear(weights.shape[1], weights.shape[0], dtype=torch.float64)
        linear.load_state_dict({"weight": torch.from_numpy(weights), "bias": torch.from_numpy(bias)})
        parts += [linear, nn.Tanh()]
    model = nn.Sequential(*parts[:-1], nn.Softmax(dim=1))
    found = plane(model, ib12.patterns(), ib12.labels(), batch_size=1000)
    assert found.layers == ("1", "3", "5", "7", "9", "11")  # the softmax is the output
    np.testing.assert_array_equal(
        found.information[0], exact_plane(network, parameters, ib12.patterns(), ib12.labels())
    )
    assert found.null is not None
    np.testing.assert_allclose(found.null, found.label_entropy, atol=1e-12)


def test_states_that_merge_are_counted_as_the_exact_pass_counts_them() -> None:
    network = Network(widths=(12, 6, 4, 3, 2), activation="relu")
    parameters = np.random.default_rng(1).integers(-2, 3, network.n_parameters).astype(np.float64)  # exact sums
    parts: list[nn.Module] = []
    for weights, bias in network.layers(parameters):
        linear = nn.Linear(weights.shape[1], weights.shape[0], dtype=torch.float64)
        linear.load_state_dict({"weight": torch.from_numpy(weights), "bias": torch.from_numpy(bias)})
        parts += [linear, nn.ReLU()]
    rows = np.repeat(np.arange(4096), 1 + np.arange(4096) % 2)  # some twice
    found = plane(nn.Sequential(*parts[:-1]), ib12.patterns()[rows], ib12.labels()[rows], layers=["1", "3", "5"])
    exact = exact_plane(network, parameters, ib12.patterns()[rows], ib12.labels()[rows])[:3]
    np.testing.assert_array_equal(found.information[0], exact)
    assert exact[0, 0] > exact[1, 0] > exact[2, 0] > 0
    assert "6144 rows, 4096 of them distinct" in found.warnings[0]


def test_training_is_the_same_to_the_bit_with_a_recorder() -> None:
    weights, drawn, _ = trained(recorder=False)
    recorded, drawn_then, recorder = trained(recorder=True)
    assert all(torch.equal(a, b) for a, b in zip(weights, recorded, strict=True))
    assert torch.equal(drawn, drawn_then)
    assert recorder.epochs == (0, 1, 2, 3)
    assert recorder.plane().epochs.tolist() == [0, 1, 2, 3]


def test_a_model_is_left_as_it_was() -> None:
    model = small(nn.Dropout(0.5), nn.BatchNorm1d(5))
    model.eval()
    model[2].train()
    for each in model.parameters():
        each.grad = torch.ones_like(each)
    kept, modes = copy.deepcopy(model.state_dict()), [each.training for each in model]
    same, state = list(model.parameters()), torch.random.get_rng_state()
    plane(model, X, Y)
    with pytest.raises(InputError):
        plane(model, X[:, :3], Y)
    assert all(torch.equal(a, b) for a, b in zip(kept.values(), model.state_dict().values(), strict=True))
    assert [each.training for each in model] == modes
    assert all(a is b and (a.grad == 1).all() for a, b in zip(same, model.parameters(), strict=True))
    assert torch.equal(state, torch.random.get_rng_state())
    assert not any(each._forward_hooks for each in model.modules())


def test_recorder_checkpoints_and_the_model_as_it_is_agree(tmp_path: Path) -> None:
    model = small()
    recorder = Recorder(model, X, Y, estimator=["exact", "bins[n=4]"], folder=tmp_path / "kept")
    memory = Recorder(model, X, Y, estimator=["exact", "bins[n=4]"])
    now = []
    for epoch in (3, 10):
        with torch.no_grad():
            model[0].weight.add_(0.1 * epoch)
        recorder(epoch)
        memory(epoch)
        now.append(plane(model, X, Y, estimator="bins[n=4,lo=-9,hi=9]").information[0])
    paths = sorted((tmp_path / "kept").iterdir())
    assert [path.name for path in paths] == ["epoch-000003.pt", "epoch-000010.pt"]
    found = [recorder.plane(), memory.plane(), plane(model, X, Y, estimator=["exact", "bins[n=4]"], checkpoints=paths)]
    for each in found:
        assert each.epochs.tolist() == [3, 10]
        assert list(each.planes) == ["exact", "bins[n=4]"]
        for name in each.planes:
            np.testing.assert_array_equal(each.as_plane(name).information, found[0].as_plane(name).information)
    ranged = plane(model, X, Y, estimator="bins[n=4,lo=-9,hi=9]", checkpoints=dict(zip((3, 10), paths, strict=True)))
    np.testing.assert_array_equal(ranged.information, now)
    assert memory.plane(epochs=[10]).epochs.tolist() == [10]
    with pytest.raises(InputError, match="holds checkpoints already"):
        Recorder(model, X, Y, folder=tmp_path / "kept")


def test_ranges_of_a_run_are_those_of_all_checkpoints() -> None:
    model = small()
    wide = {name: value * 5 for name, value in model.state_dict().items()}
    both = plane(model, X, Y, estimator="bins[n=6]", checkpoints={0: model.state_dict(), 1: wide})
    alone = plane(model, X, Y, estimator="bins[n=6]")
    assert both.information[0, 0, 0] < alone.information[0, 0, 0]


def test_layers_by_name_and_by_call() -> None:
    found = plane(Twice(), X, Y)
    assert found.layers == ("act#1", "act#2")  # the second is the output, and idle does not run
    assert plane(Twice(), X, Y, layers=["one", "act#2", "output"]).layers == ("one", "act#2", "output")
    assert plane(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)), X, Y).layers == ("0", "1")
    with pytest.raises(InputError, match="no layer 'ona'; did you mean one"):
        plane(Twice(), X, Y, layers=["ona"])
    with pytest.raises(InputError, match="'idle' does not run"):
        plane(Twice(), X, Y, layers=["idle"])
    with pytest.raises(InputError, match=r"runs 2 times in model\(x\), and 'act#3'"):
        plane(Twice(), X, Y, layers=["act#3"])
    with pytest.raises(InputError, match="'memory' gives a tuple"):
        plane(Twice(), X, Y, layers=["memory"])
    with pytest.raises(InputError, match="twice: act#1, act#2, act#1"):
        plane(Twice(), X, Y, layers=["act", "act#1"])
    with pytest.raises(InputError, match="give a list of names"):
        plane(Twice(), X, Y, layers="act")


def test_images_are_flattened_and_embeddings_take_whole_numbers() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(8, 2))
    images = np.random.default_rng(0).integers(0, 256, (40, 1, 3, 3)).astype(np.uint8)
    found = plane(model, images, Y[:40], layers=["0", "1", "output"], estimator="kde[variance=10000]")
    assert found.information[0, 0, 0] > found.information[0, 1, 0]  # copied before the next works in place
    model = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Tanh())
    rows = torch.randint(0, 7, (30, 2), generator=torch.Generator().manual_seed(0))
    found = plane(model, rows, torch.arange(30) % 2)
    assert found.information[0, 0, 0] == found.input_entropy < math.log(30)


def test_batches_and_rows_that_repeat_change_nothing() -> None:
    model = small()
    one, other = (plane(model, X, Y, estimator="kde", batch_size=size).information for size in (60, 7))
    np.testing.assert_allclose(one, other, rtol=1e-5)
    found = plane(model, np.vstack([X] * 5), np.tile(Y, 5), batch_size=11)
    assert found.information[0, 0, 0] == pytest.approx(math.log(60), abs=1e-12)


def test_what_the_reader_should_know_is_said() -> None:
    model = small(nn.Dropout(0.2))
    with torch.no_grad():
        model[0].weight.mul_(5)
        model[3].bias.fill_(-100)
    found = plane(model, X, Y, estimator=["exact", "ksg"])
    later = {name: value / 5 for name, value in model.state_dict().items()}
    both = plane(model, X, Y, checkpoints={0: model.state_dict(), 9: later}).warnings
    assert any("told apart in layer 1 at every checkpoint" in each for each in both)
    told = "\n".join(found.warnings)
    assert "Dropout and is evaluated in eval mode" in told
    assert "told apart in layer 1: counting rows" in told
    assert "layer 1 (Tanh) has up to" in told
    assert "layer 4 (ReLU) has up to 100% of units that are 0 for every input (epoch 0)" in told
    assert (
        "exact: I(T;Y) is within 5% of what permuted labels give, and says nothing about the labels, in layer 1" in told
    )
    assert "ksg does not answer everything" in told
    kept = plane(small(), X, np.zeros(60, int), estimator="bins[n=2]").warnings
    assert not any("permuted" in each or "Dropout" in each for each in kept)


def test_networks_that_draw_random_numbers_are_told() -> None:
    class Noisy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + torch.rand_like(x)

    model = nn.Sequential(nn.Linear(4, 2), nn.Tanh(), Noisy())
    one, again, other = (plane(model, X, Y, estimator="kde", seed=seed) for seed in (0, 0, 1))
    assert any("two passes differ in layer output" in each for each in one.warnings)
    assert (one.information == again.information).all()
    assert (one.information[0, 0] == other.information[0, 0]).all()
    assert one.information[0, 1, 0] != other.information[0, 1, 0]


def test_results_are_kept_and_shown(tmp_path: Path) -> None:
    found = plane(
        small(), X, Y, estimator=["exact", "ksg"], checkpoints={0: small().state_dict(), 5: small().state_dict()}
    )
    found.save(tmp_path / "own.npz")
    again = OwnPlane.load(tmp_path / "own.npz")
    assert again.layers == found.layers
    assert again.warnings == found.warnings
    for name, each in found.planes.items():
        np.testing.assert_array_equal(again.as_plane(name).information, each.information)
        assert again.as_plane(name).reasons == each.reasons
    np.testing.assert_array_equal(again.null, found.null)
    frame = again.to_frame()
    assert frame.columns.tolist() == ["estimator", "epoch", "layer", "i_x", "i_y", "null"]
    assert len(frame) == 2 * 2 * 3
    assert frame[frame.estimator == "exact"].epoch.tolist() == [0, 0, 0, 5, 5, 5]
    as_plane = again.as_plane("exact")
    as_plane.save(tmp_path / "plane.npz")
    assert Plane.load(tmp_path / "plane.npz").information.shape == (1, 2, 3, 2)
    with pytest.raises(InputError, match="did you mean exact"):
        found.as_plane("exat")
    with pytest.raises(InputError, match="of kind 'plane'"):
        OwnPlane.load(tmp_path / "plane.npz")


class Payload:
    """What a pickle could do."""

    def __reduce__(self) -> Any:
        return os.system, ("touch harm",)


def test_pickled_objects_are_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"0.weight": Payload()}, "bad.pt")
    torch.save(small(), "model.pt")
    for name in ("bad.pt", "model.pt"):
        with pytest.raises(InputError, match="holds pickled objects"):
            plane(small(), X, Y, checkpoints=[name])
    assert not Path("harm").exists()
    Path("cut.pt").write_bytes(Path("model.pt").read_bytes()[:1000])
    Path("text.pt").write_text("no checkpoint")
    Path("empty.pt").write_text("")
    for name in ("cut.pt", "text.pt", "empty.pt", "none.pt"):
        with pytest.raises(InputError, match=name):
            plane(small(), X, Y, checkpoints=[name])


def test_checkpoints_of_another_architecture_are_refused(tmp_path: Path) -> None:
    torch.save(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).state_dict(), tmp_path / "other.pt")
    with pytest.raises(InputError) as caught:
        plane(small(), X, Y, checkpoints={0: small().state_dict(), 1: tmp_path / "other.pt"})
    told = str(caught.value)
    assert "other.pt is of another architecture" in told
    assert "missing: 4.bias, 4.weight" in told
    assert "0.weight is (6, 4) and should be (5, 4)" in told
    state = small().state_dict()
    state["spare.weight"] = torch.zeros(2)
    with pytest.raises(InputError, match=r"unexpected: spare\.weight"):
        plane(small(), X, Y, checkpoints={0: state})


def test_checkpoints_as_training_scripts_write_them(tmp_path: Path) -> None:
    model, doubled = small(), small().double()
    expected = plane(model, X, Y, estimator="kde").information
    wrapped = {f"module.{name}": value for name, value in model.state_dict().items()}
    for number, content in enumerate(
        ({"epoch": 3, "model_state_dict": model.state_dict(), "loss": 0.1}, wrapped, doubled.state_dict())
    ):
        torch.save(content, tmp_path / f"run-1-step-{number}.pt")
    with torch.no_grad():
        model[0].weight.zero_()
    found = plane(model, X, Y, estimator="kde", checkpoints=sorted(tmp_path.iterdir()))
    assert found.epochs.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(found.information, np.repeat(expected, 3, axis=0))
    for names in (["a.pt", "b.pt"], ["1.pt", "b.pt"], ["run-1.pt", "other-1.pt"]):
        for name in names:
            torch.save(small().state_dict(), tmp_path / name)
        places = plane(model, X, Y, estimator="kde", checkpoints=[tmp_path / name for name in names])
        assert places.epochs.tolist() == [0, 1]


def test_tied_weights_and_compiled_models() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh())
    model[2].weight = model[0].weight
    expected = plane(model, X, Y, estimator="kde").information
    recorder = Recorder(torch.compile(model, backend="eager"), X, Y, estimator="kde")
    recorder(0)
    np.testing.assert_array_equal(recorder.plane().information, expected)
    np.testing.assert_array_equal(plane(nn.DataParallel(model), X, Y, estimator="kde").information, expected)


def test_nan_is_named_with_its_layer_and_epoch() -> None:
    model = small()
    recorder = Recorder(model, X, Y)
    recorder(0)
    with torch.no_grad():
        model[2].weight[0, 0] = math.nan
    recorder(7)
    with pytest.raises(InputError, match=r"layer .3. holds NaN or infinity at epoch 7"):
        recorder.plane()
    assert recorder.plane(epochs=[0]).epochs.tolist() == [0]


def test_wrong_arguments_are_refused() -> None:
    model = small()
    for arguments, told in (
        ((model, X, Y[:9]), "y has shape"),
        ((model, X, Y + 0.5), "whole numbers"),
        ((model, X, np.eye(3)[Y]), "y has shape"),
        ((model, [["a"]], Y), "real numbers"),
        ((model, X * np.inf, Y), "not finite"),
        ((model, X[:1], Y[:1]), "two rows"),
        ((model, X[:, :2], Y), "fails for inputs of shape"),
        ((lambda x: x, X, Y), r"give a torch\.nn\.Module"),
        ((nn.LazyLinear(3), X, Y), "lazy layers"),
        ((torch.nn.Flatten(0), X, Y), "gives shape"),
    ):
        with pytest.raises(InputError, match=told):
            plane(*arguments)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="did you mean exact"):
        Recorder(model, X, Y, estimator="exat")
    for wrong in ({"batch_size": 0}, {"seed": -1}, {"estimator": []}, {"checkpoints": []}, {"checkpoints": {-1: "a"}}):
        with pytest.raises(InputError):
            plane(model, X, Y, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one path"):
        plane(model, X, Y, checkpoints="a.pt")
    recorder = Recorder(model, X, Y)
    with pytest.raises(InputError, match="nothing is recorded"):
        recorder.plane()
    recorder(3)
    with pytest.raises(InputError, match="recorded already"):
        recorder(3)
    with pytest.raises(InputError, match="are not recorded"):
        recorder.plane(epochs=[4])
