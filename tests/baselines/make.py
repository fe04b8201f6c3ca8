# SPDX-License-Identifier: Apache-2.0
"""Make the baselines anew: ``python tests/baselines/make.py [quick|networks]``, minutes. See docs/ci.md for when to."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from mibench.harness import journal, store

HERE = Path(__file__).parent
# Every family of estimators; ten cells each, so that those that train can be judged (docs/ci.md); trainings short.
TRAINED = [f"ae[steps=200]+{name}" for name in ("ksg", "kl", "wkl", "kde")]
TRAINED += [f"{name}[max_steps=100]" for name in ("mine", "dv", "nwj", "infonce", "smile")]
OF_DENSITIES = ["gaussian", "ksg", "kl", "wkl", "kde", "binning", "pca+*", "oracle+*", *TRAINED]
OF_LAYERS = ["plugin", "noisy-plugin", "kde-bounds", "ksg", "gaussian", "binning[convention=saxe-code]"]
LAYERS = "networks,noisy-layer[layer=2],noisy-layer[layer=2,target=label]"
SELECTIONS = {"quick": ("images,gaussian", OF_DENSITIES), "networks": (LAYERS, OF_LAYERS)}
LIMITS = ["--quick", "--n-samples", "1000", "--repetitions", "2", "--device", "cpu", "--threads", "1"]


def make(name: str) -> None:
    """Run one baseline's command and keep its journal and manifest, without what is this machine's alone."""
    tasks, estimators = SELECTIONS[name]
    command = ["mibench", "run", "--tasks", tasks, "--estimators", ",".join(estimators), *LIMITS]
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run([sys.executable, "-m", *command, "--out", temporary], check=True)
        run = store.load(temporary)
    folder = HERE / name
    rows = sorted(run.rows, key=lambda row: (row.task, row.n, row.repetition, row.estimator))
    folder.mkdir(exist_ok=True)
    (folder / store.JOURNAL).write_text("".join(map(journal.to_line, rows)), encoding="utf-8")
    manifest = {key: value for key, value in run.manifest.items() if key not in ("history", "git")}
    manifest["command"] = shlex.join(command)
    (folder / store.MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in sys.argv[1:] or SELECTIONS:
        make(each)
