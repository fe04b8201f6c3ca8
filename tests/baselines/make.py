# SPDX-License-Identifier: Apache-2.0
"""Make the baseline anew: ``python tests/baselines/make.py``, a few minutes. See docs/ci.md for when to."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from mibench.harness import journal, store

FOLDER = Path(__file__).parent / "quick"
# Every family of estimators; ten cells each, so that those that train can be judged (docs/ci.md); trainings short.
TRAINED = [f"ae[steps=200]+{name}" for name in ("ksg", "kl", "wkl", "kde")]
TRAINED += [f"{name}[max_steps=100]" for name in ("mine", "dv", "nwj", "infonce", "smile")]
NAMES = ["gaussian", "ksg", "kl", "wkl", "kde", "binning", "pca+*", "oracle+*", *TRAINED]
COMMAND = ["mibench", "run", "--tasks", "images,gaussian", "--estimators", ",".join(NAMES), "--quick"]
COMMAND += ["--n-samples", "1000", "--repetitions", "2", "--device", "cpu", "--threads", "1"]


def main() -> None:
    """Run the command and keep its journal and manifest, without what is this machine's alone."""
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run([sys.executable, "-m", *COMMAND, "--out", temporary], check=True)
        run = store.load(temporary)
    rows = sorted(run.rows, key=lambda row: (row.task, row.n, row.repetition, row.estimator))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / store.JOURNAL).write_text("".join(map(journal.to_line, rows)), encoding="utf-8")
    manifest = {key: value for key, value in run.manifest.items() if key not in ("history", "git")}
    manifest["command"] = shlex.join(COMMAND)
    (FOLDER / store.MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
