"""May a master of the library be used for a frame: which facts forbid it, and which are not known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from indistack.calibrate.base import CalibrateSettings
from indistack.fits_header import camera_key
from indistack.frame import CfaPattern, FrameInfo, Kind, RawFrame


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether frames of one camera belong together.

    Attributes
    ----------
    kind : str
        Of the master, or of the frame that looks for one.
    shape : tuple of int
        ``(h, w)`` or ``(h, w, 3)``.
    cfa : str or None
        Pattern; None for mono, and for a master that does not tell.
    info : FrameInfo
        The rest.
    """

    kind: Kind
    shape: tuple[int, ...]
    cfa: CfaPattern | None
    info: FrameInfo

    @staticmethod
    def of(raw: RawFrame) -> Facts:
        """Return the facts of a frame."""
        return Facts(raw.info.kind, raw.pixels.shape, raw.cfa, raw.info)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A master beside a frame.

    Attributes
    ----------
    misfits : dict
        Fact that forbids the master -> what master and frame say.
    unknown : tuple of str
        Facts that only one of the two tells.
    """

    misfits: dict[str, tuple[str, str]]
    unknown: tuple[str, ...]

    @property
    def legal(self) -> bool:
        """Nothing forbids the master."""
        return not self.misfits

    def reasons(self, frame: str = "the frame") -> str:
        """Return what forbids the master, in words: ``gain 200, the frame 100``."""
        return "; ".join(f"{name} {mine}, {frame} {other}" for name, (mine, other) in self.misfits.items())

    @property
    def scalable(self) -> bool:
        """Nothing but the exposure forbids it."""
        return set(self.misfits) == {"exposure"}


Same = Callable[[Any, Any], bool]
Show = Callable[[Any], str]


def compare(master: Facts, frame: Facts, settings: CalibrateSettings) -> Comparison:
    """Compare the facts that count for a master of this kind.

    A fact that one side does not tell neither forbids nor fits; one that neither tells does not count.
    """
    misfits: dict[str, tuple[str, str]] = {}
    unknown: list[str] = []
    for name, mine, other, same, show in _pairs(master, frame, settings):
        if mine in (None, "") or other in (None, ""):
            unknown += [name] if mine != other else []
        elif not same(mine, other):
            misfits[name] = (show(mine), show(other))
    return Comparison(misfits, tuple(unknown))


def _pairs(master: Facts, frame: Facts, settings: CalibrateSettings) -> list[tuple[str, Any, Any, Same, Show]]:
    mine, other = master.info, frame.info
    pairs: list[tuple[str, Any, Any, Same, Show]] = [
        ("camera", mine.camera, other.camera, same_camera, str),
        ("size", master.shape, frame.shape, _equal, _size),
        ("CFA", master.cfa, frame.cfa, _equal, str),
        ("binning", mine.binning, other.binning, _equal, _by),
    ]
    if master.kind != "flat" or not settings.flat_any_gain:
        pairs += [
            ("gain", mine.gain_setting, other.gain_setting, math.isclose, _number),
            ("offset", mine.offset_setting, other.offset_setting, math.isclose, _number),
            ("readout mode", mine.readout_mode, other.readout_mode, _same_word, str),
        ]
    if master.kind == "flat":
        pairs += _flat_pairs(mine, other, settings)
    if master.kind in ("dark", "darkflat"):
        pairs += _dark_pairs(mine, other, settings)
    return pairs


def _flat_pairs(mine: FrameInfo, other: FrameInfo, settings: CalibrateSettings) -> list[Any]:
    age = timedelta(days=settings.flat_max_age_days)
    turn_deg = settings.rotator_tolerance_deg
    return [
        ("filter", mine.filter_name, other.filter_name, _same_word, str),
        ("rotator", mine.rotator_deg, other.rotator_deg, lambda a, b: apart_deg(a, b) <= turn_deg, _degrees),
        ("date", mine.date_obs, other.date_obs, lambda a, b: abs(a - b) <= age, lambda date: f"{date:%Y-%m-%d}"),
    ]


def _dark_pairs(mine: FrameInfo, other: FrameInfo, settings: CalibrateSettings) -> list[Any]:
    share, apart_c = settings.exposure_tolerance, settings.temperature_tolerance_c
    return [
        (
            "exposure",
            mine.exposure_s,
            other.exposure_s,
            lambda a, b: math.isclose(a, b, rel_tol=share, abs_tol=1e-6),
            lambda s: f"{s:g} s",
        ),
        (
            "temperature",
            mine.temperature_c,
            other.temperature_c,
            lambda a, b: abs(a - b) <= apart_c,
            lambda t: f"{t:g} C",
        ),
    ]


def same_camera(one: str, other: str) -> bool:
    """Return whether two names mean one model; programs spell them differently."""
    return camera_key(one) == camera_key(other)


def apart_deg(one: float, other: float) -> float:
    """Return the angle between two directions, 0 to 180 degrees."""
    return abs((one - other + 180.0) % 360.0 - 180.0)


def _equal(mine: Any, other: Any) -> bool:
    return bool(mine == other)


def _same_word(mine: str, other: str) -> bool:
    return mine.strip().casefold() == other.strip().casefold()


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in (shape[1], shape[0], *shape[2:]))


def _by(binning: tuple[int, int]) -> str:
    return f"{binning[0]}x{binning[1]}"


def _number(value: float) -> str:
    return f"{value:g}"


def _degrees(value: float) -> str:
    return f"{value:g} deg"
