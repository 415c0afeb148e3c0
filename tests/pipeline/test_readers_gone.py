"""A batch whose words nobody reads any more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.night import make_sky

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_batch_is_not_lost_with_the_reader_of_its_lines(tmp_path: Path) -> None:
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    for number in range(4):
        (tmp_path / f"{number}.fits").write_bytes(sky.expose().to_fits())
    words = f'"{sys.executable}" -m indistack stack "{tmp_path}"/*.fits -o "{tmp_path}/out.fits" --library ""'
    command = f"set -o pipefail; {words} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1
    assert (tmp_path / "out.fits").exists()
