# SPDX-License-Identifier: Apache-2.0
"""What is drawn of each analysis beside planes: gradients, clustering, a neuron, rates of an estimator, the IB curve.

An analysis that is not known here gets what can be drawn of its arrays, and one that cannot be read is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import MibenchError
from mibench.reports.study_charts import BITS, Chart, chart, numbers, of_any, over_epochs, series
from mibench.reports.study_controls import known_channel, known_images
from mibench.studies.analyses import ANALYSES, COMPUTATIONS
from mibench.studies.results import Plane, Results

__all__ = ["charts", "ib_curve"]

_APART = ("gallery",)  # drawn otherwise

Arrays = Mapping[str, NDArray[Any]]


def charts(results: Results, setting: str, problems: list[tuple[str, str]]) -> list[Chart]:
    """Charts of every analysis that a setting has; why one cannot be read is added to `problems`."""
    found: list[Chart] = []
    for name in (*ANALYSES, *COMPUTATIONS):
        if name in _APART or not results.has(setting, f"analysis-{name}"):
            continue
        try:
            arrays = results.analysis(setting, name)
            found += list(_KNOWN[name](arrays) if name in _KNOWN else of_any(arrays, name))
            if name == "clustering" and (estimators := results.planes(setting)):
                found += list(_scatter(arrays, results.plane(setting, estimators[0])))
        except MibenchError as error:
            problems.append((setting, str(error)))
        except (KeyError, ValueError, IndexError) as error:  # of another version of the analysis
            problems.append((setting, f"analysis {name} cannot be drawn: {type(error).__name__}: {error}"))
    return found


def ib_curve(results: Results) -> tuple[list[float], list[float]] | None:
    """I(X;T) and I(T;Y) along the IB curve from 0, in nats and by I(X;T); None where it is not there."""
    try:
        i_x, i_y = next(_curves(results.analysis("ib-curve", "ib-curve")))
    except (MibenchError, KeyError, ValueError, StopIteration):
        return None
    return numbers(i_x), numbers(i_y)


def _curves(arrays: Arrays) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Each rule's curve from 0, by I(X;T), in nats."""
    for i_x, i_y in zip(np.atleast_2d(arrays["i_x"]), np.atleast_2d(arrays["i_y"]), strict=True):
        order = np.argsort(i_x, kind="stable")
        yield np.append(0.0, i_x[order]), np.append(0.0, i_y[order])


def _snr(arrays: Arrays) -> Iterator[Chart]:
    epochs = arrays["epochs"]
    for key, title, over in (
        ("std", "Gradient: signal to noise", "of batches"),
        ("row_std", "Gradient: signal to noise, of single rows", "over single rows"),
    ):
        if key in arrays:
            note = f"log10 of the mean gradient's norm by the standard deviation {over}; mean and sd over runs."
            yield over_epochs(title, note, epochs, _log10(arrays["mean"]) - _log10(arrays[key]), "log10 of mean / sd")
    if "norm" in arrays:
        for key, title in (("mean", "Gradient: norm of its mean"), ("std", "Gradient: sd over batches")):
            share = _log10(arrays[key]) - _log10(arrays["norm"])
            yield over_epochs(
                title, "By the norm of the layer's weights.", epochs, share, "log10 of its share of ||W||"
            )
        yield over_epochs("Norm of the weights", "Mean and sd over runs.", epochs, arrays["norm"], "||W||")


def _log10(values: NDArray[Any]) -> NDArray[np.float64]:
    """NaN of what is 0: a layer without a gradient has no ratio."""
    found: NDArray[np.float64] = np.log10(np.where(values > 0, values, np.nan))
    return found


def _clustering(arrays: Arrays) -> Iterator[Chart]:
    epochs, note = arrays["epochs"], "Mean and sd over runs."
    yield over_epochs("Distance within a class", note, epochs, arrays["within"], "mean distance of two rows")
    yield over_epochs("Distance between classes", note, epochs, arrays["between"], "mean distance of two rows")
    yield over_epochs("Saturated values", note, epochs, arrays["saturated"], "share of |t| above 0.99")
    middle = len(arrays["widths"]) // 2
    width = f"bins of {arrays['widths'][middle]:g} sd of the noise"
    entropy = arrays["entropy_noisy"][..., middle] * BITS
    yield over_epochs("Entropy of binned layers", f"{width}. {note}", epochs, entropy, "H(Bin(T)) (bits)")


