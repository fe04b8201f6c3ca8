# SPDX-License-Identifier: Apache-2.0
"""One trial, as it happens inside its own process: a sample, an estimate, and exactly one row."""

from __future__ import annotations

import json
import math
import os
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mibench import estimators, tasks
from mibench.contracts import Estimate, NotInstalled, Row, Status, Trial, Unsupported
from mibench.harness import consistency, seeds, threads
from mibench.harness.fingerprint import fingerprint
from mibench.harness.inside import lift_limit
from mibench.harness.kernels import kernel_loading
from mibench.harness.plugins import load_plugin
from mibench.harness.seeds import second_seed
from mibench.names import parse, split_top
from mibench.usage import peak_mb

__all__ = ["Setting", "conduct", "failed"]

_HALF_TEXT = 10_000  # characters of an error's text that a row keeps from its beginning, and from its end


@dataclass(frozen=True)
class Setting:
    """What a worker process needs besides the trial."""

    threads: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()


def conduct(trial: Trial, setting: Setting) -> Row:
    """Run `trial` in this process; whatever happens is a row, never an exception.

    `seconds` is the time of the estimate alone (the sample is the task's cost; importing a peer's package and loading
    compiled kernels are paid once per process, not per estimate) plus, for a composite that found its compression
    already made, the seconds that making it took: what the estimator costs by itself. `peak_mb` is
    `mibench.usage.peak_mb` of the process, or that of the one that made the compression where it is more.
    """
    os.environ.update(setting.environment)
    began = None
    row = _row(trial)
    try:
        _load_needed(trial, setting.plugins)
        task = tasks.get(trial.task)
        truth = task.truth
        row = replace(row, truth=float(truth.mi), truth_std_error=float(truth.std_error))
        estimator = estimators.get(trial.estimator)
        _load_packages(estimator)
        threads.cap(setting.threads)
        sample_seed, seed = seeds.sample_seed(trial), seeds.estimator_seed(trial)
        seeds.seed_everything(sample_seed)  # a task of another make may draw from the global generators
        sample = task.sample(trial.n, np.random.default_rng(sample_seed))
        if trial.check:
            row = replace(row, truth=consistency.truth(trial.check, truth.mi))
            sample = consistency.transform(
                trial.check, sample, second=lambda: task.sample(trial.n, np.random.default_rng(second_seed(trial)))
            )
        row = replace(row, sample=fingerprint(sample))
        seeds.seed_everything(seed)
        with kernel_loading() as loading:
            began = time.perf_counter()
            estimate = estimator.estimate(sample.x, sample.y, rng=np.random.default_rng(seed), side=sample.side)
            seconds = time.perf_counter() - began - loading.seconds
        return _finished(row, estimate, seconds)
    except BaseException as error:  # whatever a method raises, SystemExit included, ends as a row
        lift_limit()  # where memory ran out, the row needs some
        traceback.clear_frames(error.__traceback__)
        status, text = _explain(error)
        return replace(
            row,
            status=status,
            error=text,
            seconds=None if began is None else time.perf_counter() - began,
            peak_mb=peak_mb(),
        )


def failed(trial: Trial, status: Status, error: str, seconds: float | None, peak: float | None) -> Row:
    """The row of a trial whose process did not answer."""
    return replace(_row(trial), status=status, error=error, seconds=seconds, peak_mb=peak)


def _row(trial: Trial) -> Row:
    return Row(
        trial.key,
        trial.task,
        trial.estimator,
        trial.n,
        trial.repetition,
        "error",
        check=trial.check,
        seed=trial.seed,
        task_version=_version(trial.task_params),
        estimator_version=_version(trial.estimator_params),
    )


def _version(params: str) -> int | None:
    version = json.loads(params).get("version")
    return version if isinstance(version, int) and version >= 0 else None


def _finished(row: Row, estimate: Any, seconds: float) -> Row:
    if not isinstance(estimate, Estimate):
        raise TypeError(f"estimate() returned {type(estimate).__name__} ({estimate!r:.80}), not mibench.Estimate")
    diagnostics = {str(key): float(value) for key, value in estimate.diagnostics.items()}
    row = replace(
        row,
        std_error=None if estimate.std_error is None else float(estimate.std_error),
        interval=_pair(estimate.interval),
        bounds=_pair(estimate.bounds),
        seconds=seconds + diagnostics.get("shared_seconds", 0.0),
        peak_mb=max(peak_mb(), diagnostics.get("shared_peak_mb", 0.0)),
        diagnostics=diagnostics,
    )
    if not math.isfinite(estimate.mi):
        return replace(row, error=f"the estimate is not finite: {float(estimate.mi)}")
    return replace(row, status="ok", estimate=float(estimate.mi))


def _pair(values: Any) -> tuple[float, float] | None:
    if values is None:
        return None
    low, high = (float(value) for value in values)
    return None if math.isnan(low) or math.isnan(high) else (low, high)


def _load_packages(estimator: Any) -> None:
    """Have an adapter of a peer import it before the clock runs; of a composite, its last stage."""
    while hasattr(estimator, "compressor") and hasattr(estimator, "estimator"):
        estimator = estimator.estimator
    if callable(load := getattr(estimator, "load_packages", None)):
        load()


def _explain(error: BaseException) -> tuple[Status, str]:
    """The status of a row that ended in an exception, and its text."""
    text = _text(error)
    if isinstance(error, Unsupported):
        return "unsupported", text
    if isinstance(error, NotInstalled):
        return "not_installed", text
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("mibench"):
        return "not_installed", f"{text}: install the package that brings {error.name}"
    if isinstance(error, TimeoutError):  # of the method's own, such as a command's
        return "timeout", text or type(error).__name__
    named = f"{type(error).__name__}: {text}" if text else type(error).__name__
    # torch reports exhausted memory as its own class (GPU) or a bare RuntimeError (CPU)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in text:
        return "out_of_memory", named
    return "error", named


def _text(error: BaseException) -> str:
    """What an error says; of very long words the two ends."""
    try:
        text = str(error)
    except BaseException as failure:
        return f"(no text: {type(failure).__name__} in its __str__)"
    cut = len(text) - 2 * _HALF_TEXT
    return text if cut <= 0 else f"{text[:_HALF_TEXT]} ... ({cut} characters) ... {text[-_HALF_TEXT:]}"


def _load_needed(trial: Trial, plugins: tuple[str, ...]) -> None:
    """Load plug-in files until the trial's names are known; what the others do at import is no matter of this trial."""
    *heads, tail = split_top(trial.estimator, "+")
    wanted = [(tasks.registry, trial.task), (estimators.registry, tail)]
    wanted += [(estimators.compressors, head) for head in heads]
    for plugin in plugins:
        if all(parse(name).name in registry.names for registry, name in wanted):
            return
        load_plugin(Path(plugin))
