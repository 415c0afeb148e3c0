"""Reads the visible part of a sensor and its facts with rawpy; runs in the process of LibRaw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, get_args

import numpy as np
import rawpy

from indistack.errors import DecodeError
from indistack.libraw.facts import SensorFacts
from indistack.values.frame import CfaPattern, PixelArray

New = Callable[[tuple[int, ...], type[np.uint16]], PixelArray]

MAX_RATIO = 100
"""Bytes of pixels that one byte of a raw file may stand for: lossless JPEG, at one bit a pixel or more, reaches 16."""
SPARE_BYTES = 1_000_000

HIGHEST = 65535
EARLIEST_YEAR = 1990
HIGHEST_MULTIPLIER = 20.0
"""Of a white balance: 1 to 3 for cameras as they are sold, more without the infrared filter."""
MAX_ISO, MAX_EXPOSURE_S = 1e8, 86_400.0

ANYTHING_ELSE = "convert it to a linear DNG or a 16-bit TIFF, or have the camera save JPEG"


def read(
    file: str | BinaryIO, file_bytes: int, max_megapixels: float, new: New = np.empty
) -> tuple[PixelArray, SensorFacts]:
    """Read the pixels as recorded, ``(h, w)`` CFA or mono, ``(h, w, 3)`` RGB; uint16.

    Where the levels without light differ between the colours, the lower ones are raised to the highest.

    Parameters
    ----------
    file : str or binary file
        Path, or the open file.
    file_bytes : int
        Its length, which must justify the pixels that it claims to hold.
    max_megapixels : float
        The most pixels to take memory for.
    new : callable
        Makes the array for the pixels, from shape and dtype.

    Raises
    ------
    DecodeError
        `too_large`, `truncated`, `damaged` or `unsupported`.
    """
    try:
        with rawpy.imread(file) as raw:
            _require_size(raw.sizes, file_bytes, max_megapixels)
            raw.unpack()
            return _sensor(raw, new)
    except rawpy.LibRawError as error:
        raise DecodeError(_reason(error), f"LibRaw: {_words(error)}", {"bytes": file_bytes}) from error
    except (NotImplementedError, RuntimeError) as error:  # rawpy's own words for what it cannot show
        raise DecodeError("unsupported", f"rawpy: {error}", {"bytes": file_bytes}) from error


def _require_size(sizes: Any, file_bytes: int, max_megapixels: float) -> None:
    """Refuse a claim that the settings forbid, or that the file is too short for, before memory is taken."""
    width, height = sizes.raw_width, sizes.raw_height
    claim = f"{file_bytes} bytes claim to hold {width} x {height} pixels"
    numbers = {"bytes": file_bytes, "width": width, "height": height, "limit_megapixels": max_megapixels}
    if width * height > max_megapixels * 1e6:
        raise DecodeError("too_large", f"{claim}, more than decode.max_megapixels allows", numbers)
    if 2 * width * height > MAX_RATIO * file_bytes + SPARE_BYTES:
        raise DecodeError("truncated", f"{claim}, which no noise can be packed into", numbers)


def _reason(error: rawpy.LibRawError) -> str:
    if isinstance(error, rawpy.LibRawIOError):
        return "truncated"
    if isinstance(error, rawpy.LibRawFileUnsupportedError | rawpy.LibRawNotImplementedError):
        return "unsupported"
    if isinstance(error, rawpy.LibRawTooBigError | rawpy.LibRawUnsufficientMemoryError):
        return "too_large"
    return "damaged"


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else type(error).__name__
    return said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)


def _sensor(raw: Any, new: New) -> tuple[PixelArray, SensorFacts]:
    sizes = raw.sizes
    visible: PixelArray = raw.raw_image_visible
    if visible.size == 0 or visible.shape[:2] != (sizes.height, sizes.width):
        raise DecodeError("damaged", f"visible area of {sizes.width} x {sizes.height} pixels", {"width": sizes.width})
    if visible.ndim == 2:
        channels, cfa = _mosaic(raw)
    elif raw.num_colors == 3:  # linear DNG, sRAW; LibRaw keeps a fourth, empty channel
        channels, cfa, visible = [0, 1, 2], "", visible[..., :3]
    else:
        raise DecodeError("unsupported", f"{raw.num_colors} colours in every pixel", {"colours": raw.num_colors})
    _require_end(visible, max(raw.black_level_per_channel))
    pixels = new(visible.shape, np.uint16)
    np.copyto(pixels, visible)
    return pixels, _levelled(raw, pixels, channels, cfa)


def _require_end(visible: PixelArray, black: int) -> None:
    """Refuse a frame whose last rows are all zero: below the level without light, so never read."""
    rows = max(1, len(visible) // 16)
    if black > 0 and not visible[-rows:].any():
        raise DecodeError("truncated", f"the last {rows} rows are empty", {"rows": rows})


def _mosaic(raw: Any) -> tuple[list[int], str]:
    """Return LibRaw's channels and the colours of the first 2x2 visible pixels; one channel and "" for mono."""
    pattern = raw.raw_pattern
    if raw.num_colors == 1 and pattern.shape == (1, 1):
        return [0], ""
    if pattern.shape != (2, 2):
        rows, columns = pattern.shape
        name = "X-Trans, " if pattern.shape == (6, 6) else ""
        raise DecodeError(
            "unsupported",
            f"{name}a mosaic of {columns}x{rows} pixels, not a Bayer filter: {ANYTHING_ELSE}",
            {"mosaic": f"{columns}x{rows}"},
        )
    # not the pattern itself, which begins at the sensor's corner: the margin may be an odd number of pixels
    top, left = raw.sizes.top_margin, raw.sizes.left_margin
    channels = [raw.raw_color(top + y, left + x) for y in (0, 1) for x in (0, 1)]
    letters = raw.color_desc.decode("ascii", "replace")
    cfa = "".join(letters[channel] for channel in channels)
    if cfa not in get_args(CfaPattern):
        raise DecodeError("unsupported", f"colour filter array {cfa!r}: {ANYTHING_ELSE}", {"cfa": cfa})
    return channels, cfa


