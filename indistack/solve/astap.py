"""ASTAP: a small picture of our stars in, a list of keywords out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from indistack.errors import SolveError
from indistack.fits_header import BLOCK, header_bytes, read_wcs, value_of
from indistack.solve.base import SOLVERS, FieldToSolve, Solution
from indistack.values.frame import Card, FloatArray

PICTURE, RESULT = "field.fits", "result"

LARGEST_SIDE_PX = 2000
"""Of the picture: its stars are drawn, so that a larger one only takes longer."""

RADIUS_DEG, WHOLE_SKY_DEG = 10, 180

SKY_ADU, NOISE_ADU = 1000.0, 10.0
SIGMA_PX = 1.5
FAINTEST_ADU, BRIGHTEST_ADU = 300.0, 50_000.0
"""Heights of drawn stars: the program looks for 30 sigma, then for less, and leaves out what is saturated."""


@SOLVERS.register("astap", rank=1)
class Astap:
    """``astap_cli`` or ``astap`` and its star database."""

    commands = ("astap_cli", "astap")

    def prepare(self, field: FieldToSolve, folder: Path) -> list[str]:
        """See `indistack.solve.base.Solver`."""
        picture = draw(field)
        with (folder / PICTURE).open("wb") as file:
            file.write(header_bytes((), -32, picture.shape))
            file.write(picture.astype(">f4").tobytes())
            file.write(bytes(-picture.nbytes % BLOCK))
        words = ["-f", str(folder / PICTURE), "-o", str(folder / RESULT), "-z", "1"]
        height_deg = (field.scale_arcsec_px or 0.0) * field.height / 3600
        words += ["-fov", f"{height_deg:.6g}"]  # 0: any
        if field.centre_deg is None:
            return [*words, "-r", f"{WHOLE_SKY_DEG}"]
        ra_deg, dec_deg = field.centre_deg
        return [*words, "-r", f"{RADIUS_DEG}", "-ra", f"{ra_deg / 15:.6f}", "-spd", f"{dec_deg + 90:.6f}"]

    def read(self, field: FieldToSolve, folder: Path) -> Solution:
        """See `indistack.solve.base.Solver`."""
        try:
            text = (folder / RESULT).with_suffix(".ini").read_text(encoding="latin-1")
        except OSError as error:
            raise SolveError(f"it wrote no result: {error.strerror}") from error
        cards: list[Card] = [(key, value_of(value.strip()), "") for key, value in re.findall(r"(\w+)=(.*)", text)]
        table = {key: value for key, value, _ in cards}
        if table.get("PLTSOLVD") is not True:
            raise SolveError(str(table.get("ERROR") or table.get("WARNING") or "no field of its database fits"))
        wcs = read_wcs([("CTYPE1", "RA---TAN", ""), ("CTYPE2", "DEC--TAN", ""), *cards])
        if wcs is None:
            raise SolveError("it wrote no WCS")
        zoom = _zoom(field)
        shift = (zoom - 1) / 2
        grid = np.array([[zoom, 0, shift], [0, zoom, shift], [0, 0, 1]])
        return Solution(wcs.moved(np.linalg.inv(grid)), "astap")


def draw(field: FieldToSolve) -> FloatArray:
    """Return a picture of round stars on an even sky, ``(height, width)`` float32, at most `LARGEST_SIDE_PX` wide.

    Brightness follows the flux, its range narrowed where the picture could not hold it.
    """
    zoom = _zoom(field)
    height, width = max(1, int(field.height * zoom)), max(1, int(field.width * zoom))
    noise = np.random.default_rng(0).normal(SKY_ADU, NOISE_ADU, (height, width))
    picture = noise.astype(np.float32)
    stars = field.stars
    if not len(stars):
        return picture
    x, y = (stars.x * zoom + (zoom - 1) / 2, stars.y * zoom + (zoom - 1) / 2)
    for at_x, at_y, peak_adu in zip(x, y, _peaks_adu(np.maximum(stars.flux, 1e-6)), strict=True):
        _add_star(picture, float(at_x), float(at_y), float(peak_adu))
    return picture


def _zoom(field: FieldToSolve) -> float:
    return min(1.0, LARGEST_SIDE_PX / max(field.width, field.height))


def _peaks_adu(flux: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Raise fluxes to the power that brings them between the faintest and the brightest that can be drawn."""
    ratio = flux / flux.min()
    power = min(1.0, np.log(BRIGHTEST_ADU / FAINTEST_ADU) / np.log(max(float(ratio.max()), np.e)))
    return np.asarray(FAINTEST_ADU * ratio**power, np.float64)


def _add_star(picture: FloatArray, x: float, y: float, peak_adu: float) -> None:
    reach = 8
    left, top = max(0, round(x) - reach), max(0, round(y) - reach)
    box = picture[top : round(y) + reach + 1, left : round(x) + reach + 1]
    rows, columns = np.ogrid[top : top + box.shape[0], left : left + box.shape[1]]
    box += peak_adu * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * SIGMA_PX**2)).astype(np.float32)