def _scatter(arrays: Arrays, plane: Plane) -> Iterator[Chart]:
    """I(X;T) against clustering, where both are known: a dot for each run and epoch."""
    _, ours, theirs = np.intersect1d(arrays["epochs"], plane.epochs, return_indices=True)
    middle = len(arrays["widths"]) // 2
    for key, values, label in (
        ("within", arrays["within"], "mean distance within a class"),
        ("entropy", arrays["entropy_noisy"][..., middle] * BITS, f"H(Bin(T)) (bits), {arrays['widths'][middle]:g} sd"),
    ):
        lines = [
            series(
                f"T{layer + 1}",
                values[plane.runs][:, ours, layer].ravel(),
                plane.information[:, theirs, layer, 0].ravel() * BITS,
                dots=True,
            )
            for layer in range(values.shape[2])
        ]
        title = "Information and clustering" if key == "within" else "Information and binned entropy"
        yield chart(title, "A dot for each run and epoch.", label, "I(X;T) (bits)", lines)


def _neuron(arrays: Arrays) -> Iterator[Chart]:
    lines = [
        series(f"noise {noise:g}", arrays["weights"], arrays["table"][:, i] * BITS)
        for i, noise in enumerate(arrays["noises"])
    ]
    yield chart("A noisy neuron: I(X;T) against its weight", "b = -2 w; by quadrature.", "w", "I(X;T) (bits)", lines,
                log_x=True)  # fmt: skip
    steps = arrays["steps"]
    told = [
        series("I(X;T)", steps, arrays["information"] * BITS),
        series("I(T;Y)", steps, arrays["information_label"] * BITS),
    ]
    yield chart("The neuron trained", "It rises, then falls as inputs of a class cluster.", "step", "bits", told)
    outcome = [
        series("right side of 0", steps, arrays["correct"]),
        series("spread of the class", steps, arrays["spread"]),
    ]
    yield chart("The neuron trained: classes", "", "step", "share; distance", outcome)


def _risk(arrays: Arrays) -> Iterator[Chart]:
    kinds = ("uniform cube", "cut normals", "corners")
    for kind, errors, bounds in zip(kinds, np.abs(arrays["errors"]).mean(axis=-1), arrays["bounds"], strict=True):
        lines = [series(f"d = {d}", arrays["sizes"], errors[i]) for i, d in enumerate(arrays["dims"])]
        lines += [series(f"bound, d = {arrays['dims'][-1]}", arrays["sizes"], bounds[-1], dashed=True)]
        yield chart(f"Risk of the plug-in: {kind}", "Mean of |h(P_n * N) - h(P * N)|.", "n", "nats", lines,
                    log_x=True, log_y=True)  # fmt: skip
    lines = [series(f"noise {std:g}", arrays["need_dims"], arrays["needed"][:, i])
             for i, std in enumerate(arrays["need_stds"])]  # fmt: skip
    needed = f"For a mean error of {arrays['need_error'][0]:g} nat, at the cube's corners."
    yield chart("Samples needed", needed, "d", "n", lines, log_y=True)
    for key, title, note in (
        ("plain", "Distance of the sample, W1(P, P_n)", "P uniform on the cube."),
        ("smooth_above", "Smoothed, W1(P * N, P_n * N)", "P uniform on the cube; of d = 2 and more an upper bound."),
    ):
        values = arrays[key].mean(axis=-1)
        lines = [series(f"d = {d}", arrays["moved_sizes"], values[i]) for i, d in enumerate(arrays["moved_dims"])]
        yield chart(title, note, "n", "W1", lines, log_x=True, log_y=True)


def _curve(arrays: Arrays) -> Iterator[Chart]:
    curves = list(_curves(arrays))
    ends = arrays.get("i_xy", np.array([i_y[-1] for _, i_y in curves])) * BITS
    noisy = len(arrays.get("gammas", ends))
    names = [f"I(X;Y) = {end:.3f} bits" if i < noisy else "labels without noise" for i, end in enumerate(ends)]
    lines = [series(name, i_x * BITS, i_y * BITS) for name, (i_x, i_y) in zip(names, curves, strict=True)]
    yield chart("The IB curve", "By reverse annealing, of rules of more and less noise.", "I(X;T) (bits)",
                "I(T;Y) (bits)", lines)  # fmt: skip
    order = np.argsort(arrays["betas"], kind="stable")
    for key, label in (("i_x", "I(X;T)"), ("i_y", "I(T;Y)")):
        rows = np.atleast_2d(arrays[key])[:, order] * BITS
        told = [series(name, arrays["betas"][order], row) for name, row in zip(names, rows, strict=True)]
        yield chart(f"{label} along beta", "What the curve holds at each trade-off.", "beta", f"{label} (bits)", told,
                    log_x=True)  # fmt: skip


