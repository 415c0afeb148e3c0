"""The demonstration, as a new user starts it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from astropy.io import fits


@pytest.mark.skipif(shutil.which("indiserver") is None, reason="indiserver is not installed (Debian package indi-bin)")
def test_the_demo_makes_its_pictures_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "indistack", "demo", "--subs", "4", "--output-dir", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if " stacked " in line]
    assert len(lines) == 4
    assert "stars" in lines[0]
    assert done.stdout.splitlines()[-2:] == [str(tmp_path / "out" / name) for name in ("stack.fits", "stack.png")]
    assert fits.getheader(tmp_path / "out" / "stack.fits")["NCOMBINE"] == 4
    picture = cv2.imread(str(tmp_path / "out" / "stack.png"))
    assert 30 < picture.mean() < 150
    assert json.loads((tmp_path / "out" / "status.json").read_text())["state"] == "stopped"
