"""Where one picture lies on another, through whatever optics the two were taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from indistack.align import ALIGNERS, AlignSettings
from indistack.errors import RegistrationError
from indistack.raster.warp import regridded
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

NEAR, FAR = 0.05, 0.45
"""How far the scale may lie from a factor that the headers tell, and from one that is tried."""

FACTORS = (1.0, 2.0, 0.5, 4.0, 0.25, 8.0, 0.125)
"""Tried one after another; each reaches to the next."""


def place(picture: Scene, grid: Scene, told_scale: float | None) -> Transform:
    """Find the transform from one picture to another by their stars: any shift, rotation and scale, also mirrored.

    Parameters
    ----------
    picture, grid : Scene
        Their stars.
    told_scale : float or None
        Pixels of the grid for each of the picture, as their headers have it.

    Raises
    ------
    RegistrationError
        As the aligner ``asterism`` does.
    """
    refusals: list[RegistrationError] = []
    for factor, reach in _scales(told_scale):
        settings = AlignSettings(mirrored="auto", max_scale_change=reach)
        try:
            found = ALIGNERS.get("asterism")(settings).register(_enlarged(picture, factor), grid, None)
        except RegistrationError as refusal:
            refusals.append(refusal)
            continue
        return regridded(found, factor, 0.0)
    raise refusals[0]


def area_px(transform: Transform) -> float:
    """Return how many pixels of the grid one of the picture covers."""
    return abs(float(np.linalg.det(transform.matrix[:2, :2])))


def spread(picture: Scene, transform: Transform) -> Scene:
    """Return a picture's stars with the flux that they have once it is resampled on the grid.

    Interpolation keeps the brightness of each pixel: a star that is spread over more of them has more flux.
    """
    return replace(picture, stars=replace(picture.stars, flux=picture.stars.flux * area_px(transform)))


def _enlarged(scene: Scene, factor: float) -> Scene:
    """The scene in pixels of 1 / `factor`."""
    stars = scene.stars
    larger = replace(stars, x=factor * stars.x, y=factor * stars.y, fwhm=factor * stars.fwhm, hfr=factor * stars.hfr)
    return replace(scene, stars=larger, width=round(factor * scene.width), height=round(factor * scene.height))


def _scales(told_scale: float | None) -> Iterator[tuple[float, float]]:
    if told_scale is not None:
        yield told_scale, NEAR
    yield from ((factor, FAR) for factor in FACTORS)
