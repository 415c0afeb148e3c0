"""Is a calibration frame what its label says: no stars or light in a dark, even light and no clipping in a flat."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from indistack.calibrate.colour import levels_of, noise_of, over_rows
from indistack.calibrate.evenness import coarse_picture, roughness_of, spread_adu
from indistack.errors import CalibrationError, Number
from indistack.values.frame import DoubleArray, FloatArray, Kind, PixelArray, RawFrame

MIN_SIDE_PX = 64
"""Smaller frames are not judged: they show too little."""

BAND_ROWS = 512
MAX_SPOTS, COSMIC_PER_S = 10, 0.1
"""Round spots wider than a pixel that a dark may show. Cosmic rays make some: 20 in 240 s on a large, thick CCD, whose
lights show 80 to 170 stars."""

MAX_SPOTS_FLAT = 25
"""The same for a flat: twilight shows its brightest stars, 12 and 18 where the lights of that telescope show 200."""

SPOT_SIGMA = 10.0
SPOT_SHARE = 0.2
"""A star spreads: the median of its 3 x 3 pixels reaches this share of its peak, where a hot pixel leaks 1 or 2 %."""

UNREST = 3.0
"""How far a spot stands out of the rms around it, itself included; a star 10 px wide still does."""

AROUND_PX = 33
MAX_TRIED = 2000
"""Bright pixels looked at per band, the brightest."""
LIT_SIGMA = 1.5
LIT_SHARE = 1e-4
"""The darker part of the field differs by more than this much noise, and this share of the full scale: light."""

DARK_TOP, FLAT_LOW, FLAT_TOP = 0.4, 0.02, 0.92
"""Levels as shares of the range from black to saturation."""

EVEN_SIGMA = 0.5
"""A frame of low level that is this even has no vignetting: a bias, and no flat of a camera of unknown full scale."""

CLIPPED_SHARE = 0.01
ROUGH_SHARE = 0.06
"""Deviation (rms, of the level) of a flat's coarse picture from a smooth surface; dust and vignetting stay below."""

LONGEST_BIAS_S = 1.0

KNOWN_SHARE, MOST_ADU = 0.5, 1e12
"""Share of a master's pixels that must be numbers, and a level that none reaches: damaged floats do at once."""


def require_plausible(kind: Kind, raw: RawFrame) -> None:
    """Raise when the pixels contradict the label.

    Parameters
    ----------
    kind : str
        What it is labelled as.
    raw : RawFrame
        A light, dark, flat or bias as recorded; unchanged.

    Raises
    ------
    CalibrationError
        `not_a_dark`, `not_a_bias`, `not_a_darkflat` or `not_a_flat`, with what was seen.
    """
    if min(raw.height, raw.width) < MIN_SIDE_PX:
        return
    if kind == "flat":
        _require_flat(raw)
    else:
        _require_dark(kind, raw)
    if raw.pixels.min() == raw.pixels.max():
        raise _no(kind, "every pixel has one value", value=float(raw.pixels.flat[0]))


def require_numbers(kind: Kind, pixels: FloatArray) -> None:
    """Raise `damaged` when a master cannot be what it was when it was written.

    Parameters
    ----------
    kind : str
        What it is a master of.
    pixels : array
        ``(h, w)`` or ``(h, w, 3)`` float32, ADU; unchanged.
    """
    thin = _thin(pixels)
    known = thin[np.isfinite(thin)]
    if known.size < KNOWN_SHARE * thin.size:
        raise CalibrationError("damaged", f"most pixels of this master {kind} are no numbers")
    most_adu = float(np.abs(known).max())
    if most_adu > MOST_ADU:
        raise CalibrationError("damaged", f"this master {kind} has a pixel of {most_adu:.3g}", {"value": most_adu})


def _require_dark(kind: Kind, raw: RawFrame) -> None:
    if kind == "bias" and (raw.info.exposure_s or 0.0) > LONGEST_BIAS_S:
        raise _no(kind, f"exposed for {raw.info.exposure_s:g} s", exposure_s=raw.info.exposure_s or 0.0)
    share = float(_levels(raw).max()) / _range_adu(raw)
    if share > DARK_TOP:
        raise _no(kind, f"lit to {100 * share:.0f} % of the full scale", level_share=share)
    _require_no_stars(kind, count_spots(raw), MAX_SPOTS + COSMIC_PER_S * (raw.info.exposure_s or 0.0))
    noise_adu, differs_adu = _noise_adu(raw), spread_adu(coarse_picture(raw))
    if differs_adu > max(LIT_SIGMA * noise_adu, LIT_SHARE * _range_adu(raw, 1.0)):
        raise _no(kind, f"light: the field differs by {differs_adu:.3g} ADU", gradient_adu=differs_adu)


def _require_flat(raw: RawFrame) -> None:
    full_adu = _range_adu(raw)
    share = float(_levels(raw).max()) / full_adu
    coarse = coarse_picture(raw)
    if share < FLAT_LOW and math.isfinite(full_adu) and spread_adu(coarse) <= EVEN_SIGMA * _noise_adu(raw):
        raise _no("flat", f"no light: its level is {100 * share:.1f} % of the full scale", level_share=share)
    clipped = _clipped_share(raw)
    if clipped > CLIPPED_SHARE or share > FLAT_TOP:
        detail = f"clipped: its level is {100 * share:.0f} % of the full scale, {100 * clipped:.0f} % of it is full"
        raise _no("flat", detail, level_share=share, clipped_share=clipped)
    _require_no_stars("flat", count_spots(raw, binned=True), MAX_SPOTS_FLAT)
    rough = roughness_of(coarse)
    if rough > ROUGH_SHARE:
        raise _no("flat", f"a picture: it differs by {100 * rough:.0f} % from even light", roughness=rough)


