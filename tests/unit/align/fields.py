"""Star lists with a known transform between them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indistack.values.star_list import Scene, StarList

Array = npt.NDArray[np.float64]
WIDTH, HEIGHT = 2000, 1500


def star_list(xy: Array, flux: Array | None = None, fwhm: Array | float = 3.0, order: Array | None = None) -> StarList:
    """Make a list, brightest first (or in another order)."""
    flux = np.geomspace(1e5, 1e3, len(xy)) if flux is None else flux
    order = np.argsort(-flux, kind="stable") if order is None else order
    width = np.broadcast_to(np.asarray(fwhm, float), len(xy))
    return StarList(
        xy[order, 0],
        xy[order, 1],
        flux[order],
        width[order],
        width[order] / 2,
        np.full(len(xy), 0.2),
        np.zeros(len(xy)),
        np.zeros(len(xy), bool),
        100.0,
        10.0,
    )


def scene_of(stars: StarList, width: int = WIDTH, height: int = HEIGHT) -> Scene:
    return Scene(stars, width, height)


def motion(angle_deg: float, dx: float, dy: float, scale: float = 1.0) -> Array:
    """A similarity that turns and scales around the frame's centre and then shifts."""
    angle = math.radians(angle_deg)
    matrix = np.eye(3)
    matrix[:2, :2] = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre, shift = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2]), np.array([dx, dy])
    matrix[:2, 2] = centre + shift - matrix[:2, :2] @ centre
    return matrix


def mapped(matrix: Array, xy: Array) -> Array:
    return xy @ matrix[:2, :2].T + matrix[:2, 2]


def corner_error(one: Array, other: Array) -> float:
    corners = np.array([[0, 0], [WIDTH - 1, 0], [0, HEIGHT - 1], [WIDTH - 1, HEIGHT - 1]], float)
    return float(np.hypot(*(mapped(one, corners) - mapped(other, corners)).T).max())


@dataclass(frozen=True)
class Pair:
    """Two scenes of one sky, and the true transform from the sub to the reference."""

    sub: Scene
    reference: Scene
    matrix: Array

    def with_sub(self, stars: StarList) -> Pair:
        return replace(self, sub=scene_of(stars))


def pair_of(
    matrix: Array,
    n: int = 120,
    seed: int = 0,
    lost: float = 0.0,
    jitter_px: float = 0.05,
    hot: int = 0,
    hot_fwhm_px: float = 1.2,
) -> Pair:
    """Look twice at a sky of about `n` stars per frame.

    Parameters
    ----------
    lost : float
        Share of the stars that each of the two does not see.
    jitter_px : float
        Error of each place.
    hot : int
        Points that stand at the same pixels in both, among the brightest.
    hot_fwhm_px : float
        Their width; that of the stars is 3.
    """
    rng = np.random.default_rng(seed)
    reach = 2.5
    count = int(n * reach**2)
    sky = (rng.random((count, 2)) - 0.5) * reach * [WIDTH, HEIGHT] + [WIDTH / 2, HEIGHT / 2]
    flux = 10 ** (3 + rng.exponential(0.5, count))
    pixels = np.column_stack([rng.integers(10, WIDTH - 10, hot), rng.integers(10, HEIGHT - 10, hot)]).astype(float)
    pixel_flux = 10 ** (4 + rng.random(hot))

    def look(places: Array) -> Scene:
        inside = ((places > 8) & (places < [WIDTH - 8, HEIGHT - 8])).all(axis=1) & (rng.random(count) >= lost)
        seen = places[inside] + rng.normal(0, jitter_px, (inside.sum(), 2))
        light = flux[inside] * 10 ** rng.normal(0, 0.02, inside.sum())
        fixed = pixels + rng.normal(0, 0.03, pixels.shape)
        width = np.concatenate([np.full(len(seen), 3.0), np.full(hot, hot_fwhm_px)])
        return scene_of(star_list(np.concatenate([seen, fixed]), np.concatenate([light, pixel_flux]), width))

    return Pair(look(mapped(np.linalg.inv(matrix), sky)), look(sky), matrix)
