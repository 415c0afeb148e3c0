"""From header cards to the facts of an exposure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from indistack.fits_header.keywords import READ, STRUCTURAL
from indistack.fits_header.tangent import scale_of
from indistack.fits_header.values import index, number
from indistack.fits_header.wcs import LARGEST_ARCSEC_PX, SMALLEST_ARCSEC_PX, is_celestial, linear_part
from indistack.values.frame import Card, CardValue, FrameInfo, Kind

_DATE = re.compile(
    r"(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[T ]+(\d\d?):(\d\d?)(?::(\d\d?(?:\.\d*)?))?\s*(Z|UTC?|[+-]\d\d:?\d\d)?)?\s*"
)
_OLD_DATE = re.compile(r"(\d\d?)[/-](\d\d?)[/-](\d\d|\d{4})\s*")
_CLOCK = r"(\d\d?):(\d\d?)(?::(\d\d?(?:\.\d*)?))?"
_NAMED_DATE = re.compile(rf"(\d\d?)[-/ ]([A-Z]{{3}})[A-Z]*[-/ ](\d{{4}}|\d\d)(?:[T ]+{_CLOCK})?\s*")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_TIME = re.compile(_CLOCK)

UNSET_YEAR = 1970
"""Where the clock of a computer begins that has neither a battery nor a network."""


def text_fact(table: Mapping[str, CardValue], fact: str) -> str:
    """Return the first text that `READ` finds for a fact, or ""."""
    return next((str(table[keyword]).strip() for keyword in READ[fact] if keyword in table), "")


def _number_fact(table: Mapping[str, CardValue], fact: str) -> float | None:
    values = (number(table.get(keyword)) for keyword in READ[fact])
    return next((value for value in values if value is not None), None)


def frame_info(cards: tuple[Card, ...], default_saturation_adu: float = math.inf) -> FrameInfo:
    """Turn header cards into the facts of an exposure; what is missing or nonsense is None."""
    table = index(cards)
    exposure_s = _number_fact(table, "exposure_s")
    ra_deg, dec_deg = _pointing(table, _in_hours(cards))
    return FrameInfo(
        kind=_kind(table) or "light",
        exposure_s=exposure_s if exposure_s is not None and exposure_s >= 0 else None,
        gain_setting=_number_fact(table, "gain_setting"),
        offset_setting=_number_fact(table, "offset_setting"),
        e_per_adu=_positive(_number_fact(table, "e_per_adu")),
        temperature_c=_number_fact(table, "temperature_c"),
        binning=_binning(table),
        saturation_adu=_saturation(table) or default_saturation_adu,
        date_obs=_date_obs(table),
        target=text_fact(table, "target"),
        filter_name=text_fact(table, "filter_name"),
        camera=" ".join(text_fact(table, "camera").split()),
        ra_deg=ra_deg,
        dec_deg=dec_deg,
        scale_arcsec_px=_scale(table),
        bottom_up=text_fact(table, "row_order").upper().startswith("BOT"),
        readout_mode=text_fact(table, "readout_mode"),
        rotator_deg=_number_fact(table, "rotator_deg"),
        header=cards,
    )


def with_device_facts(info: FrameInfo, cards: tuple[Card, ...]) -> FrameInfo:
    """Lay what the device told of an exposure under what the file itself says; the file always wins.

    Binning and colours are left alone: a file with pixels of its own is the only one who knows them. The device's cards
    that the header lacks are added to it.
    """
    if not cards:
        return info
    told, table = frame_info(cards), index(info.header)
    facts = {name: getattr(told, name) for name in _OF_DEVICE if getattr(info, name) in (None, "")}
    if info.exposure_s == 0 and told.exposure_s and info.kind == "light":  # a light of no time: the file is mistaken
        facts["exposure_s"] = told.exposure_s
    if info.scale_arcsec_px is None:
        facts["scale_arcsec_px"] = _scale(table, index(cards))
    if _kind(table) is None:
        facts["kind"] = told.kind
    more = (card for card in cards if card[0] not in table and not _OF_PIXELS.fullmatch(card[0]))
    return replace(info, **facts, header=(*info.header, *more))


_OF_DEVICE = (
    "exposure_s", "gain_setting", "offset_setting", "e_per_adu", "temperature_c", "target", "filter_name", "camera",
    "ra_deg", "dec_deg", "readout_mode", "rotator_deg", "date_obs",
)  # fmt: skip
_OF_PIXELS = re.compile(rf"{STRUCTURAL.pattern}|BAYERPAT|[XY]BAYROFF|[XY]BINNING|DETSEC|DETSIZE")


def camera_key(name: str) -> str:
    """Return a camera's name without what programs add to it: one camera, one key.

    libindi writes ``ZWO CCD ASI294MC Pro`` and ``Canon DSLR EOS 600D``, others ``ZWO ASI294MC Pro(0)``, ``ASI294MC Pro
    Camera`` and ``Canon EOS 600D``: the words CCD, DSLR, camera and the makers' names that some leave out do not count,
    nor do a number in parentheses, case, spaces and punctuation.
    """
    plain = re.sub(r"\([^)]*\)", " ", name.casefold())
    words = (word for word in re.findall(r"\w+", plain) if word not in _FILLERS)
    return "".join(words) or plain.strip()


_FILLERS = frozenset(("ccd", "cmos", "dslr", "camera", "zwo", "canon", "nikon", "sony", "qhyccd", "corporation"))


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


_KINDS: tuple[tuple[str, Kind], ...] = (
    ("SKYFLAT", "flat"), ("TWILIGHT", "flat"), ("DARKFLAT", "darkflat"), ("FLATDARK", "darkflat"), ("FLAT", "flat"),
    ("DARK", "dark"), ("BIAS", "bias"), ("ZERO", "bias"), ("OFFSET", "bias"), ("LIGHT", "light"), ("OBJECT", "light"),
    ("SCIENCE", "light"), ("SNAPSHOT", "light"), ("TRICOLOR", "light"),
)  # fmt: skip
"""A word in what programs call a kind of frame; the first that is found counts."""


def _kind(table: Mapping[str, CardValue]) -> Kind | None:
    for keyword in READ["kind"]:
        said = re.sub(r"[^A-Z]", "", str(table.get(keyword, "")).upper())
        for word, kind in _KINDS:
            if word in said:
                return kind
    return None


def _binning(table: Mapping[str, CardValue]) -> tuple[int, int]:
    pair = [number(table.get(keyword)) for keyword in ("XBINNING", "YBINNING")]
    if pair == [None, None]:
        said = re.findall(r"\d+", str(table.get("CCDSUM", table.get("BINNING", ""))))
        pair = [float(said[0]), float(said[-1])] if said else pair
    x, y = (int(value) if value is not None and 1 <= value <= 64 else 1 for value in pair)
    return x, y


def _saturation(table: Mapping[str, CardValue]) -> float | None:
    said = _positive(_number_fact(table, "saturation_adu"))
    limit = number(table.get("DATAMAX"))
    if said is None and limit is not None and limit >= 255 and limit == int(limit):
        whole = int(limit)
        if whole & (whole - 1) == 0 or whole & (whole + 1) == 0:
            return limit
    return said


def _date_obs(table: Mapping[str, CardValue]) -> datetime | None:
    """Return when the exposure began; None where that is not told, or by a clock that nobody has set."""
    told = _told_date(table)
    return None if told is None or told.year == UNSET_YEAR else told


def _told_date(table: Mapping[str, CardValue]) -> datetime | None:
    said = text_fact(table, "date")
    try:
        modern, old, named = _DATE.fullmatch(said), _OLD_DATE.fullmatch(said), _NAMED_DATE.fullmatch(said.upper())
        if modern:
            day = datetime(int(modern[1]), int(modern[2]), int(modern[3]), tzinfo=UTC)
            clock = (modern[4], modern[5], modern[6]) if modern[4] else _clock(table)
            return day + _elapsed(clock) - _zone(modern[7])
        if old:
            return datetime(_century(old[3]), int(old[2]), int(old[1]), tzinfo=UTC) + _elapsed(_clock(table))
        if named:
            day = datetime(_century(named[3]), _MONTHS.index(named[2]) + 1, int(named[1]), tzinfo=UTC)
            return day + _elapsed((named[4], named[5], named[6]) if named[4] else _clock(table))
        mjd = number(table.get("MJD-OBS"))
        return None if mjd is None else datetime(1858, 11, 17, tzinfo=UTC) + timedelta(days=mjd)
    except (ValueError, OverflowError):
        return None


def _century(year: str) -> int:
    return int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= 50 else 2000)


def _clock(table: Mapping[str, CardValue]) -> tuple[str, str, str | None]:
    for keyword in READ["time"]:
        found = _TIME.search(str(table.get(keyword, "")))
        if found:
            return found[1], found[2], found[3]
    return "0", "0", "0"


def _elapsed(clock: tuple[str, str, str | None]) -> timedelta:
    return timedelta(hours=int(clock[0]), minutes=int(clock[1]), seconds=float(clock[2] or 0))


def _zone(said: str | None) -> timedelta:
    if not said or said[0] not in "+-":
        return timedelta(0)
    digits = said[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return offset if said[0] == "+" else -offset


def _in_hours(cards: Sequence[Card]) -> set[str]:
    """Return the keywords whose comment says that the number is one of hours."""
    return {keyword for keyword, _, comment in cards if re.search(r"\[\s*(h|hr|hours?)\s*\]", comment, re.IGNORECASE)}


def _pointing(table: Mapping[str, CardValue], in_hours: Collection[str]) -> tuple[float | None, float | None]:
    keywords = zip(READ["ra"], READ["dec"], strict=True)
    pairs = [(table.get(ra), table.get(dec), 15.0 if ra in in_hours else 1.0) for ra, dec in keywords]
    if is_celestial(table):
        pairs.append((table.get("CRVAL1"), table.get("CRVAL2"), 1.0))
    for said_ra, said_dec, unit_deg in pairs:
        ra_deg, dec_deg = _angle(said_ra, 15.0, unit_deg), _angle(said_dec, 1.0)
        if ra_deg is not None and dec_deg is not None and 0 <= ra_deg <= 360 and abs(dec_deg) <= 90:
            return ra_deg % 360, dec_deg
    return None, None


def _angle(said: CardValue | None, per_unit: float, plain_unit: float = 1.0) -> float | None:
    """Degrees from a number of units of `plain_unit` degrees, or sexagesimal text, whose first unit is `per_unit`."""
    plain = number(said)
    if plain is not None or not isinstance(said, str):
        return None if plain is None else plain * plain_unit
    parts = re.findall(r"\d+\.?\d*", said)
    if not 2 <= len(parts) <= 3:
        return None
    size = sum(float(part) / 60.0**power for power, part in enumerate(parts)) * per_unit
    return -size if said.strip().startswith("-") else size


def _scale(*tables: Mapping[str, CardValue]) -> float | None:
    """Return the plate scale: by WCS, by a keyword of its own, by the optics; the first header goes before the next."""
    guesses = [
        *(scale_of(cd) for cd in map(linear_part, tables) if cd is not None),
        *(_number_fact(table, "scale") for table in tables),
        _by_optics(tables),
    ]
    return next((guess for guess in guesses if guess and SMALLEST_ARCSEC_PX < guess < LARGEST_ARCSEC_PX), None)


def _by_optics(tables: Sequence[Mapping[str, CardValue]]) -> float | None:
    """Return the plate scale that pixel size and focal length make, each by the first header that knows it."""
    focal_mm = next((mm for table in tables if (mm := _positive(_number_fact(table, "focal_mm")))), None)
    pixel_um = next((um for table in tables if (um := _pixel_um(table))), None)
    return math.degrees(pixel_um * 1e-3 / focal_mm) * 3600 if pixel_um and focal_mm else None


def _pixel_um(table: Mapping[str, CardValue]) -> float | None:
    """Return the size of a pixel of the file, however many of the sensor it was binned from."""
    of_sensor_um = _positive(number(table.get("PIXSIZE1")))
    if of_sensor_um is not None:
        return of_sensor_um * _binning(table)[0]
    return _positive(_number_fact(table, "pixel_um"))
