# SPDX-License-Identifier: Apache-2.0
"""``mibench doctor``: what this machine has, and what would get in the way of a run."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import click

from mibench import estimators, tasks
from mibench.contracts import MibenchError
from mibench.harness import provenance
from mibench.harness.threads import available_cores, environment

__all__ = ["doctor"]

_NUMBERS = ("numpy", "scipy", "numba", "torch", "sklearn", "pandas")
_NEEDED = (
    *_NUMBERS,
    "matplotlib",
    "itables",
    "jinja2",
    "click",
    "rich",
    "psutil",
    "threadpoolctl",
    "requests",
    "urllib3",
    "platformdirs",
)
_OPTIONAL = ("distributed", "pyarrow", "ennemi", "infomeasure", "npeet_plus", "pytest", "playwright")


def doctor() -> int:
    """Print one line per finding; 0 if a run can start here, else 2."""
    troubles: list[str] = []

    def check(what: str, find: Callable[[], str]) -> None:
        try:
            click.echo(f"  ok   {what:18} {find()}")
        except Exception as error:  # each finding stands alone: the next ones matter just as much
            click.echo(f"  BAD  {what:18} {error}")
            troubles.append(what)

    for name, version in provenance.versions().items():
        if version != "not installed":
            click.echo(f"       {name:18} {version}")
    for module in _NEEDED:
        try:
            importlib.import_module(module)
        except ImportError as error:
            click.echo(f"  BAD  {module:18} {error}; pip install --force-reinstall mibench")
            troubles.append(module)
    for package in _OPTIONAL:
        click.echo(f"       {package:18} {_version(package)}")
    hardware = provenance.hardware()
    click.echo(f"       {'processor':18} {hardware['cpu']}, {hardware['cores']} cores usable")
    click.echo(f"       {'memory':18} {hardware['memory_gib']} GiB")
    set_limits = [f"{name}={os.environ[name]}" for name in environment(1) if name in os.environ]
    click.echo(f"       {'thread variables':18} {', '.join(set_limits) or 'none set'} (a run sets its own)")
    for library in provenance.blas():
        named = " ".join(
            str(library[key]) for key in ("internal_api", "version", "threading_layer") if library.get(key)
        )
        click.echo(f"       {library['user_api']:18} {named}, {library['num_threads']} threads")
    check("GPU", _gpu)
    check("this folder", lambda: _writable(Path.cwd()))
    check("temporary folder", lambda: _writable(Path(tempfile.gettempdir())))
    check("numba cache", _numba_cache)
    check("worker process", _worker)
    for registry in (tasks.registry, estimators.registry, estimators.compressors):
        for name in registry.names:
            try:
                registry.entry(name)
            except MibenchError:
                continue
        for each in registry.broken:
            click.echo(f"  BAD  {'plug-in':18} {each}")
    click.echo("\nsomething is wrong: " + ", ".join(troubles) if troubles else "\nready: mibench run --tasks images")
    return 2 if troubles else 0


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed (optional)"


def _gpu() -> str:
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        return f"{names}; torch uses it unless --device cpu"
    known = provenance.gpus()
    if known:
        raise MibenchError(f"{', '.join(known)} is here, but this torch cannot use it: install a CUDA build of torch")
    return "none; torch computes on the CPU"


def _writable(folder: Path) -> str:
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise MibenchError(f"{folder} cannot be written: {error.strerror}; use --out elsewhere") from error
    return f"{folder} can be written"


def _numba_cache() -> str:
    """The folder where compiled kernels are kept; without one every process compiles them anew."""
    from mibench import numerics

    named = os.environ.get("NUMBA_CACHE_DIR")
    beside = Path(numerics.__file__).parent / "__pycache__"
    folder = Path(named) if named else beside
    if not folder.is_dir():
        folder = folder.parent
    if os.access(folder, os.W_OK):
        return str(folder)
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    if os.access(home if home.is_dir() else home.parent, os.W_OK):
        return f"{home}/numba ({folder} is read-only)"
    raise MibenchError(f"neither {folder} nor {home} can be written: set NUMBA_CACHE_DIR to a folder that can")


def _worker() -> str:
    """Start one trial's process, to see that this system allows it."""
    from mibench.harness.isolate import IsolatedExecutor

    with IsolatedExecutor(timeout=60) as executor:
        cores = executor.submit(available_cores).result()
    return f"starts, and may use {cores} cores"
