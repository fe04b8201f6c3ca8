# SPDX-License-Identifier: Apache-2.0
"""The verbs of ``mibench study``: one for each study, and a list."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from mibench.cli_types import FILE, FOLDER, Group

__all__ = ["study"]

_SETTINGS = {"ib-network": "'rasmussen,szt-depth-*'", "mnist-cnn": "'cnn,known-images'", "mnist-bottleneck": "fast"}


@click.group(cls=Group)
def study() -> None:
    """Train networks, draw their information planes, check what was claimed of them.

    \b
    mibench study list                                       # studies and their settings
    mibench study ib-network --scale quick                   # everything in small, minutes
    mibench study ib-network --settings 'lorenzen-8bit-*' --scale paper
    mibench study mnist-bottleneck --settings fast --scale paper
    mibench study mnist-cnn --dataset digits                 # in small, where MNIST is not
    """


@study.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs: sources and planes too.")
def _list(as_json: bool) -> None:
    """List studies and their settings."""
    from mibench import cli_study

    cli_study.ls(as_json)


def _options(name: str, planes: str, *, of_images: bool) -> Callable[[Any], Any]:
    where = f"{name}-DATASET-SCALE-seedN" if of_images else f"{name}-SCALE-seedN"
    options = [
        click.option("--settings", default="all", metavar="NAMES", help=f"Names, patterns or tags: {_SETTINGS[name]}."),
        click.option(
            "--scale",
            type=click.Choice(["quick", "paper"]),
            default="quick",
            help="paper: runs and epochs of the papers. quick: few of both; shows that it works, not what holds.",
        ),
        click.option(
            "--estimators",
            metavar="NAMES",
            help=f"Planes to draw: {planes}, or any of `mibench ls estimators`; `own` stands for the setting's own.  "
            "[default: own]",
        ),
        click.option("--seed", default=0, type=click.IntRange(0), help="Root of every seed."),
        click.option("--out", type=FOLDER, help=f"Folder of the study.  [default: runs/{where}]"),
        click.option("--figures", type=FOLDER, help="Also write every figure into this folder, laid out as in papers."),
        click.option(
            "--format", "formats", multiple=True, type=click.Choice(["pdf", "png", "svg"]), help="Of the figures."
        ),
        click.option("--plugin", "plugins", multiple=True, type=FILE, help="A .py or .toml file that adds estimators."),
        click.option("--dry-run", is_flag=True, help="Show what would be computed, and change nothing."),
    ]
    if of_images:
        options[2:2] = [
            click.option(
                "--dataset",
                metavar="NAME",
                help="mnist, fashion-mnist, digits, or a folder of four IDX files.  [default: mnist where its files "
                "are found, else digits]",
            ),
            click.option(
                "--data",
                "data_folder",
                type=FOLDER,
                help="Where its files are looked for first, then in MIBENCH_DATA and the user's cache.",
            ),
        ]

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _run(name: str, options: dict[str, Any]) -> None:
    from mibench import cli_study

    sys.exit(cli_study.study(name, cli_study.Asked(**options)))


@study.command("ib-network")
@_options(
    "ib-network",
    "exact, bins[n=30,lo=-1,hi=1], adaptive[n=30], kde[variance=0.1], sp[replicas=16]",
    of_images=False,
)
def _ib_network(**options: Any) -> None:
    """The 12-bit network of the information-bottleneck debate.

    Trains what is missing, draws every plane, checks every claim and writes claims.json and report.html. Give the same
    command again to continue a study that was stopped.
    """
    _run("ib-network", options)


@study.command("mnist-cnn")
@_options("mnist-cnn", "compressed[x=ae,layer=pca], compressed[x=pca,layer=pca,estimator=ksg]", of_images=True)
def _mnist_cnn(**options: Any) -> None:
    """A convolutional classifier through lossy compression.

    Trains what is missing, draws every plane with its intervals, tries the same estimators where the truth is known,
    checks every claim and writes claims.json and report.html. Give the same command again to continue.
    """
    _run("mnist-cnn", options)


@study.command("mnist-bottleneck")
@_options("mnist-bottleneck", "exact, bins[n=30], kde[variance=0.1]", of_images=True)
def _mnist_bottleneck(**options: Any) -> None:
    """Quantised bottleneck networks of MNIST, whose planes are exact.

    Trains what is missing, draws every plane over all images, checks every claim and writes claims.json and
    report.html. Give the same command again to continue. `--settings fast --scale paper` takes minutes, all of paper
    scale hours.
    """
    _run("mnist-bottleneck", options)
