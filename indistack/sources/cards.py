"""What the properties of INDI devices say of a frame, as FITS cards: for files that say less than their camera knew."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import erfa

from indistack.indi.events import PropertyValues
from indistack.values.frame import Card, CardValue

NUMBERS: tuple[tuple[str, str, str], ...] = (
    ("EXPTIME", "CCD_EXPOSURE", "CCD_EXPOSURE_VALUE"),
    ("GAIN", "CCD_GAIN", "GAIN"),
    ("GAIN", "CCD_CONTROLS", "Gain"),
    ("OFFSET", "CCD_OFFSET", "OFFSET"),
    ("OFFSET", "CCD_CONTROLS", "Offset"),
    ("CCD-TEMP", "CCD_TEMPERATURE", "CCD_TEMPERATURE_VALUE"),
    ("XBINNING", "CCD_BINNING", "HOR_BIN"),
    ("YBINNING", "CCD_BINNING", "VER_BIN"),
    ("FOCALLEN", "SCOPE_INFO", "FOCAL_LENGTH"),
    ("FOCALLEN", "TELESCOPE_INFO", "TELESCOPE_FOCAL_LENGTH"),
    ("ROTATANG", "ABS_ROTATOR_ANGLE", "ANGLE"),
    ("BITPIX", "CCD_INFO", "CCD_BITSPERPIXEL"),
)
"""Keyword, property, element; the first that is there counts."""

UNKNOWN_IF_ZERO = frozenset({"FOCALLEN"})

TT_LESS_UTC_S = 69.2
"""Since 2017. A second more or less moves no star by 0.001 arcsec."""

FRAME_TYPES = {"FRAME_LIGHT": "Light", "FRAME_BIAS": "Bias", "FRAME_DARK": "Dark", "FRAME_FLAT": "Flat"}
MODES = ("READ_MODE", "READOUT_MODE", "CCD_READ_MODE", "READOUT_QUALITY")


def cards_of(device: str, facts: PropertyValues, moment: datetime) -> tuple[Card, ...]:
    """Return what is known of a frame at the time when it came; what no property tells is left out.

    Parameters
    ----------
    device : str
        The camera's name.
    facts : mapping
        Property -> element -> value; of switches those that are on, with their labels.
    moment : datetime
        When it came.
    """
    table: dict[str, CardValue] = {"INSTRUME": device}
    for keyword, name, element in NUMBERS:
        value = _number(facts, name, element)
        if value is not None and (value or keyword not in UNKNOWN_IF_ZERO):
            table.setdefault(keyword, value)
    more = (_size(facts), _colours(facts, table), _optics(facts, table), _pointing(facts, moment), _words(facts))
    for part in more:
        table |= part
    return tuple((keyword, value, "told by the device") for keyword, value in table.items())


def _number(facts: PropertyValues, name: str, element: str) -> float | None:
    value = facts.get(name, {}).get(element)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _size(facts: PropertyValues) -> dict[str, CardValue]:
    """Return the size of the frame in (binned) pixels, and of region and sensor: a driver's buffer may be that large.

    A region of zero size is none, as with some DSLR drivers.
    """
    frame = [_number(facts, "CCD_FRAME", element) or 0 for element in ("X", "Y", "WIDTH", "HEIGHT")]
    sensor = [_number(facts, "CCD_INFO", element) or 0 for element in ("CCD_MAX_X", "CCD_MAX_Y")]
    left, top, *region = map(int, frame)
    wide, high = (int(own or whole) for own, whole in zip(region, sensor, strict=True))
    bins = [max(1, int(_number(facts, "CCD_BINNING", element) or 1)) for element in ("HOR_BIN", "VER_BIN")]
    if min(wide // bins[0], high // bins[1]) < 1:
        return {}
    return {
        "NAXIS1": wide // bins[0],
        "NAXIS2": high // bins[1],
        "DETSEC": f"[{left + 1}:{left + wide},{top + 1}:{top + high}]",
        "DETSIZE": f"[1:{int(sensor[0])},1:{int(sensor[1])}]",
    }


def _colours(facts: PropertyValues, table: Mapping[str, CardValue]) -> dict[str, CardValue]:
    """Return the mosaic as seen from the first pixel of the region; binned pixels have mixed colours."""
    cfa: Mapping[str, Any] = facts.get("CCD_CFA", {})
    pattern = str(cfa.get("CFA_TYPE") or "")
    if not pattern or any(table.get(keyword, 1) != 1 for keyword in ("XBINNING", "YBINNING")):
        return {}
    offsets = {
        f"{axis}BAYROFF": _whole(cfa.get(f"CFA_OFFSET_{axis}")) + int(_number(facts, "CCD_FRAME", axis) or 0)
        for axis in "XY"
    }
    return {"BAYERPAT": pattern, **offsets}


def _whole(said: Any) -> int:
    found = re.fullmatch(r"\s*(-?\d{1,6})(?:\.0*)?\s*", str(said))
    return int(found[1]) if found else 0


def _optics(facts: PropertyValues, table: Mapping[str, CardValue]) -> dict[str, CardValue]:
    """Return the size of the binned pixels."""
    pixel_um = _number(facts, "CCD_INFO", "CCD_PIXEL_SIZE_X") or _number(facts, "CCD_INFO", "CCD_PIXEL_SIZE")
    return {"XPIXSZ": pixel_um * float(table.get("XBINNING", 1))} if pixel_um else {}


def _pointing(facts: PropertyValues, moment: datetime) -> dict[str, CardValue]:
    """Return where the mount points (deg, ICRS); INDI tells it as of the date, equator and equinox that day."""
    ra_h, dec_deg = (_number(facts, "EQUATORIAL_EOD_COORD", element) for element in ("RA", "DEC"))
    if ra_h is None or dec_deg is None:
        return {}
    return dict(zip(("RA", "DEC"), icrs_of(15.0 * ra_h, dec_deg, moment), strict=True))


def icrs_of(ra_deg: float, dec_deg: float, moment: datetime) -> tuple[float, float]:
    """Return ICRS RA and Dec (deg) of an apparent geocentric place."""
    days = (moment - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400 + TT_LESS_UTC_S / 86400
    date = 2451545.0, days
    from_cirs_ra = math.radians(ra_deg) + erfa.eo06a(*date)
    ra, dec, _ = erfa.atic13(from_cirs_ra, math.radians(dec_deg), *date)
    return math.degrees(ra) % 360, math.degrees(dec)


def _words(facts: PropertyValues) -> dict[str, CardValue]:
    """Return what is told in words: kind of frame, ISO, filter, readout mode, object."""
    kinds = [FRAME_TYPES[name] for name in facts.get("CCD_FRAME_TYPE", {}) if name in FRAME_TYPES]
    iso = re.findall(r"\d+", " ".join(map(str, facts.get("CCD_ISO", {}).values())))
    modes = [str(value) for name in MODES for value in facts.get(name, {}).values()]
    header = facts.get("FITS_HEADER", {})
    target = str(header.get("FITS_OBJECT") or header.get("OBJECT") or "").strip()
    said: dict[str, list[CardValue]] = {
        "FRAME": [*kinds],
        "ISOSPEED": [int(number) for number in iso],
        "FILTER": [*_filter(facts)],
        "READOUTM": [*modes],
        "OBJECT": [target] if target else [],
    }
    return {keyword: values[0] for keyword, values in said.items() if values}


def _filter(facts: PropertyValues) -> list[str]:
    """Return the name of the filter in the light path, or its number where the wheel has no names."""
    slot = _number(facts, "FILTER_SLOT", "FILTER_SLOT_VALUE")
    if slot is None:
        return []
    name = str(facts.get("FILTER_NAME", {}).get(f"FILTER_SLOT_NAME_{int(slot)}") or "").strip()
    return [name or f"{int(slot)}"]
