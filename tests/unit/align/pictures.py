"""Pictures of one scene with a known transform between them: a disk with craters, a bright star beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from indistack.values.frame import FloatArray
from indistack.values.star_list import Scene
from tests.unit.align.fields import star_list

Array = npt.NDArray[np.float64]
WIDTH, HEIGHT = 800, 600
LIMB_PX = 1.5
"""Half the width over which the limb fades, as through air."""
CORNERS = np.array([[0, 0], [WIDTH - 1, 0], [0, HEIGHT - 1], [WIDTH - 1, HEIGHT - 1]], float)


def moved(dx: float, dy: float, angle_deg: float = 0.0) -> Array:
    """A turn about the frame's centre and a shift, sub -> reference."""
    angle = np.radians(angle_deg)
    matrix = np.eye(3)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    centre = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    matrix[:2, 2] = centre - matrix[:2, :2] @ centre + [dx, dy]
    return matrix


def corner_error_px(one: Array, other: Array) -> float:
    """Where two maps differ most, at the frame's corners."""

    def at(matrix: Array) -> Array:
        mapped = CORNERS @ matrix[:, :2].T + matrix[:, 2]
        return mapped[:, :2] / mapped[:, 2:]

    return float(np.hypot(*(at(one) - at(other)).T).max())


def _fall(x: Array) -> Array:
    """From 1 to 0 over a few units around 0."""
    return np.asarray(0.5 - 0.5 * np.tanh(x))


def _bump(dx: Array, dy: Array, sigma_px: float) -> Array:
    return np.asarray(np.exp(-(dx**2 + dy**2) / (2 * sigma_px**2)))


def _window(x: Array, y: Array, place: tuple[float, float], reach_px: float, step: int = 16) -> tuple[slice, slice]:
    """The part of a picture, whose pixels lie at `x`, `y`, that holds what is within reach of a place.

    Only every `step`-th pixel is looked at: a scene of thousands of spots would take most of a minute.
    """
    distance = np.hypot(x[::step, ::step] - place[0], y[::step, ::step] - place[1])
    rows, columns = np.nonzero(distance < reach_px + 2 * step)
    if not len(rows):
        return slice(0), slice(0)
    first = [step * max(int(line.min()) - 1, 0) for line in (rows, columns)]
    last = [step * (int(line.max()) + 1) for line in (rows, columns)]
    return slice(first[0], last[0]), slice(first[1], last[1])


@dataclass(frozen=True)
class Sky:
    """A scene as a function of place, so that it can be looked at from anywhere without interpolation.

    Attributes
    ----------
    disk : (float, float, float)
        x, y, radius (px); a radius of 0 is no disk.
    star : (float, float, float)
        x, y, height (ADU); its FWHM is 4 px.
    spots : int
        Craters, or details all over the picture where there is no disk.
    lit_deg : float
        How much of the disk is lit, 360 or 180.
    """

    disk: tuple[float, float, float] = (540.0, 310.0, 90.0)
    star: tuple[float, float, float] = (440.0, 180.0, 6000.0)
    spots: int = 60
    seed: int = 0
    lit_deg: float = 360.0

    def light(self, x: Array, y: Array) -> Array:
        """ADU at places of the reference."""
        rng = np.random.default_rng(self.seed)
        cx, cy, radius = self.disk
        total = np.full(x.shape, 100.0)
        face = np.ones(x.shape)
        if radius:
            face = _fall((np.hypot(x - cx, y - cy) - radius) / LIMB_PX)
            if self.lit_deg < 360:
                face *= _fall((x - cx) / 6)
            total = total + 1500 * face
        reach, middle = (0.9 * radius, (cx, cy)) if radius else (700.0, (WIDTH / 2, HEIGHT / 2))
        for _ in range(self.spots):
            px, py = rng.uniform(-reach, reach, 2) + middle
            size, depth = rng.uniform(2.0, 6.0), rng.uniform(-500, 400)
            near = _window(x, y, (px, py), 6 * size)
            total[near] += face[near] * depth * _bump(x[near] - px, y[near] - py, size)
        sx, sy, height = self.star
        return np.asarray(total + height * _bump(x - sx, y - sy, 1.7))

    def look(self, matrix: Array | None = None, noise: float = 15.0, seed: int = 1) -> Scene:
        """Expose through a transform sub -> reference."""
        clean = _seen(self, tuple(np.eye(3).ravel() if matrix is None else matrix.ravel()))
        return scene_of(binned(clean + np.random.default_rng(seed).normal(0, noise, clean.shape)))


@lru_cache(maxsize=64)
def _seen(sky: Sky, matrix: tuple[float, ...]) -> Array:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    u, v, w = np.tensordot(np.reshape(matrix, (3, 3)), np.stack([x, y, np.ones_like(x)]), 1)
    return sky.light(u / w, v / w)


def binned(full: Array) -> FloatArray:
    """Mean of each 2x2 cell."""
    height, width = full.shape
    return full.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)).astype(np.float32)


def scene_of(luminance: FloatArray) -> Scene:
    """A scene without stars."""
    return Scene(star_list(np.zeros((0, 2))), 2 * luminance.shape[1], 2 * luminance.shape[0], luminance)


def changed(scene: Scene, change: Any) -> Scene:
    """The scene with a function applied to its luminance."""
    assert scene.luminance is not None
    return replace(scene, luminance=np.asarray(change(scene.luminance), np.float32))


@dataclass(frozen=True)
class HotPixels:
    """Adds the same single bright pixels to every picture."""

    count: int
    seed: int = 5
    height: float = 20_000.0
    places: tuple[Array, Array] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        rows, cols = rng.integers(3, HEIGHT // 2 - 3, self.count), rng.integers(3, WIDTH // 2 - 3, self.count)
        object.__setattr__(self, "places", (rows, cols))

    def __call__(self, plane: FloatArray) -> FloatArray:
        hot = plane.copy()
        hot[self.places] += self.height
        return hot
