"""Pixels of a TIFF as stored: strips or tiles, any byte order, plain or losslessly compressed.

OpenCV reads TIFF too, but turns pictures by their orientation, mixes up separate planes of 16 bits, multiplies colours
with alpha, and gives grey with alpha in 8 bits. Here it only undoes LZW and PackBits, piece by piece.
"""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import numpy.typing as npt

from indistack.decode.base import DecodeSettings
from indistack.decode.tiff import Directory
from indistack.decode.tiff_layout import (
    COLOUR_MAP,
    INKS,
    N_INKS,
    PALETTE,
    PLAIN,
    RGB,
    WHITE_IS_ZERO,
    Layout,
    Piece,
    damaged,
    layout_of,
    pieces_of,
)  # fmt: skip
from indistack.errors import DecodeError
from indistack.system.blame import library
from indistack.values.frame import PixelArray

LZW, PACKBITS = 5, 32773
DEFLATE = (8, 32946)
NO_PREDICTOR, DIFFERENCES, FLOAT_DIFFERENCES = 1, 2, 3
COLOURS = 256

Bytes = npt.NDArray[np.uint8]


def tiff_pixels(data: memoryview, settings: DecodeSettings) -> PixelArray:
    """Return ``(h, w)`` or ``(h, w, 3)`` RGB pixels of the first picture, in the file's own type and byte order.

    Alpha is dropped, white-is-zero inverted, a palette replaced by its colours (uint16), inks (CMYK) by what they leave
    of white.

    Raises
    ------
    DecodeError
        `truncated`, `damaged`, `too_large` or `unsupported`.
    """
    try:
        directory = Directory(data)
        layout = layout_of(directory, settings, len(data))
        stored = _stored(data, directory, layout)
        if layout.photometric == PALETTE:
            return _coloured(stored[..., 0], directory, len(data))
    except struct.error as error:
        raise DecodeError("truncated", f"{len(data)} bytes end within the header", {"bytes": len(data)}) from error
    if layout.photometric == RGB:
        return stored[..., :3]
    if layout.photometric == INKS:
        return _printed(stored[..., :N_INKS])
    return np.invert(stored[..., 0]) if layout.photometric == WHITE_IS_ZERO else stored[..., 0]


def _stored(data: memoryview, directory: Directory, layout: Layout) -> PixelArray:
    """Return ``(h, w, samples)`` put together from strips or tiles."""
    picture = np.empty((layout.height, layout.width, layout.samples), layout.dtype)
    for piece in pieces_of(directory, layout, len(data)):
        block = _block(data[piece.start : piece.stop], piece, layout)
        part = picture[piece.top :, piece.left :, piece.plane : piece.plane + layout.depth]
        part[: piece.rows, : layout.columns] = block[: len(part), : part.shape[1]]
    return picture


def _block(packed: memoryview, piece: Piece, layout: Layout) -> PixelArray:
    """Return ``(rows, columns, depth)`` of one piece."""
    row_bytes = layout.columns * layout.depth * layout.dtype.itemsize
    raw = _unpacked(packed, layout.compression, piece.rows, row_bytes)
    if raw.size < piece.rows * row_bytes:
        raise damaged(f"{raw.size} bytes in a piece of {piece.rows * row_bytes}", len(packed))
    shape = (piece.rows, layout.columns, layout.depth)
    lines = raw[: piece.rows * row_bytes].reshape(piece.rows, row_bytes)
    if layout.predictor == NO_PREDICTOR:
        return lines.view(layout.dtype).reshape(shape)
    if layout.predictor == DIFFERENCES and layout.dtype.kind in "iu":
        steps = lines.view(layout.dtype).reshape(shape).astype(layout.dtype.newbyteorder("="))
        return np.add.accumulate(steps, axis=1, dtype=steps.dtype)
    if layout.predictor == FLOAT_DIFFERENCES and layout.dtype.kind == "f":
        return _float_sums(lines, layout).reshape(shape)
    raise DecodeError(
        "unsupported", f"TIFF predictor {layout.predictor} of {layout.dtype.name}", {"predictor": layout.predictor}
    )


