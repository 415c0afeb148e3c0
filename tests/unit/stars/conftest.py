"""Frames with known stars, rendered by the tests themselves: Gaussians integrated over each pixel."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from indistack.stars import StarFinder, StarsSettings
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo

Array = npt.NDArray[np.float64]
COLOURS = {"R": 0, "G": 1, "B": 2}
erf = np.vectorize(math.erf, otypes=[np.float64])


def profile(centre: float, sigma: float, start: int, stop: int) -> Array:
    """Share of a Gaussian that falls on each pixel from `start` to `stop`, along one axis."""
    edges = (np.arange(start, stop + 1) - 0.5 - centre) / (sigma * math.sqrt(2))
    return np.diff(erf(edges)) / 2


def render(shape: tuple[int, int], x: Array, y: Array, flux: Array, fwhm: float) -> Array:
    """Draw stars on a plane of zeros."""
    plane = np.zeros(shape)
    sigma = fwhm / 2.3548
    reach = math.ceil(6 * sigma) + 2
    for star_x, star_y, star_flux in zip(x, y, flux, strict=True):
        top, bottom = max(0, round(star_y) - reach), min(shape[0], round(star_y) + reach + 1)
        left, right = max(0, round(star_x) - reach), min(shape[1], round(star_x) + reach + 1)
        if top < bottom and left < right:
            columns = profile(star_x, sigma, left, right)
            plane[top:bottom, left:right] += star_flux * profile(star_y, sigma, top, bottom)[:, None] * columns
    return plane


def mosaic(planes: list[Array], cfa: CfaPattern) -> Array:
    """Pick each photosite from its colour's plane."""
    out = np.empty_like(planes[0])
    for place, colour in enumerate(cfa):
        row, column = divmod(place, 2)
        out[row::2, column::2] = planes[COLOURS[colour]][row::2, column::2]
    return out


def mono_frame(plane: npt.NDArray[np.generic], **facts: object) -> CalibratedFrame:
    """Wrap a float32 plane."""
    bad = facts.pop("bad", None)
    return CalibratedFrame(plane.astype(np.float32), None, 0.0, 1.0, bad, FrameInfo(**facts))  # type: ignore[arg-type]


def jittered_grid(shape: tuple[int, int], spacing: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Places on a grid, each moved by up to two pixels; none near the edge."""
    y, x = np.mgrid[spacing : shape[0] - spacing // 2 : spacing, spacing : shape[1] - spacing // 2 : spacing]
    return tuple(axis.ravel() + rng.uniform(-2, 2, axis.size) for axis in (x, y))  # type: ignore[return-value]


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as pool:
        yield pool


@pytest.fixture
def finder(workers: Workers) -> Callable[..., StarFinder]:
    """Give `finder(**settings)`."""
    return lambda **settings: StarFinder(StarsSettings(**settings), workers)
