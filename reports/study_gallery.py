# SPDX-License-Identifier: Apache-2.0
"""The analysis `gallery` as the page and the figures draw it: where a layer of two units puts images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import MibenchError
from mibench.reports.study_packing import pack
from mibench.studies.results import Results

__all__ = ["COLOURS", "accuracies", "gallery"]

# Of ten classes: contrast with white above 3, and at least 0.12 apart in Oklab to every eye: normal (0.19), protan,
# deutan and tritan. Found by search; digits taken for each other have colours far apart. study.css: on dark paper.
COLOURS = ("#6801ae", "#5b1622", "#286000", "#1551fe", "#a23d6d", "#0e0c6e", "#9088f2", "#fb3bae", "#a47d0d", "#11010b")


def gallery(results: Results, setting: str, problems: list[tuple[str, str]]) -> dict[str, Any] | None:
    """What the page's script needs; None where there is no such analysis, or it cannot be read (told in `problems`)."""
    if not results.has(setting, "analysis-gallery"):
        return None
    try:
        arrays = results.analysis(setting, "gallery")
        values, labels = arrays["values"], arrays["labels"]
        runs, points, rows, _ = values.shape
        if (runs, points, rows) != (len(arrays["runs"]), len(arrays["epochs"]), len(labels)):
            raise ValueError(f"values of shape {values.shape}")
        return {
            "layer": int(arrays["layer"][0]) - 1,
            "runs": arrays["runs"].tolist(),
            "epochs": arrays["epochs"].tolist(),
            "labels": labels.tolist(),
            "heldOut": bool(arrays["held_out"][0]),
            "values": pack(np.moveaxis(values, 2, -1)),
            "accuracy": _told(accuracies(results, setting, arrays)),
        }
    except MibenchError as error:
        problems.append((setting, str(error)))
    except (KeyError, ValueError, IndexError) as error:  # of another version of the analysis
        problems.append((setting, f"analysis gallery cannot be drawn: {type(error).__name__}: {error}"))
    return None


def accuracies(results: Results, setting: str, arrays: Any) -> NDArray[np.float64] | None:
    """Of its runs at its epochs on rows that are not trained on, shape (R, E); NaN or None where it is not known."""
    try:
        measures = results.measures(setting)
    except MibenchError:
        return None
    found = np.full((len(arrays["runs"]), len(arrays["epochs"])), np.nan)
    _, at, place = np.intersect1d(arrays["epochs"], measures.epochs, return_indices=True)
    found[:, at] = measures.accuracy[arrays["runs"]][:, place, 1]
    return found


def _told(values: NDArray[np.float64] | None) -> list[list[float | None]] | None:
    if values is None:
        return None
    return [[round(float(value), 4) if np.isfinite(value) else None for value in row] for row in values]
