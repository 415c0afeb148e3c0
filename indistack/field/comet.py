"""How a comet, or an asteroid, moves against the stars, so that a stack can follow it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from indistack.errors import FrameError
from indistack.fits_header import index, is_celestial, linear_part
from indistack.settings import PointPx, Settings, Wanted
from indistack.values.frame import DoubleArray, FrameInfo
from indistack.values.transform import Transform

MINUTE_S = 60.0
WAYS = {
    "the places": (("first", "first_time", "second", "second_time"), ()),
    "rate_arcsec_min": (("rate_arcsec_min", "direction_deg"), ("orientation_deg", "mirrored")),
    "rate_px_min": (("rate_px_min", "angle_deg"), ()),
}
"""The ways to tell a motion: what each needs, and what may stand beside it."""


def _utc(value: Any) -> Any:
    """A time as TOML or text gives it; one without a zone is UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC) if isinstance(value, datetime) else value


Time = Annotated[
    datetime, BeforeValidator(_utc), Wanted("a time (UTC), as 2026-10-14T17:30:00", '"2026-10-14T17:30:00"')
]


class CometSettings(Settings):
    """How the comet moves: by two places and their times, by a rate on the sky, or by a rate in the picture."""

    first: PointPx | None = None
    """x, y (px) of the comet in the reference, or in the stack on its grid."""
    first_time: Time | None = None
    """UTC, as ``2024-10-14T17:30:00``: the middle of the exposure."""
    second: PointPx | None = None
    """The same at another time, the later the better."""
    second_time: Time | None = None
    """When it was there."""
    rate_arcsec_min: float | None = Field(default=None, ge=0)
    """Speed on the sky. The plate scale comes from the header."""
    direction_deg: float | None = None
    """Position angle of the motion, east of north, as an ephemeris gives it."""
    orientation_deg: float | None = None
    """Position angle of the picture's upper edge, east of north, as plate solvers tell it; needed where the reference
    has no WCS."""
    mirrored: bool = False
    """East lies to the right of north: a diagonal mirror."""
    rate_px_min: float | None = Field(default=None, ge=0)
    """Speed in pixels of the reference."""
    angle_deg: float | None = None
    """Its direction in the stored picture, from x (columns) towards y (rows)."""

    @model_validator(mode="after")
    def _tells_one_motion(self) -> CometSettings:
        faults = self._faults()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def is_given(self) -> bool:
        """Tell whether there is a motion to follow."""
        return bool(self._ways())

    def _given(self) -> set[str]:
        return {name for name, value in self if value is not None and value is not False}

    def _ways(self) -> list[str]:
        given = self._given()
        return [way for way, (needed, _) in WAYS.items() if given & set(needed)]

    def _faults(self) -> list[str]:
        given, ways = self._given(), self._ways()
        faults = [f"{' and '.join(ways)} exclude each other"] if len(ways) > 1 else []
        for way in ways:
            faults += [f"{name} is missing" for name in WAYS[way][0] if name not in given]
        known = {name for way in ways for names in WAYS[way] for name in names}
        faults += [f"{name} needs rate_arcsec_min" for name in ("orientation_deg", "mirrored") if name in given - known]
        if self.first_time is not None and self.first_time == self.second_time:
            faults.append("first_time and second_time are the same")
        return faults


@dataclass(frozen=True, slots=True)
class Motion:
    """A comet's motion over the reference.

    Attributes
    ----------
    px_per_s : (float, float)
        Along x and y of the reference.
    since : datetime
        Middle of the reference's exposure, UTC: then the shift is 0.
    """

    px_per_s: tuple[float, float]
    since: datetime

    @staticmethod
    def over(reference: FrameInfo, settings: CometSettings) -> Motion:
        """Return the motion that the settings tell, on a reference.

        Raises
        ------
        FrameError
            ``no_time``: the reference does not say when it was taken. ``no_motion``: the settings tell none.
            ``no_scale``, ``no_orientation``: the rate is one on the sky, and nothing tells where that leads in the
            picture.
        """
        return Motion(_velocity_px_s(reference, settings), middle_of(reference))

    def shift_px(self, sub: FrameInfo) -> tuple[float, float]:
        """Return how far the comet moved from the middle of the reference's exposure to that of a sub's.

        Raises
        ------
        FrameError
            ``no_time``.
        """
        passed_s = (middle_of(sub) - self.since).total_seconds()
        return self.px_per_s[0] * passed_s, self.px_per_s[1] * passed_s

    def follow(self, transform: Transform, sub: FrameInfo) -> Transform:
        """Return the transform that lays the sub's comet where it was in the reference.

        Parameters
        ----------
        transform : Transform
            Sub -> reference by the stars.
        sub : FrameInfo
            Tells when the sub was taken.

        Raises
        ------
        FrameError
            ``no_time``.
        """
        dx, dy = self.shift_px(sub)
        return transform.followed_by(np.array([[1.0, 0.0, -dx], [0.0, 1.0, -dy], [0.0, 0.0, 1.0]]))


def middle_of(info: FrameInfo) -> datetime:
    """Return the middle of an exposure (UTC); raise `FrameError` ``no_time`` where the header does not tell."""
    if info.date_obs is None:
        raise FrameError("no_time", "the header has no DATE-OBS, so that nobody knows where the comet is")
    return info.date_obs + timedelta(seconds=(info.exposure_s or 0.0) / 2)


def _velocity_px_s(reference: FrameInfo, settings: CometSettings) -> tuple[float, float]:
    if settings.first and settings.second and settings.first_time and settings.second_time:
        passed_s = (settings.second_time - settings.first_time).total_seconds()
        (x1, y1), (x2, y2) = settings.first, settings.second
        return (x2 - x1) / passed_s, (y2 - y1) / passed_s
    if settings.rate_px_min is not None and settings.angle_deg is not None:
        angle, rate = math.radians(settings.angle_deg), settings.rate_px_min / MINUTE_S
        return rate * math.cos(angle), rate * math.sin(angle)
    if settings.rate_arcsec_min is not None and settings.direction_deg is not None:
        angle, rate = math.radians(settings.direction_deg), settings.rate_arcsec_min / MINUTE_S
        east_north = rate * np.array([math.sin(angle), math.cos(angle)])
        dx, dy = np.linalg.solve(_sky_of_px(reference, settings), east_north)
        return float(dx), float(dy)
    raise FrameError("no_motion", "a stack is to follow the comet, and the settings do not tell how it moves")


def _sky_of_px(reference: FrameInfo, settings: CometSettings) -> DoubleArray:
    """Arcsec towards east and north (rows) per px along x and y (columns)."""
    table = index(reference.header)
    cd = linear_part(table) if is_celestial(table) else None
    if cd is not None:
        return 3600 * cd
    if reference.scale_arcsec_px is None:
        raise FrameError("no_scale", "the header tells no plate scale; give comet.rate_px_min or two places instead")
    if settings.orientation_deg is None:
        raise FrameError("no_orientation", "the reference has no WCS; give comet.orientation_deg")
    up = math.radians(settings.orientation_deg)
    east_right = 1.0 if settings.mirrored else -1.0
    right = up + east_right * math.pi / 2
    y_up = 1.0 if reference.bottom_up else -1.0
    columns = [[math.sin(right), y_up * math.sin(up)], [math.cos(right), y_up * math.cos(up)]]
    return reference.scale_arcsec_px * np.array(columns)
