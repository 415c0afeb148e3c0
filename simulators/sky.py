"""The light that reaches the sensor: diffuse light, stars, satellites and cosmic rays, as expected electrons."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .conditions import Conditions
from .events import Satellite
from .geometry import map_points
from .nebula import Nebula
from .psf import make_profile, render_stamps
from .scenario import NO_FILTER, Filter, Scenario
from .sensor import cfa_channels
from .starfield import CAMERA_RESPONSE, Stars, stars_near

Plane = NDArray[np.float32]
Floats = NDArray[np.float64]

# A light-polluted sky is warmer than a white star.
SKY_TINT = (1.2, 1.0, 0.8)
# Clouds send the lights of the ground back: this much more sky where they take all the starlight.
CLOUD_GLOW = 0.6
# Stamp radius in FWHM up to these fluxes (electrons): a bright star's wings are seen further out.
STAMP_RADII = ((2e3, 3.0), (1e5, 5.0), (math.inf, 10.0))
# Stamps are made in batches of at most this many pixels, so that a trailed 24-megapixel field stays small in memory.
BATCH_PIXELS = 4_000_000


@dataclass(frozen=True, slots=True)
class DiffuseLight:
    """The smooth light of one exposure: nebula and sky, in electrons per pixel."""

    nebula_planes: tuple[Plane, ...]
    sensor_to_map: Floats
    nebula_factor: float
    sky_e: tuple[float, ...]
    slope_x: float
    slope_y: float


def sky_rates(scenario: Scenario, through: Filter = NO_FILTER) -> tuple[float, ...]:
    """Return the sky's electrons per second and pixel by channel: red, green, blue, or what passes the filter alone."""
    rates = tuple(
        scenario.sky_e_per_s * response * tint for response, tint in zip(CAMERA_RESPONSE, SKY_TINT, strict=True)
    )
    return rates if scenario.is_colour else (float(np.dot(rates, through.passes)),)


def sky_factor(transparency: float) -> float:
    """Return how much brighter clouds of this transparency make the sky."""
    return 1.0 + CLOUD_GLOW * (1.0 - transparency)


def diffuse_light(scenario: Scenario, conditions: Conditions, nebula: Nebula, exposure_s: float) -> DiffuseLight:
    """Return the smooth light of one exposure; the gradient hangs on the horizon, so it turns with the camera."""
    through = conditions.filter
    angle = math.radians(scenario.gradient_angle_deg + conditions.rotation_deg)
    return DiffuseLight(
        nebula_planes=nebula.planes
        if scenario.is_colour
        else (nebula.luminance(through.nebula_passes or through.passes),),
        sensor_to_map=nebula.sky_to_map @ np.linalg.inv(conditions.sky_to_sensor),
        nebula_factor=exposure_s * conditions.transparency,
        sky_e=tuple(rate * exposure_s * sky_factor(conditions.transparency) for rate in sky_rates(scenario, through)),
        slope_x=scenario.gradient * math.cos(angle) / scenario.width_px,
        slope_y=scenario.gradient * math.sin(angle) / scenario.width_px,
    )


def fill_diffuse(electrons: Plane, first_row: int, frame_height: int, light: DiffuseLight, cfa: str) -> None:
    """Write the diffuse light into rows of a frame, in place.

    Parameters
    ----------
    electrons : ndarray of float32, shape (rows, width)
        The rows from `first_row` on, which is even.
    """
    channels = cfa_channels(cfa)
    step = 1 if cfa == "mono" else 2
    for dy in range(step):
        for dx in range(step):
            _fill_phase(electrons[dy::step, dx::step], first_row + dy, dx, step, light, int(channels[dy, dx]))
    height, width = electrons.shape
    x = np.arange(width) - (width - 1) / 2
    y = np.arange(first_row, first_row + height) - (frame_height - 1) / 2
    brightness = (1 + light.slope_x * x[None, :] + light.slope_y * y[:, None]).astype(np.float32)
    sky = np.array(light.sky_e, np.float32)[channels % len(light.sky_e)]
    for dy in range(2):
        for dx in range(2):
            electrons[dy::2, dx::2] += sky[dy, dx] * brightness[dy::2, dx::2]


