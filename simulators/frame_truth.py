"""What is true of a frame of the simulated camera, and the stars that are in it."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from . import sky
from .conditions import conditions_of, first_light_of_target
from .geometry import Matrix, inverse, map_points, readout_to_sensor
from .headers import CameraSettings
from .plan import Plan
from .scenario import Scenario
from .sensor import Readout, dark_factor, e_per_adu
from .truth import StarTruth, Truth, as_rows


def truth_of(scenario: Scenario, plan: Plan, readout: Readout, date: datetime) -> Truth:
    """Return what is true of a frame."""
    is_light = plan.kind == "light"
    conditions, settings = plan.conditions, plan.settings
    sky_e_per_s = _mean_over_cfa(sky.sky_rates(scenario, conditions.filter)) * sky.sky_factor(conditions.transparency)
    dark_e = scenario.dark_e_per_s * settings.exposure_s * dark_factor(scenario, settings.temperature_c)
    return Truth(
        frame=plan.index,
        kind=plan.kind,
        date_obs=date.isoformat(timespec="milliseconds")[:23],
        transform=as_rows(_to_first_light(scenario, plan) if is_light else np.eye(3)),
        fwhm_px=conditions.fwhm_px / settings.binning if is_light else 0.0,
        transparency=conditions.transparency if is_light else 0.0,
        background_adu=sky_e_per_s * settings.exposure_s / readout.e_per_adu if is_light else 0.0,
        pedestal_adu=float(readout.column_offset_adu.mean() + dark_e / readout.e_per_adu),
        exposure_s=settings.exposure_s,
        gain_setting=settings.gain_setting,
        e_per_adu=readout.e_per_adu * settings.binning**2,
        events=conditions.events if is_light else (),
        target=conditions.target.name,
    )


def stars_in(scenario: Scenario, plan: Plan) -> StarTruth:
    """Return the stars in a frame, brightest first; none in calibration frames."""
    if plan.kind != "light":
        return StarTruth(np.empty(0), np.empty(0), np.empty((0, 3)), np.empty(0))
    found = sky.stars_in_view(scenario, plan.conditions, margin_px=0.5)
    x, y = map_points(inverse(_delivered_to_sensor(plan.settings)), found.x, found.y)
    settings = plan.settings
    scale = e_per_adu(scenario, settings.gain_setting) * settings.binning**2
    rates = sky.channel_rates(scenario, found, plan.conditions.filter)
    flux_adu = rates * (settings.exposure_s * plan.conditions.transparency / scale)
    width, height = (side // settings.binning for side in settings.region_px[2:])
    inside = (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)
    order = np.flatnonzero(inside)[np.argsort(-flux_adu[inside, 1])]
    return StarTruth(x[order], y[order], flux_adu[order], found.b_minus_v[order])


def _to_first_light(scenario: Scenario, plan: Plan) -> Matrix:
    first = conditions_of(scenario, first_light_of_target(scenario, plan.index))
    delivered = _delivered_to_sensor(plan.settings)
    here = inverse(plan.conditions.sky_to_sensor) @ delivered
    matrix = inverse(delivered) @ first.sky_to_sensor @ here
    return np.asarray(matrix / matrix[2, 2])


def _mean_over_cfa(rates: tuple[float, ...]) -> float:
    """Return the mean of a mosaic, half of which is green; of a mono sensor, its one rate."""
    return (rates[0] + 2 * rates[1] + rates[2]) / 4 if len(rates) == 3 else rates[0]


def _delivered_to_sensor(settings: CameraSettings) -> Matrix:
    return readout_to_sensor(settings.region_px[0], settings.region_px[1], settings.binning)
