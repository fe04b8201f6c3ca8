# SPDX-License-Identifier: Apache-2.0
"""A report as one file: templates, style sheets and scripts put together under a policy that allows nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from mibench.reports import datatables
from mibench.reports.words import digits, fixed, level, percent, plural

__all__ = ["document", "inert_json", "number"]


def document(
    template: str,
    scripts: Sequence[str],
    data: Any,
    *,
    styles: Sequence[str] = ("report.css", "board.css"),
    tables: bool = True,
    **context: Any,
) -> str:
    """The page of `template`.

    Parameters
    ----------
    template : str
        A file of ``templates/``.
    scripts : sequence of str
        Files of ``templates/`` that are one script, which finds `data` in the element ``#data``.
    data : JSON-able
        What the scripts need.
    styles : sequence of str
        Files of ``templates/``.
    tables : bool
        Whether the page needs DataTables.
    context
        What the template needs.
    """
    own = "\n".join(_text(name) for name in scripts)
    modules = [*([datatables.module()] if tables else []), datatables.inert(own)]
    sheets = [*([datatables.style()] if tables else []), *map(_text, styles)]
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup("\n".join(sheets)),
            modules=[Markup(each) for each in modules],
            hashes=[_hash(each) for each in modules],
            data=Markup(inert_json(data)),
            **context,
        )
    )


def number(value: float | str | None) -> str:
    """A number as people read it, with a true minus sign."""
    text = value if isinstance(value, str) else digits(value)
    return text.replace("-", "\N{MINUS SIGN}")


def inert_json(data: Any) -> str:
    """JSON that is inert inside ``<script type="application/json">``: it holds no ``<`` and only ASCII."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", r"\u003c")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(num=number, level=level, fixed=fixed, breaks=_breaks, percent=percent, plural=plural)
    return environment


def _text(name: str) -> str:
    return (resources.files("mibench.reports") / "templates" / name).read_text("utf-8")


def _hash(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def _breaks(name: str) -> Markup:
    """A task's name that may break before its parameters and between them."""
    return Markup(escape(name).replace("[", Markup("<wbr>[")).replace(",", Markup(",<wbr>")))
