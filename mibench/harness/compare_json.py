# SPDX-License-Identifier: Apache-2.0
"""A comparison for machines: JSON of a stated schema, documented in docs/ci.md."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mibench.harness.compare import Comparison
from mibench.harness.compare_pairs import Outcome
from mibench.tables import plain

__all__ = ["SCHEMA", "to_json"]

SCHEMA = 1  # raise it when a key goes or changes its meaning; keys may be added without
_ANSWERS = {0: "fine", 1: "regression", 3: "incomplete", 4: "failed"}


def to_json(comparison: Comparison, base: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
    """The comparison as JSON values; numbers in nats, null where there is none.

    Parameters
    ----------
    base, head : mapping
        What is to be said of each side, such as ``{"path": ...}``.
    """
    findings = [plain(dataclasses.asdict(finding)) for finding in comparison.findings]
    return {
        "schema": SCHEMA,
        "verdict": _ANSWERS[comparison.code],
        "exit_code": comparison.code,
        "across_seeds": comparison.across_seeds,
        "partial": comparison.partial,
        "base": dict(base),
        "head": dict(head),
        "buckets": {bucket: {"base": b, "head": h} for bucket, (b, h) in comparison.counts().items()},
        "findings": findings,
        "claims": [
            plain(
                {
                    "estimator": claim.estimator,
                    "task": claim.task,
                    "n": claim.n,
                    "base_mae": claim.base,
                    "head_mae": claim.head,
                    "margin": claim.margin,
                    "deterministic": claim.deterministic,
                    **dataclasses.asdict(claim.change),
                }
            )
            for claim in comparison.claims
        ],
        "failed": [_trial(each) for each in comparison.failed],
        "unmatched": [_trial(each) for each in comparison.unmatched],
        "not_comparable": [_trial(each) for each in comparison.outcomes if each.bucket == "not comparable"],
        "undecided": list(comparison.undecided),
        "notes": list(comparison.notes),
    }


def _trial(outcome: Outcome) -> dict[str, Any]:
    row, head = outcome.row, outcome.head
    return {
        "bucket": outcome.bucket,
        "estimator": row.estimator,
        "task": row.task,
        "n": row.n,
        "repetition": row.repetition,
        "status": {"base": outcome.base and outcome.base.status, "head": head and head.status},
        "reason": outcome.reason or (head.error if head is not None else None),
    }
