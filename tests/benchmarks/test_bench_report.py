# SPDX-License-Identifier: Apache-2.0
"""What a report costs: seconds to write, bytes, and milliseconds until a browser has painted it and can be used.

    pytest tests/benchmarks/test_bench_report.py -o addopts="--import-mode=importlib" -s

Runs of 10,000 and 100,000 rows: 50 tasks, 20 estimators, several sizes and repetitions.
"""

import itertools
import shutil

import numpy as np
import pytest

from mibench import estimators, reports
from mibench.contracts import Row
from mibench.harness import journal, store

FAMILIES = [f"{name}[size={size},mi={{}}]" for name in ("blobs", "rectangles", "bumps", "fields") for size in (16, 32)]
FAMILIES += ["gaussian[mi={},dim_x=5]", "anti-pca[mi={}]"]
LEVELS = (0.25, 1.0, 2.0, 4.0, 8.0)


def rows(count):
    rng = np.random.default_rng(0)
    tasks = [(name.format(f"{level:g}"), level) for name in FAMILIES for level in LEVELS]
    names, sizes = estimators.board()[:20], (500, 2000)
    repetitions = count // (len(tasks) * len(names) * len(sizes))
    for (task, level), (i, name), n, k in itertools.product(tasks, enumerate(names), sizes, range(repetitions)):
        ok = rng.random() > 0.06
        value = float(level * (1 - 0.03 * i) + rng.normal(0, 0.2))
        yield Row(
            f"{task}{name}{n}{k}",
            task,
            name,
            n,
            k,
            "ok" if ok else "timeout",
            estimate=value if ok else None,
            interval=(value - 0.2, value + 0.2) if ok and i % 2 else None,
            bounds=(value - 0.3, value + 0.5) if ok and name.startswith("pca") else None,
            truth=level,
            seconds=float(rng.gamma(2)),
            peak_mb=float(rng.normal(300, 20)),
            error=None if ok else f"no answer after {rng.random():.3f} s",
            seed=0,
            task_version=1,
            estimator_version=1,
        )


@pytest.fixture(scope="module", params=[10_000, 100_000])
def folder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / str(request.param)
    path.mkdir()
    (path / "journal.jsonl").write_text("".join(map(journal.to_line, rows(request.param))), encoding="utf-8")
    return path


def test_report_is_written(benchmark, folder):
    written = benchmark.pedantic(lambda: reports.write(store.load(folder)), rounds=1, warmup_rounds=0)
    benchmark.extra_info["bytes"] = written["report.html"].stat().st_size


def test_report_is_painted_and_usable(benchmark, folder):
    sync_api = pytest.importorskip("playwright.sync_api")
    path = folder / "report.html"
    if not path.exists():
        reports.write(store.load(folder))
    with sync_api.sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])

        def load():
            page = browser.new_page()
            page.goto(path.as_uri())
            found = page.evaluate(
                """async () => {
                    const noted = (name) => performance.getEntriesByName(name)[0]?.startTime;
                    const both = () => ['first-contentful-paint', 'interactive'].map(noted);
                    while (both().includes(undefined) && performance.now() < 60_000) {
                        await new Promise((resolve) => setTimeout(resolve, 5));
                    }
                    return both();
                }"""
            )
            assert None not in found
            filtered = page.evaluate(
                """async () => {
                    const begun = performance.now();
                    document.querySelector('input[name=n]').click();
                    return performance.now() - begun;
                }"""
            )
            page.close()
            return [*found, filtered]

        paint, usable, filtered = benchmark.pedantic(load, rounds=3, warmup_rounds=1)
        benchmark.extra_info |= {"first paint ms": paint, "usable ms": usable, "filter ms": filtered}
        browser.close()
