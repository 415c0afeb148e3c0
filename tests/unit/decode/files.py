"""Makes the files that the decoders are tested with, and decodes them."""

from __future__ import annotations

import base64
import io
import zlib
from datetime import UTC, datetime
from typing import Any

import lz4.block
import numpy as np
import zstandard
from astropy.io import fits

from indistack.decode import DecodeSettings, decode
from indistack.values.blob import Blob, Content
from indistack.values.frame import Card, RawFrame

XISF_FORMATS = {"u1": "UInt8", "u2": "UInt16", "u4": "UInt32", "f4": "Float32", "f8": "Float64", "u8": "UInt64"}
CODECS = {
    "zlib": zlib.compress,
    "lz4": lambda data: lz4.block.compress(data, store_size=False),
    "lz4hc": lambda data: lz4.block.compress(data, mode="high_compression", store_size=False),
    "zstd": zstandard.ZstdCompressor().compress,
}


def read(data: bytes | memoryview, suffix: str = ".fits", cards: tuple[Card, ...] = (), **settings: Any) -> RawFrame:
    """Decode bytes that came from a camera which told `cards`."""
    blob = Blob(Content(data), suffix, "camera", "here", datetime(2026, 1, 1, tzinfo=UTC), cards=cards)
    return decode(blob, DecodeSettings(**settings))


def fits_file(pixels: Any, header: dict[str, Any] | None = None) -> bytes:
    """Return a FITS file as astropy writes it."""
    unit = fits.PrimaryHDU(pixels)
    unit.header.update(header or {})
    out = io.BytesIO()
    unit.writeto(out)
    return out.getvalue()


def shuffled(data: bytes, item_bytes: int) -> bytes:
    """Return the bytes as XISF shuffles them."""
    return b"".join(data[first::item_bytes] for first in range(item_bytes))


def xisf_xml(body: str, attached: bytes = b"") -> bytes:
    """Return an XISF file with a header and what is attached to it at byte 4096."""
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<xisf version="1.0" xmlns="http://www.pixinsight.com/xisf">{body}</xisf>'
    header = xml.encode()
    return (b"XISF0100" + len(header).to_bytes(4, "little") + bytes(4) + header).ljust(4096, b"\0") + attached


def xisf_file(
    pixels: Any,
    *,
    codec: str = "",
    shuffle: bool = False,
    normal: bool = False,
    place: str = "attachment",
    body: str = "",
    **attributes: str,
) -> bytes:
    """Return an XISF file of an image ``(h, w)`` or ``(h, w, c)``, its samples in any byte order and of any codec."""
    cube = pixels[..., None] if pixels.ndim == 2 else pixels
    height, width, channels = cube.shape
    data = (cube if normal else np.moveaxis(cube, -1, 0)).tobytes()
    told = {
        "geometry": f"{width}:{height}:{channels}",
        "sampleFormat": XISF_FORMATS[pixels.dtype.str[1:]],
        "colorSpace": "RGB" if channels >= 3 else "Gray",
    }
    told |= {"pixelStorage": "Normal"} if normal else {}
    told |= {"byteOrder": "big"} if pixels.dtype.str[0] == ">" else {}
    if codec:
        packed = CODECS[codec](shuffled(data, pixels.dtype.itemsize) if shuffle else data)
        told["compression"] = f"{codec}+sh:{len(data)}:{pixels.dtype.itemsize}" if shuffle else f"{codec}:{len(data)}"
        data = packed
    text, attached = "", b""
    if place == "attachment":
        told["location"], attached = f"attachment:4096:{len(data)}", data
    elif place == "embedded":
        packing = f' compression="{told.pop("compression")}"' if codec else ""
        told["location"] = place
        text = f'<Data encoding="base64"{packing}>{base64.b64encode(data).decode()}</Data>'
    else:
        told["location"] = f"inline:{place}"
        text = data.hex() if place == "hex" else base64.b64encode(data).decode()
    words = " ".join(f'{key}="{value}"' for key, value in (told | attributes).items())
    return xisf_xml(f"<Image {words}>{text}{body}</Image>", attached)


def mosaic(levels: tuple[float, float, float, float], seed: int = 1, side: int = 512) -> Any:
    """Return a frame whose four phases have these levels of light (e-), with its shot noise, over 500 ADU of black."""
    sky = np.empty((side, side))
    for phase, level in enumerate(levels):
        sky[phase // 2 :: 2, phase % 2 :: 2] = level
    rng = np.random.default_rng(seed)
    return (rng.poisson(sky) + rng.normal(500, 3, sky.shape)).round().astype(np.uint16)
