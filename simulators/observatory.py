"""The observatory: exposes the frames of a scenario, in process, without a server."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np

from . import sky
from .exposure import Exposure, Kind, Pixels, Plane, binned, crop
from .frame_truth import stars_in, truth_of
from .headers import CameraSettings, make_header
from .nebula import Nebula, make_nebula
from .plan import Plan, WantedSettings, plan_frame
from .randomness import generator, pool_offsets
from .scenario import Scenario, Target
from .sensor import (
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
from .strips import in_strips

# Raw red, green and blue of a flat panel; hours after the start at which calibration frames are dated.
PANEL_COLOUR = (0.8, 1.0, 0.75)
KIND_DELAY_H = {"light": 0, "flat": 9, "dark": 10, "bias": 11}


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
        wanted = WantedSettings(exposure_s, gain_setting, offset_setting, temperature_c, binning, region_px)
        plan = self._plan(kind, index, wanted)
        if index is None:
            self._next[kind] += 1
        readout = make_readout(self.scenario, plan.settings.gain_setting, plan.settings.offset_setting)
        electrons = self._electrons(plan)
        pixels = self._read_out(plan, electrons, readout)
        date = date_obs or self._date(plan)
        effective = e_per_adu(self.scenario, plan.settings.gain_setting) * binning**2
        return Exposure(
            pixels=binned(crop(pixels, plan.settings.region_px), binning),
            header=make_header(self.scenario, plan.conditions, plan.settings, kind, date, effective),
            truth=truth_of(self.scenario, plan, readout, date),
            _find_stars=lambda: stars_in(self.scenario, plan),
        )

    def ideal(
        self, kind: Kind = "light", *, index: int = 0, exposure_s: float | None = None, signal_only: bool = False
    ) -> Plane:
        """Return the expected frame in ADU, float32, unbinned and whole: no noise, no rounding, no saturation.

        With `signal_only` it is what perfect calibration would leave: neither offset nor dark current, full response.
        """
        plan = self._plan(kind, index, WantedSettings(exposure_s))
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

    def _plan(self, kind: Kind, index: int | None, wanted: WantedSettings) -> Plan:
        number = self._next[kind] if index is None else index
        # Calibration frames are taken with the camera as the next light finds it.
        return plan_frame(self.scenario, kind, number, number if kind == "light" else self._next["light"], wanted)

    def _electrons(self, plan: Plan) -> Plane:
        """Return the expected electrons of the whole sensor: light times response, plus dark current."""
        electrons = self._light(plan)
        if plan.kind in ("light", "flat"):
            response = self.response
            in_strips(self.scenario.height_px, lambda rows: _multiply(electrons[rows], response[rows]))
        self._add_dark(electrons, plan.settings)
        rng = generator(self.scenario.seed, "cosmic rays", plan.kind, plan.index)
        sky.add_cosmic_rays(electrons, self.scenario.cosmic_rays, rng)
        return electrons

    def _light(self, plan: Plan) -> Plane:
        electrons = np.zeros((self.scenario.height_px, self.scenario.width_px), np.float32)
        if plan.kind == "flat":
            self._add_panel(electrons, plan.settings)
        if plan.kind == "light":
            self._add_sky(electrons, plan)
        return electrons

    def _add_sky(self, electrons: Plane, plan: Plan) -> None:
        scenario, conditions, exposure_s = self.scenario, plan.conditions, plan.settings.exposure_s
        light = sky.diffuse_light(scenario, conditions, self._nebula(conditions.target), exposure_s)
        in_strips(
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

    def _read_out(self, plan: Plan, electrons: Plane, readout: Readout) -> Pixels:
        rng = generator(self.scenario.seed, "noise", plan.kind, plan.index)
        offsets = pool_offsets(rng, self.scenario.height_px, self.scenario.width_px)
        bands = (rng.standard_normal((self.scenario.height_px, 1)) * self.scenario.row_noise_adu).astype(np.float32)
        pixels = np.empty(electrons.shape, np.uint16)

        def convert(rows: slice) -> None:
            pixels[rows] = read_out(electrons[rows], readout, offsets[rows], bands[rows])

        in_strips(self.scenario.height_px, convert)
        return pixels

    def _nebula(self, target: Target) -> Nebula:
        if target.name not in self._nebulae:
            self._nebulae[target.name] = make_nebula(self.scenario, target)
        return self._nebulae[target.name]

    def _date(self, plan: Plan) -> datetime:
        cadence_s = self.scenario.exposure_s + self.scenario.pause_s
        start = self.scenario.start_utc.astimezone(UTC) + timedelta(hours=KIND_DELAY_H[plan.kind])
        return start + timedelta(seconds=cadence_s * plan.index)


def _multiply(rows: Plane, factor: Plane) -> None:
    rows *= factor
