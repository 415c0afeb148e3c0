"""The observatory: exposes the frames of a scenario, in process, without a server."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from simulators import sky
from simulators.conditions import Conditions, conditions_of, first_light_of_target
from simulators.fits import Value, fits_bytes
from simulators.geometry import Matrix, inverse, map_points, readout_to_sensor
from simulators.headers import CameraSettings, make_header
from simulators.nebula import Nebula, make_nebula
from simulators.randomness import generator, pool_offsets
from simulators.scenario import Scenario, Target
from simulators.sensor import (
    Defects,
    Readout,
    cfa_channels,
    dark_factor,
    e_per_adu,
    make_dark_pattern,
    make_defects,
    make_readout,
    make_response,
    read_out,
)
from simulators.truth import StarTruth, Truth, as_rows

Kind = Literal["light", "dark", "bias", "flat"]
Plane = NDArray[np.float32]
Pixels = NDArray[np.uint16]

# Rows that one thread works on at a time; even, so that every strip begins with the same row of the Bayer pattern.
STRIP_ROWS = 256
# Raw red, green and blue of a flat panel; hours after the start at which calibration frames are dated.
PANEL_COLOUR = (0.8, 1.0, 0.75)
KIND_DELAY_H = {"light": 0, "flat": 9, "dark": 10, "bias": 11}


@dataclass(frozen=True)
class Exposure:
    """One frame: what the camera delivers and what is true about it.

    Attributes
    ----------
    pixels : ndarray of uint16, shape (height, width)
        As read out: the colour filter mosaic, or mono.
    header : dict
        FITS keywords without the structural ones.
    truth : Truth
    """

    pixels: Pixels
    header: dict[str, Value]
    truth: Truth
    _find_stars: Callable[[], StarTruth] = field(repr=False, compare=False)

    def to_fits(self) -> bytes:
        """Return the frame as a FITS file."""
        return fits_bytes(self.pixels, self.header)

    @cached_property
    def stars(self) -> StarTruth:
        """The stars inside this frame, brightest first; none for calibration frames."""
        return self._find_stars()


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything decided about one frame before any pixel is made."""

    kind: Kind
    index: int
    conditions: Conditions
    settings: CameraSettings


