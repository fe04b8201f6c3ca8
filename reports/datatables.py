# SPDX-License-Identifier: Apache-2.0
"""DataTables, the table library of the page, as text that can stand inside it.

The package itables ships DataTables with its extensions as one ECMAScript module. It is read from there when a report
is written: nothing of it is kept here, and a new release of it is an upgrade of one package. A module that stands in
the page itself is allowed by the hash of it alone, so that the page's policy needs to allow no address.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from mibench.contracts import NotInstalled

__all__ = ["inert", "module", "style"]

_EXPORTS = re.compile(r"export\s*\{([^{}]*)\}\s*;?\s*$", re.MULTILINE)


@cache
def module() -> str:
    """A script that defines ``globalThis.DataTable``, for ``<script type="module">``.

    Raises
    ------
    NotInstalled
        If itables is absent, or its bundle is not of the form that is known.
    """
    text = _read("dt_bundle.js")
    found = _EXPORTS.findall(text)
    main = re.search(r"([\w$]+)\s+as\s+default\b", found[0]) if len(found) == 1 else None
    if main is None:
        raise NotInstalled(
            f"the bundle of itables {version('itables')} has no default export, which is the table library of the "
            "report: pip install 'itables>=2.9,<3'"
        )
    return inert(_EXPORTS.sub(lambda _: f"globalThis.DataTable = {main[1]};", text))


@cache
def style() -> str:
    """Its style sheet, which follows the class ``dark`` of the page's root."""
    return _read("dt_bundle.css").replace("</", r"<\/")


def inert(script: str) -> str:
    r"""`script` without what an HTML parser would take for the end of it: the ``<`` of ``</script`` and of ``<!--``.

    It becomes ``\x3c``, which is the same in strings, templates and regular expressions; nowhere else does a script
    hold such letters.
    """
    return re.sub(r"<(?=!--|/?script)", r"\\x3c", script, flags=re.IGNORECASE)


def _read(name: str) -> str:
    spec = find_spec("itables")  # without importing it: it would look for a configuration file and build sample tables
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalled("the report needs the package itables for its tables: pip install 'itables>=2.9,<3'")
    path = Path(spec.submodule_search_locations[0]) / "html" / name
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise NotInstalled(
            f"itables {version('itables')} holds no {path.name}, the table library of the report: "
            "pip install 'itables>=2.9,<3'"
        ) from None
