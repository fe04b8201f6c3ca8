# SPDX-License-Identifier: Apache-2.0
"""How many rows a study's planes are measured on, and how much their labels tell: the ceilings of both axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log2

import numpy as np

from mibench.studies.claims.contract import Case, Finding
from mibench.studies.claims.rules import ROWS, Check, label_bits
from mibench.studies.results import MissingResult, Results

__all__ = ["Population", "of_mnist", "population"]

_TWELVE_BITS = "ib-network"  # whose folders need not say: it has one data set


@dataclass(frozen=True)
class Population:
    """N rows, each as likely, and H(Y) of their labels in bits."""

    rows: int
    label_bits: float

    @property
    def row_bits(self) -> float:
        """log2 N."""
        return log2(self.rows)


def population(results: Results, *, held_out: bool = False) -> Population:
    """What a study measures on: all rows of its data, or (`held_out`) those that are not trained on.

    Raises
    ------
    MissingResult
        If its folder does not say, or there are no such rows.
    """
    if results.study == _TWELVE_BITS and not held_out:
        return Population(ROWS, label_bits())
    rows_key, nats_key = ("held_out", "held_out_label_nats") if held_out else ("rows", "label_nats")
    try:
        data = results.about["data"]
        rows, bits = int(data[rows_key]), float(data[nats_key]) / log(2)
    except (KeyError, TypeError, ValueError) as error:
        raise MissingResult(f"study.json does not say how many rows its data have ({error})") from error
    if rows < 1:
        raise MissingResult("no rows are held out of training")
    return Population(rows, bits)


def of_mnist(check: Check) -> Check:
    """A check on numbers that a source gives for MNIST: of other images it has no result."""

    def checked(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        if results.about.get("dataset") != "mnist":
            raise MissingResult(f"the source's numbers are of MNIST, the study's data {results.about.get('dataset')}")
        return check(results, case, rng)

    return checked
