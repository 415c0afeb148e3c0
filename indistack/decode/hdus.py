"""Walks through a FITS file's units to the first picture, by its headers alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from indistack.decode.base import DecodeSettings, require_ratio, require_size
from indistack.decode.beginnings import beginning
from indistack.decode.pixels import Scaling
from indistack.decode.unpack import FileBytes
from indistack.errors import DecodeError
from indistack.fits_header import BLOCK, STRUCTURAL, index, number, parse_cards
from indistack.values.frame import Card, CardValue

MAX_HEADER_BLOCKS = 720  # 25,920 cards
MAX_SKIPPED_BYTES = 1 << 28
MAX_UNITS, MAX_ALL_BLOCKS = 1000, 2000
"""Looked at in search of a picture, and blocks of their headers together."""
SMALL_PX, THUMBNAIL = 512 * 512, 4
"""A picture of no more pixels is a thumbnail, if a later one in the file has so many times as many."""


@dataclass(frozen=True, slots=True)
class ImageUnit:
    """Where the picture is and how it is stored.

    Attributes
    ----------
    table : mapping
        Its own header by keyword.
    cards : tuple of Card
        The header of the picture, with what it inherits from the primary one.
    shape : tuple of int
        NumPy order: ``(h, w)``, ``(3, h, w)`` or ``(h, w, 3)``.
    start, stop : int
        Its data in the file.
    tiled : bool
        Tile-compressed in a binary table.
    """

    table: Mapping[str, CardValue]
    cards: tuple[Card, ...]
    shape: tuple[int, ...]
    bitpix: int
    scaling: Scaling
    start: int
    stop: int
    tiled: bool


@dataclass(frozen=True, slots=True)
class _ImageLayout:
    shape: tuple[int, ...]
    bitpix: int
    tiled: bool


def find_image(source: FileBytes, file_bytes: int, settings: DecodeSettings) -> ImageUnit:
    """Return the first unit that is a picture of one or three planes, and no thumbnail of a later one.

    Raises
    ------
    DecodeError
        `not_a_frame`, `truncated`, `too_large`, `unsupported` or `no_image`.
    """
    start, unit, blocks, primary = 0, 0, 0, tuple[Card, ...]()
    small: ImageUnit | None = None
    while (header := _header(source, start)) is not None:
        cards, data = header
        blocks += (data - start) // BLOCK
        table = index(cards)
        size = _data_bytes(table, unit)
        image = _image(table, unit)
        if image is not None:
            if not image.tiled:  # whatever GCOUNT says
                size = max(size, abs(image.bitpix) // 8 * math.prod(image.shape))
            if small is None or math.prod(image.shape) >= THUMBNAIL * math.prod(small.shape):
                _require_room(source, image, (data, size), file_bytes, settings)
                carried, scaling = _inherited(cards, primary, image.tiled), _scaling(table)
                found = ImageUnit(table, carried, image.shape, image.bitpix, scaling, data, data + size, image.tiled)
                if small is not None or math.prod(image.shape) > SMALL_PX:
                    return found
                small = found
        start, unit, primary = data + -(-size // BLOCK) * BLOCK, unit + 1, primary or cards
        weary = unit >= MAX_UNITS or blocks > MAX_ALL_BLOCKS or (source.compressed and start > MAX_SKIPPED_BYTES)
        if small is not None and (weary or not _goes_on(source, start)):
            return small
        if weary:
            told = f"no picture in the first {unit} units of {start} bytes"
            raise DecodeError("too_large", told, {"units": unit, "bytes": start})
    raise DecodeError("no_image", f"none of {unit} units holds a picture", {"units": unit})


def _goes_on(source: FileBytes, start: int) -> bool:
    """Whether another unit that can be read begins there."""
    try:
        header = _header(source, start)
        return header is not None and _data_bytes(index(header[0]), 1) >= 0
    except DecodeError:
        return False


def _header(source: FileBytes, start: int) -> tuple[tuple[Card, ...], int] | None:
    """Return the cards of the header at `start` and where its data begin; None at the end of the file."""
    text = bytearray()
    for block in range(MAX_HEADER_BLOCKS):
        piece = bytes(source.view(start + block * BLOCK, start + (block + 1) * BLOCK))
        if block == 0 and not _begins(piece, start):
            return None
        text += piece
        if re.search(rb"^(?:.{80})*?END {5}", piece, re.DOTALL):
            return parse_cards(bytes(text)), start + (block + 1) * BLOCK
        if len(piece) < BLOCK:
            raise DecodeError("truncated", f"header ends after {len(text)} bytes without END", {"bytes": len(text)})
    raise DecodeError("not_a_frame", f"no END in {len(text)} bytes of header", {"bytes": len(text)})


def _begins(piece: bytes, start: int) -> bool:
    if start:
        return piece.startswith(b"XTENSION")
    if not re.match(rb"SIMPLE *=", piece):
        if piece and b"SIMPLE  =".startswith(piece):
            raise DecodeError("truncated", f"only {len(piece)} bytes", {"bytes": len(piece)})
        raise DecodeError("not_a_frame", f"{beginning(piece)}: no FITS file", {"bytes": len(piece)})
    return True


def _integer(table: Mapping[str, CardValue], keyword: str, default: int | None = None) -> int:
    value = table.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int) or (value < 0 and keyword not in ("BITPIX", "ZBITPIX")):
        raise DecodeError("not_a_frame", f"{keyword} is {value!r}", {"keyword": keyword})
    return value


def _axes(table: Mapping[str, CardValue], prefix: str) -> list[int]:
    count = _integer(table, f"{prefix}NAXIS")
    if count > 999:
        raise DecodeError("not_a_frame", f"{count} axes", {"axes": count})
    return [_integer(table, f"{prefix}NAXIS{axis}") for axis in range(1, count + 1)]


def _data_bytes(table: Mapping[str, CardValue], unit: int) -> int:
    axes = _axes(table, "")
    if table.get("GROUPS") is True and axes and axes[0] == 0:
        axes = axes[1:]
    if not axes:
        return 0
    bits = abs(_integer(table, "BITPIX"))
    extra = _integer(table, "PCOUNT", 0) if unit or table.get("GROUPS") is True else 0
    groups = _integer(table, "GCOUNT", 1) if unit or table.get("GROUPS") is True else 1
    return bits // 8 * groups * (extra + math.prod(axes))


def _image(table: Mapping[str, CardValue], unit: int) -> _ImageLayout | None:
    """Return how the picture is laid out, or None where the unit is no picture."""
    extension = str(table.get("XTENSION", "IMAGE")).strip()
    tiled = extension == "BINTABLE" and table.get("ZIMAGE") is True
    if not tiled and (extension not in ("IMAGE", "IUEIMAGE") or table.get("GROUPS") is True):
        return None
    prefix = "Z" if tiled else ""
    axes = _axes(table, prefix)
    if len(axes) < 2 or 0 in axes:
        return None
    bitpix = _integer(table, f"{prefix}BITPIX")
    if bitpix not in (8, 16, 32, 64, -32, -64):
        raise DecodeError("not_a_frame", f"{prefix}BITPIX is {bitpix}", {"bitpix": bitpix})
    planes = math.prod(axes[2:])
    if planes == 1:
        return _ImageLayout((axes[1], axes[0]), bitpix, tiled)
    if axes[2] == planes == 3:
        return _ImageLayout((3, axes[1], axes[0]), bitpix, tiled)
    if len(axes) >= 3 and axes[0] == 3 and math.prod(axes[3:]) == 1:
        return _ImageLayout((axes[2], axes[1], 3), bitpix, tiled)
    said = " x ".join(map(str, axes))
    raise DecodeError("unsupported", f"a cube of {said}, neither one plane nor three", {"axes": said, "unit": unit})


def _require_room(
    source: FileBytes, image: _ImageLayout, data: tuple[int, int], file_bytes: int, settings: DecodeSettings
) -> None:
    """Refuse a picture that is too large or not all there, before any memory is taken for it."""
    height, width = image.shape[-2:] if image.shape[0] == 3 or len(image.shape) == 2 else image.shape[:2]
    require_size(width, height, settings)
    if image.tiled:
        require_ratio(abs(image.bitpix) // 8 * math.prod(image.shape), file_bytes)
    start, size = data
    present = min(size, len(source.view(start, start + size + 2 * BLOCK)))  # to the end: there gzip tells damage
    if present < size:
        raise DecodeError(
            "truncated",
            f"{present} of {size} bytes of pixels",
            {"bytes": present, "expected_bytes": size, "width": width, "height": height},
        )


def _scaling(table: Mapping[str, CardValue]) -> Scaling:
    bscale, bzero = number(table.get("BSCALE")), number(table.get("BZERO"))
    blank = table.get("BLANK")
    known = blank if isinstance(blank, int) and not isinstance(blank, bool) else None
    return Scaling(1.0 if bscale is None else bscale, bzero or 0.0, known)


def _inherited(cards: tuple[Card, ...], primary: tuple[Card, ...], tiled: bool) -> tuple[Card, ...]:
    own = tuple(card for card in cards if not (tiled and STRUCTURAL.fullmatch(card[0])))
    names = {card[0] for card in own}
    more = (card for card in primary if card[0] not in names and not STRUCTURAL.fullmatch(card[0]))
    return (*own, *more)
