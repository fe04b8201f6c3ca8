# SPDX-License-Identifier: Apache-2.0
"""Claims of a study of its runs that learnt alone: of relu units in a narrow layer one may be dead, and stay it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.population import of_mnist
from mibench.studies.results import MissingResult, Plane, Results

__all__ = ["also_of_runs_that_learnt"]

_LEARNT = 0.85  # of the test images: the runs of two units are at 0.89 and more, or at 0.73 and less
_RUNS = "that learnt"


class _Few(MissingResult):
    """Too few runs have learnt."""


class _Learnt(Results):
    """A study as it is without the runs that are at less than 85 % of the test images in the end."""

    def plane(self, setting: str, estimator: str) -> Plane:
        found, kept = super().plane(setting, estimator), self._kept(setting)
        some = kept[found.runs]

        def of(array: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
            return None if array is None else array[some]

        return replace(
            found,
            runs=found.runs[some],
            information=found.information[some],
            null=of(found.null),
            std_error=of(found.std_error),
            loss_bound=of(found.loss_bound),
        )

    def _kept(self, setting: str) -> NDArray[np.bool_]:
        kept = self.measures(setting).accuracy[:, -1, 1] >= _LEARNT
        if kept.sum() < 2:
            raise _Few(f"{int(kept.sum())} of {len(kept)} runs of {setting} have learnt")
        return np.asarray(kept)


def also_of_runs_that_learnt(claim: Claim) -> Claim:
    """The claim on planes with more cases, none of them primary: each as it is, of the runs that learnt."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        if case.labels.get("runs") != _RUNS:
            return claim.check(results, case, rng)
        try:
            return of_mnist(claim.check)(_Learnt(results.folder), case, rng)
        except _Few as error:
            return Finding("undecided", detail=str(error))

    more = tuple(replace(case, primary=False, labels={**case.labels, "runs": _RUNS}) for case in claim.cases)
    rule = (
        f"{claim.rule} Cases of the runs that learnt, with {_LEARNT:.0%} or more of the test images right in the end, "
        "were added after a first look at results: a quarter of the runs learns with one unit of two. "
        "Such runs know more of the label in the end, for they are chosen by that."
    )
    return replace(claim, rule=rule, cases=(*claim.cases, *more), check=check)
