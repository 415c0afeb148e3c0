"""The agent is killed at random instants and started again: the stack is the one that no power cut has touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from tests.conftest import ROOT
from tests.pipeline.night import make_sky

SUBS, KILLS, LONGEST_S = 10, 20, 0.4
CUTS = [(night, seed) for night in ("mean", "sigma_clip", "branches", "previous") for seed in (1, 2, 3)][:10]
NIGHTS = {
    "mean": [],
    "sigma_clip": ['stack.method="sigma_clip"', "stack.opening=4"],
    "branches": ['branches.newest={method="mean", last=3}', 'branches.some={method="maximum", every=2}'],
    "previous": ['align.against="previous"', "queue.max_mb=0.05"],
}


def crash(frames: Path, out: Path, kills: int, seed: int, *settings: str) -> int:
    """Return how often the agent was killed."""
    out.mkdir()
    command = [sys.executable, "-m", "tests.pipeline.crashing", frames, out, str(kills), str(seed), str(LONGEST_S)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [*map(str, command), *settings], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def lines_of(out: Path) -> list[dict[str, Any]]:
    (ledger,) = out.glob("sessions/*/ledger.jsonl")
    return [json.loads(text) for text in ledger.read_text().splitlines()]


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Subs of a camera with hot pixels, one of them no picture."""
    folder = tmp_path_factory.mktemp("frames")
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    for number in range(SUBS):
        data = sky.expose().to_fits()
        (folder / f"{number:02d}.fits").write_bytes(data if number != 2 else data[:3000])
    return folder


@pytest.fixture(scope="module")
def untouched(frames: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give `untouched(night)`, the folder of a night without a power cut, which is the same for every seed."""

    @cache
    def run(night: str) -> Path:
        out = tmp_path_factory.mktemp("untouched") / night
        crash(frames, out, 0, 0, *NIGHTS[night])
        return out

    return run


@pytest.mark.slow
@pytest.mark.parametrize(("night", "seed"), CUTS)
def test_killed_at_any_instant(
    night: str, seed: int, frames: Path, untouched: Callable[[str], Path], tmp_path: Path
) -> None:
    folders = untouched(night), tmp_path / "killed"
    crash(frames, folders[1], KILLS, seed, *NIGHTS[night])
    whole, killed = map(lines_of, folders)
    for field in ("number", "path", "outcome", "reason", "fingerprint"):
        assert [line.get(field) for line in killed] == [line.get(field) for line in whole]
    pictures = sorted(path.name for path in folders[0].glob("*.fits"))
    assert pictures
    for name in pictures:
        expected, got = (fits.getdata(folder / name) for folder in folders)
        np.testing.assert_allclose(got, expected, rtol=1e-5, err_msg=name)
    assert not [path for path in (tmp_path / "killed").rglob("*") if path.suffix == ".tmp"]
    assert not list((tmp_path / "killed" / "spool").iterdir())
    subs = sorted(path.name for path in (tmp_path / "killed").glob("sessions/*/subs/*.fits"))
    assert subs == [f"{number:06d}.fits" for number in range(1, SUBS + 1)]
