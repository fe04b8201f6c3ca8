# SPDX-License-Identifier: Apache-2.0
"""Sample sheets: real PNG files of what a task draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from mibench import tasks
from mibench.contracts import InputError, UnknownName
from mibench.reports import write_sheet
from mibench.reports.sheet import grey


@pytest.mark.parametrize("name", ["blobs[size=8,mi=2]", "gaussian[mi=2,dim_x=3,dim_y=3]"])
def test_a_sheet_is_a_png_of_some_size_and_repeats(tmp_path: Path, name: str) -> None:
    path = write_sheet(name, tmp_path / "new" / "sheet.png", count=3, rng=1)
    pixels = image.imread(path)
    assert min(pixels.shape[:2]) > 300
    assert pixels.std() > 0.01
    again = write_sheet(tasks.get(name), tmp_path / "again.png", count=3, rng=1)
    assert image.imread(again).shape == pixels.shape
    assert path.read_bytes() == write_sheet(name, tmp_path / "third.png", count=3, rng=1).read_bytes()


def test_a_strip_shows_x_above_y_pixel_by_pixel() -> None:
    x, y = np.arange(32.0).reshape(2, 4, 4), -np.arange(32.0).reshape(2, 4, 4)
    pixels = grey(x, y)
    assert pixels.shape == (4 + 1 + 4, 4 + 1 + 4, 4)
    np.testing.assert_allclose(pixels[:4, :4, 0], (x[0] + 31) / 62, atol=1e-12)
    np.testing.assert_allclose(pixels[5:, 5:, 0], (y[1] + 31) / 62, atol=1e-12)
    assert (pixels[4, :, 3] == 0).all()  # the gap is transparent
    assert (pixels[:4, :4, 3] == 1).all()


def test_a_flat_picture_is_no_division_by_zero() -> None:
    pixels = grey(np.ones((1, 4, 4)), np.ones((1, 4, 4)))
    assert pixels.shape == (9, 4, 4)
    assert np.isfinite(pixels).all()


def test_bad_requests_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="count is 0"):
        write_sheet("blobs", tmp_path / "x.png", count=0)
    with pytest.raises(UnknownName, match="did you mean blobs"):
        write_sheet("blob", tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
