"""What is told of a device on an INDI server, and what its interface bits mean."""

from __future__ import annotations

from dataclasses import dataclass

INTERFACES = {
    0: "mount", 1: "camera", 2: "guider", 3: "focuser", 4: "filter wheel", 5: "dome", 6: "gps", 7: "weather",
    8: "adaptive optics", 9: "dust cap", 10: "light box", 11: "detector", 12: "rotator", 13: "spectrograph",
    14: "correlator", 15: "auxiliary", 16: "output", 17: "input", 18: "power",
    19: "motion sensor", 20: "polar aligner",
}  # fmt: skip
"""Bits of DRIVER_INFO.DRIVER_INTERFACE (libindi, basedevice.h)."""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A device on a server.

    Attributes
    ----------
    name : str
        Its INDI name.
    driver : str
        The driver's executable, "" when it does not say.
    interfaces : tuple of str
        What it can be: camera, mount, focuser...
    connected : bool
        Whether its driver is connected to the hardware.
    blobs : tuple of str
        Its BLOB properties.
    """

    name: str
    driver: str = ""
    interfaces: tuple[str, ...] = ()
    connected: bool = False
    blobs: tuple[str, ...] = ()


def interface_words(bits: int) -> tuple[str, ...]:
    """Return what the bits of DRIVER_INTERFACE mean, in order."""
    return tuple(word for bit, word in INTERFACES.items() if bits >> bit & 1)
