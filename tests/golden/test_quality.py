"""Real skies that are none, and real subs under different skies, beside the checkout; they are no part of the project.

All-sky pictures of clouds and the moon from the tests of indi-allsky (GPL-3.0); SBIG: six 240 s subs whose sky differs
six-fold, one of them half behind an edge of the dome.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main

REAL_SUBS = ("m27_asi224mc_osc/*.fits", "m44_altaz_jpeg/*.jpeg", "sbig_2713_20181017/light/*.gz")


def report(folder: Path, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
    words = [*map(str, arguments), "-o", str(folder / "stack.fits"), "--report", str(folder / "report.json")]
    assert main(["stack", *words]) == status
    content: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return content


@pytest.mark.parametrize("name", ["full_clouds", "moon", "transparent_clouds", "transparent_clouds_plane"])
def test_clouds_and_the_moon_are_refused_even_as_the_first_sub(shared_data: Path, tmp_path: Path, name: str) -> None:
    (sub,) = report(tmp_path, shared_data / "allsky_negative" / f"test_{name}.jpg", status=1)["subs"]
    assert (sub["outcome"], sub["reason"]) == ("refused", "clouds")


@pytest.mark.parametrize("pattern", REAL_SUBS)
def test_every_real_sub_can_be_the_first(shared_data: Path, tmp_path: Path, pattern: str) -> None:
    for path in sorted(shared_data.glob(pattern))[::2]:
        assert report(tmp_path, path)["stack"]["n_subs"] == 1


@pytest.mark.parametrize("pattern", REAL_SUBS)
def test_every_real_sub_is_kept_whatever_the_reference(shared_data: Path, tmp_path: Path, pattern: str) -> None:
    content = report(tmp_path, *sorted(shared_data.glob(pattern)), "--reference", "best")
    assert content["stack"]["n_subs"] == len(content["subs"]) > 5


def border_steps(stack: np.ndarray, shifts_x: np.ndarray) -> np.ndarray:
    """Steps of the sky across the columns where one sub after the other ends at the right."""
    height, width = stack.shape
    inner = slice(height // 8, -height // 8)
    borders = [width - round(-dx) for dx in shifts_x if dx < -4]
    left, right = ([stack[inner, b + start : b + start + 3] for b in borders] for start in (-5, 2))
    covered = [(c, r) for c, r in zip(left, right, strict=True) if np.isfinite(c).any() and np.isfinite(r).any()]
    return np.array([np.nanmedian(r) - np.nanmedian(c) for c, r in covered])


def test_subs_under_different_skies_leave_no_borders(shared_data: Path, tmp_path: Path) -> None:
    lights = shared_data / "sbig_2713_20181017" / "light"
    off = ("--set", 'match.background="off"', "--set", "match.scale=false", "--set", 'quality.weight="equal"')
    steps = []
    for arguments in (off, ()):
        content = report(tmp_path, lights, *arguments)
        shifts_x = np.array([sub["shift_px"][0] for sub in content["subs"]])
        steps.append(border_steps(fits.getdata(tmp_path / "stack.fits"), shifts_x))
    assert content["subs"][3]["transparency"] == pytest.approx(2.27, abs=0.1)
    assert np.abs(steps[0]).max() > 5000
    assert np.abs(steps[1]).max() < 30
