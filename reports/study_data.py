# SPDX-License-Identifier: Apache-2.0
"""What the page knows of each setting: means and spreads of its planes, single runs, measures, analyses.

A page of all settings must stay a file that is opened and sent with ease: means at up to 200 epochs come first, and
single runs at as many epochs as there is room for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import MibenchError
from mibench.reports.document import inert_json
from mibench.reports.study_about import about
from mibench.reports.study_analyses import charts
from mibench.reports.study_gallery import gallery
from mibench.reports.study_loss import Losses, change
from mibench.reports.study_packing import FINE, ROUGH, fitted, kept, known_mean, pack
from mibench.reports.study_trust import Trust, packed
from mibench.studies.results import Plane, Results
from mibench.studies.smoothing import smoothed
from mibench.studies.trust import Band

__all__ = ["BUDGET", "Packed", "median_run", "settings"]

BUDGET = 13_500_000  # bytes of all settings' data
_MEANS = 5_000_000  # of them at most for means, measures and analyses
_POINTS, _RUN_POINTS = 200, 160  # epochs of means and of single runs at most


@dataclass(frozen=True)
class Packed:
    """Settings as JSON texts, by name, and how many epochs were kept of means and of single runs at most."""

    texts: dict[str, str]
    points: int
    run_points: int
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Part:
    """A plane, thinned as far as the page could ever use it."""

    estimator: str
    epochs: NDArray[np.int64]
    runs: NDArray[np.int64]
    values: NDArray[np.float32]  # (R, L, 2, E)
    null: NDArray[np.float64] | None  # (L, E)
    std_error: NDArray[np.float64] | None  # (R, L, 2, E)
    loss_bound: NDArray[np.float64] | None  # (L, E)
    loss: NDArray[np.float64] | None  # (R, E)
    raw: bool  # whether its errors are known and drawn, under a smoothed path
    trust: Band | None
    trust_note: str
    median: int
    kept_of: int
    reasons: tuple[str, ...]


def median_run(plane: Plane) -> int:
    """Place of the run in the middle when runs are sorted by their squared deviation from the mean trajectory."""
    with np.errstate(invalid="ignore"):
        deviation = np.nansum((plane.information - known_mean(plane.information)) ** 2, axis=(1, 2, 3))
    return int(np.argsort(deviation, kind="stable")[len(deviation) // 2])


def settings(folder: Results, budget: int = BUDGET) -> Packed:
    """Every setting of a study, packed into `budget` bytes."""
    heads, parts, problems = {}, {}, []
    raw, trust = bool(about(folder).first), Trust(folder)
    for name in folder.settings:
        results = Results(folder.folder)  # a new one: what it has read is let go with it
        heads[name] = {"name": name, **_told(folder.about, name), **_restarted(results, name)}
        found, also = [], (Losses(results, name), trust) if raw else None
        for estimator in results.planes(name):
            try:
                found.append(_part(results.plane(name, estimator), also))
            except MibenchError as error:
                problems.append((name, str(error)))
        parts[name] = found
        heads[name]["measures"] = _measures(results, name, problems)
        heads[name]["charts"] = charts(results, name, problems)
        heads[name]["gallery"] = gallery(results, name, problems)
    fixed = len(inert_json(heads))
    means, points = fitted(lambda most: _each(parts, _means, most), _size, _POINTS, min(_MEANS, budget - fixed))
    room = budget - fixed - _size(means)
    runs, run_points = fitted(lambda most: _each(parts, _runs, most), _size, _RUN_POINTS, room)
    texts = {}
    for name, head in heads.items():
        planes = [{**mean, "single": single} for mean, single in zip(means[name], runs[name], strict=True)]
        texts[name] = inert_json({**head, "planes": planes})
    return Packed(texts, points, run_points, tuple(problems))


def _told(study: dict[str, Any], name: str) -> dict[str, Any]:
    about = study.get("about", {}).get(name, {})
    keys = ("title", "source", "runs", "epochs", "prefit", "widths", "activation", "variant_of", "tags")
    return {"title": name} | {key: about[key] for key in keys if key in about}


def _restarted(results: Results, name: str) -> dict[str, int]:
    """How many runs were begun again; of the trajectory, which is large, only that is read."""
    try:
        with results.path(name, "trajectory").open("rb") as file, np.load(file, allow_pickle=False) as found:
            restarts = np.asarray(found["restarts"])
    except (OSError, ValueError, KeyError, EOFError, MemoryError, TypeError, BadZipFile):  # none, or damaged
        return {}
    return {"restarted": int(np.count_nonzero(restarts))} if restarts.any() else {}


def _part(plane: Plane, also: tuple[Losses, Trust] | None) -> _Part:
    places = kept(plane.epochs, _POINTS)
    raw = also is not None and plane.std_error is not None
    loss = also[0].of(plane) if also is not None and raw else None
    trust, note = also[1].of(plane.estimator) if also is not None and raw else (None, "")
    return _Part(
        plane.estimator,
        plane.epochs[places],
        plane.runs,
        np.moveaxis(plane.information[:, places], 1, -1).astype(np.float32),
        _mean_of(plane.null, places),
        None if plane.std_error is None else np.moveaxis(plane.std_error[:, places], 1, -1),
        _mean_of(plane.loss_bound, places),
        None if loss is None else loss[:, places],
        raw,
        trust,
        note,
        median_run(plane),
        len(plane.epochs),
        plane.reasons,
    )


def _mean_of(values: NDArray[np.float64] | None, places: NDArray[np.int64]) -> NDArray[np.float64] | None:
    return None if values is None else np.moveaxis(known_mean(values)[places], 0, -1)


def _means(part: _Part, most: int) -> dict[str, Any]:
    places = kept(part.epochs, most)
    values = part.values[..., places].astype(np.float64)
    mean = known_mean(values)
    found: dict[str, Any] = {
        "estimator": part.estimator,
        "epochs": part.epochs[places].tolist(),
        "of": part.kept_of,
        "runs": part.runs.tolist(),
        "median": part.median,
        "reasons": list(part.reasons),
        "mean": _pair(mean),
        "sd": _pair(_spread(values)),
        "middle": _pair(values[part.median]),
    }
    if part.null is not None:
        found["null"] = pack(part.null[:, places])
    if part.loss_bound is not None and np.isfinite(part.loss_bound).any():
        found["lossBound"] = pack(part.loss_bound[:, places])
    if part.std_error is not None:
        found["error"] = _pair(np.sqrt(known_mean(part.std_error[..., places] ** 2) / len(part.runs)))
    if part.raw:
        found |= {"smooth": _pair(smoothed(mean)), "trustNote": part.trust_note}
        found |= packed(part.trust, mean[:, 0], FINE)
    if part.loss is not None:
        found |= _losses(part.epochs[places], known_mean(part.loss[:, places])[None])
    return found


def _runs(part: _Part, most: int) -> dict[str, Any]:
    places = kept(part.epochs, most)
    values = part.values[..., places]
    found: dict[str, Any] = {"epochs": part.epochs[places].tolist(), "values": _pair(values, ROUGH)}
    if part.raw and part.std_error is not None:
        found |= {"error": _pair(part.std_error[..., places], ROUGH), "smooth": _pair(smoothed(values), ROUGH)}
        found |= packed(part.trust, values[:, :, 0], ROUGH)
    if part.loss is not None:
        found |= _losses(part.epochs[places], part.loss[:, places])
    return found


def _losses(epochs: NDArray[np.int64], loss: NDArray[np.float64]) -> dict[str, Any]:
    return {"loss": pack(loss), "change": pack(change(epochs, loss))}


def _pair(values: NDArray[Any], steps: int = FINE) -> list[dict[str, Any]]:
    """I(X;T) and I(T;Y) apart, each with steps of its own: one is ten times the other."""
    return [pack(values[..., which, :], steps) for which in (0, 1)]


def _measures(results: Results, name: str, problems: list[tuple[str, str]]) -> dict[str, Any] | None:
    if not results.has(name, "measures"):
        return None
    try:
        found = results.measures(name)
    except MibenchError as error:
        problems.append((name, str(error)))
        return None
    places = kept(found.epochs, _POINTS)
    packed: dict[str, Any] = {"epochs": found.epochs[places].tolist(), "runs": len(found.loss)}
    for key, values in (("loss", found.loss), ("accuracy", found.accuracy)):
        series = np.moveaxis(values[:, places], 1, -1)  # (R, 2, E)
        packed[key] = {"mean": pack(known_mean(series)), "sd": pack(_spread(series))}
    highest = np.moveaxis(np.abs(found.extremes[:, places]).max(axis=-1), 1, -1)  # (R, L, E)
    packed["highest"] = {"mean": pack(known_mean(highest)), "sd": pack(_spread(highest))}
    return packed


def _each(parts: dict[str, list[_Part]], encode: Any, most: int) -> dict[str, list[dict[str, Any]]]:
    return {name: [encode(part, most) for part in found] for name, found in parts.items()}


def _size(found: Any) -> int:
    return len(inert_json(found))


def _spread(values: NDArray[Any]) -> NDArray[np.float64]:
    """The standard deviation over runs; 0 of one run."""
    found: NDArray[np.float64] = np.sqrt(known_mean((values.astype(np.float64) - known_mean(values)) ** 2))
    return found
