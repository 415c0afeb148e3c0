"""The limb of the Sun, the Moon or a planet: a circle fitted to where light ends, whole or in part."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from indistack.align.circle import Circle, fit_circle
from indistack.align.planes import shrunk
from indistack.errors import RegistrationError
from indistack.numerics.parabola import parabola_top
from indistack.numerics.statistics import sigma_of_deviations
from indistack.values.frame import BoolArray, DoubleArray, FloatArray

COARSE_SIDE_PX = 400
"""Longer side of the plane in which the circle is looked for."""
EDGE_POINTS = 1500
GUESSES = 1500
NEAR_PX = 1.5
"""A point that lies on a guessed circle is no farther from it."""
RADIAL_COS = 0.94
"""The light falls off within 20 degrees of the circle's radius."""
LEAST_RADIUS_PX = 5.0
MOST_RADIUS = 2.0
"""Of the plane's longer side; larger ones are straight edges."""
LEAST_ARC_DEG = 70.0
"""Of a shorter arc the centre is not known well, nor that it is one."""
ARC_SECTORS = 180
RAYS = 1440
PROFILE_STEP_PX = 0.5
LEAST_SHARE = 0.3
"""Of the usual step of brightness at the limb; a lesser one is a terminator, a spot or a cloud."""
LEAST_SIGMA = 8.0
LIMB_ROUNDS = 5
SMALL = 'align.method = "auto" or "centroid" follows small planets'
MAX_RMS = 0.03
"""Of the radius: what a planet's flattening (Saturn's globe: 0.1 in diameter) and seeing make."""
LEAST_RMS_PX, MOST_RMS_PX = 1.0, 3.0


def find_limb(plane: FloatArray, radius: float | None = None) -> Circle:
    """Find the circle with the longest bright-inside limb.

    Parameters
    ----------
    plane : array
        Luminance, float32.
    radius : float, optional
        Where it is known already: then only the centre is fitted, and another circle is none.

    Raises
    ------
    RegistrationError
        ``no_limb``: none that is long, round and clear enough.
    """
    factor = min(1.0, COARSE_SIDE_PX / max(plane.shape))
    coarse = shrunk(plane, factor)
    guess = _guess(coarse, None if radius is None else radius * factor)
    shift = (1 - factor) / 2
    circle = Circle((guess.x + shift) / factor, (guess.y + shift) / factor, guess.radius / factor, 0.0, 0.0)
    if radius is not None:
        circle = Circle(circle.x, circle.y, radius, 0.0, 0.0)
    width = max(4.0, 3 / factor, 0.06 * circle.radius)
    for _ in range(LIMB_ROUNDS):
        circle = _refined(plane, circle, width, radius)
        width = max(4.0, 0.04 * circle.radius)
    _require(circle)
    return circle


def _guess(plane: FloatArray, radius: float | None) -> Circle:
    """The circle through the most edge points whose light falls off along its radius."""
    at, inward = _edges(plane)
    if len(at) < 3:
        raise _no_limb("there are no edges", Circle(0, 0, 0, 0, 0))
    centres, radii = _circles(at, inward, radius)
    fits = (radii >= LEAST_RADIUS_PX) & (radii <= MOST_RADIUS * max(plane.shape))
    if not fits.any():
        raise _no_limb("no two edges lie on one circle", Circle(0, 0, 0, 0, 0))
    centres, radii = centres[fits], radii[fits]
    votes = [_on_circle(at, inward, centre, size).sum() for centre, size in zip(centres, radii, strict=True)]
    best = int(np.argmax(votes))
    return Circle(float(centres[best, 0]), float(centres[best, 1]), float(radii[best]), 0.0, 0.0)


def _edges(plane: FloatArray) -> tuple[DoubleArray, DoubleArray]:
    """Points ``(n, 2)`` where the light changes most, and unit vectors towards the light."""
    smooth = cv2.GaussianBlur(plane, (0, 0), 1.5)
    dx, dy = (np.asarray(cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3), np.float32) for order in ((1, 0), (0, 1)))
    size = np.hypot(dx, dy)
    strong = float(np.quantile(size, 0.998))
    if not strong > 0:
        return np.zeros((0, 2)), np.zeros((0, 2))
    scale = 8000 / strong
    thin = cv2.Canny(_as_int16(dx, scale), _as_int16(dy, scale), 1000, 2000, L2gradient=True)
    y, x = np.nonzero(thin)
    chosen = np.unique(np.linspace(0, len(x) - 1, EDGE_POINTS).astype(int)) if len(x) else np.zeros(0, int)
    y, x = y[chosen], x[chosen]
    inward = np.column_stack([dx[y, x], dy[y, x]]) / np.maximum(size[y, x], 1e-30)[:, None]
    return np.column_stack([x, y]).astype(np.float64), inward.astype(np.float64)


