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

__all__ = ["document", "number"]


def document(template: str, scripts: Sequence[str], data: Any, **context: Any) -> str:
    """The page of `template`.

    Parameters
    ----------
    template : str
        A file of ``templates/``.
    scripts : sequence of str
        Files of ``templates/`` that are one script, which finds `data` in the element ``#data``.
    data : JSON-able
        What the scripts need.
    context
        What the template needs.
    """
    own = "\n".join(_text(name) for name in scripts)
    modules = [datatables.module(), datatables.inert(own)]
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup("\n".join([datatables.style(), _text("report.css"), _text("board.css")])),
            modules=[Markup(each) for each in modules],
            hashes=[_hash(each) for each in modules],
            data=Markup(_json(data)),
            **context,
        )
    )


def number(value: float | str | None) -> str:
    """A number as people read it, with a true minus sign."""
    text = value if isinstance(value, str) else digits(value)
    return text.replace("-", "\N{MINUS SIGN}")


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


def _json(data: Any) -> str:
    """JSON that is inert inside ``<script type="application/json">``: it holds no ``<`` and only ASCII."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", r"\u003c")


def _breaks(name: str) -> Markup:
    """A task's name that may break before its parameters and between them."""
    return Markup(escape(name).replace("[", Markup("<wbr>[")).replace(",", Markup(",<wbr>")))
