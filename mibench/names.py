# SPDX-License-Identifier: Apache-2.0
"""How names are written: ``ksg[k=5]``, ``blobs[size=32,mi=3]``, ``ae[latent_dim=2]+wkl[k=7]``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mibench.contracts import InputError

__all__ = ["NAME", "Spec", "check_choice", "parse", "split_top", "suggest"]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Spec:
    """One stage of a name: ``ksg[k=5]`` is ``Spec("ksg", {"k": 5})``."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        inner = ",".join(f"{key}={_show(value)}" for key, value in self.params.items())
        return f"{self.name}[{inner}]" if inner else self.name


def split_top(text: str, separator: str) -> list[str]:
    """Split `text` at `separator` outside square brackets; empty parts are dropped."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if depth < 0:
            raise InputError(f"unbalanced ']' in {text!r}: write name[param=value,...]")
        if char == separator and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    if depth:
        raise InputError(f"unclosed '[' in {text!r}: write name[param=value,...]")
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def parse(text: str) -> Spec:
    """Read one stage, ``name`` or ``name[param=value,...]``.

    Raises
    ------
    InputError
        If the text is not of that form or names a parameter twice.
    """
    text = text.strip()
    match = NAME.match(text)
    rest = text[match.end() :] if match else text
    if not match or (rest and not (rest.startswith("[") and rest.endswith("]"))):
        raise InputError(f"{text!r} is not a name: write name or name[param=value,...], such as ksg[k=5]")
    params: dict[str, Any] = {}
    for pair in split_top(rest[1:-1], ","):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not key.isidentifier() or not value:
            raise InputError(f"{pair!r} in {text!r} is not param=value")
        if key in params:
            raise InputError(f"{key!r} is given twice in {text!r}")
        params[key] = _read(value)
    return Spec(match.group(), params)


def _read(text: str) -> Any:
    """A parameter's value: none, true, false, an integer, a float, or else the text itself, without quotes."""
    if len(text) > 2 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    words = {"none": None, "true": True, "false": False}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _show(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def suggest(word: str, choices: Sequence[str]) -> str:
    """``"; did you mean a or b?"`` for the nearest of `choices`, or what there is when none is near."""
    spelled: dict[str, list[str]] = {}
    for choice in choices:
        spelled.setdefault(choice.lower(), []).append(choice)
    close = difflib.get_close_matches(word.lower(), spelled, n=3, cutoff=0.5)
    near = [choice for each in close for choice in dict.fromkeys(spelled[each])][:3]
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; there are: {', '.join(sorted(choices))}" if choices else ""


def check_choice(name: str, value: Any, allowed: Sequence[Any]) -> None:
    """Refuse, with suggestions, what is none of `allowed`.

    Raises
    ------
    InputError
        Naming `name`, the value and what there is.
    """
    if value not in allowed or isinstance(value, bool):
        words = [str(each) for each in allowed]
        hint = suggest(value, words) if isinstance(value, str) else f"; there are: {', '.join(words)}"
        raise InputError(f"no {name} {value!r}{hint}")