def _fill_phase(out: Plane, y0: int, x0: int, step: int, light: DiffuseLight, channel: int) -> None:
    """Fill one of the mosaic's phases: its pixel (i, j) is sensor pixel (x0 + step * j, y0 + step * i)."""
    phase = np.array([[step, 0, x0], [0, step, y0], [0, 0, 1]], dtype=np.float64)
    matrix = (light.sensor_to_map @ phase)[:2]
    size = (out.shape[1], out.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(light.nebula_planes[channel], matrix, size, flags=flags)
    np.multiply(warped, np.float32(light.nebula_factor), out=out)


def stars_in_view(scenario: Scenario, conditions: Conditions, margin_px: float) -> Stars:
    """Return the stars on the sensor and up to `margin_px` around it, at their unbinned sensor pixels."""
    to_sky = np.linalg.inv(conditions.sky_to_sensor)
    middle = to_sky @ [(scenario.width_px - 1) / 2, (scenario.height_px - 1) / 2, 1.0]
    radius = math.hypot(scenario.width_px, scenario.height_px) / 2 + margin_px
    stars = stars_near(scenario, conditions.target.name, middle[0], middle[1], radius)
    x, y = map_points(conditions.sky_to_sensor, stars.x, stars.y)
    inside = (x > -margin_px) & (x < scenario.width_px - 1 + margin_px)
    inside &= (y > -margin_px) & (y < scenario.height_px - 1 + margin_px)
    return Stars(x, y, stars.rate_e_per_s, stars.b_minus_v).select(inside)


def channel_rates(scenario: Scenario, stars: Stars, through: Filter = NO_FILTER) -> Floats:
    """Return the stars' electrons per second in red, green and blue; for mono, three times what passes the filter."""
    if scenario.is_colour:
        return stars.rate_e_per_s
    return np.repeat((stars.rate_e_per_s @ through.passes)[:, None], 3, axis=1)


def add_stars(electrons: Plane, scenario: Scenario, conditions: Conditions, exposure_s: float) -> None:
    """Add the stars to a whole frame of expected electrons, in place."""
    margin = STAMP_RADII[-1][1] * conditions.fwhm_px + math.hypot(*conditions.trail_px)
    stars = stars_in_view(scenario, conditions, margin)
    flux_e = channel_rates(scenario, stars, conditions.filter) * (exposure_s * conditions.transparency)
    brightest = flux_e.max(axis=1, initial=0.0)
    dimmest = 0.0
    for limit, radius_fwhm in STAMP_RADII:
        chosen = (brightest >= dimmest) & (brightest < limit)
        _add_class(electrons, stars.select(chosen), flux_e[chosen], conditions, scenario, radius_fwhm)
        dimmest = limit


def _add_class(
    electrons: Plane, stars: Stars, flux_e: Floats, conditions: Conditions, scenario: Scenario, radius_fwhm: float
) -> None:
    profile = make_profile(scenario.psf, conditions.fwhm_px)
    radius = max(4, math.ceil(radius_fwhm * conditions.fwhm_px + math.hypot(*conditions.trail_px) / 2))
    batch = max(1, BATCH_PIXELS // (2 * radius + 1) ** 2)
    channels = cfa_channels(scenario.cfa)
    for start in range(0, len(stars), batch):
        part = slice(start, start + batch)
        x0, y0, stamps = render_stamps(stars.x[part], stars.y[part], profile, radius, conditions.trail_px)
        _tint(stamps, x0, y0, flux_e[part].astype(np.float32), channels)
        _add_stamps(electrons, x0, y0, stamps)


def _tint(
    stamps: Plane, x0: NDArray[np.int64], y0: NDArray[np.int64], flux_e: Plane, channels: NDArray[np.int64]
) -> None:
    """Scale each stamp, in place, to the star's flux through the filter over each pixel."""
    star = np.arange(len(flux_e))
    for dy in range(2):
        for dx in range(2):
            channel = channels[(y0 + dy) % 2, (x0 + dx) % 2]
            stamps[:, dy::2, dx::2] *= flux_e[star, channel][:, None, None]


def _add_stamps(electrons: Plane, x0: NDArray[np.int64], y0: NDArray[np.int64], stamps: Plane) -> None:
    height, width = electrons.shape
    side = stamps.shape[1]
    for left, top, stamp in zip(x0.tolist(), y0.tolist(), stamps, strict=True):
        x_from, x_to = max(left, 0), min(left + side, width)
        y_from, y_to = max(top, 0), min(top + side, height)
        if x_from < x_to and y_from < y_to:
            electrons[y_from:y_to, x_from:x_to] += stamp[y_from - top : y_to - top, x_from - left : x_to - left]


def add_satellite(electrons: Plane, satellite: Satellite, fwhm_px: float) -> None:
    """Add a straight, even trail across the whole frame, in place; its profile is a Gaussian with the star's FWHM."""
    angle = math.radians(satellite.angle_deg)
    along_x, along_y = math.cos(angle), math.sin(angle)
    if abs(along_x) > abs(along_y):
        _add_trail(electrons.T, along_y, along_x, -satellite.offset_px, satellite.peak_e, fwhm_px)
    else:
        _add_trail(electrons, along_x, along_y, satellite.offset_px, satellite.peak_e, fwhm_px)


def _add_trail(
    electrons: Plane, along_x: float, along_y: float, offset_px: float, peak_e: float, fwhm_px: float
) -> None:
    """Add a trail that crosses every row once; the offset is towards (along_y, -along_x) from the centre."""
    height, width = electrons.shape
    sigma = fwhm_px / 2.3548
    row = np.arange(height)[:, None]
    centre = (width - 1) / 2 + ((row - (height - 1) / 2) * along_x + offset_px) / along_y
    reach = math.ceil(4 * sigma / abs(along_y))
    column = np.rint(centre).astype(np.int64) + np.arange(-reach, reach + 1)[None, :]
    light = peak_e * np.exp(-(((column - centre) * along_y) ** 2) / (2 * sigma**2))
    inside = (column >= 0) & (column < width)
    electrons[np.broadcast_to(row, column.shape)[inside], column[inside]] += light[inside].astype(np.float32)


def add_cosmic_rays(electrons: Plane, mean_count: float, rng: np.random.Generator) -> None:
    """Add hits of single particles: a few pixels in a row, far sharper than any star, in place."""
    height, width = electrons.shape
    for _ in range(int(rng.poisson(mean_count))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        angle, length, charge = rng.uniform(0, 2 * math.pi), 1 + rng.exponential(3.0), rng.lognormal(7.5, 0.8)
        for step in range(int(length) + 1):
            column, row = int(x + step * math.cos(angle)), int(y + step * math.sin(angle))
            if 0 <= column < width and 0 <= row < height:
                electrons[row, column] += charge / (int(length) + 1)