class Observatory:
    """A camera on a telescope under the scenario's sky.

    Light number i depends on the scenario and i only: it can be made alone, in any order, any number of times.

    Parameters
    ----------
    scenario : Scenario
    first_light : int
        Number of the first light that `expose` makes when none is asked for by index.
    """

    def __init__(self, scenario: Scenario, first_light: int = 0) -> None:
        self.scenario = scenario
        self._next: Counter[str] = Counter(light=first_light)
        self._nebulae: dict[str, Nebula] = {}

    def expose(
        self,
        kind: Kind = "light",
        *,
        index: int | None = None,
        exposure_s: float | None = None,
        gain_setting: float | None = None,
        offset_setting: float | None = None,
        temperature_c: float | None = None,
        binning: int = 1,
        region_px: tuple[int, int, int, int] | None = None,
        date_obs: datetime | None = None,
    ) -> Exposure:
        """Take one frame.

        Parameters
        ----------
        kind : {"light", "dark", "bias", "flat"}
        index : int, optional
            Number of the frame among its kind; the next one when absent.
        exposure_s, gain_setting, offset_setting, temperature_c : float, optional
            The scenario's (with its events) when absent. A bias has no exposure; a flat has the same level whatever
            its exposure.
        binning : int
            Delivered pixels are means of binning x binning sensor pixels.
        region_px : (x, y, width, height), optional
            Part of the sensor, in unbinned pixels; cropped before binning.
        date_obs : datetime, optional
            Start of the exposure; from the scenario's clock when absent.
        """
        plan = self._plan(kind, index, exposure_s, gain_setting, offset_setting, temperature_c, binning, region_px)
        if index is None:
            self._next[kind] += 1
        readout = make_readout(self.scenario, plan.settings.gain_setting, plan.settings.offset_setting)
        electrons = self._electrons(plan)
        pixels = self._read_out(plan, electrons, readout)
        date = date_obs or self._date(plan)
        effective = e_per_adu(self.scenario, plan.settings.gain_setting) * binning**2
        return Exposure(
            pixels=_bin(_crop(pixels, plan.settings.region_px), binning),
            header=make_header(self.scenario, plan.conditions, plan.settings, kind, date, effective),
            truth=self._truth(plan, readout, date),
            _find_stars=lambda: self._stars(plan),
        )

    def ideal(
        self, kind: Kind = "light", *, index: int = 0, exposure_s: float | None = None, signal_only: bool = False
    ) -> Plane:
        """Return the expected frame in ADU, float32, unbinned and whole: no noise, no rounding, no saturation.

        With `signal_only` it is what perfect calibration would leave: neither offset nor dark current, full response.
        """
        plan = self._plan(kind, index, exposure_s, None, None, None, 1, None)
        electrons = self._light(plan) if signal_only else self._electrons(plan)
        readout = make_readout(self.scenario, plan.settings.gain_setting, plan.settings.offset_setting)
        electrons /= np.float32(readout.e_per_adu)
        if not signal_only:
            electrons += readout.column_offset_adu[None, :]
        return electrons

    @cached_property
    def response(self) -> Plane:
        """What a perfect, normalised master flat would show: float32, shape (height, width), 1 at the centre."""
        response = make_response(self.scenario)
        response.setflags(write=False)
        return response

    @cached_property
    def dark_pattern(self) -> Plane:
        """The pixels' dark currents relative to their mean, hot ones aside: float32, shape (height, width)."""
        pattern = make_dark_pattern(self.scenario)
        pattern.setflags(write=False)
        return pattern

    @cached_property
    def defects(self) -> Defects:
        """The sensor's hot and dead pixels."""
        return make_defects(self.scenario)

    def _plan(
        self,
        kind: Kind,
        index: int | None,
        exposure_s: float | None,
        gain_setting: float | None,
        offset_setting: float | None,
        temperature_c: float | None,
        binning: int,
        region_px: tuple[int, int, int, int] | None,
    ) -> _Plan:
        _check_request(self.scenario, kind, binning, region_px)
        number = self._next[kind] if index is None else index
        # Calibration frames are taken with the camera as the next light finds it.
        conditions = conditions_of(self.scenario, number if kind == "light" else self._next["light"])
        usual_s = {"light": conditions.exposure_s, "dark": conditions.exposure_s, "flat": self.scenario.flat_exposure_s}
        settings = CameraSettings(
            exposure_s=0.0 if kind == "bias" else _or(exposure_s, usual_s.get(kind, 0.0)),
            gain_setting=_or(gain_setting, conditions.gain_setting),
            offset_setting=_or(offset_setting, self.scenario.offset_setting),
            temperature_c=_or(temperature_c, self.scenario.temperature_c),
            binning=binning,
            region_px=region_px or (0, 0, self.scenario.width_px, self.scenario.height_px),
        )
        return _Plan(kind, number, conditions, settings)

    def _electrons(self, plan: _Plan) -> Plane:
        """Return the expected electrons of the whole sensor: light times response, plus dark current."""
        electrons = self._light(plan)
        if plan.kind in ("light", "flat"):
            response = self.response
            _in_strips(self.scenario.height_px, lambda rows: _multiply(electrons[rows], response[rows]))
        self._add_dark(electrons, plan.settings)
        rng = generator(self.scenario.seed, "cosmic rays", plan.kind, plan.index)
        sky.add_cosmic_rays(electrons, self.scenario.cosmic_rays, rng)
        return electrons

    def _light(self, plan: _Plan) -> Plane:
        electrons = np.zeros((self.scenario.height_px, self.scenario.width_px), np.float32)
        if plan.kind == "flat":
            self._add_panel(electrons, plan.settings)
        if plan.kind == "light":
            self._add_sky(electrons, plan)
        return electrons

    def _add_sky(self, electrons: Plane, plan: _Plan) -> None:
        scenario, conditions, exposure_s = self.scenario, plan.conditions, plan.settings.exposure_s
        light = sky.diffuse_light(scenario, conditions, self._nebula(conditions.target), exposure_s)
        _in_strips(
            scenario.height_px,
            lambda rows: sky.fill_diffuse(electrons[rows], rows.start, scenario.height_px, light, scenario.cfa),
        )
        sky.add_stars(electrons, scenario, conditions, exposure_s)
        for satellite in conditions.satellites:
            sky.add_satellite(electrons, satellite, conditions.fwhm_px)

    def _add_panel(self, electrons: Plane, settings: CameraSettings) -> None:
        readout = make_readout(self.scenario, settings.gain_setting, settings.offset_setting)
        range_e = min(self.scenario.full_well_e, self.scenario.max_adu * readout.e_per_adu)
        colours = np.array(PANEL_COLOUR if self.scenario.is_colour else (1.0, 1.0, 1.0), np.float32)
        tile = colours[cfa_channels(self.scenario.cfa)] * np.float32(range_e * self.scenario.flat_level)
        for dy in range(2):
            for dx in range(2):
                electrons[dy::2, dx::2] += tile[dy, dx]

    def _add_dark(self, electrons: Plane, settings: CameraSettings) -> None:
        factor = settings.exposure_s * dark_factor(self.scenario, settings.temperature_c)
        dark_e = np.float32(self.scenario.dark_e_per_s * factor)
        electrons += dark_e * self.dark_pattern if self.scenario.dark_spread else dark_e
        electrons.reshape(-1)[self.defects.hot_index] += self.defects.hot_e_per_s * np.float32(factor)

    def _read_out(self, plan: _Plan, electrons: Plane, readout: Readout) -> Pixels:
        rng = generator(self.scenario.seed, "noise", plan.kind, plan.index)
        offsets = pool_offsets(rng, self.scenario.height_px, self.scenario.width_px)
        bands = (rng.standard_normal((self.scenario.height_px, 1)) * self.scenario.row_noise_adu).astype(np.float32)
        pixels = np.empty(electrons.shape, np.uint16)

        def convert(rows: slice) -> None:
            pixels[rows] = read_out(electrons[rows], readout, offsets[rows], bands[rows])

        _in_strips(self.scenario.height_px, convert)
        return pixels

    def _nebula(self, target: Target) -> Nebula:
        if target.name not in self._nebulae:
            self._nebulae[target.name] = make_nebula(self.scenario, target)
        return self._nebulae[target.name]

    def _date(self, plan: _Plan) -> datetime:
        cadence_s = self.scenario.exposure_s + self.scenario.pause_s
        start = self.scenario.start_utc.astimezone(UTC) + timedelta(hours=KIND_DELAY_H[plan.kind])
        return start + timedelta(seconds=cadence_s * plan.index)

    def _truth(self, plan: _Plan, readout: Readout, date: datetime) -> Truth:
        is_light = plan.kind == "light"
        conditions, settings = plan.conditions, plan.settings
        sky_e_per_s = _mean_over_cfa(sky.sky_rates(self.scenario, conditions.filter)) * sky.sky_factor(
            conditions.transparency
        )
        dark_e = self.scenario.dark_e_per_s * settings.exposure_s * dark_factor(self.scenario, settings.temperature_c)
        return Truth(
            frame=plan.index,
            kind=plan.kind,
            date_obs=date.isoformat(timespec="milliseconds")[:23],
            transform=as_rows(self._to_first_light(plan) if is_light else np.eye(3)),
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

    def _to_first_light(self, plan: _Plan) -> Matrix:
        first = conditions_of(self.scenario, first_light_of_target(self.scenario, plan.index))
        delivered = _delivered_to_sensor(plan.settings)
        here = inverse(plan.conditions.sky_to_sensor) @ delivered
        matrix = inverse(delivered) @ first.sky_to_sensor @ here
        return np.asarray(matrix / matrix[2, 2])

    def _stars(self, plan: _Plan) -> StarTruth:
        if plan.kind != "light":
            return StarTruth(np.empty(0), np.empty(0), np.empty((0, 3)), np.empty(0))
        found = sky.stars_in_view(self.scenario, plan.conditions, margin_px=0.5)
        x, y = map_points(inverse(_delivered_to_sensor(plan.settings)), found.x, found.y)
        settings = plan.settings
        scale = e_per_adu(self.scenario, settings.gain_setting) * settings.binning**2
        rates = sky.channel_rates(self.scenario, found, plan.conditions.filter)
        flux_adu = rates * (settings.exposure_s * plan.conditions.transparency / scale)
        width, height = (side // settings.binning for side in settings.region_px[2:])
        inside = (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)
        order = np.flatnonzero(inside)[np.argsort(-flux_adu[inside, 1])]
        return StarTruth(x[order], y[order], flux_adu[order], found.b_minus_v[order])


def _check_request(scenario: Scenario, kind: str, binning: int, region_px: tuple[int, int, int, int] | None) -> None:
    if kind not in get_args(Kind):
        raise ValueError(f"unknown kind of frame {kind!r}; known: {', '.join(get_args(Kind))}")
    if binning < 1:
        raise ValueError(f"binning must be 1 or more, not {binning}")
    x0, y0, width, height = region_px or (0, 0, scenario.width_px, scenario.height_px)
    inside = min(x0, y0) >= 0 and x0 + width <= scenario.width_px and y0 + height <= scenario.height_px
    if not inside or width < binning or height < binning:
        raise ValueError(f"region {region_px} is not on the {scenario.width_px} x {scenario.height_px} px sensor")


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _mean_over_cfa(rates: tuple[float, ...]) -> float:
    """Return the mean of a mosaic, half of which is green; of a mono sensor, its one rate."""
    return (rates[0] + 2 * rates[1] + rates[2]) / 4 if len(rates) == 3 else rates[0]


def _delivered_to_sensor(settings: CameraSettings) -> Matrix:
    return readout_to_sensor(settings.region_px[0], settings.region_px[1], settings.binning)


def _crop(pixels: Pixels, region_px: tuple[int, int, int, int]) -> Pixels:
    x0, y0, width, height = region_px
    return np.ascontiguousarray(pixels[y0 : y0 + height, x0 : x0 + width])


def _bin(pixels: Pixels, binning: int) -> Pixels:
    if binning == 1:
        return pixels
    height, width = (side // binning for side in pixels.shape)
    blocks = pixels[: height * binning, : width * binning].reshape(height, binning, width, binning)
    return np.asarray(np.rint(blocks.mean(axis=(1, 3), dtype=np.float32)), dtype=np.uint16)


def _multiply(rows: Plane, factor: Plane) -> None:
    rows *= factor


def _in_strips(height_px: int, work: Callable[[slice], None]) -> None:
    """Do the work on strips of rows in a few threads; NumPy and OpenCV let them run side by side."""
    strips = [slice(row, min(row + STRIP_ROWS, height_px)) for row in range(0, height_px, STRIP_ROWS)]
    for _ in _threads().map(work, strips):
        pass


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="simulated-sensor")
