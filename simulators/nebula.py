"""The nebula of a target: three coarse planes of light that move with the stars."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .geometry import Matrix
from .randomness import generator
from .scenario import Scenario, Target

Plane = NDArray[np.float32]

MAP_SIDE = 1024
# The map spans this many frame widths, so that a field that drifts or turns does not run off it.
MAP_SPAN = 1.5
# Raw red, green and blue of hydrogen alpha, of doubly ionised oxygen, and of starlight scattered by dust.
HYDROGEN = (1.0, 0.07, 0.10)
OXYGEN = (0.02, 0.62, 0.66)
SCATTERED = (0.16, 0.34, 0.42)


@dataclass(frozen=True, slots=True)
class Nebula:
    """Light in electrons per second and sensor pixel, and the matrix from the sky plane (px) to the planes' pixels."""

    planes: tuple[Plane, Plane, Plane]
    sky_to_map: Matrix

    def luminance(self, passes: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Plane:
        """Return the sum of these shares of the three planes: what a mono sensor collects."""
        return np.asarray(sum(plane * np.float32(share) for plane, share in zip(self.planes, passes, strict=True)))


def make_nebula(scenario: Scenario, target: Target) -> Nebula:
    """Return the target's nebula: an ionised cloud with filaments, an oxygen core, and dust lanes across it."""
    rng = generator(scenario.seed, "nebula", target.name)
    warp_x, warp_y = (_clouds(rng, 3, 7) * (0.055 * MAP_SIDE) for _ in range(2))
    billows = _warped(_clouds(rng, 4, 8), warp_x, warp_y)
    ridges = _clouds(rng, 4, 8) + 0.5 * _clouds(rng, 9, 7)
    filaments = np.exp(-np.abs(_warped(ridges, warp_x, warp_y)) / 0.3)
    lanes = np.exp(-2.2 * np.clip(_warped(_clouds(rng, 5, 8), warp_y, warp_x) - 0.35, 0, None))
    body = _envelope(0.24, 0.72, billows)
    hydrogen = body * (0.5 + 0.75 * filaments) * np.exp(0.35 * billows) * lanes
    oxygen = _envelope(0.115, 0.85, billows) * (0.7 + 0.5 * filaments) * np.exp(0.3 * billows) * lanes
    scattered = 0.16 * _envelope(0.36, 0.9, billows) * np.exp(0.5 * billows) * lanes
    planes = [
        (HYDROGEN[c] * hydrogen + 0.7 * OXYGEN[c] * oxygen + SCATTERED[c] * scattered).astype(np.float32)
        for c in range(3)
    ]
    peak = float(np.percentile(planes[0], 99.9))
    red, green, blue = (plane * np.float32(target.nebula_e_per_s / peak) for plane in planes)
    return Nebula((red, green, blue), _sky_to_map(scenario))


def _sky_to_map(scenario: Scenario) -> Matrix:
    scale = MAP_SIDE / (MAP_SPAN * max(scenario.width_px, scenario.height_px))
    middle = (MAP_SIDE - 1) / 2
    return np.array([[scale, 0.0, middle], [0.0, scale, middle], [0.0, 0.0, 1.0]])


def _clouds(rng: np.random.Generator, cells: int, octaves: int) -> Plane:
    """Return fractal noise, about -2 to 2: octaves of smooth random fields, each twice as fine and 0.55 as strong."""
    total = np.zeros((MAP_SIDE, MAP_SIDE), np.float32)
    for octave in range(octaves):
        side = min(MAP_SIDE, cells * 2**octave)
        coarse = rng.standard_normal((side, side), dtype=np.float32)
        total += np.float32(0.55**octave) * cv2.resize(coarse, (MAP_SIDE, MAP_SIDE), interpolation=cv2.INTER_CUBIC)
    return total


def _warped(plane: Plane, shift_x: Plane, shift_y: Plane) -> Plane:
    """Displace a field by two others: what turns round blobs into wisps."""
    y, x = np.indices(plane.shape, dtype=np.float32)
    warped = cv2.remap(plane, x + shift_x, y + shift_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(warped, dtype=np.float32)


def _envelope(radius: float, flattening: float, billows: Plane) -> Plane:
    """Return a soft body around the centre with a ragged edge; `radius` in parts of the map, 0 at the map's border."""
    v, u = (np.indices(billows.shape, dtype=np.float32) - (MAP_SIDE - 1) / 2) / MAP_SIDE
    angle = math.radians(25)
    along = math.cos(angle) * u + math.sin(angle) * v
    across = (math.cos(angle) * v - math.sin(angle) * u) / flattening
    ragged = np.hypot(along, across) / (radius * np.exp(0.28 * billows))
    border = np.clip(1 - np.hypot(u, v) / 0.5, 0, 1) ** 0.5
    return np.asarray(np.exp(-(ragged**2)) * border, dtype=np.float32)
