# SPDX-License-Identifier: Apache-2.0
"""Each peer against our own estimator of the same formula, against closed forms, and on what it cannot handle."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from mibench import adapters
from mibench.contracts import Estimator, InputError, NotInstalled, Unsupported
from mibench.estimators.ksg import KSG

N = 2000
RHO = 0.8
TRUTH = -0.5 * math.log(1 - RHO**2)  # of one pair, nats
SE = RHO / math.sqrt(N)  # of the estimate from a known normal law; neighbours are less precise

MODULES = {"NPEETPlus": "npeet_plus", "Ennemi": "ennemi", "Infomeasure": "infomeasure", "ScikitLearn": "sklearn"}


def need(peer: Estimator) -> None:
    pytest.importorskip(MODULES[type(peer).__name__])
    if isinstance(peer, adapters.Infomeasure):
        pytest.importorskip("sparse")  # infomeasure imports it when it is first asked


@pytest.fixture(scope="module")
def normal() -> tuple[Any, Any]:
    """Three pairs, each of correlation RHO; columns are of different units."""
    x, noise = np.random.default_rng(0).normal(size=(2, N, 3))
    return x * [1.0, 1.0, 1.0], RHO * x + math.sqrt(1 - RHO**2) * noise


@pytest.fixture(scope="module")
def labels() -> tuple[Any, Any, float]:
    """A symmetric channel of four letters that errs at rate 0.3 x 3/4, and its information in nats."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 4, N)
    y = np.where(rng.random(N) < 0.3, rng.integers(0, 4, N), x)
    p = 0.3 / 4
    return x, y, math.log(4) + (1 - 3 * p) * math.log(1 - 3 * p) + 3 * p * math.log(p)


@pytest.mark.parametrize(
    "peer", [adapters.ScikitLearn(), adapters.Ennemi(), adapters.NPEETPlus(), adapters.Infomeasure(k=3)]
)
def test_one_pair_as_our_own_ksg_in_nats(normal: tuple[Any, Any], peer: Estimator) -> None:
    need(peer)
    x, y = (side[:, :1] for side in normal)
    found = peer.estimate(x, y, rng=3)
    # the peers that scale the sides first answer as ours does when it scales
    scaled = isinstance(peer, adapters.ScikitLearn | adapters.Ennemi)
    ours = KSG(3, scale="column" if scaled else "none", interval=False).estimate(x, y)
    assert found.mi == pytest.approx(ours.mi, abs=2e-6)
    assert found.mi == pytest.approx(TRUTH, abs=5 * SE)
    assert peer.estimate(x, y, rng=3) == found
    assert peer.estimate(x[:, 0], y[:, 0], rng=3) == found
    assert found.diagnostics.get("clips", 0.0) == isinstance(peer, adapters.ScikitLearn)


@pytest.mark.parametrize("peer", [adapters.NPEETPlus(k=4), adapters.Infomeasure()])
def test_vectors_as_our_own_ksg(normal: tuple[Any, Any], peer: Estimator) -> None:
    need(peer)
    ours = KSG(4, scale="none", interval=False).estimate(*normal)
    images = [side.reshape(N, 3, 1) for side in normal]
    assert peer.estimate(*images).mi == pytest.approx(ours.mi, abs=2e-6)
    assert ours.mi == pytest.approx(3 * TRUTH, abs=0.35)


@pytest.mark.parametrize("kernel", ["gaussian", "box"])
def test_kernels_of_infomeasure(normal: tuple[Any, Any], kernel: Any) -> None:
    peer = adapters.Infomeasure("kernel", kernel=kernel, bandwidth=0.4)
    need(peer)
    assert peer.estimate(normal[0][:, 0], normal[1][:, 0]).mi == pytest.approx(TRUTH, abs=0.15)


def test_the_correction_of_npeet_plus_helps_where_it_applies(normal: tuple[Any, Any]) -> None:
    pytest.importorskip("npeet_plus")
    x = normal[0][:, 0]
    y = x + 1e-3 * normal[0][:, 1]
    truth = -0.5 * math.log(1 - 1 / (1 + 1e-6))
    plain, corrected = (adapters.NPEETPlus(k=5, alpha=alpha).estimate(x, y).mi for alpha in (0.0, 0.25))
    assert abs(corrected - truth) < abs(plain - truth)
    with pytest.raises(
        Unsupported, match=r"the volume of 3 neighbours, which is 0 in 6 dimensions: give k of at least 6"
    ):
        adapters.NPEETPlus(alpha=0.25).estimate(*normal)


