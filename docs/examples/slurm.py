# SPDX-License-Identifier: Apache-2.0
"""A mibench run on Slurm: workers come and go as jobs of the queue, the run itself stays on this node.

    python slurm.py --jobs 20 --account physics -- --tasks images --estimators all --out /shared/runs/images

What stands after ``--`` goes to ``mibench run``. Needs ``pip install 'mibench[dask]' dask-jobqueue`` in an environment
that the nodes see. ``--show`` prints the job script and submits nothing.
"""

import argparse
import subprocess
import sys

from dask_jobqueue import SLURMCluster


def make(asked: argparse.Namespace) -> SLURMCluster:
    """One Slurm job is one worker; each of its threads runs one trial in a process of its own."""
    trials = asked.cores // asked.threads
    return SLURMCluster(
        account=asked.account,
        queue=asked.partition,
        job_cpu=asked.cores,
        cores=trials,  # threads of the worker: the trials it runs at a time
        processes=1,
        memory=f"{trials * asked.memory:g}GiB",  # the trials' memory; the worker itself needs next to nothing
        walltime=f"{asked.hours:02}:00:00",
        # end before Slurm does it, and not all at once: what such a worker was doing goes to another one
        worker_extra_args=["--lifetime", f"{60 * asked.hours - 10}m", "--lifetime-stagger", "5m"],
        local_directory=asked.scratch,
        interface=asked.interface,
        python=sys.executable,
        log_directory="slurm-logs",
        scheduler_options={"dashboard_address": None},
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=4, help="Slurm jobs at a time")
    parser.add_argument("--cores", type=int, default=16, help="cores of a job")
    parser.add_argument("--threads", type=int, default=1, help="threads of a trial")
    parser.add_argument("--memory", type=float, default=4.0, help="GiB of a trial")
    parser.add_argument("--hours", type=int, default=4, help="wall time of a job")
    parser.add_argument("--account", help="to be charged")
    parser.add_argument("--partition", help="of the cluster")
    parser.add_argument("--interface", help="network interface that the nodes reach, such as ib0")
    parser.add_argument("--scratch", default="/tmp", help="a disk of the nodes themselves")
    parser.add_argument("--show", action="store_true", help="print the job script and stop")
    parser.add_argument("run", nargs="*", metavar="...", help="arguments of mibench run")
    asked = parser.parse_args()
    with make(asked) as cluster:
        if asked.show:
            print(cluster.job_script())
            return 0
        cluster.adapt(minimum_jobs=asked.jobs, maximum_jobs=asked.jobs)  # a job that ends is submitted again
        ours = ["--executor", "dask", "--scheduler", cluster.scheduler_address]
        limits = ["--threads", str(asked.threads), "--memory", str(asked.memory)]
        return subprocess.call([sys.executable, "-m", "mibench", "run", *ours, *limits, *asked.run])


if __name__ == "__main__":
    sys.exit(main())
