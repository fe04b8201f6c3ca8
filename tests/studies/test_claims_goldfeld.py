# SPDX-License-Identifier: Apache-2.0
"""Claims of Goldfeld et al.: each holds in a study made as they say, and fails in one that is not."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from mibench.studies.analyses.clustering import WIDTHS as BIN_WIDTHS
from mibench.studies.analyses.neuron import neuron
from mibench.studies.analyses.sp_risk import sp_risk
from mibench.studies.claims.contract import check, combined
from mibench.studies.claims.goldfeld import CLAIMS
from mibench.studies.claims.goldfeld_cases import DETERMINISTIC, NOISY, SP, STRENGTHS, WIDTHS
from mibench.studies.ib_settings import SETTINGS

BY_ID = {claim.id: claim for claim in CLAIMS}
EPOCHS = [0, 1, 3, 7, 14, 29, 42, 58, 82, 117, 231, 329, 470, 650, 923, 1300, 1814, 2550, 3600, 5050, 7100, 10000]
RISK = ["P8.3", "P8.3c", "P8.3d", "P8.4", "P8.4b", "P8.5", "P8.5b", "P8.6"]
PHASES = (3.0, 3.5, 5.8, 4.4, 6.0, 5.0)  # of T_5 in bits, at the epochs below
AT = (0, 7, 29, 70, 470, 10000)


def shaped(*values: float, epochs=AT) -> np.ndarray:
    return np.interp(np.log1p(EPOCHS), np.log1p(epochs), values)


def write_clustering(study, setting, follows: np.ndarray) -> None:
    """Clustering of which all goes along with curves of epochs, or of (epochs, layers), in every run."""
    curves = follows if follows.ndim == 2 else np.repeat(follows[:, None], 5, axis=1)
    whole = np.broadcast_to(curves, (study.runs, *curves.shape))
    entropies = np.repeat(whole[..., None], len(BIN_WIDTHS), axis=-1)
    study.analysis(
        setting,
        "clustering",
        {
            "epochs": study.epochs,
            "widths": np.array(BIN_WIDTHS),
            "within": whole,
            "between": whole,
            "saturated": 10 - whole,
            "entropy_noisy": entropies,
            "entropy_clean": entropies,
        },
    )


@pytest.fixture(scope="module")
def as_said(synthetic, tmp_path_factory):
    study = synthetic.Study(tmp_path_factory.mktemp("said"), runs=6, epochs=EPOCHS, sd=0.02)
    error = np.full((6, len(EPOCHS), 6, 2), 0.005)
    t_5 = shaped(3.0, 3.5, 6.8, 4.4, 7.0, 7.0 - 2.5 / log(2))
    t_4 = shaped(7.0, 7.5, 8.8, 6.4, 9.8, 9.8 - 1.5 / log(2))
    x = [11.9, 11.9, 11.5, t_4, t_5, t_5 - 1]
    study.plane(NOISY, SP, x, [0.9] * 6, std_error=error)
    write_clustering(study, NOISY, np.stack([t_4, t_4, t_4, t_4, t_5], axis=1))
    study.measures(NOISY, test=0.98)
    for strength in STRENGTHS:
        rising = shaped(3, 3.5, 5.8, 5.8, 6.0, 6.2)
        study.plane(f"goldfeld-orthonormal-{strength}", SP, [11.9, 11.9, 11.5, 8, rising, 3], [0.9] * 6)
        study.measures(f"goldfeld-orthonormal-{strength}", test=0.99)
    study.plane(DETERMINISTIC, "exact", [12.0] * 6, [1.0] * 6, sd=0.0)
    for width, level in zip(WIDTHS, (12, 11, 9, 6, 2.0), strict=True):
        falls = shaped(level, level, level, level, level, level - (2 if level < 8 else 0))
        study.plane(DETERMINISTIC, f"bins[width={width}]", [falls] * 6, [0.9] * 6, sd=0.0)
    return study.results


@pytest.fixture(scope="module")
def otherwise(synthetic, tmp_path_factory):
    study = synthetic.Study(tmp_path_factory.mktemp("other"), runs=6, epochs=EPOCHS, sd=0.02)
    error = np.full((6, len(EPOCHS), 6, 2), 0.005)
    constant = [11.9, 11.9, 11.5, 8, 5, 3]
    flat = np.linspace(0, 1, len(EPOCHS))
    moving = [shaped(5, 6, 7, 8, 9, 10)] * 3 + constant[3:]
    study.plane(NOISY, SP, moving, [0.9] * 6, std_error=error)
    write_clustering(study, NOISY, flat)
    study.measures(NOISY, test=0.98)
    for strength in STRENGTHS:
        study.plane(f"goldfeld-orthonormal-{strength}", SP, [11.9, 11.9, 11.5, 8, shaped(*PHASES), 3], [0.9] * 6)
        study.measures(f"goldfeld-orthonormal-{strength}", test=0.9)
    study.plane(DETERMINISTIC, "exact", [12, 12, 12, 11, 9, 4], [1.0] * 6, sd=0.0)
    for width in WIDTHS:
        study.plane(DETERMINISTIC, f"bins[width={width}]", [6.0] * 6, [0.9] * 6, sd=0.0)
    return study.results


@pytest.fixture(scope="module")
def computed():
    return {
        "goldfeld-risk": ("sp-risk", sp_risk(scale="quick", seed=np.random.SeedSequence(1))),
        "goldfeld-neuron": ("neuron", neuron(scale="paper", seed=np.random.SeedSequence(1))),
    }


@pytest.fixture(scope="module")
def theory(synthetic, tmp_path_factory, computed):
    study = synthetic.Study(tmp_path_factory.mktemp("theory"))
    rng = np.random.default_rng(0)
    risk = dict(computed["goldfeld-risk"][1])
    # rates as the theorems have them, and what they do not speak of as it was computed
    sizes, dims = risk["sizes"].astype(float), risk["dims"].astype(float)
    risk["errors"] = wobbling(rng, 0.02 * 1.3 ** dims[None, :, None] / np.sqrt(sizes), (3, 5, len(sizes), 12))
    risk["biases"] = -wobbling(rng, 1.7 ** dims[None, :, None] / sizes, (3, 5, len(sizes), 12))
    risk["lower_measured"] = risk["lower_exact"][..., None] + wobbling(rng, 0.0, (3, 3, 12))
    moved, at = risk["moved_sizes"].astype(float), np.maximum(risk["moved_dims"], 2)[:, None]
    risk["plain"] = wobbling(rng, moved ** (-1 / at), (4, len(moved), 12))
    risk["smooth_above"] = wobbling(rng, moved**-0.5 * at**2, (4, len(moved), 12))
    study.analysis("goldfeld-risk", "sp-risk", risk)
    study.analysis("goldfeld-neuron", "neuron", computed["goldfeld-neuron"][1])
    return study


@pytest.fixture(scope="module")
def against_theory(synthetic, tmp_path_factory, theory):
    study = synthetic.Study(tmp_path_factory.mktemp("against"))
    before = theory.results
    risk = dict(before.analysis("goldfeld-risk", "sp-risk"))
    sizes = risk["sizes"].astype(float)
    risk["errors"] = 5000 * np.abs(risk["errors"]) * sizes[:, None] ** 0.45
    risk["biases"] = -np.abs(risk["errors"][:, :1]) + 0 * risk["errors"]
    risk["lower_measured"] = risk["lower_measured"] + 1
    risk["needed"] = np.ones_like(risk["needed"]) * 50
    risk["plain"], risk["smooth_above"] = risk["smooth_above"], risk["plain"]
    risk["plain"] = risk["plain"] * risk["moved_sizes"][:, None] ** -0.5
    risk["pair_gaps"] = 1e4 * (risk["pair_gaps"] + risk["pair_clean"])
    study.analysis("goldfeld-risk", "sp-risk", risk)
    found = dict(before.analysis("goldfeld-neuron", "neuron"))
    found["table"], found["table_label"] = found["table"][::-1], found["table_label"] * 0
    found["information"] = np.sort(found["information"])
    study.analysis("goldfeld-neuron", "neuron", found)
    return study.results


def wobbling(rng, mean, shape):
    """Repeats about a mean, along the last axis."""
    mean = np.asarray(mean)
    noise = rng.uniform(-0.01, 0.01, shape)
    return mean[..., None] * (1 + noise) if mean.ndim else noise


def verdict(results, name: str):
    found = check(BY_ID[name], results)
    return combined(found), [finding.detail for case, finding in found if case.primary]


@pytest.mark.parametrize("name", [each for each in BY_ID if not (each.startswith("P8.") and each > "P8.2")])
def test_networks_as_said_and_otherwise(as_said, otherwise, theory, against_theory, name):
    good, bad = (theory.results, against_theory) if name in ("G1", "G2") else (as_said, otherwise)
    assert verdict(good, name)[0] == "holds", verdict(good, name)
    assert verdict(bad, name)[0] == "fails", verdict(bad, name)


@pytest.mark.parametrize("name", [*RISK, "P8.3b"])
def test_theorems_as_said_and_otherwise(theory, against_theory, name):
    assert verdict(theory.results, name)[0] == "holds", verdict(theory.results, name)
    assert verdict(against_theory, name)[0] == "fails", verdict(against_theory, name)


def test_every_claim_is_tested_and_of_settings_that_there_are():
    assert len(BY_ID) == len(CLAIMS)
    needed = {"P8.1", "P8.2", *RISK, *(f"G{number}" for number in range(1, 9))}
    assert needed <= set(BY_ID)
    for claim in CLAIMS:
        assert any(case.primary for case in claim.cases)
        for case in claim.cases:
            assert case.setting in SETTINGS
            wanted = getattr(SETTINGS[case.setting], "planes", ())
            assert case.estimator in ("", *(each.estimator for each in wanted))


def test_missing_results_leave_claims_undecided(synthetic, tmp_path):
    study = synthetic.Study(tmp_path)
    for claim in CLAIMS:
        for _, finding in check(claim, study.results):
            assert finding.missing
            assert finding.verdict == "undecided"


def test_too_few_epochs_are_no_evidence(synthetic, tmp_path):
    study = synthetic.Study(tmp_path, runs=3, epochs=[0, 7, 63, 500])
    study.plane(NOISY, SP, [11.9, 11.9, 11.5, 8, 5, 3], [0.9] * 6, std_error=np.full((3, 4, 6, 2), 0.01))
    write_clustering(study, NOISY, np.arange(4.0))
    assert verdict(study.results, "G4")[0] == "undecided"
