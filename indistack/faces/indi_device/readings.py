"""What the device tells of the stack: numbers, lights and text, from the agent's state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from indistack.commands import State
from indistack.commands.state import LIGHTS
from indistack.faces.indi_device.kernel.driver import Device
from indistack.faces.indi_device.kernel.properties import Element, Vector, lights, number, numbers, texts
from indistack.faces.indi_device.kernel.properties import State as IndiState

GROUP = "Stack"

UNKNOWN_S = -1.0
"""Seconds that nobody knows."""

TAKEN = {"ok": "Ok", "busy": "Busy", "alert": "Alert", "idle": "Idle"}
"""A light's word -> INDI's."""

NO_AGENT = "no agent"

NUMBERS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "STACK_COUNTS": ("Subs", {
        "ACCEPTED": ("Accepted", "%.0f"), "REFUSED": ("Refused", "%.0f"), "WAITING": ("Waiting", "%.0f"),
        "STACKED": ("In the stack", "%.0f"), "EXPOSURE": ("Exposure (s)", "%.1f"),
    }),
    "STACK_LAST_SUB": ("Last sub", {
        "NUMBER": ("Number", "%.0f"), "STARS": ("Stars", "%.0f"), "FWHM": ("FWHM (px)", "%.2f"),
        "ECCENTRICITY": ("Eccentricity", "%.2f"), "DRIFT": ("Drift (px)", "%.1f"),
        "DRIFT_ARCSEC": ("Drift (arcsec)", "%.1f"), "ROTATION": ("Rotation (deg)", "%.3f"),
        "WEIGHT": ("Weight", "%.3f"),
    }),
    "STACK_SNR": ("Signal to noise", {
        "SNR": ("SNR", "%.1f"), "GROWTH": ("Times that of one sub", "%.2f"), "TARGET": ("Target", "%.1f"),
        "SECONDS": ("Seconds to the target", "%.0f"),
    }),
    "STACK_EFFORT": ("Effort", {
        "MS": ("Milliseconds a sub", "%.0f"), "MEMORY": ("Memory (MB)", "%.0f"), "PUBLICATION": ("Publication", "%.0f"),
    }),
}  # fmt: skip
"""Vector -> its label; member -> label and format."""

TEXTS = {"STATE": "State", "TARGET": "Target", "METHOD": "Method", "REFERENCE": "Reference", "REASON": "Last reason",
         "HINTS": "Hints", "TO_TARGET": "To the target SNR", "MASTERS": "Masters", "OUTPUT": "Output",
         "SESSION": "Session", "PICTURE": "Picture"}  # fmt: skip


def numbers_of(state: State) -> dict[str, dict[str, float | None]]:
    """Return the members' values of every vector of numbers, None where they are not known."""
    last, snr = state.last, state.snr
    return {
        "STACK_COUNTS": {
            "ACCEPTED": state.accepted, "REFUSED": state.refused, "WAITING": state.waiting, "STACKED": state.n_subs,
            "EXPOSURE": state.exposure_s,
        },
        "STACK_LAST_SUB": {
            "NUMBER": last.number, "STARS": last.stars, "FWHM": last.fwhm_px, "ECCENTRICITY": last.eccentricity,
            "DRIFT": last.drift_px, "DRIFT_ARCSEC": last.drift_arcsec, "ROTATION": last.rotation_deg,
            "WEIGHT": last.weight,
        },
        "STACK_SNR": {
            "SNR": snr.value, "GROWTH": snr.gain, "TARGET": snr.target,
            "SECONDS": UNKNOWN_S if snr.seconds_to_target is None else snr.seconds_to_target,
        },
        "STACK_EFFORT": {"MS": state.ms_a_sub, "MEMORY": state.memory_mb, "PUBLICATION": state.number},
    }  # fmt: skip


def texts_of(state: State, output: str, running: bool) -> dict[str, str]:
    """Return the members' values of the text."""
    return {
        "STATE": state.state if running else NO_AGENT,
        "TARGET": state.target,
        "METHOD": state.method,
        "REFERENCE": state.reference,
        "REASON": state.sentence or state.last.detail,
        "HINTS": "; ".join(state.hints),
        "TO_TARGET": duration(state.snr.seconds_to_target),
        "MASTERS": ", ".join(state.masters),
        "OUTPUT": output,
        "SESSION": str(state.session or ""),
        "PICTURE": str(next(iter(state.main.files.values()), "")) if state.main is not None else "",
    }


def duration(seconds: float | None) -> str:
    """Return a time for people: ``1 h 05 min``, ``unknown``."""
    if seconds is None:
        return "unknown"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


class Readings:
    """The vectors that only tell, and that are sent when they have changed.

    Parameters
    ----------
    device : Device
        Whose.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._numbers = {name: _numbers(name, label, members) for name, (label, members) in NUMBERS.items()}
        self._lights = lights("STACK_LIGHTS", "Lights", GROUP, {name.upper(): name.capitalize() for name in LIGHTS})
        self._text = texts("STACK_STATE", "State", GROUP, *(Element(n, lab) for n, lab in TEXTS.items()), perm="ro")

    def all(self) -> Iterable[Vector]:
        """Return all, in the order in which clients show them."""
        return (self._text, self._lights, *self._numbers.values())

    def show(self, state: State, output: str, running: bool) -> None:
        """Tell what has changed."""
        light: IndiState = "Ok" if running else "Idle"
        for name, values in numbers_of(state).items():
            self._show(self._numbers[name], {member: value or 0.0 for member, value in values.items()}, light)
        told = {name.upper(): TAKEN.get(state.lights.get(name, ""), "Idle") for name in LIGHTS}
        self._show(self._lights, told if running else dict.fromkeys(told, "Idle"), light)
        self._show(self._text, texts_of(state, output, running), light)

    def _show(self, vector: Vector, values: Mapping[str, str | float], light: IndiState) -> None:
        if vector.show(values) or vector.state != light:
            self._device.set(vector, light)


def _numbers(name: str, label: str, members: Mapping[str, tuple[str, str]]) -> Vector:
    made = (number(one, text, 0, -1e12, 1e12, fmt) for one, (text, fmt) in members.items())
    return numbers(name, label, GROUP, *made, perm="ro")
