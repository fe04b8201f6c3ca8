# SPDX-License-Identifier: Apache-2.0
"""Every claim of the studies by its id.

``python -m mibench.studies.claims.registry > docs/claims.md`` writes their statements and rules as a page.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping

from mibench.studies.claims.contract import Claim

__all__ = ["CLAIMS", "MODULES", "gathered", "page"]

MODULES: Mapping[str, str] = {
    "lorenzen": "Lorenzen, Igel, Nielsen: exact planes of quantised networks",
    "theory": "Theory",
    "rasmussen": "Rasmussen: uniform and adaptive bins",
    "goldfeld": "Goldfeld et al.: noisy networks",
    "tishby": "Shwartz-Ziv, Tishby, and Saxe et al.: snapshots, gradients, depth",
    "lecture": "The lecture: fixed points, finite samples, InfoVAE",
    "controls": "Negative controls",
    "bottleneck": "Lorenzen, Igel, Nielsen: quantised networks of images",
    "bottleneck_checks": "Quantised networks of images: theory and negative controls",
    "butakov": "Butakov et al.: a convolutional classifier through lossy compression",
    "butakov_checks": "Planes through lossy compression: negative controls, and how far they can be trusted",
}
_STUDIES: Mapping[str, str] = {  # from which module on sections are of another study, and what is so in it
    "lorenzen": """\
## Study `ib-network`: the 12-bit network

T_1 is the first hidden layer, T_6 the output of the 12-10-7-5-4-3-2 network. H(Y) is 0.999 bit, log2 N is 12.
""",
    "bottleneck": """\
## Study `mnist-bottleneck`: quantised networks of images

T_1 is the first hidden layer, T_5 the output of the 784-16-8-4-2-10 network, whose T_4 are the two units. N and H(Y)
are those of all images of the set: of MNIST log2 N is 16.095 and H(Y) 3.320 bits. Rules on numbers that a source gives
are checked of MNIST alone. Networks are trained as published, or *fast*, in a tenth of the epochs at ten times the
rate: claims on the network of two units rest on the published training, those on others on the fast one.
""",
    "butakov": """\
## Study `mnist-cnn`: a convolutional classifier

T_1 to T_3 are the blocks of convolution, pooling and activation, T_4 is the layer of 32 units, T_5 the output. Planes
are drawn of the images that are not trained on. Claims rest on the published estimator, neighbour distances of images
that an autoencoder and layers that principal components have compressed, each to four numbers. A single
run chooses no peak, and leaves what is judged at one undecided; its number of phases is taken as it is.
""",
}

_HEAD = """\
# What is claimed, and the rule that decides

Each claim is a statement of a source turned into a rule with its thresholds. `mibench study NAME` checks those of a
study and writes the verdicts into its report; at the paper's scale they are kept in [studies](studies), those of the
12-bit network in [studies/ib-network.md](studies/ib-network.md), of MNIST in [studies/mnist.md](studies/mnist.md). This
page is made from the code of the claims, `mibench/studies/claims/`, by `python -m mibench.studies.claims.registry >
docs/claims.md`.

- A case **holds** where its statistic is on the right side of the rule's threshold and so is the whole 95 % interval of
  a bootstrap over runs ("with the interval"). Where a rule names another bound for the interval, as "surely more than
  0", it is that bound that the interval must clear. A case **fails** where the whole interval is on the wrong side of
  the threshold. Else, or where a result is missing, it is **undecided**.
- A claim holds where all its primary cases do, and fails where one of them fails. Further cases (initial weights,
  quantisers, estimators, single layers) stand in the study's matrix and do not decide.
- Where a place (an epoch, a pair of layers) is chosen on one half of the runs and measured on the other, both halves
  take both parts, and values are means over ten divisions into halves. The interval is that of these values.
- Intervals of few runs are too narrow: of normal values they cover the mean in 94 of 100 cases with 40 runs or more,
  in 84 with five, as the noisy networks of Goldfeld et al. have, in 81 with four, as the convolutional ones, and in 50
  with two, as those taught labels at random or with additive noise and most other estimators of them. Verdicts on those
  are the less sure.
- A claim on layers that compress fails where every layer surely does not, and is undecided where none surely does.
- A source rarely says which layers, how much, or how sure: those choices are ours. Rules that end with *changed after a
  first look* were altered once planes of the paper's scale had been seen, and tell what was changed.
- FIT and COMPRESS are the tests that L1 and L2 define.
"""


def gathered(modules: Iterable[str] = MODULES) -> dict[str, Claim]:
    """The claims of some modules of `mibench.studies.claims`, by their ids: in the modules' order, then in that of ids.

    Raises
    ------
    ValueError
        If two claims have the same id.
    """
    found: dict[str, Claim] = {}
    at: dict[str, str] = {}
    for module in modules:
        claims: Iterable[Claim] = importlib.import_module(f"mibench.studies.claims.{module}").CLAIMS
        for claim in sorted(claims, key=_order):
            if claim.id in found:
                raise ValueError(f"two claims are {claim.id}, in {at[claim.id]} and in {module}: rename one")
            found[claim.id], at[claim.id] = claim, module
    return found


def page() -> str:
    """All claims as Markdown: id and title, statement, rule, source."""
    return "\n".join([_HEAD, *_tables()])


def _tables() -> Iterator[str]:
    for module, title in MODULES.items():
        if module in _STUDIES:
            yield _STUDIES[module]
        yield f"### {title}\n"
        yield "| id | statement | rule | source |\n|---|---|---|---|"
        for claim in gathered([module]).values():
            rule = claim.rule[:1].upper() + claim.rule[1:]
            cells = (f"**{claim.id}** {claim.title}", claim.statement, rule, claim.source)
            yield "| " + " | ".join(_cell(each) for each in cells) + " |"
        yield ""


def _order(claim: Claim) -> tuple[tuple[str, int], ...]:
    """Of ids: numbers in them by size."""
    return tuple((word, int(number or 0)) for word, number in re.findall(r"(\D+)(\d*)", f".{claim.id}"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


CLAIMS: dict[str, Claim] = gathered()

if __name__ == "__main__":
    sys.stdout.write(page())
