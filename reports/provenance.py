# SPDX-License-Identifier: Apache-2.0
"""Where a run's numbers come from: the manifest as a flat table, and the journal's digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["facts", "sha256"]


def facts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each entry of the manifest as (dotted key, text); of earlier commands, when and what."""
    for key, value in manifest.items():
        if key == "history":
            earlier = value[:-1] if isinstance(value, list) else []
            yield from ((f"before, {each.get('time')}", str(each.get("command"))) for each in earlier)
        elif isinstance(value, Mapping) and value:
            yield from ((f"{key}.{inner}", text) for inner, text in facts(value))
        else:
            yield str(key), _text(value)


def sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, empty when there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(_text(each) for each in value.values())
    if isinstance(value, list | tuple):
        return ", ".join(_text(each) for each in value) or "none"
    return "none" if value is None else str(value)
