# SPDX-License-Identifier: Apache-2.0
"""Entropies of counts against their definitions and against a distribution whose entropy is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.special import betaln, digamma, gammaln, polygamma

from mibench.numerics.entropies import CORRECTIONS, chao_shen, grassberger, miller_madow, nsb, plug_in

_COUNTS = st.lists(st.integers(1, 50), min_size=1, max_size=20).map(np.array)


@given(_COUNTS)
def test_plug_in_and_miller_madow_are_their_definitions(counts):
    n = counts.sum()
    expected = -sum(c / n * math.log(c / n) for c in counts)
    assert plug_in(counts) == pytest.approx(expected, abs=1e-12)
    assert miller_madow(counts) == pytest.approx(expected + (len(counts) - 1) / (2 * n), abs=1e-12)


def _grassberger_g(c):
    """G(1) = -gamma - ln 2, G(2) = 2 - gamma - ln 2, G(2k + 1) = G(2k), G(2k + 2) = G(2k) + 2 / (2k + 1)."""
    g = -np.euler_gamma - math.log(2)
    if c == 1:
        return g
    return g + sum(2.0 / (2 * i + 1) for i in range(c // 2))


@given(_COUNTS)
def test_grassberger_is_its_recurrence(counts):
    n = counts.sum()
    expected = math.log(n) - sum(c * _grassberger_g(int(c)) for c in counts) / n
    assert grassberger(counts) == pytest.approx(expected, abs=1e-10)


@given(_COUNTS)
def test_chao_shen_is_its_definition(counts):
    n, singletons = int(counts.sum()), int((counts == 1).sum())
    coverage = 1 - min(singletons, n - 1) / n
    expected = 0.0
    for c in counts:
        p = coverage * c / n
        expected -= p * math.log(p) / (1 - (1 - p) ** n)
    assert chao_shen(counts) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("correction", ["miller-madow", "grassberger", "chao-shen"])
def test_each_correction_takes_most_of_the_bias_away(correction):
    p = np.arange(1, 41) / 820
    truth = float(-(p * np.log(p)).sum())
    rng = np.random.default_rng(0)
    draws = [counts[counts > 0] for counts in rng.multinomial(120, p, size=400)]
    bias = {name: abs(np.mean([CORRECTIONS[name](c) for c in draws]) - truth) for name in (None, correction)}
    assert bias[correction] < 0.25 * bias[None]


def _log_rising(z, n):
    return gammaln(z + n) - gammaln(z)


def _mixed(counts, given_beta):
    """The mean over beta of `given_beta`, by SciPy's adaptive quadrature over xi, with beta(xi) found by bisection."""
    k, n = len(counts), sum(counts)

    def beta_of(xi):
        low, high = -60.0, 60.0
        for _ in range(100):
            middle = (low + high) / 2
            beta = math.exp(middle)
            low, high = (middle, high) if digamma(k * beta + 1) - digamma(beta + 1) < xi else (low, middle)
        return math.exp(low)

    def weight(xi):
        beta = beta_of(xi)
        return math.exp(sum(_log_rising(beta, c) for c in counts) - _log_rising(k * beta, n))

    edge = 1e-6 * math.log(k)
    total = quad(weight, edge, math.log(k) - edge, epsabs=0, epsrel=1e-8)[0]
    mean = quad(lambda xi: weight(xi) * given_beta(beta_of(xi)), edge, math.log(k) - edge, epsabs=0, epsrel=1e-8)[0]
    return mean / total


@pytest.mark.parametrize("counts", [(1,), (3, 1), (7, 7), (20, 0)])
def test_nsb_of_two_symbols_is_the_integral_over_their_probability(counts):
    """The posterior mean of the entropy, integrated over p for each beta, without the formula for a Dirichlet's."""
    counts = (*counts, 0)[:2]

    def mean_entropy(beta):
        logit = np.linspace(-60, 60, 4001)
        log_p, log_q = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)
        a, b = counts[0] + beta, counts[1] + beta
        density = np.exp(a * log_p + b * log_q - betaln(a, b))
        return np.trapezoid(-density * (np.exp(log_p) * log_p + np.exp(log_q) * log_q), logit)

    seen = np.array([c for c in counts if c])
    assert nsb(seen, 2) == pytest.approx(_mixed(counts, mean_entropy), abs=2e-5)


