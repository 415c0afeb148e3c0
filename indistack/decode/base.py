"""What a decoder promises, the slot's registry and settings, and the checks that every frame passes."""

from __future__ import annotations

import hashlib
from typing import ClassVar, Literal, Protocol

import numpy as np
from pydantic import Field

from indistack.errors import DecodeError
from indistack.fits_header import camera_key
from indistack.registry import Registry
from indistack.settings import Settings
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import PixelArray, RawFrame

STRIP_BYTES = 6_000_000
"""Output of one piece of conversion work; 3 to 12 MB are equally fast, smaller ones lose time between the threads."""

MAX_RATIO, SPARE_BYTES = 100, 100_000_000
"""Bytes of pixels that one byte of a compressed file may stand for, beyond what any file may: one bit of noise in a
pixel of 64 bits is 64. Frames without noise, of simulators, may be small."""

FINGERPRINT_BYTES = 1_000_000

BayerSetting = Literal["auto", "none", "RGGB", "BGGR", "GRBG", "GBRG"]


class DecodeSettings(Settings):
    """How bytes become frames."""

    max_megapixels: float = Field(default=200.0, gt=0, le=2000)
    """A frame that claims more is refused before any memory is taken."""
    bayer: BayerSetting = "auto"
    """Colours at the first stored row and column; "none" = mono whatever the header says."""
    bayer_of: dict[str, BayerSetting] = Field(default_factory=dict)
    """The same for single cameras by their names, before `bayer`: ``"ZWO ASI294MC Pro" = "RGGB"``."""
    overscan: bool = True
    """Subtract the level of the overscan (BIASSEC) and cut the frame to its light-sensitive part (TRIMSEC)."""

    def bayer_for(self, camera: str) -> BayerSetting:
        """Return what is set for a camera; programs may spell its name differently."""
        key = camera_key(camera)
        return next((bayer for name, bayer in self.bayer_of.items() if camera_key(name) == key), self.bayer)


class Decoder(Protocol):
    """Turns the bytes of one family of formats into a frame.

    Anything that these bytes can provoke ends as `DecodeError`, and no memory is taken beyond what their own length
    justifies. The frame's pixels are nobody else's.
    """

    suffixes: ClassVar[frozenset[str]]
    """File suffixes that mean this family, lower case."""

    @staticmethod
    def claims(head: bytes, suffix: str) -> bool:
        """Return whether the first bytes of a file are of this family."""

    def decode(self, blob: Blob, settings: DecodeSettings, workers: Workers) -> RawFrame:
        """Read the frame; raise `DecodeError` with the reason why not."""


DECODERS: Registry[Decoder] = Registry("decode.format")


def require_size(width: int, height: int, settings: DecodeSettings) -> None:
    """Raise `too_large` for more pixels than the settings allow."""
    megapixels = width * height / 1e6
    if megapixels > settings.max_megapixels:
        raise DecodeError(
            "too_large",
            f"{width} x {height} pixels are {megapixels:.6g} MP, more than decode.max_megapixels allows",
            {"width": width, "height": height, "limit_megapixels": settings.max_megapixels},
        )


def require_ratio(pixel_bytes: int, file_bytes: int) -> None:
    """Raise `too_large` when a compressed file claims more pixels than its own length can hold."""
    limit = MAX_RATIO * file_bytes + SPARE_BYTES
    if pixel_bytes > limit:
        raise DecodeError(
            "too_large",
            f"{file_bytes} compressed bytes claim to hold {pixel_bytes} bytes of pixels, as no camera's noise can be",
            {"bytes": file_bytes, "pixel_bytes": pixel_bytes, "limit_bytes": limit},
        )


def require_contrast(pixels: PixelArray) -> None:
    """Raise `constant` when all finite pixels have one value: such a light holds no picture."""
    for sample in (pixels[:: max(1, len(pixels) // 32)], pixels):
        finite = sample[np.isfinite(sample)] if sample.dtype.kind == "f" else sample
        if finite.size and finite.min() != finite.max():
            return
    value = float(finite.flat[0]) if finite.size else float("nan")
    raise DecodeError("constant", f"every pixel is {value:g}", {"value": value, "pixels": int(pixels.size)})


def fingerprint(pixels: PixelArray) -> str:
    """Return a word that is the same for the same pixels, whatever file they came in.

    Up to `FINGERPRINT_BYTES` all pixels count, beyond that evenly spread rows: any row differs by its noise.
    """
    digest = hashlib.blake2b(f"{pixels.shape}{pixels.dtype.str}".encode(), digest_size=8)
    step = max(1, -(-pixels.nbytes // FINGERPRINT_BYTES))
    digest.update(np.ascontiguousarray(pixels[::step]).data)
    return digest.hexdigest()