def _require_no_stars(kind: Kind, spots: int, most: float) -> None:
    if spots > most:
        raise _no(kind, f"it shows {spots} stars", spots=spots)


def _clipped_share(raw: RawFrame) -> float:
    """Return the share of pixels at the highest value: light is noisy, so that a plateau there is a converter's end."""
    thin = _thin(raw.pixels)
    return float(np.mean(thin >= min(float(np.nanmax(thin)), raw.info.saturation_adu)))


def _no(kind: Kind, detail: str, **numbers: Number) -> CalibrationError:
    return CalibrationError(f"not_a_{kind}", f"this is no {kind}: {detail}", numbers)


def _levels(raw: RawFrame) -> DoubleArray:
    return levels_of(raw.pixels, raw.cfa, raw.info.black_adu)


def _range_adu(raw: RawFrame, unknown: float = math.inf) -> float:
    """Return the ADU from black to saturation; `unknown` where nobody knows."""
    full = raw.info.saturation_adu - raw.info.black_adu
    return full if math.isfinite(full) and full > 0 else unknown


def _thin(plane: PixelArray) -> PixelArray:
    step = max(1, int((plane.size / 1e6) ** 0.5))
    return plane[::step, ::step]


def _bands(raw: RawFrame, binned: bool) -> Iterator[FloatArray]:
    """Yield the luminance in bands of rows, NaN as the median.

    The colours of a CFA are averaged cell by cell, or only brought to one level, which keeps the sharpness of stars but
    leaves a pattern where the light is strong.
    """
    levels = None if raw.cfa is None or binned else levels_of(raw.pixels, raw.cfa)
    for top in range(0, raw.height - MIN_SIDE_PX // 2, BAND_ROWS):
        band = raw.pixels[top : top + BAND_ROWS].astype(np.float32)
        lost = ~np.isfinite(band)
        if lost.any():
            band[lost] = np.median(band[~lost]) if not lost.all() else 0.0
        if levels is not None:
            band -= over_rows(levels, slice(top, top + len(band)), raw.width).astype(np.float32)
        elif raw.cfa is not None:
            band = band[: len(band) // 2 * 2, : raw.width // 2 * 2]
            band = np.multiply(band[::2] + band[1::2], np.float32(0.25), dtype=np.float32)
            band = band[:, ::2] + band[:, 1::2]
        yield band.mean(axis=2) if band.ndim == 3 else band


def _noise_adu(raw: RawFrame, binned: bool = True) -> float:
    """Return the noise of one pixel of the luminance."""
    averaged = 3 if raw.pixels.ndim == 3 else 4 if raw.cfa is not None and binned else 1
    return float(np.sqrt(np.mean(noise_of(raw.pixels) ** 2) / averaged))


def count_spots(raw: RawFrame, binned: bool = False) -> int:
    """Return how many star-like spots a frame shows; pixels, columns and rows that are hot are none.

    Parameters
    ----------
    raw : RawFrame
        A light, dark, flat or bias as recorded; unchanged.
    binned : bool
        Average the cells of a CFA: for frames with strong light.
    """
    least_adu = max(SPOT_SIGMA * _noise_adu(raw, binned), 1e-6)
    rows: set[int] = set()
    columns: set[int] = set()
    for number, band in enumerate(_bands(raw, binned)):
        y, x = _spots(band, least_adu)
        rows.update((y // 3 + number * BAND_ROWS).tolist())
        columns.update((x // 3).tolist())
    return min(len(rows), len(columns))


def _spots(band: FloatArray, least_adu: float) -> tuple[PixelArray, PixelArray]:
    """Return rows and columns where the 3 x 3 median stands out of its surroundings and of their unrest."""
    middle = cv2.medianBlur(band, 3)
    around = cv2.blur(middle, (AROUND_PX, AROUND_PX))
    excess: FloatArray = np.asarray(cv2.subtract(middle, around), np.float32)
    y, x = np.nonzero(excess[4:-4, 4:-4] > least_adu)
    brightest = np.argsort(excess[y + 4, x + 4])[-MAX_TRIED:]
    y, x = y[brightest] + 4, x[brightest] + 4
    height = excess[y, x]
    peak = _windows(band, y, x, 3).max(axis=(1, 2)) - around[y, x]
    unrest = np.sqrt(np.mean(_windows(excess, y, x, AROUND_PX) ** 2, axis=(1, 2)))
    is_top = height >= _windows(excess, y, x, 7).max(axis=(1, 2))
    spots = is_top & (height >= SPOT_SHARE * peak) & (height > UNREST * unrest)
    return y[spots], x[spots]


def _windows(plane: FloatArray, y: PixelArray, x: PixelArray, side: int) -> PixelArray:
    """Return the square around each position, ``(n, side, side)``, moved inwards at the edges."""
    sides = min(side, plane.shape[0]), min(side, plane.shape[1])
    tops = (np.clip(at - half // 2, 0, size - half) for at, half, size in zip((y, x), sides, plane.shape, strict=True))
    windows: PixelArray = np.lib.stride_tricks.sliding_window_view(plane, sides)[tuple(tops)]
    return windows