def test_nsb_of_three_symbols_is_the_integral_over_the_simplex():
    """Prior and likelihood over the simplex, with the prior's own integral over beta inside."""
    counts = np.array([4, 2, 1])
    beta, weight = np.polynomial.legendre.leggauss(60)
    beta = np.exp(9.0 * beta)  # ln beta from -9 to 9 holds all but 1e-4 of the prior
    density = weight * beta * (3 * polygamma(1, 3 * beta + 1) - polygamma(1, beta + 1))
    constant = np.log(density) + gammaln(3 * beta) - 3 * gammaln(beta)

    def posterior(p, q):
        logs = np.log([p, q, 1 - p - q])
        return np.exp(constant + (beta - 1) * logs.sum() + counts @ logs).sum()

    def entropy(p, q):
        probabilities = np.array([p, q, 1 - p - q])
        return -(probabilities * np.log(probabilities)).sum() * posterior(p, q)

    ends = (1e-9, 1 - 2e-9, 1e-9, lambda q: 1 - q - 1e-9)
    accuracy = {"epsabs": 0, "epsrel": 1e-4}
    expected = dblquad(entropy, *ends, **accuracy)[0] / dblquad(posterior, *ends, **accuracy)[0]
    assert nsb(counts, 3) == pytest.approx(expected, abs=1e-3)


def test_nsb_agrees_with_a_published_implementation():
    """The examples that the package ndd prints in its documentation."""
    twenty = np.array([12, 4, 12, 4, 5, 3, 1, 5, 1, 2, 2, 2, 2, 11, 3, 4, 12, 12, 1, 2])
    seventeen = np.array([7, 3, 5, 8, 9, 1, 3, 3, 1, 2, 5, 2, 11, 4, 23, 5, 8])
    assert nsb(twenty, 100) == pytest.approx(2.840012048914245, abs=1e-9)
    assert nsb(seventeen, 20) == pytest.approx(2.623634344902917, abs=1e-9)


@given(_COUNTS, st.integers(0, 10**6))
def test_nsb_lies_between_nothing_and_the_alphabet(counts, more):
    alphabet = len(counts) + more
    assert -1e-12 <= nsb(counts, alphabet) <= math.log(alphabet) + 1e-12
    assert nsb(counts[::-1], alphabet) == pytest.approx(nsb(counts, alphabet), abs=1e-9)


@pytest.mark.parametrize("k", [2, 10, 1000])
def test_nsb_tends_to_the_plug_in_and_to_ln_k(k):
    assert nsb(np.full(k, 10**7), k) == pytest.approx(math.log(k), abs=1e-6)
    p = np.arange(1, k + 1)
    assert nsb(p * 10**6, k) == pytest.approx(plug_in(p), abs=1e-5)


def test_nsb_takes_any_alphabet():
    assert nsb(np.array([5]), 1) == 0.0
    assert nsb(np.ones(1000, dtype=np.int64), 2.0**160) > nsb(np.ones(1000, dtype=np.int64), 2.0**40) > math.log(1000)
    assert 0 < nsb(np.array([10**6]), 2) < 1e-4


def test_nsb_takes_most_of_the_bias_away_where_symbols_are_few():
    p = np.full(1000, 1e-3)
    draws = np.random.default_rng(0).multinomial(200, p, size=50)
    found = np.array([[plug_in(c[c > 0]), nsb(c[c > 0], 1000)] for c in draws])
    bias = abs(found.mean(axis=0) - math.log(1000))
    assert bias[1] < 0.2 * bias[0]