def _fixed_point(arrays: Arrays) -> Iterator[Chart]:
    i_x, curve = arrays["i_x"] * BITS, arrays["curve_i_y"] * BITS
    order = np.argsort(i_x.ravel(), kind="stable")
    lines = [
        series(f"T{layer + 1}", i_x[:, layer], arrays["i_y"][:, layer] * BITS, dots=True)
        for layer in range(i_x.shape[1])
    ]
    at = [np.append(0.0, values.ravel()[order]) for values in (i_x, curve)]
    lines.append(series("IB curve", *at, dashed=True))
    yield chart("Layers and the IB curve", "Final networks, a dot for each run; labels of the stochastic rule.",
                "I(X;T) (bits)", "I(T;Y) (bits)", lines)  # fmt: skip
    layer = np.arange(1.0, i_x.shape[1] + 1)
    for key, title, note in (
        ("beta", "The beta of each layer", "Median of runs; 10^6 where none is nearest. Null: codes permuted."),
        (
            "residual",
            "What the best beta leaves",
            "KL to that beta's encoder, mean of runs. Null: codes permuted.",
        ),
    ):
        told = np.median if key == "beta" else np.mean
        scale = 1.0 if key == "beta" else BITS
        both = [
            series(name, layer, told(arrays[found], axis=0) * scale, dashed=name == "null")
            for name, found in (("trained", key), ("null", f"null_{key}"))
        ]
        yield chart(title, note, "layer", key if key == "beta" else "bits", both, log_y=key == "beta")


def _samples(arrays: Arrays) -> Iterator[Chart]:
    sizes = arrays["sizes"]
    for which, name in enumerate(("I(X;T)", "I(T;Y)")):
        lines = []
        for i in (0, len(arrays["clusters"]) - 1):
            values = f"{arrays['clusters'][i]} values of T"
            lines.append(series(f"mean error, {values}", sizes, arrays["error"][i, :, which]))
            lines.append(series(f"bound, {values}", sizes, arrays["bound"][i, :, which], dashed=True))
        yield chart(f"Error of {name} from n samples", "Plug-in; its bound at 95 %.", "n", "nats", lines,
                    log_x=True, log_y=True)  # fmt: skip
        bias = [series(f"{k} values of T", sizes, np.abs(arrays["bias"][i, :, which]))
                for i, k in enumerate(arrays["clusters"])]  # fmt: skip
        yield chart(f"Bias of {name} from n samples", "Computed exactly.", "n", "nats", bias, log_x=True, log_y=True)
    worst = [series(f"n = {n}", arrays["rates"] * BITS, arrays["distortion"][i] * BITS) for i, n in enumerate(sizes)]
    yield chart("Worst case by rate", "What is lost of I(X;Y) at a rate, with the bound on n samples.", "rate (bits)",
                "distortion (bits)", worst, log_y=True)  # fmt: skip


def _infovae(arrays: Arrays) -> Iterator[Chart]:
    names = [
        "ELBO" if i == 0 else f"alpha = {a:g}, lambda = {weight:g}"
        for i, (a, weight) in enumerate(zip(arrays["alpha"], arrays["lambda"], strict=True))
    ]
    for key, title, label in (
        ("apart", "Distance of the two codes", "|m+ - m-|"),
        ("divergence", "Divergence of the codes from the prior", "KL(q(z) || p(z)) (bits)"),
        ("information", "Information of the codes", "I(x;z) (bits)"),
    ):
        values = arrays[key].mean(axis=1) * (1.0 if key == "apart" else BITS)
        lines = [series(name, arrays["steps"], row) for name, row in zip(names, values, strict=True)]
        yield chart(title, "Mean of runs.", "step", label, lines)


_KNOWN: dict[str, Callable[[Arrays], Iterator[Chart]]] = {
    "snr": _snr,
    "clustering": _clustering,
    "neuron": _neuron,
    "sp-risk": _risk,
    "ib-curve": _curve,
    "fixed-point": _fixed_point,
    "finite-samples": _samples,
    "infovae": _infovae,
    "known-channel": known_channel,
    "known-images": known_images,
}