def _as_int16(values: FloatArray, factor: float) -> npt.NDArray[np.int16]:
    scaled: npt.NDArray[np.int16] = np.clip(values * factor, -32000, 32000).astype(np.int16)
    return scaled


def _circles(at: DoubleArray, inward: DoubleArray, radius: float | None) -> tuple[DoubleArray, DoubleArray]:
    """Centres and radii of circles through pairs of edge points, or through single ones where the radius is known."""
    if radius is not None:
        return at + radius * inward, np.full(len(at), radius)
    one, other = np.random.default_rng(0).integers(0, len(at), (2, GUESSES))
    turn = inward[one] - inward[other]
    length2 = np.maximum((turn**2).sum(axis=1), 1e-9)
    radii = ((at[other] - at[one]) * turn).sum(axis=1) / length2
    centres = (at[one] + at[other] + radii[:, None] * (inward[one] + inward[other])) / 2
    return centres, radii


def _on_circle(at: DoubleArray, inward: DoubleArray, centre: DoubleArray, radius: float) -> BoolArray:
    towards = centre - at
    distance = np.hypot(*towards.T)
    radial = (towards * inward).sum(axis=1) > RADIAL_COS * distance
    on: BoolArray = (np.abs(distance - radius) < NEAR_PX) & radial
    return on


def _refined(plane: FloatArray, circle: Circle, width: float, radius: float | None) -> Circle:
    """The circle through the places, along rays from the centre, where the light falls off most."""
    angle = np.arange(RAYS) * (2 * np.pi / RAYS)
    outward = np.column_stack([np.cos(angle), np.sin(angle)])
    distance, step = _falls(plane, circle, width, outward)
    usual = float(np.quantile(step, 0.9))
    clear = step > max(LEAST_SHARE * usual, LEAST_SIGMA * _noise(plane), 1e-9)
    if clear.sum() < RAYS // 20:
        raise _no_limb("the light falls off nowhere along the circle", circle)
    points = np.array([circle.x, circle.y]) + distance[clear, None] * outward[clear]
    fitted, residual, used = fit_circle(points, circle, radius)
    if not LEAST_RADIUS_PX <= fitted[2] <= MOST_RADIUS * max(plane.shape):
        raise _no_limb("what falls off lies on no circle", circle)
    arc_deg = _seen_deg(np.flatnonzero(clear)[used])
    return Circle(*fitted, float(np.sqrt((residual[used] ** 2).mean())), arc_deg)


def _falls(plane: FloatArray, circle: Circle, width: float, outward: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """For each ray, where the light falls off most, and by how much; 0 where the ray leaves the plane."""
    along = np.arange(max(1.0, circle.radius - width), circle.radius + width, PROFILE_STEP_PX)
    x = (circle.x + along * outward[:, :1]).astype(np.float32)
    y = (circle.y + along * outward[:, 1:]).astype(np.float32)
    brightness = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    brightness = cv2.blur(brightness, (3, 1))
    fall = brightness[:, :-4] - brightness[:, 4:]
    seen = (x > 0) & (x < plane.shape[1] - 1) & (y > 0) & (y < plane.shape[0] - 1)
    fall[~(seen[:, :-4] & seen[:, 4:])] = 0
    best = np.clip(fall.argmax(axis=1), 1, fall.shape[1] - 2)
    ray = np.arange(len(fall))
    before, at, after = (fall[ray, best + offset].astype(np.float64) for offset in (-1, 0, 1))
    return along[best + 2] + parabola_top(before, at, after) * PROFILE_STEP_PX, at


def _seen_deg(rays: npt.NDArray[np.intp]) -> float:
    """How many degrees of the circle are seen: sectors in which at least half the rays are."""
    per_sector = RAYS // ARC_SECTORS
    count = np.bincount(rays // per_sector, minlength=ARC_SECTORS)
    return float((count >= per_sector / 2).sum() * 360 / ARC_SECTORS)


def _noise(plane: FloatArray) -> float:
    """Robust standard deviation of the difference of neighbours."""
    return sigma_of_deviations(plane[1:, 1:] - plane[:-1, :-1])


def _require(circle: Circle) -> None:
    if circle.arc_deg < LEAST_ARC_DEG:
        raise _no_limb(f"only {circle.arc_deg:.0f} degrees of a limb are seen", circle)
    if circle.rms > min(max(LEAST_RMS_PX, MAX_RMS * circle.radius), MOST_RMS_PX):
        raise _no_limb("the limb is not round", circle)


def _no_limb(why: str, circle: Circle) -> RegistrationError:
    numbers = {"arc_deg": circle.arc_deg, "limb_rms_px": 2 * circle.rms, "radius_px": 2 * circle.radius}
    return RegistrationError("no_limb", f"no limb of Sun, Moon or planet: {why}; {SMALL}", numbers)
