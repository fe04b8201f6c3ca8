# SPDX-License-Identifier: Apache-2.0
"""The settings of the IB-network study, by name; what the published code does comes first, its text is a variant.

All train on the 12-bit set (`mibench.datasets.ib12`) and measure on its 4096 patterns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mibench.datasets import ib12
from mibench.networks.spec import Activation, Init, Mode, Network, Training
from mibench.studies.setting import Computed, Setting, Wanted

__all__ = ["SETTINGS", "data"]

_LORENZEN = "Lorenzen, Igel, Nielsen (ICLR 2022)"
_RASMUSSEN = "Rasmussen, Information Bottleneck for Deep Learning (thesis)"
_GOLDFELD = "Goldfeld et al. (ICML 2019)"
_TISHBY = "Shwartz-Ziv, Tishby (2017)"

_WIDTHS = (12, 10, 7, 5, 4, 3, 2)
_EDGES_30 = "bins[n=30,lo=-1,hi=1,edges=true]"  # as published: 29 intervals and the value 1
_VARIANT_RUNS = 20
_KDE = (Wanted("kde[variance=0.001]", 40, 4), Wanted("kde[variance=0.1]", 40, 4))


def _bins(n: int) -> str:
    """`n` intervals between the extremes of a run."""
    return f"bins[n={n}]"


def _lorenzen() -> Iterator[Setting]:
    training = Training(
        epochs=8000, learning_rate=1e-4, init="glorot_uniform", fixed_split=True, restart_below=0.55, restart_from=1000
    )
    activations: tuple[Activation, ...] = ("tanh", "relu")
    for activation in activations:
        exact = Setting(
            f"lorenzen-8bit-{activation}",
            f"8 bits, {activation}, exact",
            f"{_LORENZEN}, section 4.1, figures 2 and 3; initial weights as its code draws them (Glorot)",
            Network(activation=activation, bits=8),
            training,
            50,
            tags=frozenset({"lorenzen", "E2.1"}),
            every=5,
        )
        yield exact
        nested = tuple(Wanted(_bins(n), 200) for n in (32, 64, 128))
        yield replace(
            exact,
            name=f"lorenzen-float-{activation}",
            title=f"float32, {activation}: 30, 100, 256 bins of the run's range, and distinct rows",
            source=f"{_LORENZEN}, appendices A (figures A.5, A.6) and C (32 bits)",
            network=Network(activation=activation),
            planes=(*(Wanted(_bins(n)) for n in (30, 100, 256)), Wanted("exact"), *nested, *_KDE),
            tags=frozenset({"lorenzen", "E2.4", "E2.5"}),
            every=None,
        )
        yield replace(
            exact,
            name=f"lorenzen-4bit-{activation}",
            title=f"4 bits, {activation}, exact",
            source=f"{_LORENZEN}, appendix C, figures C.10 and C.11",
            network=Network(activation=activation, bits=4),
            tags=frozenset({"lorenzen", "E2.5"}),
            every=None,
        )
        yield replace(
            exact,
            name=f"lorenzen-prefit-{activation}",
            title=f"8 bits, {activation}: 1000 epochs on shuffled labels, then 8000 on true ones",
            source=f"{_LORENZEN}, appendix D, figure D.12",
            training=replace(training, prefit=1000),
            runs=20,
            tags=frozenset({"lorenzen", "E2.6"}),
            every=None,
        )
        yield replace(
            exact,
            name=f"lorenzen-prefit-{activation}-tfmot",
            title=f"8 bits, {activation}, quantiser tfmot: 1000 epochs on shuffled labels, then 8000 on true ones",
            source=f"{_LORENZEN}, appendix D, figure D.12; quantised as its code does",
            network=Network(activation=activation, bits=8, mode="tfmot"),
            training=replace(training, prefit=1000),
            runs=20,
            tags=frozenset({"lorenzen", "matrix"}),
            variant_of=f"lorenzen-prefit-{activation}",
            every=None,
        )
        yield replace(
            exact,
            name=f"control-random-labels-{activation}",
            title=f"8 bits, {activation}, trained on random labels: what is no phase of learning the label",
            source="negative control",
            training=replace(training, labels="random", restart_below=None),
            runs=_VARIANT_RUNS,
            tags=frozenset({"control"}),
            variant_of=exact.name,
            every=None,
        )
        yield replace(
            exact,
            name=f"lorenzen-float-{activation}-fan-out",
            title=f"float32, {activation}, initial weights fan_out_tn: 30 bins of the run's range, and distinct rows",
            source=f"{_LORENZEN}, appendix A; initial weights as in its text",
            network=Network(activation=activation),
            training=replace(training, init="fan_out_tn"),
            runs=_VARIANT_RUNS,
            planes=(Wanted(_bins(30)), Wanted("exact")),
            tags=frozenset({"lorenzen", "matrix"}),
            variant_of=f"lorenzen-float-{activation}",
            every=None,
        )
        yield from _matrix(exact, activation)


def _matrix(exact: Setting, activation: Activation) -> Iterator[Setting]:
    modes: tuple[Mode, ...] = ("paper", "tfmot", "instant")
    inits: tuple[Init, ...] = ("glorot_uniform", "fan_out_tn", "fan_in_tn")
    for mode in modes:
        for init in inits:
            if (mode, init) != ("paper", "glorot_uniform"):
                yield replace(
                    exact,
                    name=f"{exact.name}-{mode}-{init.removesuffix('_tn').removesuffix('_uniform').replace('_', '-')}",
                    title=f"8 bits, {activation}, quantiser {mode}, initial weights {init}",
                    network=Network(activation=activation, bits=8, mode=mode),
                    training=replace(exact.training, init=init),
                    runs=_VARIANT_RUNS,
                    tags=frozenset({"lorenzen", "matrix"}),
                    variant_of=exact.name,
                    every=None,
                )


def _rasmussen() -> Iterator[Setting]:
    training = Training(epochs=8000, learning_rate=4e-4, init="fan_out_tn")
    relu_100, relu_30 = "bins[n=100,lo=0,edges=true]", "bins[n=30,lo=0,edges=true]"
    adaptive, adaptive_relu = "adaptive[n=30]", "adaptive[n=30,floor=0]"
    tanh = Setting(
        "rasmussen-tanh",
        "tanh, batches of 256: 30 bins from -1 to 1, and adaptive bins",
        f"{_RASMUSSEN}, settings 1.1 and 2.1, figures 5.2, 5.4, 5.9; learning rate as in its code, 4e-4",
        Network(activation="tanh"),
        training,
        40,
        (Wanted(_EDGES_30), Wanted(adaptive, 200)),
        ("snr",),
        frozenset({"rasmussen", "E4.1", "E4.3", "E4.6"}),
    )
    relu = replace(
        tanh,
        name="rasmussen-relu",
        title="relu, batches of 256: 100 and 30 bins of the run's range, and adaptive bins",
        source=f"{_RASMUSSEN}, settings 1.2 and 2.2, figures 5.3 to 5.6, 5.8, 5.10; learning rate as in its code, 4e-4",
        network=Network(activation="relu"),
        planes=(Wanted(relu_100), Wanted(relu_30), Wanted(adaptive_relu, 200)),
        tags=frozenset({"rasmussen", "E4.2", "E4.3", "E4.4", "E4.5", "E4.6"}),
    )
    yield tanh
    yield relu
    for each in (tanh, relu):
        activation, first = each.network.activation, each.planes[0]
        yield replace(
            each,
            name=f"{each.name}-full",
            title=f"{activation}, full batches",
            training=replace(training, batch=None),
            planes=(first,),
        )
        yield replace(
            each,
            name=f"{each.name}-rate-1e-4",
            title=f"{activation}, batches of 256, the learning rate of the text, 1e-4",
            training=replace(training, learning_rate=1e-4),
            planes=(first,),
            analyses=(),
            runs=_VARIANT_RUNS,
            variant_of=each.name,
            tags=frozenset({"rasmussen", "matrix"}),
        )
    for activation, uniform in (("elu", "bins[n=30,lo=-1,edges=true]"), ("relu6", "bins[n=30,lo=0,hi=6,edges=true]")):
        yield replace(
            tanh,
            name=f"rasmussen-{activation}",
            title=f"{activation}, batches of 256: 30 uniform bins, and adaptive bins",
            source=f"{_RASMUSSEN}, settings 2.3 and 2.4, figures 5.11 to 5.13",
            network=Network(activation="elu" if activation == "elu" else "relu6"),
            planes=(Wanted(uniform), Wanted(adaptive if activation == "elu" else adaptive_relu, 200)),
            analyses=(),
            tags=frozenset({"rasmussen", "E4.6"}),
        )
    for name, widths, runs, figure in (
        ("constant", (12, 12, 12, 12, 12, 2), 2, "A.1"),
        ("wide-5", (12, 12, 12, 10, 8, 2), 30, "B.1"),
        ("wide-6", (12, 12, 12, 10, 8, 7, 2), 30, "B.1"),
    ):
        yield replace(
            relu,
            name=f"rasmussen-{name}",
            title=f"relu, widths {'-'.join(map(str, widths))}",
            source=f"{_RASMUSSEN}, appendix {figure[0]}, figure {figure}",
            network=Network(widths, "relu"),
            runs=runs,
            planes=(Wanted(adaptive_relu, 200), Wanted(relu_100)),
            analyses=(),
            tags=frozenset({"rasmussen", "E4.7" if name == "constant" else "E4.8"}),
        )


def _goldfeld() -> Iterator[Setting]:
    noisy = Setting(
        "goldfeld-noisy",
        "tanh with noise of 0.005 on every hidden unit",
        f"{_GOLDFELD}, section 5; noise, optimiser and epochs of the official script",
        Network(activation="tanh", noise=0.005),
        Training(epochs=10000, init="torch_default", learning_rate=4e-4, epsilon=1e-8),
        5,
        (Wanted("sp[replicas=16]", 28),),
        ("clustering",),
        frozenset({"goldfeld", "E3.2", "E3.3"}),
    )
    yield noisy
    for strength in ("1e-4", "1e-3", "1e-2"):
        yield replace(
            noisy,
            name=f"goldfeld-orthonormal-{strength}",
            title=f"the noisy network with orthonormal regularisation of {strength}",
            training=replace(noisy.training, orthonormal=float(strength)),
            planes=(Wanted("sp[replicas=16]", 10),),
            variant_of=noisy.name,
            tags=frozenset({"goldfeld", "E3.2"}),
        )
    for noise in (0.01, 0.05, 0.1):
        yield replace(
            noisy,
            name=f"goldfeld-noise-{noise:g}",
            title=f"the noisy network with noise of {noise:g}",
            network=replace(noisy.network, noise=noise),
            runs=2,
            planes=(Wanted("sp[replicas=16]", 12),),
            variant_of=noisy.name,
            tags=frozenset({"goldfeld", "matrix"}),
        )
    yield replace(
        noisy,
        name="goldfeld-deterministic",
        title="the same network without noise, in float64: distinct rows, and bins of many widths",
        source=f"{_GOLDFELD}, section 3: I(X;T) of deterministic networks; figure 1's bins",
        network=replace(noisy.network, noise=0.0),
        planes=(
            Wanted("exact"),
            *(Wanted(f"bins[width={width}]", 100) for width in ("0.0001", "0.001", "0.01", "0.1", "0.5")),
        ),
        analyses=(),
        tags=frozenset({"goldfeld", "E3.3"}),
        dtype="float64",
    )


def _tishby() -> Iterator[Setting]:
    training = Training(epochs=10000, batch=512, learning_rate=4e-4, init="fan_in_tn", fraction=0.85, epsilon=1e-8)
    snapshots = Setting(
        "szt-snapshots",
        "tanh, 85 % of the patterns: 30 bins from -1 to 1",
        f"{_TISHBY}, figure 2; optimiser, rate and initial weights of its code, rows shuffled and split by label",
        Network(activation="tanh"),
        training,
        50,
        (Wanted(_EDGES_30),),
        ("snr", "fixed-point"),
        frozenset({"szt", "E1.1", "E1.3", "E1.5"}),
    )
    yield snapshots
    yield replace(
        snapshots,
        name="szt-snapshots-code",
        title="the same, the first 85 % of the patterns in their order, as the code is released",
        training=replace(training, split="first", shuffle=False),
        runs=10,
        analyses=(),
        variant_of=snapshots.name,
        tags=frozenset({"szt", "matrix"}),
    )
    yield replace(
        snapshots,
        name="szt-snapshots-sgd",
        title="the same by stochastic gradient descent, as the text has it (rate 0.1, ours)",
        training=replace(training, optimiser="sgd", learning_rate=0.1),
        runs=10,
        analyses=("snr",),
        variant_of=snapshots.name,
        tags=frozenset({"szt", "matrix"}),
    )
    for percent in (5, 45, 85):
        yield replace(
            snapshots,
            name=f"szt-fraction-{percent:02d}",
            title=f"12-10-8-6-4-2-1, trained on {percent} % of the patterns",
            source=f"{_TISHBY}, figure 3",
            network=Network((12, 10, 8, 6, 4, 2, 1), "tanh", "sigmoid"),
            training=replace(training, fraction=percent / 100),
            analyses=(),
            tags=frozenset({"szt", "E1.2"}),
        )
    hidden = (12, 10, 8, 6, 4, 2)
    for layers in range(1, 7):
        yield replace(
            snapshots,
            name=f"szt-depth-{layers}",
            title=f"{layers} hidden layer{'s' * (layers > 1)}: {'-'.join(map(str, hidden[:layers]))}",
            source=f"{_TISHBY}, figure 5",
            network=Network((12, *hidden[:layers], 2), "tanh"),
            training=replace(training, fraction=0.8),
            analyses=(),
            tags=frozenset({"szt", "E1.4"}),
        )


def _computed() -> Iterator[Computed]:
    yield Computed(
        "ib-curve",
        "the IB curve of the stochastic rule, by reverse annealing",
        f"Tishby, Pereira, Bialek (1999); {_TISHBY}, figure 6",
        ("ib-curve",),
        frozenset({"E1.0"}),
    )
    yield Computed(
        "finite-samples",
        "plug-in information of encoders of 2 to 64 values from 100 to 100,000 samples",
        "Shamir, Sabato, Tishby (2010), as quoted by Tishby and Zaslavsky (2015)",
        ("finite-samples",),
        frozenset({"E1.0"}),
    )
    yield Computed(
        "infovae",
        "two points, one latent: ELBO and InfoVAE",
        "Zhao, Song, Ermon (AAAI 2019)",
        ("infovae",),
        frozenset({"E1.6"}),
    )
    yield Computed(
        "goldfeld-neuron",
        "a noisy neuron: compression is clustering",
        f"{_GOLDFELD}, section 4",
        ("neuron",),
        frozenset({"goldfeld", "E3.1"}),
    )
    yield Computed(
        "goldfeld-risk",
        "risk of the plug-in of noisy layers: rates in n and d, the lower bound, smoothed Wasserstein distances",
        f"{_GOLDFELD}, theorems 1 and 2; Goldfeld et al. (IEEE Trans. Inf. Theory 2020)",
        ("sp-risk",),
        frozenset({"goldfeld", "E3.0"}),
    )


_TRAINED: tuple[Setting, ...] = (*_lorenzen(), *_rasmussen(), *_goldfeld(), *_tishby())

SETTINGS: dict[str, Setting | Computed] = {each.name: each for each in _TRAINED} | {
    each.name: each for each in _computed()
}


def data() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """All patterns, shape (4096, 12), and their labels."""
    return ib12.patterns().astype(np.float32), ib12.labels().astype(np.int64)
