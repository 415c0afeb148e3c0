"""What may happen in a night: to the mount, the sky, the camera and its files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .strict import Fraction, NotNegative, Pair, Positive, Strict, Sub


class Dither(Strict):
    """The mount is told to move the picture by this much, and stays there."""

    kind: Literal["dither"] = "dither"
    sub: Sub
    shift_px: Pair


class MeridianFlip(Strict):
    """From this sub on the camera hangs upside down."""

    kind: Literal["meridian_flip"] = "meridian_flip"
    sub: Sub


class Slew(Strict):
    """From this sub on the telescope looks at another target."""

    kind: Literal["slew"] = "slew"
    sub: Sub
    target: str


class WindGust(Strict):
    """Wind shakes the mount during this sub: every star becomes a trail."""

    kind: Literal["gust"] = "gust"
    sub: Sub
    length_px: Positive = 9.0
    angle_deg: float = 20.0


class Satellite(Strict):
    """A bright line across this sub; `offset_px` is its distance from the centre of the frame."""

    kind: Literal["satellite"] = "satellite"
    sub: Sub
    angle_deg: float = 35.0
    offset_px: float = 0.0
    peak_e: Positive = 1200.0


class Clouds(Strict):
    """The transparency falls to `transparency` in the middle of the subs named, and recovers."""

    kind: Literal["clouds"] = "clouds"
    sub: Sub
    until_sub: Sub
    transparency: Fraction = 0.3


class Dew(Strict):
    """The FWHM grows steadily to `fwhm_factor` times its value, until the lens is wiped."""

    kind: Literal["dew"] = "dew"
    sub: Sub
    until_sub: Sub
    fwhm_factor: Annotated[float, Field(ge=1.0)] = 2.5


class ExposureChange(Strict):
    """From this sub on the exposure is another one."""

    kind: Literal["exposure"] = "exposure"
    sub: Sub
    exposure_s: Positive


class GainChange(Strict):
    """From this sub on the camera's gain setting (ISO for a DSLR) is another one."""

    kind: Literal["gain"] = "gain"
    sub: Sub
    gain_setting: NotNegative


class Truncated(Strict):
    """Only this part of the file arrives."""

    kind: Literal["truncated"] = "truncated"
    sub: Sub
    fraction: Fraction = 0.6


class Corrupted(Strict):
    """Bytes all over the file, its header too, are overwritten."""

    kind: Literal["corrupted"] = "corrupted"
    sub: Sub
    part: Fraction = 0.02


class Stall(Strict):
    """The camera delivers this sub late."""

    kind: Literal["stall"] = "stall"
    sub: Sub
    delay_s: Positive = 5.0


class Disconnect(Strict):
    """The camera drops off the bus instead of delivering this sub, and can be connected again."""

    kind: Literal["disconnect"] = "disconnect"
    sub: Sub


class Crash(Strict):
    """The driver process ends instead of delivering this sub."""

    kind: Literal["crash"] = "crash"
    sub: Sub


Event = Annotated[
    Dither
    | MeridianFlip
    | Slew
    | WindGust
    | Satellite
    | Clouds
    | Dew
    | ExposureChange
    | GainChange
    | Truncated
    | Corrupted
    | Stall
    | Disconnect
    | Crash,
    Field(discriminator="kind"),
]
