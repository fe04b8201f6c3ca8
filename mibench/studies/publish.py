# SPDX-License-Identifier: Apache-2.0
"""What of a study is small enough to be kept beside the code: its verdicts, and its planes as means over runs.

``python -m mibench.studies.publish FOLDER DOCS README`` writes ``DOCS/STUDY/claims.json``, ``planes.csv`` and renews
what stands between the marks ``<!-- verdicts STUDY -->`` and ``<!-- end -->`` of the study's page, all verdicts, and of
the README, which claims hold. The page is ``DOCS/STUDY.md``; studies of MNIST share ``DOCS/mnist.md``. The marks of
ib-network are ``<!-- verdicts -->``.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mibench.contracts import InputError
from mibench.files import write_whole
from mibench.studies.grid import thinned
from mibench.studies.results import Results
from mibench.studies.verdicts import deciding

__all__ = ["plane_table", "publish", "renewed", "short_table", "verdict_tables"]

_POINTS = 25  # epochs of a plane that are kept
_COLUMNS = ("setting", "estimator", "layer", "epoch", "i_x", "i_x_sd", "i_y", "i_y_sd", "i_y_null")
_VERDICTS = ("holds", "fails", "undecided")
_SOURCES = {
    "Shwartz-Ziv and Tishby (S), the IB curve (IB)": ("S", "IB"),
    "Lorenzen, Igel and Nielsen (L), theory (T)": ("L", "T"),
    "Rasmussen (R)": ("R",),
    "Goldfeld et al. (G, P)": ("G", "P"),
    "Butakov et al. (B)": ("B",),
    "negative controls (C)": ("C",),
}
_OTHERS = "others"
_DATA = {"mnist-bottleneck": "mnist", "mnist-cnn": "mnist"}  # that claims are about; where there is a choice, the page
_END = "<!-- end -->"


def publish(folder: Path, docs: Path, readme: Path) -> list[Path]:
    """Write what is kept of a study; the paths.

    Raises
    ------
    InputError
        If the folder is no study's or has no claims, or is of other data than its claims are about, or a page has no
        marks.
    OSError
        If a file cannot be written.
    """
    results = Results(folder)
    study, wanted = results.study, _DATA.get(results.study)
    if wanted and results.about.get("dataset") != wanted:
        title = results.about.get("data_title") or "unknown data"
        raise InputError(
            f"{folder} is of {title}, and what is claimed in {study} is about {wanted}: publish a folder of `mibench "
            f"study {study} --dataset {wanted}`"
        )
    try:
        found = json.loads((folder / "claims.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} has no claims.json ({error}): `mibench report {folder}` writes it") from error
    page, target = docs / f"{_DATA.get(study, study)}.md", docs / study
    pages = {
        page: renewed(page.read_text("utf-8"), verdict_tables(found), study),
        readme: renewed(readme.read_text("utf-8"), short_table(found), study),
    }
    target.mkdir(parents=True, exist_ok=True)
    write_whole(target / "claims.json", (json.dumps(found, indent=1) + "\n").encode())
    write_whole(target / "planes.csv", plane_table(results).encode())
    for path, text in pages.items():
        write_whole(path, text.encode())
    return [target / "claims.json", target / "planes.csv", *pages]


def plane_table(results: Results) -> str:
    """Means and standard deviations over runs of every plane, bits, as CSV."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for setting in results.settings:
        for estimator in results.planes(setting):
            plane = results.plane(setting, estimator)
            points = thinned(plane.epochs, _POINTS)
            bits = plane.information[:, points] / np.log(2)
            known = np.isfinite(bits).all(axis=0)
            mean = np.where(known, bits.mean(axis=0), np.nan)
            spread = bits.std(axis=0, ddof=1) if len(bits) > 1 else np.full_like(mean, np.nan)
            null = None if plane.null is None else plane.null[:, points].mean(axis=0) / np.log(2)
            for e, epoch in enumerate(plane.epochs[points]):
                for layer in range(mean.shape[1]):
                    values = [mean[e, layer, 0], spread[e, layer, 0], mean[e, layer, 1], spread[e, layer, 1]]
                    values.append(np.nan if null is None else null[e, layer])
                    told = [f"{value:.4g}" if np.isfinite(value) else "" for value in values]
                    lines.writerow([setting, estimator, layer + 1, int(epoch), *told])
    return out.getvalue()


def verdict_tables(found: Mapping[str, Any]) -> str:
    """The verdicts as Markdown."""
    tally = Counter(claim["verdict"] for claim in found["claims"])
    said = ", ".join(f"{tally[each]} {each}" for each in _VERDICTS)
    lines = [
        f"{len(found['claims'])} claims at {found['scale']} scale, seed {found['seed']}: {said}.",
        "",
        "| Claim | Verdict | What the source says | Found | Elsewhere |",
        "|---|---|---|---|---|",
    ]
    for claim in found["claims"]:
        primary = deciding(claim)
        others = Counter(case["verdict"] for case in claim["cases"] if not case["primary"])
        details = " ".join(f"{_sentence(case['detail'])}" for case in primary[:3])
        elsewhere = ", ".join(f"{others[each]} {each}" for each in _VERDICTS if others[each])
        more = f" ({len(primary) - 3} more)" if len(primary) > 3 else ""
        row = [claim["id"], f"**{claim['verdict']}**", f"{claim['statement']} ({claim['source']})", details + more]
        lines.append("| " + " | ".join(_cell(text) for text in [*row, elsewhere]) + " |")
    return "\n".join(lines)


def short_table(found: Mapping[str, Any]) -> str:
    """Which claims of each source hold, by their ids, as Markdown."""
    lines = ["| Claims of | hold | fail | undecided |", "|---|---|---|---|"]
    known = {prefix: source for source, prefixes in _SOURCES.items() for prefix in prefixes}
    by_source: dict[str, list[Mapping[str, Any]]] = {source: [] for source in (*_SOURCES, _OTHERS)}
    for claim in found["claims"]:
        by_source[known.get(claim["id"].rstrip("abcdefgh0123456789."), _OTHERS)].append(claim)
    for source, own in by_source.items():
        ids = [", ".join(claim["id"] for claim in own if claim["verdict"] == each) for each in _VERDICTS]
        if own:
            lines.append("| " + " | ".join([source, *ids]) + " |")
    return "\n".join(lines)


def renewed(page: str, tables: str, study: str = "ib-network") -> str:
    """The page with what stands between the marks of a study replaced.

    Raises
    ------
    InputError
        If it has no such marks.
    """
    mark = "<!-- verdicts -->" if study == "ib-network" else f"<!-- verdicts {study} -->"
    before, begin, rest = page.partition(mark)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise InputError(f"the page has no {mark} ... {_END}: put them where the tables shall stand")
    return f"{before}{begin}\n\n{tables}\n\n{end}{after}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python -m mibench.studies.publish FOLDER DOCS README")
    for written in publish(*map(Path, sys.argv[1:])):
        print(written)
