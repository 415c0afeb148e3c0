"""One odd sub among good ones: the stack is that of the others, and the ledger tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from astropy.io import fits

from indistack.cli import main
from simulators.fits import fits_bytes
from tests.pipeline.night import make_sky

Pixels = npt.NDArray[np.uint16]
N_SUBS, ODD = 8, 4
GAIN_3 = 3.0


def black_in_part(pixels: Pixels, pedestal: int) -> Pixels:
    pixels[int(0.4 * len(pixels)) :] = 0
    return pixels


def white_block(pixels: Pixels, pedestal: int) -> Pixels:
    pixels[100:300, 200:420] = 65535
    return pixels


def clipped(pixels: Pixels, pedestal: int) -> Pixels:
    level = np.median(pixels) + 20
    return np.maximum(pixels - level, 0).astype(np.uint16)


def brighter(pixels: Pixels, pedestal: int) -> Pixels:
    return np.minimum((pixels.astype(float) - pedestal) * GAIN_3 + pedestal, 65535).astype(np.uint16)


def smoothed(pixels: Pixels, pedestal: int) -> Pixels:
    plane = pixels.astype(float)
    around = sum(np.roll(plane, (2 * y, 2 * x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1))
    return np.rint(around / 9).astype(np.uint16)


SPOILERS = {one.__name__: one for one in (black_in_part, white_block, clipped, brighter, smoothed)}


def stack_of(folder: Path, *arguments: str) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    out, report = folder / "out.fits", folder / "report.json"
    files = sorted(str(path) for path in folder.glob("L_*.fits"))
    assert main(["stack", *files, "-o", str(out), "--report", str(report), "--library", "", *arguments]) == 0
    return np.asarray(fits.getdata(out)), json.loads(report.read_text())


@pytest.mark.parametrize("cfa", ["mono", "RGGB"])
@pytest.mark.parametrize("method", ["mean", "sigma_clip"])
@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS)
def test_one_odd_sub_never_rules(tmp_path: Path, spoil: Callable[[Pixels, int], Pixels], method: str, cfa: str) -> None:
    sky = make_sky(cfa=cfa, drift_px_per_sub=(1.3, -0.7))
    good, odd = tmp_path / "good", tmp_path / "odd"
    for folder in (good, odd):
        folder.mkdir()
    for number in range(N_SUBS):
        exposure = sky.expose()
        name = f"L_{number}.fits"
        if number != ODD:
            (good / name).write_bytes(exposure.to_fits())
            (odd / name).write_bytes(exposure.to_fits())
        else:
            pedestal = int(exposure.truth.pedestal_adu)
            (odd / name).write_bytes(fits_bytes(spoil(exposure.pixels.copy(), pedestal), exposure.header))
    expected, _ = stack_of(good, "--method", method)
    found, report = stack_of(odd, "--method", method)
    subs = report["subs"]
    assert [sub["outcome"] for place, sub in enumerate(subs) if place != ODD] == ["accepted"] * (N_SUBS - 1)
    assert subs[ODD]["outcome"] == "refused" or subs[ODD]["weight"] < 3.5 * np.median(
        [sub["weight"] or 1 for sub in subs]
    )
    difference = found - expected
    noise_adu = 1.4826 * np.nanmedian(np.abs(np.diff(expected, axis=-1)))
    assert np.nanmedian(np.abs(difference)) < noise_adu
    for part in np.array_split(difference, 4, axis=-2):  # nowhere a step
        assert abs(np.nanmedian(part)) < 0.5 * noise_adu
