"""Sees in the pixels whether a frame is a mosaic of colours, and on which diagonal of its 2x2 cell green lies.

Two of the four pixels of a Bayer cell are green and see the same; red and blue almost never do. So over the sky of a
frame one diagonal agrees and the other differs, and where more light is, its shot noise is larger too. That tells
colours from rows, columns or single pixels that are read out with offsets of their own.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from indistack.fits_header import camera_key
from indistack.numerics.statistics import robust_sigma
from indistack.values.frame import CfaPattern, FloatArray, PixelArray, RawFrame
from indistack.values.mosaic import shifted

BLOCK_PX = 64
BLOCKS_PER_SIDE = 6
MIN_BLOCKS = 9
"""Blocks of the frame that are looked at, and how many must be left without the clipped ones."""

CLIPPED = 0.9
"""Part of the saturation above which a block is left out."""
MIN_CONTRAST = 0.5
"""Difference between the colours, in sigmas of one pixel's noise..."""
MIN_RELATIVE = 0.02
"""...and as part of the level: amplifiers of one sensor differ by less."""
MIN_NOISE_SIGMA = 5.0
"""How surely the brighter colour must be the noisier one."""
AGREEMENT = 0.2
"""How much the two green pixels may differ, as part of the difference on the other diagonal."""
NOISE_AGREEMENT = 0.5
"""The same of their noise, in logarithms."""
MAJORITY = 0.8
"""Part of the blocks in which the colours must differ in the same sense."""

Grid = Literal["main", "anti", "checker", ""]
"""Green on the main diagonal (GRBG, GBRG), on the other one (RGGB, BGGR), on one of them, or nothing to be seen."""


class _Cells(NamedTuple):
    """Of each block and each of the four phases of its cells ``(n, 4)``: mean level and noise of one pixel."""

    levels: FloatArray
    noise: FloatArray


def doubts_about_cfa(frame: RawFrame) -> tuple[str, ...]:
    """Return what the pixels of a light or a flat say against its CFA, and what to set; () where nothing does.

    Takes about a millisecond, whatever the frame's size. A sky without colour decides nothing.
    """
    if frame.pixels.ndim != 2 or frame.info.kind not in ("light", "flat") or not frame.info.linear:
        return ()
    grid = grid_of(frame.pixels, frame.info.saturation_adu)
    if grid == "" or (frame.cfa is not None and grid in ("checker", _diagonal(frame.cfa))):
        return ()
    name = camera_key(frame.info.camera) and frame.info.camera
    setting = f'decode.bayer_of."{name}"' if name else "decode.bayer"
    if frame.cfa is not None:
        first, second = shifted(frame.cfa, 0, 1), shifted(frame.cfa, 1, 0)
        return (
            f"the frame is said to be {frame.cfa}, but green lies on the other diagonal: the colours will be wrong; "
            f"where all frames say so, set {setting} to {first}, or else to {second}",
        )
    likely = {"anti": "RGGB or BGGR", "main": "GRBG or GBRG"}.get(grid, "its pattern")
    return (f"the frame is said to be mono, but its pixels are a mosaic of colours: set {setting} to {likely}",)


def _diagonal(cfa: CfaPattern) -> Grid:
    return "main" if cfa[0] == "G" else "anti"


def grid_of(pixels: PixelArray, saturation_adu: float) -> Grid:
    """Return where green lies in a plane ``(h, w)``, as far as its pixels decide that."""
    with np.errstate(all="ignore"):  # blocks with pixels that are no number drop out
        cells = _cells(pixels, saturation_adu)
    if len(cells.levels) < MIN_BLOCKS:
        return ""
    if _agrees(cells, _ANTI, _MAIN) and _is_colour(cells, _MAIN):
        return "anti"
    if _agrees(cells, _MAIN, _ANTI) and _is_colour(cells, _ANTI):
        return "main"
    alike = _agrees(cells, _MAIN, _BETWEEN) and _agrees(cells, _ANTI, _BETWEEN)
    return "checker" if alike and _is_colour(cells, _BETWEEN) else ""


_MAIN = np.array([1, 0, 0, -1], np.float32)
_ANTI = np.array([0, 1, -1, 0], np.float32)
_BETWEEN = np.array([0.5, -0.5, -0.5, 0.5], np.float32)


def _agrees(cells: _Cells, weights: FloatArray, others: FloatArray) -> bool:
    """Return whether two pixels see the same, and with the same noise, beside what other ones differ by."""
    alike = np.abs(cells.levels @ weights) < AGREEMENT * np.abs(cells.levels @ others)
    noises = [abs(np.median(np.log(cells.noise) @ each)) for each in (weights, others)]
    return bool(np.mean(alike) >= MAJORITY and noises[0] < NOISE_AGREEMENT * noises[1])


def _is_colour(cells: _Cells, weights: FloatArray) -> bool:
    """Return whether a difference between phases is large, of one sign over the frame, and has its shot noise."""
    difference = cells.levels @ weights
    sign = np.sign(np.median(difference))
    least = np.maximum(MIN_CONTRAST * cells.noise.mean(axis=1), MIN_RELATIVE * cells.levels.mean(axis=1))
    if np.mean(difference * sign > least) < MAJORITY:
        return False
    louder = sign * (np.log(cells.noise) @ weights)
    middle = float(np.median(louder))
    error = robust_sigma(louder, middle) / np.sqrt(len(louder))
    return bool(middle > MIN_NOISE_SIGMA * error)


def _cells(pixels: PixelArray, saturation_adu: float) -> _Cells:
    height, width = pixels.shape
    tops, lefts = (_starts(size) for size in (height, width))
    if len(tops) * len(lefts) < MIN_BLOCKS:
        return _Cells(np.empty((0, 4), np.float32), np.empty((0, 4), np.float32))
    side = BLOCK_PX // 2
    blocks = np.array([pixels[y : y + BLOCK_PX, x : x + BLOCK_PX] for y in tops for x in lefts], np.float32)
    phases = blocks.reshape(-1, side, 2, side, 2).transpose(0, 2, 4, 1, 3).reshape(-1, 4, side, side)
    middle = np.partition(phases.reshape(-1, 4, side * side), side * side // 2, axis=2)[..., side * side // 2]
    middle = middle[..., None, None]
    steps = np.abs(np.diff(phases, axis=3))
    noise = _clipped_mean(steps, 4 * steps.mean(axis=(1, 2, 3), keepdims=True)) * np.float32(np.sqrt(np.pi) / 2)
    reach = 3 * noise[..., None, None]
    levels = np.clip(phases, middle - reach, middle + reach).mean(axis=(2, 3))
    dark = middle.max(axis=(1, 2, 3)) < CLIPPED * saturation_adu
    usable = dark & (noise > 0).all(axis=1) & np.isfinite(levels).all(axis=1)
    return _Cells(levels[usable], noise[usable])


def _clipped_mean(steps: FloatArray, limit: FloatArray) -> FloatArray:
    """Return the mean over rows and columns, in which what exceeds the limit counts as the limit: stars."""
    mean: FloatArray = np.minimum(steps, limit).mean(axis=(2, 3))
    return mean


def _starts(size: int) -> list[int]:
    """Return even first rows or columns of blocks, evenly spread; none where not even one fits."""
    count = min(BLOCKS_PER_SIDE, size // BLOCK_PX)
    return sorted({int(at) // 2 * 2 for at in np.linspace(0, size - BLOCK_PX, count)}) if count else []
