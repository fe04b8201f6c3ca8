# SPDX-License-Identifier: Apache-2.0
"""Claims of Goldfeld et al. on orthonormal weights: they do not compress, and classify as well."""

from __future__ import annotations

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.goldfeld_cases import GOLDFELD, NOISY, orthonormal
from mibench.studies.claims.goldfeld_phases import falls
from mibench.studies.claims.phases import COMPRESS_BITS, COMPRESS_RULE, bootstrap, compress, judged
from mibench.studies.claims.rules import Check, each_layer
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_ACCURACY = 0.01


def _less_fall(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plain, tamed = (falls(results.plane(name, case.estimator), 5) for name in (NOISY, case.setting))
    runs = min(len(plain), len(tamed))
    gains = plain[:runs] - tamed[:runs]
    detail = f"T_5 falls by {tamed.mean():.2f} bits, without the regularisation by {plain.mean():.2f}"
    return judged(gains.mean(), bootstrap(gains, rng), COMPRESS_BITS, "bits", detail, sure=0.0)


def _accuracy(threshold: float) -> Check:
    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plain, tamed = (results.measures(name).accuracy[:, -1, 1] for name in (NOISY, case.setting))
        runs = min(len(plain), len(tamed))
        gains = tamed[:runs] - plain[:runs]
        detail = f"final test accuracy {tamed.mean():.4f}, without the regularisation {plain.mean():.4f}"
        return judged(gains.mean(), bootstrap(gains, rng), threshold, "accuracy", detail)

    return check


CLAIMS = (
    Claim(
        "G5",
        "orthonormal weights do not compress",
        "Regularisation towards orthonormal weights removes the compression of the last hidden layer.",
        f"{GOLDFELD}, section 5, figure 6",
        f"no COMPRESS of T_5: {COMPRESS_RULE}.",
        orthonormal(),
        each_layer(compress, [5], negated=True),
    ),
    Claim(
        "G5b",
        "orthonormal weights compress less",
        "Regularisation towards orthonormal weights makes the last hidden layer compress less.",
        f"{GOLDFELD}, section 5, figure 6",
        "I(X;T_5) falls, from its greatest value after epoch 30, by at least 0.1 bit less than without the "
        "regularisation, with an interval above 0, runs compared by number.",
        orthonormal(),
        _less_fall,
    ),
    Claim(
        "G6",
        "orthonormal weights classify as well",
        "Orthonormal weights do not cost accuracy: compression does not cause generalisation.",
        f"{GOLDFELD}, section 5, figure 6",
        "final test accuracy is at most 0.01 below that without the regularisation, with the interval.",
        orthonormal(),
        _accuracy(-_ACCURACY),
    ),
    Claim(
        "G6b",
        "orthonormal weights classify better",
        "Orthonormal weights even improve test accuracy.",
        f"{GOLDFELD}, section 5, figure 6",
        "final test accuracy is higher than without the regularisation, with the interval.",
        orthonormal(),
        _accuracy(0.0),
    ),
)
