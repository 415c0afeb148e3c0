"""From an exposure to the bytes of a file: its format, its compression, and what goes wrong on the way."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from .camera_files import Shot, develop, dng_bytes, jpeg_bytes
from .conditions import events_of
from .events import Corrupted, Truncated
from .exposure import Exposure
from .fits import Value, fits_bytes
from .headers import instrument_name
from .randomness import generator
from .scenario import Scenario
from .starfield import CAMERA_RESPONSE


@dataclass(frozen=True, slots=True)
class Payload:
    """A file as it is delivered: its bytes, its suffix with the dot, and its length before compression."""

    data: bytes
    suffix: str
    size_bytes: int


def plain(data: bytes, suffix: str) -> Payload:
    """Return a payload that is not compressed."""
    return Payload(data, suffix, len(data))


def encode(scenario: Scenario, exposure: Exposure, *, native: bool = False, jpeg: bool = False) -> Payload:
    """Return the exposure as a file.

    Parameters
    ----------
    native : bool
        As the camera's own file instead of FITS: a DSLR's DNG or JPEG, a CMOS camera's bare pixels (``.bin``).
    jpeg : bool
        Developed to 8 bits of red, green and blue, as a JPEG or as a FITS cube of three planes.
    """
    shot = shot_of(scenario, exposure)
    if native and scenario.personality == "cmos":
        return plain(exposure.pixels.astype("<u2").tobytes(), ".bin")
    if native:
        return plain(jpeg_bytes(exposure.pixels, shot), ".jpg") if jpeg else plain(_dng(exposure, shot), ".dng")
    if jpeg:
        planes = develop(exposure.pixels, shot).transpose(2, 0, 1)
        return plain(fits_bytes(np.ascontiguousarray(planes), without_bayer(exposure.header)), ".fits")
    return plain(exposure.to_fits(), ".fits")


def _dng(exposure: Exposure, shot: Shot) -> bytes:
    """Return the exposure as a DNG; its pattern begins at the delivered region, as a DNG has no offset for it."""
    if shot.cfa == "mono":
        return dng_bytes(exposure.pixels, shot)
    x0, y0 = int(exposure.header["XBAYROFF"]), int(exposure.header["YBAYROFF"])
    rows = [shot.cfa[:2], shot.cfa[2:]]
    turned = "".join(rows[(y + y0) % 2][(x + x0) % 2] for y in range(2) for x in range(2))
    return dng_bytes(exposure.pixels, replace(shot, cfa=turned))


def without_bayer(header: dict[str, Value]) -> dict[str, Value]:
    """Return the header without the keywords of a colour filter mosaic."""
    return {key: value for key, value in header.items() if key not in ("BAYERPAT", "XBAYROFF", "YBAYROFF")}


def shot_of(scenario: Scenario, exposure: Exposure) -> Shot:
    """Return what the camera notes in its own files about an exposure."""
    truth = exposure.truth
    return Shot(
        model=instrument_name(scenario),
        date_obs=datetime.fromisoformat(truth.date_obs).replace(tzinfo=UTC),
        exposure_s=truth.exposure_s,
        iso=round(truth.gain_setting),
        cfa=scenario.cfa if "BAYERPAT" in exposure.header else "mono",
        black_adu=scenario.offset_adu,
        white_adu=scenario.max_adu,
        neutral=CAMERA_RESPONSE if "BAYERPAT" in exposure.header else (1.0, 1.0, 1.0),
    )


def damaged(payload: Payload, scenario: Scenario, index: int) -> Payload:
    """Return the payload as it arrives: cut short or overwritten if the scenario says so for this light."""
    data = payload.data
    for cut in events_of(scenario, Truncated):
        if cut.sub == index:
            data = data[: int(len(data) * cut.fraction)]
    for spoilt in events_of(scenario, Corrupted):
        if spoilt.sub == index:
            data = _overwritten(data, spoilt.part, generator(scenario.seed, "corruption", index))
    return payload if data is payload.data else plain(data, payload.suffix)


def compressed(payload: Payload, scheme: str) -> Payload:
    """Return FITS compressed as INDI drivers do: ``fz`` by tiles (Rice), ``z`` as a zlib stream; no other file.

    A file that is too damaged to be compressed by tiles stays as it is.
    """
    if payload.suffix != ".fits":
        return payload
    if scheme == "z":
        return Payload(zlib.compress(payload.data, 1), ".fits.z", payload.size_bytes)
    try:
        return Payload(_tile_compressed(payload.data), ".fits.fz", payload.size_bytes)
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        return payload


def _tile_compressed(data: bytes) -> bytes:
    # Imported here: it takes half a second, and most drivers never compress.
    from astropy.io import fits

    with fits.open(io.BytesIO(data)) as hdus:
        packed = fits.CompImageHDU(hdus[0].data, hdus[0].header, compression_type="RICE_1")
        out = io.BytesIO()
        fits.HDUList([fits.PrimaryHDU(), packed]).writeto(out)
    return out.getvalue()


def _overwritten(data: bytes, part: float, rng: np.random.Generator) -> bytes:
    """Replace single bytes all over the file, and as many again in its first block, where they hurt most."""
    spoilt: NDArray[np.uint8] = np.frombuffer(data, np.uint8).copy()
    for size in (len(spoilt), min(2880, len(spoilt))):
        count = max(1, int(size * part)) if size else 0
        spoilt[rng.integers(0, max(size, 1), count)] = rng.integers(0, 256, count, dtype=np.uint8)
    return spoilt.tobytes()
