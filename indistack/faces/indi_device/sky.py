"""The sky as the subs show it, as an INDI weather device: Ekos' scheduler stops for clouds."""

from __future__ import annotations

import statistics
from collections import deque

from indistack import __version__
from indistack.commands import State
from indistack.faces.indi_device.kernel.driver import Device
from indistack.faces.indi_device.kernel.properties import (
    Element,
    Vector,
    lights,
    number,
    numbers,
    switches,
    texts,
)
from indistack.faces.indi_device.kernel.properties import State as IndiState
from indistack.values.own_driver import OWN_DRIVER

SUFFIX = " Sky"
WEATHER_INTERFACE = 128
MAIN = "Main Control"

TREND_SUBS = 10
"""Subs before the last one that its FWHM is compared with."""

TRANSPARENCY, FWHM, BRIGHTNESS = "WEATHER_TRANSPARENCY", "WEATHER_FWHM_TREND", "WEATHER_SKY_BRIGHTNESS"

LABELS = {TRANSPARENCY: "Transparency (1 = reference)", FWHM: "FWHM / that of before", BRIGHTNESS: "Sky (ADU)"}

RANGES = {TRANSPARENCY: (0.5, 2.0), FWHM: (0.0, 1.5)}
"""What is good weather."""

WARNING_SHARE = 15.0
"""Per cent of a range, at its ends, that are a warning."""


class Sky:
    """Weather from the subs.

    Parameters
    ----------
    device : Device
        Whose.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._fwhm_px: deque[float] = deque(maxlen=TREND_SUBS)
        self._last = 0
        self._status = lights("WEATHER_STATUS", "Status", MAIN, {name: LABELS[name] for name in RANGES})
        members = (number(name, label, 0, -1e9, 1e9, "%.2f") for name, label in LABELS.items())
        self._values = numbers("WEATHER_PARAMETERS", "Parameters", MAIN, *members, perm="ro")
        self._ranges = {name: _range(name, *limits) for name, limits in RANGES.items()}
        self._period = numbers("WEATHER_UPDATE", "Update", MAIN, number("PERIOD", "Period (s)", 60, 0, 3600))
        self._refresh = switches("WEATHER_REFRESH", "Refresh", MAIN, {"REFRESH": "Refresh"}, rule="AtMostOne")
        self._override = switches("WEATHER_OVERRIDE", "Override", MAIN, {"OVERRIDE": "All is well"}, rule="AtMostOne")
        self._state = State()
        self._define()

    def _define(self) -> None:
        words = {"CONNECT": "Connect", "DISCONNECT": "Disconnect"}
        self._device.define(switches("CONNECTION", "Connection", MAIN, words, "DISCONNECT"))
        facts = {"DRIVER_NAME": self._device.name, "DRIVER_EXEC": OWN_DRIVER, "DRIVER_VERSION": __version__,
                 "DRIVER_INTERFACE": str(WEATHER_INTERFACE)}  # fmt: skip
        info = (Element(name, name.removeprefix("DRIVER_").capitalize(), text) for name, text in facts.items())
        self._device.define(texts("DRIVER_INFO", "Driver", "General Info", *info, perm="ro"))
        for vector in (self._status, self._values, self._period):
            self._device.define(vector)
        for vector in self._ranges.values():
            self._device.define(vector, self._set_range)
        self._device.define(self._refresh, self._press)
        self._device.define(self._override, self._override_status)

    def show(self, state: State) -> None:
        """Tell how the sky is."""
        self._state = state
        last = state.last
        if last.number != self._last and last.fwhm_px is not None:
            self._fwhm_px.append(last.fwhm_px)
        self._last = last.number
        trend = last.fwhm_px / statistics.median(self._fwhm_px) if last.fwhm_px and self._fwhm_px else None
        known = {TRANSPARENCY: last.transparency, FWHM: trend, BRIGHTNESS: last.background_adu}
        self._values.show({name: value or 0.0 for name, value in known.items()})
        states = {name: self._judged(name, known[name]) for name in RANGES}
        self._status.show(states)
        self._device.set(self._values, "Idle" if not state.state else "Ok")
        self._device.set(self._status, self._overall(states))

    def _judged(self, name: str, value: float | None) -> IndiState:
        if value is None or not self._state.state:
            return "Idle"
        limits = self._ranges[name]
        low, high, share = (limits.number(each) for each in ("MIN_OK", "MAX_OK", "PERC_WARN"))
        if not low <= value <= high:
            return "Alert"
        margin = (high - low) * share / 100
        near = (low > 0 and value < low + margin) or value > high - margin
        return "Busy" if near else "Ok"

    def _overall(self, states: dict[str, IndiState]) -> IndiState:
        if self._override.chosen():
            return "Ok"
        order: tuple[IndiState, ...] = ("Alert", "Busy", "Ok")
        return next((state for state in order if state in states.values()), "Idle")

    def _set_range(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        self._device.set(vector, "Ok")
        self.show(self._state)

    def _press(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        vector.choose("")
        self._device.set(vector, "Ok")
        self.show(self._state)

    def _override_status(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        self._device.set(vector, "Busy" if vector.chosen() else "Idle")
        self.show(self._state)


def _range(name: str, low: float, high: float) -> Vector:
    members = (
        number("MIN_OK", "Least", low, -1e9, 1e9),
        number("MAX_OK", "Greatest", high, -1e9, 1e9),
        number("PERC_WARN", "Warning (%)", WARNING_SHARE, 0, 100),
    )
    return numbers(name, LABELS[name], "Parameters", *members)
