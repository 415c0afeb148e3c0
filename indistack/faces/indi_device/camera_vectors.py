"""The properties that make the device a camera for INDI clients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping

from indistack.faces.indi_device.kernel.properties import Element, Vector, number, numbers, switches, texts
from indistack.faces.indi_device.picture_file import FITS, JPEG

IMAGE = "Image"
MAIN = "Main Control"

LONGEST_S = 3600.0


class CameraVectors:
    """CCD1 and what clients ask of a camera beside it."""

    def __init__(self) -> None:
        value = number("CCD_EXPOSURE_VALUE", "Longest wait (s)", 1, 0.01, LONGEST_S, "%.2f")
        self.exposure = numbers("CCD_EXPOSURE", "Expose", MAIN, value)
        self.abort = switches("CCD_ABORT_EXPOSURE", "Abort", MAIN, {"ABORT": "Abort"}, rule="AtMostOne")
        self.image = Vector("BLOB", "CCD1", "Stack", IMAGE, [Element("CCD1", "Stack")], perm="ro")
        sizes = {
            "CCD_MAX_X": ("Width (px)", 1280.0), "CCD_MAX_Y": ("Height (px)", 1024.0),
            "CCD_PIXEL_SIZE": ("Pixel (um)", 3.76), "CCD_PIXEL_SIZE_X": ("Pixel's width (um)", 3.76),
            "CCD_PIXEL_SIZE_Y": ("Pixel's height (um)", 3.76), "CCD_BITSPERPIXEL": ("Bits", 16.0),
        }  # fmt: skip
        members = [number(name, label, value, 1e-3, 1e6) for name, (label, value) in sizes.items()]
        self.info = numbers("CCD_INFO", "Picture", IMAGE, *members, perm="ro")
        frame = {"X": ("Left", 0), "Y": ("Top", 0), "WIDTH": ("Width", 1280), "HEIGHT": ("Height", 1024)}
        self.frame = numbers(
            "CCD_FRAME", "Frame", IMAGE, *(number(n, lab, v, 0, 1e6) for n, (lab, v) in frame.items()), perm="ro"
        )
        bins = (number("HOR_BIN", "X", 1, 1, 1), number("VER_BIN", "Y", 1, 1, 1))
        self.binning = numbers("CCD_BINNING", "Binning", IMAGE, *bins, perm="ro")
        modes = {"UPLOAD_CLIENT": "Client", "UPLOAD_LOCAL": "Local", "UPLOAD_BOTH": "Both"}
        self.upload = switches("UPLOAD_MODE", "Upload", IMAGE, modes, "UPLOAD_CLIENT")
        self.file_path = texts("CCD_FILE_PATH", "File", IMAGE, Element("FILE_PATH", "Path"), perm="ro")
        forms = {FITS: "FITS, 16 bits, linear", JPEG: "JPEG"}
        self.form = switches("CCD_TRANSFER_FORMAT", "Format", IMAGE, forms, FITS)
        off = {"INDI_ENABLED": "On", "INDI_DISABLED": "Off"}
        self.compression = switches("CCD_COMPRESSION", "Compression", IMAGE, off, "INDI_DISABLED")
        shown = (number("SUBS", "Subs", 0, 0, 1e9), number("EXPOSURE", "Exposure (s)", 0, 0, 1e9))
        self.shown = numbers("STACK_SHOWN", "In the last picture", IMAGE, *shown, perm="ro")

    def all(self) -> Iterable[Vector]:
        """Return all, in the order in which clients show them."""
        return (
            self.exposure, self.abort, self.image, self.info, self.frame, self.binning, self.upload, self.file_path,
            self.form, self.compression, self.shown,
        )  # fmt: skip

    def describe(self, facts: Mapping[str, str]) -> bool:
        """Take a picture's size and subs from its FITS header; tell whether its size is another than that before."""
        before = [*self.info.written().items(), *self.frame.written().items()]
        told = {"CCD_MAX_X": "NAXIS1", "CCD_MAX_Y": "NAXIS2", "CCD_PIXEL_SIZE": "XPIXSZ", "CCD_PIXEL_SIZE_X": "XPIXSZ",
                "CCD_PIXEL_SIZE_Y": "YPIXSZ"}  # fmt: skip
        for name, keyword in told.items():
            _take(self.info[name], facts.get(keyword, ""), above=0)
        _take(self.frame["WIDTH"], facts.get("NAXIS1", ""), above=0)
        _take(self.frame["HEIGHT"], facts.get("NAXIS2", ""), above=0)
        _take(self.shown["SUBS"], facts.get("STACKCNT", ""))
        _take(self.shown["EXPOSURE"], facts.get("LIVETIME", ""))
        return before != [*self.info.written().items(), *self.frame.written().items()]


def _take(member: Element, text: str, above: float = -1.0) -> None:
    with contextlib.suppress(ValueError):
        if (value := float(text)) > above:
            member.value = value
