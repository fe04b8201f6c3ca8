# SPDX-License-Identifier: Apache-2.0
"""The writer of study folders, as a fixture: test folders are no packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """The module ``synthetic.py`` of this folder: ``synthetic.Study(folder)`` writes a study."""
    found = importlib.util.spec_from_file_location("studies_synthetic", Path(__file__).parent / "synthetic.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