@pytest.mark.parametrize(
    "peer",
    [
        adapters.ScikitLearn(discrete_x=True, discrete_y=True),
        adapters.NPEETPlus(discrete_x=True, discrete_y=True),
        adapters.Ennemi(discrete_x=True, discrete_y=True),
        *(
            adapters.Infomeasure(approach)
            for approach in (
                "discrete",
                "miller_madow",
                "grassberger",
                "shrink",
                "chao_shen",
                "chao_wang_jost",
                "zhang",
            )
        ),
    ],
)
def test_labels(labels: tuple[Any, Any, float], peer: Estimator) -> None:
    need(peer)
    x, y, truth = labels
    found = peer.estimate(x, y)
    counts = np.zeros((4, 4))
    np.add.at(counts, (x, y), 1 / N)
    plug_in = (counts * np.log(counts / counts.sum(0) / counts.sum(1)[:, None])).sum()
    corrected = isinstance(peer, adapters.Infomeasure) and peer.approach != "discrete"
    assert found.mi == pytest.approx(plug_in, abs=0.01 if corrected else 1e-9)
    assert found.mi == pytest.approx(truth, abs=0.08)
    # labels are names: other numbers are the same labels, and so are rows of several
    renamed = np.array([[7.5, 1.0], [-3.0, 1.0], [0.25, 1.0], [0.25, 2.0]])[x]
    if isinstance(peer, adapters.ScikitLearn | adapters.Ennemi):
        renamed = np.array([7.5, -3.0, 0.25, 0.5])[x]
    assert peer.estimate(renamed, 10 - y).mi == pytest.approx(found.mi, abs=1e-9)


@pytest.mark.parametrize("kind", [adapters.ScikitLearn, adapters.NPEETPlus, adapters.Ennemi])
def test_labels_beside_numbers(labels: tuple[Any, Any, float], kind: type[Any]) -> None:
    need(kind())
    x = labels[0]
    y = x + 0.3 * np.random.default_rng(2).normal(size=N)
    grid = np.linspace(-3, 6, 20_001)
    each = np.exp(-(((grid - np.arange(4)[:, None]) / 0.3) ** 2) / 2) / (0.3 * math.sqrt(2 * math.pi))
    mixture = each.mean(0)
    entropy = -np.trapezoid(mixture * np.log(mixture), grid)
    truth = entropy - 0.5 * math.log(2 * math.pi * math.e * 0.3**2)
    one = kind(discrete_x=True).estimate(x, y, rng=0).mi
    other = kind(discrete_y=True).estimate(y, x, rng=0).mi
    assert one == pytest.approx(truth, abs=0.06)
    assert other == pytest.approx(one, abs=1e-6)


@pytest.mark.parametrize("peer", [adapters.ScikitLearn(), adapters.Ennemi()])
def test_peers_of_single_columns_refuse_vectors(normal: tuple[Any, Any], peer: Estimator) -> None:
    need(peer)
    x, y = normal
    for pair, side in (((x, y[:, 0]), "x"), ((x[:, 0], y), "y"), ((x.reshape(N, 3, 1), y[:, 0]), "x")):
        with pytest.raises(Unsupported, match=rf"takes one number per sample on each side, and {side} has 3; I\(X;Y\)"):
            peer.estimate(*pair)


