"""Does a master fit a frame: which facts forbid it, which are worth a warning, and which are not known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from indistack.calibrate.base import CalibrateSettings, Master
from indistack.errors import CalibrationError
from indistack.fits_header import camera_key
from indistack.values.frame import CfaPattern, FrameInfo, Kind, RawFrame

GEOMETRY = ("size", "CFA", "binning")
"""Where these differ no pixel of one belongs to a pixel of the other, whatever the user wants."""

HARMLESS_TO_FLATS = ("gain", "offset")
"""A flat is free of its bias and holds shares of light, which are the same at any gain."""

Differences = dict[str, tuple[str, str]]
"""Fact -> what master and frame say."""


@dataclass(frozen=True, slots=True)
class FrameFacts:
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
    def of(frame: RawFrame | Master, kind: Kind | None = None) -> FrameFacts:
        """Return the facts of a frame or master; `kind` says what it is used as.

        Parameters
        ----------
        frame : RawFrame or Master
            Only its facts and shape count.
        """
        return FrameFacts(kind or frame.info.kind, frame.pixels.shape, frame.cfa, frame.info)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A master beside a frame.

    Attributes
    ----------
    misfits : dict
        Facts that forbid the master.
    doubts : dict
        Facts that differ too, and do not forbid it.
    unknown : tuple of str
        Facts that only one of the two tells.
    """

    misfits: Differences
    doubts: Differences
    unknown: tuple[str, ...]

    @property
    def legal(self) -> bool:
        """Nothing forbids the master."""
        return not self.misfits

    @property
    def differences(self) -> Differences:
        """Everything that differs."""
        return self.misfits | self.doubts

    @property
    def scalable(self) -> bool:
        """Nothing but the exposure forbids it."""
        return set(self.misfits) == {"exposure"}

    def require_geometry(self, name: str) -> None:
        """Raise `master_mismatch` where size, CFA or binning differ."""
        for fact in filter(self.misfits.__contains__, GEOMETRY):
            mine, other = self.misfits[fact]
            numbers = {f"master_{fact.lower()}": mine, f"frame_{fact.lower()}": other}
            raise CalibrationError("master_mismatch", f"{name}: {in_words({fact: (mine, other)})}", numbers)


def in_words(differences: Differences, frame: str = "the frame") -> str:
    """Return what differs: ``gain 200, the frame 100``."""
    return "; ".join(f"{name} {mine}, {frame} {other}" for name, (mine, other) in differences.items())


def in_spite_of(master: str, differences: Differences) -> str:
    """Return the warning for a master that is used although these facts differ."""
    return f"{master} is used in spite of {in_words(differences)}"


class _Pair(NamedTuple):
    """One fact of master and frame, when the two count as the same, and how they are shown."""

    fact: str
    mine: Any
    other: Any
    same: Callable[[Any, Any], bool]
    show: Callable[[Any], str]

    @property
    def n_known(self) -> int:
        """How many of the two tell it."""
        return sum(value not in (None, "") for value in (self.mine, self.other))


def compare(master: FrameFacts, frame: FrameFacts, settings: CalibrateSettings) -> Comparison:
    """Compare the facts that count for a master of this kind.

    A fact that one side does not tell neither forbids nor fits; one that neither tells does not count.
    """
    pairs = _pairs(master, frame, settings)
    unknown = tuple(pair.fact for pair in pairs if pair.n_known == 1)
    apart = {
        pair.fact: (pair.show(pair.mine), pair.show(pair.other))
        for pair in pairs
        if pair.n_known == 2 and not pair.same(pair.mine, pair.other)
    }
    harmless = HARMLESS_TO_FLATS if master.kind == "flat" else ()
    doubts = {fact: both for fact, both in apart.items() if fact in harmless}
    misfits = {fact: both for fact, both in apart.items() if fact not in harmless}
    return Comparison(misfits, doubts, unknown)


def _pairs(master: FrameFacts, frame: FrameFacts, settings: CalibrateSettings) -> list[_Pair]:
    mine, other = master.info, frame.info
    pairs = [
        _Pair("camera", mine.camera, other.camera, same_camera, str),
        _Pair("size", master.shape, frame.shape, _equal, _size),
        _Pair("CFA", master.cfa, frame.cfa, _equal, str),
        _Pair("binning", mine.binning, other.binning, _equal, "{0[0]}x{0[1]}".format),
        _Pair("gain", mine.gain_setting, other.gain_setting, math.isclose, "{:g}".format),
        _Pair("offset", mine.offset_setting, other.offset_setting, math.isclose, "{:g}".format),
        _Pair("readout mode", mine.readout_mode, other.readout_mode, _same_word, str),
    ]
    if master.kind == "flat":
        pairs += _flat_pairs(mine, other, settings)
    if master.kind in ("dark", "darkflat"):
        pairs += _dark_pairs(mine, other, settings)
    return pairs


def _flat_pairs(mine: FrameInfo, other: FrameInfo, settings: CalibrateSettings) -> list[_Pair]:
    age = timedelta(days=settings.flat_max_age_days)
    turn_deg = settings.rotator_tolerance_deg
    return [
        _Pair("filter", mine.filter_name, other.filter_name, _same_word, str),
        _Pair(
            "rotator", mine.rotator_deg, other.rotator_deg, lambda a, b: apart_deg(a, b) <= turn_deg, "{:g} deg".format
        ),
        _Pair("date", mine.date_obs, other.date_obs, lambda a, b: abs(a - b) <= age, "{:%Y-%m-%d}".format),
    ]


def _dark_pairs(mine: FrameInfo, other: FrameInfo, settings: CalibrateSettings) -> list[_Pair]:
    apart_c = settings.temperature_tolerance_c
    return [
        _Pair("exposure", mine.exposure_s, other.exposure_s, lambda a, b: _alike_s(a, b, settings), "{:g} s".format),
        _Pair(
            "temperature", mine.temperature_c, other.temperature_c, lambda a, b: abs(a - b) <= apart_c, "{:g} C".format
        ),
    ]


def exposure_ratio(dark: Master, info: FrameInfo, settings: CalibrateSettings) -> float:
    """Return the frame's exposure over the dark's; 1 where unknown or within tolerance."""
    mine, other = dark.info.exposure_s, info.exposure_s
    if not mine or other is None or _alike_s(mine, other, settings):
        return 1.0
    return other / mine


def _alike_s(mine: float, other: float, settings: CalibrateSettings) -> bool:
    return math.isclose(mine, other, rel_tol=settings.exposure_tolerance, abs_tol=1e-6)


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
