# SPDX-License-Identifier: Apache-2.0
"""The reference that engines are tested against, as a fixture: test folders are no packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The module ``reference.py`` of this folder."""
    found = importlib.util.spec_from_file_location("networks_reference", Path(__file__).parent / "reference.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
