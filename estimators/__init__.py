# SPDX-License-Identifier: Apache-2.0
"""Estimators: everything that turns samples into an `Estimate`, in nats.

A name is an estimator (``ksg[k=5]``) or compressors and then an estimator, joined by ``+``
(``ae[latent_dim=2]+wkl``). `get` builds one; `registry` and `compressors` list names without importing anything heavy.
"""

from __future__ import annotations

from typing import cast

if __name__ != "mibench.estimators":  # imported by folder name, from the repository root
    raise ImportError("import mibench.estimators, not estimators")

from mibench.contracts import Estimator, InputError, MibenchError
from mibench.names import parse, split_top
from mibench.registry import Entry, Registry

__all__ = ["board", "compressors", "deterministic", "get", "registry"]


def _entry(target: str, summary: str, *tags: str, deterministic: bool = True) -> Entry:
    return Entry(f"mibench.estimators.{target}", summary, frozenset(tags), deterministic=deterministic)


def _trained(target: str, summary: str, *tags: str) -> Entry:
    return _entry(target, summary, *tags, deterministic=False)


registry = Registry(
    "estimator",
    "mibench.estimators",
    {
        "gaussian": _entry("gaussian:Gaussian", "log-determinants of the covariance, bias corrected", "parametric"),
        "ksg": _entry("ksg:KSG", "Kraskov, Stoegbauer, Grassberger (2004), algorithms 1 and 2", "knn"),
        "kl": _entry("kl:KL", "Kozachenko-Leonenko entropies", "knn"),
        "wkl": _entry("kl:WKL", "weighted Kozachenko-Leonenko (Berrett, Samworth, Yuan 2019)", "knn"),
        "kde": _entry("kde:KDE", "Gaussian kernels, leave-one-out maximum-likelihood bandwidth", "kernel"),
        "binning": _entry("binning:Binning", "plug-in on uniform or adaptive bins, bias corrected", "plug-in"),
        "plugin": _entry("plugin:PlugIn", "counts of whole symbols, bias corrected, for discrete data", "plug-in"),
        "kde-bounds": _entry("kde_bounds:KDEBounds", "Kolchinsky, Tracey (2017): bounds for a noisy layer", "kernel"),
        "noisy-plugin": _trained(
            "noisy_plugin:NoisyPlugin", "Goldfeld et al. (2019), SP: exact noise about observed values", "kernel"
        ),
        "mine": _trained("neural:MINE", "Belghazi et al. (2018), moving-average gradient correction", "neural"),
        "dv": _trained("neural:DV", "Donsker-Varadhan bound, plain gradient", "neural"),
        "nwj": _trained("neural:NWJ", "Nguyen, Wainwright, Jordan (2010) bound", "neural"),
        "infonce": _trained("neural:InfoNCE", "van den Oord et al. (2018) bound, at most log(batch)", "neural"),
        "smile": _trained("neural:SMILE", "Song, Ermon (2020): clipped density ratio", "neural"),
    },
)

compressors = Registry(
    "compressor",
    "mibench.compressors",
    {
        "pca": _entry("compress.pca:PCA", "principal components of each side, with the bounds of Corollary 4"),
        "ae": _trained("compress.autoencoder:AE", "an autoencoder of each side"),
        "oracle": _entry("compress.oracle:Oracle", "the task's true latents"),
    },
)

_COMPOSITES = (
    *(f"pca+{name}" for name in ("gaussian", "ksg", "kl", "wkl")),
    *(f"ae+{name}" for name in ("ksg", "kl", "wkl", "kde")),
    *(f"oracle+{name}" for name in ("ksg", "kl", "wkl", "kde")),
)


def board() -> list[str]:
    """Estimators that ``all``, patterns and tags choose from, composites included."""
    return [*registry.names, *_COMPOSITES]


def deterministic(name: str) -> bool:
    """Whether one sample has one answer from the estimator called `name`, all its stages included.

    False for what is not known here, such as a plug-in that is not loaded.
    """
    try:
        *heads, tail = split_top(name, "+") or [""]
        stages = [(registry, tail), *((compressors, head) for head in heads)]
        return all(each.entry(parse(stage).name).deterministic for each, stage in stages)
    except MibenchError:
        return False


def get(name: str) -> Estimator:
    """Build the estimator called `name`, such as ``"ksg[k=5]"`` or ``"ae+wkl[k=7]"``.

    Raises
    ------
    UnknownName, InputError
        With suggestions for a wrong name or parameter.
    """
    *heads, tail = split_top(name, "+") or [""]
    if not tail:
        raise InputError("an empty estimator name: give one such as ksg, or compressor+estimator such as ae+ksg")
    estimator = cast(Estimator, registry.build(tail))
    for head in reversed(heads):
        from mibench.estimators.compress.compose import Compressed

        estimator = Compressed(compressors.build(head), estimator)
    return estimator
