# SPDX-License-Identifier: Apache-2.0
"""What a run may use of this machine: cores, memory and the device where torch computes; how it is told to end."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from mibench.cli_options import Options
from mibench.cli_text import many
from mibench.contracts import InputError
from mibench.harness import threads as caps

__all__ = ["check_device", "device_variable", "share_cores", "sigterm_is_ctrl_c"]

_OVERCOMMIT = 4  # trials per core that may be asked for
_GPU_JOBS = 4  # each trial on a GPU holds a context of its own there


def share_cores(options: Options) -> tuple[int | None, int]:
    """Jobs and threads per job: many jobs of one thread, because small problems do not scale over threads.

    Elsewhere than on this machine the executor knows how many jobs it has room for, and None stands for that.

    Raises
    ------
    InputError
        For more jobs than this machine can time.
    """
    if options.executor != "local":
        return options.jobs, options.threads or 1
    from mibench.harness import provenance

    cores = caps.available_cores()
    jobs = options.jobs
    if jobs is not None and jobs > _OVERCOMMIT * cores:
        raise InputError(
            f"--jobs {jobs}: this machine has {many(cores, 'core')}, and trials that crowd each other "
            f"out measure nothing: give at most {_OVERCOMMIT * cores}"
        )
    if jobs is None:
        jobs = max(1, cores // options.threads) if options.threads else cores
        jobs = max(1, int(min(jobs, provenance.memory_gib() / options.memory)))
        if options.device != "cpu" and provenance.gpus():
            jobs = min(jobs, _GPU_JOBS)
    return jobs, options.threads or max(1, cores // jobs)


def device_variable(name: str) -> dict[str, str]:
    """What tells trials where torch computes."""
    return {} if name == "auto" and "MIBENCH_DEVICE" in os.environ else {"MIBENCH_DEVICE": name}


def check_device(name: str) -> None:
    """Refuse a device that is not there before any trial meets it; the default needs no look (and no torch)."""
    if name in ("auto", "cpu"):
        return
    from mibench.numerics import device

    before = os.environ.get("MIBENCH_DEVICE")
    os.environ["MIBENCH_DEVICE"] = name
    try:
        device.pick()
    finally:
        del os.environ["MIBENCH_DEVICE"]
        if before is not None:
            os.environ["MIBENCH_DEVICE"] = before


@contextlib.contextmanager
def sigterm_is_ctrl_c() -> Iterator[None]:
    """End like Ctrl-C when the system asks the process to end."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
