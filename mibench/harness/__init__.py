# SPDX-License-Identifier: Apache-2.0
"""The harness: plan -> trial -> isolate -> journal -> score.

A run is a folder: `manifest.json` says what was asked and where it ran, `journal.jsonl` holds one row per trial.
Everything that runs trials is written against `concurrent.futures.Executor`.
"""