def _levelled(raw: Any, pixels: PixelArray, channels: Sequence[int], cfa: str) -> SensorFacts:
    """Raise darker channels to the level of the brightest without light, in place; return the facts."""
    blacks = [min(raw.black_level_per_channel[channel], HIGHEST) for channel in channels]
    black = max(blacks)
    for place, own in enumerate(blacks):
        if own < black:
            view = pixels[place // 2 :: 2, place % 2 :: 2] if cfa else pixels[..., place]
            np.minimum(view, HIGHEST - (black - own), out=view)
            view += np.uint16(black - own)
    whites = [white + black - own for white, own in zip(_whites(raw, channels), blacks, strict=True) if white > own]
    iso, exposure_s, taken = _exposure(raw)
    return SensorFacts(
        cfa=cfa,
        black_adu=float(black),
        saturation_adu=float(min(whites, default=0)),
        white_balance=_white_balance(raw.camera_whitebalance) if len(channels) > 1 else None,
        flip=raw.sizes.flip,
        iso=iso,
        exposure_s=exposure_s,
        taken=taken,
    )


def _whites(raw: Any, channels: Sequence[int]) -> list[int]:
    """Return each channel's full level: what the camera says, where it is above black, but no more than LibRaw says."""
    highest = raw.white_level
    told = raw.camera_white_level_per_channel or [highest] * 4
    blacks = raw.black_level_per_channel
    return [min(told[channel], highest) if told[channel] > blacks[channel] else highest for channel in channels]


def _white_balance(multipliers: Sequence[float]) -> tuple[float, float, float] | None:
    """Return the multipliers for green = 1; None where LibRaw shows its fillers or nonsense."""
    red, green, blue = multipliers[:3]
    if not green > 0 or red == green == blue:
        return None
    balance = red / green, 1.0, blue / green
    sane = all(1 / HIGHEST_MULTIPLIER < multiplier < HIGHEST_MULTIPLIER for multiplier in balance)
    return balance if sane else None


def _exposure(raw: Any) -> tuple[float | None, float | None, str]:
    """Return ISO, exposure and time; where there is no ISO, the others are LibRaw's fillers."""
    try:
        other = raw.other
    except (ValueError, OverflowError, OSError):  # a time that no calendar knows
        return None, None, ""
    if not 0 < other.iso_speed < MAX_ISO:
        return None, None, ""
    taken = other.timestamp.isoformat() if other.timestamp.year >= EARLIEST_YEAR else ""
    exposure_s = float(other.shutter_speed) if 0 < other.shutter_speed <= MAX_EXPOSURE_S else None
    return float(other.iso_speed), exposure_s, taken