def _float_sums(lines: Bytes, layout: Layout) -> PixelArray:
    """Undo predictor 3 (TIFF technical note 3): bytes differ from their left neighbours', high bytes come first."""
    rows, size = len(lines), layout.dtype.itemsize
    sums = np.add.accumulate(lines.reshape(rows, -1, layout.depth), axis=1, dtype=np.uint8)
    return np.ascontiguousarray(sums.reshape(rows, size, -1).swapaxes(1, 2)).view(f">f{size}")


def _unpacked(packed: memoryview, compression: int, rows: int, row_bytes: int) -> Bytes:
    """Return the bytes of a piece, at most those that it needs."""
    if compression == PLAIN:
        return np.frombuffer(packed, np.uint8)
    if compression in DEFLATE:
        with library("deflate", len(packed)):
            return np.frombuffer(zlib.decompressobj().decompress(packed, rows * row_bytes), np.uint8)
    if compression in (LZW, PACKBITS):
        return _by_opencv(packed, compression, rows, row_bytes)
    raise DecodeError("unsupported", f"TIFF compression {compression}", {"compression": compression})


def _by_opencv(packed: memoryview, compression: int, rows: int, row_bytes: int) -> Bytes:
    """Let OpenCV read the piece as a grey picture of its own, two bytes a pixel: it tells of faults there alone.

    Of an 8-bit picture it shows zeros from the fault on. An odd number of bytes is one; without its last row, or the
    last byte of its only one, it is read in pairs too, for the sake of the faults.
    """
    if row_bytes % 2 == 0:
        return _grey(packed, compression, 16, rows, row_bytes // 2)
    if rows % 2 == 0:
        return _grey(packed, compression, 16, rows // 2, row_bytes)
    if row_bytes > 1:
        _grey(packed, compression, 16, *((1, row_bytes // 2) if rows == 1 else (rows // 2, row_bytes)))
    return _grey(packed, compression, 8, rows, row_bytes)


def _grey(packed: memoryview, compression: int, bits: int, height: int, width: int) -> Bytes:
    """Return the bytes of a TIFF with one strip that is `packed`."""
    tags = (
        (256, width), (257, height), (258, bits), (259, compression), (262, 1), (273, 8), (277, 1), (278, height),
        (279, len(packed)),
    )  # fmt: skip
    padding = bytes(len(packed) % 2)
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    directory = struct.pack("<H", len(tags)) + fields + bytes(4)
    file = b"".join((struct.pack("<2sHI", b"II", 42, 8 + len(packed) + len(padding)), packed, padding, directory))
    with library("OpenCV", len(packed)):
        grey = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if grey is None or grey.shape != (height, width):
        raise damaged("a piece that cannot be unpacked", len(packed))
    return np.asarray(grey).reshape(-1).view(np.uint8)


def _printed(inks: PixelArray) -> PixelArray:
    """Return ``(h, w, 3)`` RGB of cyan, magenta, yellow and black, each from none to the type's greatest value."""
    light = np.iinfo(inks.dtype).max - inks.astype(np.float64)
    return np.rint(light[..., :3] * light[..., 3:] / np.iinfo(inks.dtype).max).astype(inks.dtype.newbyteorder("="))


def _coloured(indices: PixelArray, directory: Directory, file_bytes: int) -> PixelArray:
    colours = directory.numbers(COLOUR_MAP)
    if len(colours) != 3 * COLOURS or not 0 <= min(colours) <= max(colours) <= 65535:
        raise damaged(f"a palette of {len(colours)} numbers", file_bytes)
    return np.ascontiguousarray(np.array(colours, np.uint16).reshape(3, COLOURS).T)[indices]
