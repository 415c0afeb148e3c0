"""The FITS header of a simulated frame, with the keywords that INDI camera drivers write."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from .conditions import Conditions
from .fits import Value
from .scenario import Scenario

FRAME_WORDS = {"light": "Light", "dark": "Dark", "bias": "Bias", "flat": "Flat"}
IMAGE_TYPES = {"light": "Light Frame", "dark": "Dark Frame", "bias": "Bias Frame", "flat": "Flat Field"}


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """How the camera is set for one frame; `region_px` is x, y, width, height in unbinned sensor pixels."""

    exposure_s: float
    gain_setting: float
    offset_setting: float
    temperature_c: float
    binning: int
    region_px: tuple[int, int, int, int]


def instrument_name(scenario: Scenario) -> str:
    """Return the camera's name."""
    return "Indistack DSLR" if scenario.personality == "dslr" else "Indistack CMOS"


def make_header(
    scenario: Scenario,
    conditions: Conditions,
    settings: CameraSettings,
    kind: str,
    date_obs: datetime,
    e_per_adu: float,
) -> dict[str, Value]:
    """Return the keywords of one frame in the order in which they are written."""
    header: dict[str, Value] = {
        "INSTRUME": instrument_name(scenario),
        "TELESCOP": scenario.telescope,
        "OBSERVER": "Simulator",
        "OBJECT": conditions.target.name,
        "EXPTIME": float(settings.exposure_s),
        "PIXSIZE1": scenario.pixel_um,
        "PIXSIZE2": scenario.pixel_um,
        "XBINNING": settings.binning,
        "YBINNING": settings.binning,
        "XPIXSZ": scenario.pixel_um * settings.binning,
        "YPIXSZ": scenario.pixel_um * settings.binning,
        "FRAME": FRAME_WORDS[kind],
        **({"FILTER": conditions.filter.name} if scenario.filters and kind in ("light", "flat") else {}),
        "IMAGETYP": IMAGE_TYPES[kind],
        "FOCALLEN": scenario.focal_length_mm,
        "ROWORDER": "TOP-DOWN",
        "EGAIN": round(e_per_adu, 6),
        **_camera_cards(scenario, settings),
        **_bayer_cards(scenario, settings),
        **(_pointing_cards(scenario, conditions, settings) if kind == "light" else {}),
        "DATE-OBS": date_obs.strftime("%Y-%m-%dT%H:%M:%S.") + f"{date_obs.microsecond // 1000:03d}",
        **scenario.header_extra,
    }
    return {key: value for key, value in header.items() if key not in scenario.header_drop}


def _camera_cards(scenario: Scenario, settings: CameraSettings) -> dict[str, Value]:
    if scenario.personality == "dslr":
        return {"ISOSPEED": round(settings.gain_setting)}
    return {
        "CCD-TEMP": round(settings.temperature_c, 2),
        "GAIN": float(settings.gain_setting),
        "OFFSET": float(settings.offset_setting),
    }


def _bayer_cards(scenario: Scenario, settings: CameraSettings) -> dict[str, Value]:
    """Name the pattern of the whole sensor, and where in it the delivered region begins; nothing when binned."""
    if not scenario.is_colour or settings.binning > 1:
        return {}
    x0, y0 = settings.region_px[:2]
    return {"XBAYROFF": x0 % 2, "YBAYROFF": y0 % 2, "BAYERPAT": scenario.cfa}


def _pointing_cards(scenario: Scenario, conditions: Conditions, settings: CameraSettings) -> dict[str, Value]:
    """Write where the mount believes it points: dithers and slews, but neither drift nor periodic error."""
    ra_deg, dec_deg = pointing_deg(scenario, conditions)
    return {
        "OBJCTRA": _sexagesimal(ra_deg / 15),
        "OBJCTDEC": _sexagesimal(dec_deg),
        "RA": round(ra_deg, 6),
        "DEC": round(dec_deg, 6),
        "EQUINOX": 2000,
        "PIERSIDE": "EAST" if conditions.flipped else "WEST",
        "SCALE": round(scenario.plate_scale_arcsec * settings.binning, 6),
    }


def pointing_deg(scenario: Scenario, conditions: Conditions) -> tuple[float, float]:
    """Return right ascension and declination of the mount; east is left and north up on the sky plane."""
    scale_deg = scenario.plate_scale_arcsec / 3600
    dec_deg = max(-90.0, min(90.0, conditions.target.dec_deg + conditions.commanded_shift_px[1] * scale_deg))
    cosine = max(math.cos(math.radians(dec_deg)), 1e-6)
    return (conditions.target.ra_deg + conditions.commanded_shift_px[0] * scale_deg / cosine) % 360.0, dec_deg


def _sexagesimal(value: float) -> str:
    total = round(abs(value) * 360000)
    sign = "-" if value < 0 else ""
    return f"{sign}{total // 360000:02d} {total // 6000 % 60:02d} {total % 6000 / 100:05.2f}"
