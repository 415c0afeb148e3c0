"""Real frames beside the checkout, with numbers that are known of them.

The frames are no part of the project. M27: six 6 s subs of an ASI224MC from the samples of als (GPL-3.0). SBIG: six
240 s subs with their darks and bias. M44: eighteen JPEGs on an alt-azimuth mount from OpenLiveStacker (GPL-3.0); its
field rotation and M27's drift were measured independently of this program.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main


def stack(folder: Path, *arguments: str | Path) -> dict[str, Any]:
    report = folder / "report.json"
    assert main(["stack", *map(str, arguments), "-o", str(folder / "stack.fits"), "--report", str(report)]) == 0
    content: dict[str, Any] = json.loads(report.read_text())
    return content


def test_m27_drifts_as_measured(shared_data: Path, tmp_path: Path) -> None:
    subs = stack(tmp_path, shared_data / "m27_asi224mc_osc")["subs"]
    assert [sub["outcome"] for sub in subs] == ["accepted"] * 6
    assert max(sub["rms_px"] for sub in subs) <= 0.4
    np.testing.assert_allclose(subs[-1]["shift_px"], (27.6, -14.4), atol=0.5)
    assert fits.getdata(tmp_path / "stack.fits").shape == (3, 976, 1304)


def test_sbig_with_raw_darks_and_bias(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "sbig_2713_20181017"
    report = stack(tmp_path, folder / "light", "--dark", folder / "dark", "--bias", folder / "bias")
    assert report["stack"]["n_subs"] == 6
    assert report["stack"]["exposure_s"] == pytest.approx(1440)
    assert max(sub["rms_px"] for sub in report["subs"]) <= 0.4


def test_m44_rotates_as_an_altazimuth_field_does(shared_data: Path, tmp_path: Path) -> None:
    subs = stack(tmp_path, shared_data / "m44_altaz_jpeg" / "*.jpeg")["subs"]
    assert [sub["outcome"] for sub in subs] == ["accepted"] * 18
    assert abs(subs[-1]["rotation_deg"]) == pytest.approx(0.62, abs=0.02)
    assert np.all(np.diff([abs(sub["rotation_deg"]) for sub in subs]) > 0)
