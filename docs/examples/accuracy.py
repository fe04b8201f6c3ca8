# SPDX-License-Identifier: Apache-2.0
"""Mean |error| per task and estimator of a run, as Markdown, and a paired comparison of two estimators.

python docs/examples/accuracy.py runs/accuracy
python docs/examples/accuracy.py runs/accuracy --signed
python docs/examples/accuracy.py runs/accuracy ae+wkl mine
"""

import sys
from pathlib import Path

import numpy as np

from mibench.harness.score import frame
from mibench.harness.store import load


def main(folder: str, first: str = "", second: str = "") -> None:
    rows = frame(load(Path(folder)).rows)
    rows = rows[rows["ok"]]
    signed = first == "--signed"
    if not signed:
        rows = rows.assign(error=rows["error"].abs())
    if first and not signed:
        return compare(rows, first, second)
    table = rows.pivot_table(index="task", columns="estimator", values="error", aggfunc="mean", sort=False)
    print("| task |", " | ".join(table.columns), "|")
    print("|---|" + "---|" * len(table.columns))
    for task, errors in table.iterrows():
        print(f"| `{task}` |", " | ".join("" if np.isnan(e) else f"{e:{'+' * signed}.3f}" for e in errors), "|")


def compare(rows, first: str, second: str, draws: int = 10_000) -> None:
    """Difference of the mean |errors|, with a 95 % bootstrap interval over tasks and then repetitions within them."""
    wide = rows.pivot_table(index=["task", "repetition"], columns="estimator", values="error")[[first, second]].dropna()
    differences = [group.to_numpy() for _, group in (wide[first] - wide[second]).groupby(level="task")]
    rng = np.random.default_rng(0)
    means = []
    for _ in range(draws):
        tasks = rng.integers(len(differences), size=len(differences))
        means.append(np.mean([rng.choice(differences[i], len(differences[i])).mean() for i in tasks]))
    low, high = np.quantile(means, [0.025, 0.975])
    a, b = (wide[name].groupby(level="task").mean().mean() for name in (first, second))
    print(f"{first} {a:.3f}, {second} {b:.3f}, difference {a - b:+.3f} [{low:+.3f}, {high:+.3f}] nats")
    print(f"over {len(wide)} samples of {len(differences)} tasks")


if __name__ == "__main__":
    main(*sys.argv[1:])
