"""Bytes to frames: what the camera or the file held, with the facts of its header, at its physical zero."""

from __future__ import annotations

import logging
from dataclasses import replace

from indistack.decode import camera_raw, fits, headerless, raster, xisf
from indistack.decode.base import DECODERS, Decoder, DecodeSettings
from indistack.decode.beginnings import beginning
from indistack.decode.mosaic import doubts_about_cfa
from indistack.decode.zero import to_zero
from indistack.errors import DecodeError
from indistack.fits_header import with_device_facts
from indistack.system.blame import blames_bytes
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import RawFrame

__all__ = ["DECODERS", "DecodeSettings", "Decoder", "camera_raw", "decode", "fits", "headerless", "raster", "xisf"]

_log = logging.getLogger(__name__)
_HEAD_BYTES = 4096


def decode(blob: Blob, settings: DecodeSettings, workers: Workers | None = None) -> RawFrame:
    """Turn the bytes of one frame into pixels and facts.

    The format is told by the content, and by the suffix only where the content does not say. What the device told of
    the exposure (the blob's cards) fills what the file leaves open.

    Parameters
    ----------
    workers : Workers, optional
        Threads that share the conversion; without them it runs in the caller.

    Raises
    ------
    DecodeError
        `unreadable`, `empty`, `not_a_frame`, `no_image`, `truncated`, `damaged`, `too_large`, `no_memory`,
        `unsupported` or `constant`. Nothing else, whatever the bytes; what else leaves is a bug of the decoder, not
        the file's fault.
    """
    if blob.fault:
        raise DecodeError("unreadable", blob.fault, {"origin": blob.origin})
    if blob.size_bytes == 0:
        raise DecodeError("empty", "no bytes", {"bytes": 0})
    try:
        frame = _decoder(blob).decode(blob, settings, workers or Workers(1))
        return _finished(frame, blob, settings)
    except DecodeError:
        raise
    except MemoryError as error:
        raise DecodeError("no_memory", "there is none to read it into", {"bytes": blob.size_bytes}) from error
    except Exception as error:
        if not blames_bytes(error):
            raise  # a bug of ours: the pipeline tells it as such, and keeps the bytes
        _log.warning("%s cannot be decoded", blob.origin, exc_info=True)  # nobody has foreseen it
        raise DecodeError("damaged", f"{type(error).__name__}: {error}", {"bytes": blob.size_bytes}) from error


def _finished(frame: RawFrame, blob: Blob, settings: DecodeSettings) -> RawFrame:
    """Do what all formats need: the device's facts, the user's CFA, doubts about it, the physical zero."""
    frame = replace(frame, info=with_device_facts(frame.info, blob.cards))
    bayer = settings.bayer_for(frame.info.camera)
    if bayer != "auto" and frame.pixels.ndim == 2:
        frame = replace(frame, cfa=None if bayer == "none" else bayer)
    doubts = doubts_about_cfa(frame) if bayer == "auto" else ()
    return to_zero(replace(frame, warnings=(*frame.warnings, *doubts)), settings)


def _decoder(blob: Blob) -> Decoder:
    head = bytes(memoryview(blob.data).cast("B")[:_HEAD_BYTES])
    suffix = blob.suffix.lower()
    for name in DECODERS.ranked():
        decoder = DECODERS.get(name)
        if decoder.claims(head, suffix):
            return decoder()
    for name in DECODERS.ranked():
        decoder = DECODERS.get(name)
        if suffix in decoder.suffixes:
            return decoder()
    raise DecodeError("not_a_frame", beginning(head), {"suffix": suffix, "bytes": blob.size_bytes})