@pytest.mark.parametrize(
    "peer",
    [
        adapters.ScikitLearn(),
        adapters.Ennemi(),
        adapters.NPEETPlus(),
        adapters.Infomeasure(),
        adapters.Infomeasure("kernel"),
    ],
)
def test_sides_of_the_other_kind_are_refused(labels: tuple[Any, Any, float], peer: Estimator) -> None:
    need(peer)
    with pytest.raises(Unsupported, match=r"takes x for continuous and it looks discrete \(4 distinct values in 2000"):
        peer.estimate(labels[0], labels[1])
    numbers = np.random.default_rng(3).normal(size=N)
    if not isinstance(peer, adapters.Infomeasure):
        flagged = type(peer)(discrete_y=True)
        with pytest.raises(
            Unsupported, match=r"takes y for labels and it looks continuous \(2000 distinct values in 2000"
        ):
            flagged.estimate(numbers, numbers)
    else:
        with pytest.raises(Unsupported, match=r"infomeasure's discrete takes x for labels and it looks continuous"):
            adapters.Infomeasure("discrete").estimate(numbers, labels[0])


def test_independent_sides_show_who_clips(normal: tuple[Any, Any]) -> None:
    x = normal[0][:, 0]
    below = 0
    for seed in range(6):
        y = np.random.default_rng(seed).normal(size=N)
        raw = KSG(3, interval=False).estimate(x, y).mi
        clipped = adapters.ScikitLearn().estimate(x, y).mi
        assert clipped == pytest.approx(max(0.0, raw), abs=2e-6)
        below += raw < 0
    assert below > 0


@pytest.mark.parametrize(
    "peer", [adapters.ScikitLearn(5), adapters.Ennemi(5), adapters.NPEETPlus(5), adapters.Infomeasure(k=5)]
)
def test_the_fewest_samples(peer: Estimator) -> None:
    need(peer)
    x, y = np.random.default_rng(4).normal(size=(2, 7))
    assert math.isfinite(peer.estimate(x, y).mi)
    with pytest.raises(InputError, match="6 samples were given and this method needs at least 7"):
        peer.estimate(x[:6], y[:6])


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("ScikitLearn", {"n_neighbors": 0}, r"sklearn: n_neighbors is 0"),
        ("ScikitLearn", {"discrete_y": 1}, r"sklearn: discrete_y is 1; give true or false"),
        ("Ennemi", {"k": 2.5}, r"ennemi: k is 2.5"),
        ("Ennemi", {"preprocess": None}, r"ennemi: preprocess is None"),
        ("NPEETPlus", {"k": True}, r"npeet_plus: k is True"),
        ("NPEETPlus", {"alpha": 1.0}, r"npeet_plus: alpha is 1.0"),
        ("NPEETPlus", {"alpha": math.nan}, r"npeet_plus: alpha is nan"),
        ("NPEETPlus", {"alpha": 0.2, "discrete_x": True}, r"alpha corrects continuous sides only"),
        ("Infomeasure", {"approach": "kgs"}, r"infomeasure: no approach 'kgs'; did you mean ksg"),
        (
            "Infomeasure",
            {"approach": "renyi"},
            r"approach 'renyi' estimates Renyi's information, which is not the I\(X;Y\)",
        ),
        ("Infomeasure", {"ksg_id": 3}, r"infomeasure: ksg_id is 3; give 1 or 2"),
        ("Infomeasure", {"kernel": "cauchy"}, r"infomeasure: kernel is 'cauchy'"),
        ("Infomeasure", {"bandwidth": 0}, r"infomeasure: bandwidth is 0"),
        ("Infomeasure", {"normalize": "yes"}, r"infomeasure: normalize is 'yes'"),
    ],
)
def test_settings_that_cannot_be_meant(kind: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        getattr(adapters, kind)(**settings)


@pytest.mark.parametrize(
    ("kind", "package"), [("NPEETPlus", "npeet_plus"), ("Ennemi", "ennemi"), ("Infomeasure", "infomeasure")]
)
def test_a_peer_that_is_absent_says_how_to_get_it(
    normal: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, kind: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    peer = getattr(adapters, kind)()
    for ask in (peer.load_packages, lambda: peer.estimate(normal[0][:, 0], normal[1][:, 0])):
        with pytest.raises(NotInstalled, match=rf"^{package} is not installed: pip install {package}$"):
            ask()


def test_a_package_that_a_peer_imports_late_is_named(normal: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("infomeasure")
    for name in [name for name in sys.modules if name.startswith("infomeasure")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sparse", None)
    with pytest.raises(NotInstalled, match=r"^infomeasure needs sparse, which is not installed: pip install sparse$"):
        adapters.Infomeasure().load_packages()
