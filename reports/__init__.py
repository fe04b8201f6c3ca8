# SPDX-License-Identifier: Apache-2.0
"""Reports: leaderboards, figures and the one-file HTML page of a run."""

from __future__ import annotations

if __name__ != "mibench.reports":  # imported by folder name, from the repository root
    raise ImportError("import mibench.reports, not reports")
