"""Where the pixels of a TIFF stand and what they mean, checked before any memory is taken for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from indistack.decode.base import DecodeSettings, require_ratio, require_size
from indistack.decode.tiff import Directory
from indistack.errors import DecodeError

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES = 256, 257, 258, 259, 262, 277
STRIP_PLACES, STRIP_HEIGHT, STRIP_SIZES = 273, 278, 279
TILE_WIDTH, TILE_HEIGHT, TILE_PLACES, TILE_SIZES = 322, 323, 324, 325
PLANAR, PREDICTOR, COLOUR_MAP, SAMPLE_FORMAT = 284, 317, 320, 339

PLAIN = 1
WHITE_IS_ZERO, GREY, RGB, PALETTE, INKS = 0, 1, 2, 3, 5

MAX_SAMPLES, MAX_PIECES = 16, 25_000
"""Of a picture: single rows of three planes of 60 MP are 20,000 pieces; each one costs 0.1 ms, however small it is."""
MIN_TILE_PX = 8
N_INKS = 4
"""Cyan, magenta, yellow, black."""
_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}
_DTYPES = ("u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a picture is stored.

    Attributes
    ----------
    width, height, samples : int
        Of the picture; samples of a pixel, alpha too.
    dtype : dtype
        As stored, of all samples.
    photometric, compression, predictor : int
        The tags' codes.
    planes : int
        `samples` where one plane follows the other, else 1.
    tiled : bool
        Pieces are tiles, which are whole even at the edges; else strips.
    rows, columns : int
        Of a piece.
    """

    width: int
    height: int
    samples: int
    dtype: np.dtype[Any]
    photometric: int
    compression: int
    predictor: int
    planes: int
    tiled: bool
    rows: int
    columns: int

    @property
    def depth(self) -> int:
        """Samples of a pixel that stand together."""
        return self.samples // self.planes

    @property
    def pixel_bytes(self) -> int:
        """Memory of the picture."""
        return self.width * self.height * self.samples * self.dtype.itemsize


class Piece(NamedTuple):
    """A strip or tile: plane, first row and column in the picture, its own rows, and where its bytes are."""

    plane: int
    top: int
    left: int
    rows: int
    start: int
    stop: int


def layout_of(directory: Directory, settings: DecodeSettings, file_bytes: int) -> Layout:
    """Read what the directory says.

    Raises
    ------
    DecodeError
        `damaged`, `too_large`, `truncated` or `unsupported`.
    struct.error
        Values lie beyond the end of the file.
    """
    width, height, samples = directory.whole(WIDTH), directory.whole(HEIGHT), directory.whole(SAMPLES, 1)
    if min(width, height, samples) < 1 or samples > MAX_SAMPLES:
        raise damaged(f"{width} x {height} pixels of {samples} samples", file_bytes)
    require_size(width, height, settings)
    tiled = TILE_WIDTH in directory
    layout = Layout(
        width,
        height,
        samples,
        _dtype(directory),
        directory.whole(PHOTOMETRIC, RGB if samples >= 3 else GREY),
        directory.whole(COMPRESSION, PLAIN),
        directory.whole(PREDICTOR, 1),
        samples if directory.whole(PLANAR, 1) == 2 else 1,
        tiled,
        directory.whole(TILE_HEIGHT) if tiled else min(directory.whole(STRIP_HEIGHT, height), height),
        directory.whole(TILE_WIDTH) if tiled else width,
    )
    if min(layout.rows, layout.columns) < (MIN_TILE_PX if tiled else 1):
        raise damaged(f"pieces of {layout.columns} x {layout.rows} pixels", file_bytes)
    _require_known(layout)
    _require_room(layout, file_bytes)
    return layout


def pieces_of(directory: Directory, layout: Layout, file_bytes: int) -> Iterator[Piece]:
    """Yield the strips or tiles in order; those of the first plane first.

    Raises
    ------
    DecodeError
        `damaged` or `truncated`.
    """
    down, across = -(-layout.height // layout.rows), -(-layout.width // layout.columns)
    count = layout.planes * down * across
    places, sizes = _places(directory, layout, count, file_bytes)
    for index in range(count):
        plane, row, column = index // (down * across), index // across % down, index % across
        top = row * layout.rows
        rows = layout.rows if layout.tiled else min(layout.rows, layout.height - top)
        stop = places[index] + sizes[index]
        if stop > file_bytes:
            numbers = {"bytes": file_bytes, "expected_bytes": stop}
            raise DecodeError("truncated", f"{file_bytes} bytes, pixels end at {stop}", numbers)
        yield Piece(plane, top, column * layout.columns, rows, places[index], stop)


def _places(
    directory: Directory, layout: Layout, count: int, file_bytes: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return first bytes and lengths of `count` pieces; one plain strip may leave its length out."""
    tags = (TILE_PLACES, TILE_SIZES) if layout.tiled else (STRIP_PLACES, STRIP_SIZES)
    places, sizes = (directory.numbers(tag) for tag in tags)
    if not sizes and count == 1 and layout.compression == PLAIN:
        sizes = (layout.pixel_bytes,)
    values = (*places, *sizes)
    if count > min(len(places), len(sizes), MAX_PIECES) or any(not isinstance(v, int) or v < 0 for v in values):
        raise damaged(f"{len(places)} places and {len(sizes)} lengths for {count} pieces of pixels", file_bytes)
    return tuple(map(int, places)), tuple(map(int, sizes))


def _dtype(directory: Directory) -> np.dtype[Any]:
    """Return the type of all samples, in the file's byte order."""
    bits, formats = directory.numbers(BITS) or (1,), directory.numbers(SAMPLE_FORMAT) or (1,)
    name = f"{_KINDS.get(int(formats[0]), '?')}{bits[0] / 8:g}"
    if len(set(bits)) > 1 or len(set(formats)) > 1 or name not in _DTYPES:
        raise DecodeError("unsupported", f"samples of {bits} bits, sample format {formats}", {"bits": bits[0]})
    return np.dtype(directory.order + name)


def _require_known(layout: Layout) -> None:
    known = {
        WHITE_IS_ZERO: layout.dtype.kind == "u",
        GREY: True,
        RGB: layout.samples >= 3,
        PALETTE: layout.samples == 1 and layout.dtype.name == "uint8",
        INKS: layout.samples >= N_INKS and layout.dtype.kind == "u",
    }
    if not known.get(layout.photometric, False):
        raise DecodeError(
            "unsupported",
            f"{layout.samples} samples of {layout.dtype.name}, photometric interpretation {layout.photometric}:"
            " not grey, RGB, CMYK or a palette",
            {"photometric": layout.photometric, "samples": layout.samples},
        )


def _require_room(layout: Layout, file_bytes: int) -> None:
    if layout.compression != PLAIN:
        require_ratio(layout.pixel_bytes, file_bytes)
        require_ratio(layout.rows * layout.columns * layout.samples * layout.dtype.itemsize, file_bytes)
    elif layout.pixel_bytes > file_bytes:
        numbers = {"bytes": file_bytes, "expected_bytes": layout.pixel_bytes}
        raise DecodeError("truncated", f"{file_bytes} bytes for {layout.pixel_bytes} bytes of pixels", numbers)


def damaged(detail: str, file_bytes: int) -> DecodeError:
    """Return the error for a file that contradicts itself."""
    return DecodeError("damaged", f"TIFF: {detail}", {"bytes": file_bytes})
