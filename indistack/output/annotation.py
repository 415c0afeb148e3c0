"""What stands on a picture for people where they want it: target, subs, exposure, date, a scale and where north is."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from indistack.enhance import OPERATORS, PictureSettings
from indistack.fits_header import read_wcs
from indistack.picture.captions import TITLE, Ink, inked, letters_of, plain, write
from indistack.picture.integration import Preview
from indistack.picture.linear import binning_for
from indistack.sinks import Snapshot
from indistack.sinks.labels import Labels, labels_of
from indistack.values.frame import DoubleArray

BAR_SHARE, STEPS = 0.25, (1, 2, 5, 10, 20, 30)
"""The scale is no longer than that share of the width, and one of so many seconds, minutes or degrees."""

UNITS_ARCSEC = {'"': 1.0, "'": 60.0, " deg": 3600.0}

NO_TARGET = ("unknown", "none", "n/a")
"""What programs write where nobody has named one."""


def annotated(preview: Preview, snapshot: Snapshot, settings: PictureSettings) -> Preview:
    """Return a picture with what is known of it written on it.

    Parameters
    ----------
    preview : Preview
        The picture; unchanged.
    snapshot : Snapshot
        What it is of. A scale and the compass are drawn where its header has a WCS.
    settings : PictureSettings
        With which it was made.
    """
    ink = np.zeros(preview.pixels.shape[:2], np.uint8)
    letter_px = letters_of(ink.shape)
    _write_lines(ink, _lines(labels_of(snapshot.cards)), letter_px)
    wcs = read_wcs(snapshot.cards)
    if wcs is not None:
        binning = binning_for(snapshot.picture.shape, settings.max_side_px)
        _draw_scale(ink, wcs.scale_arcsec_px * binning, letter_px)
        if not _is_moved(settings, snapshot):
            _draw_compass(ink, _directions(wcs.cd, snapshot), letter_px)
    fine = None if preview.fine is None else inked(preview.fine, ink, letter_px)
    return replace(preview, pixels=inked(preview.pixels, ink, letter_px), fine=fine)


def _lines(labels: Labels) -> list[str]:
    """Return title and facts, without those that are not known."""
    subs = f"{labels.subs} sub{'s' if labels.subs > 1 else ''}" if labels.subs else ""
    facts = "   ".join(filter(None, (subs, _duration(labels.exposure_s), labels.date[:10])))
    title = "" if labels.target.lower() in NO_TARGET else labels.target
    return [plain(title), plain(facts)]


def _duration(seconds: float) -> str:
    if seconds <= 0:
        return ""
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _write_lines(ink: Ink, lines: list[str], letter_px: int) -> None:
    """Write title and facts at the lower left."""
    base = ink.shape[0] - 2 * letter_px
    for line, size in zip(reversed(lines), (1.0, TITLE), strict=True):
        if line:
            _, height = write(ink, line, (2 * letter_px, base), size * letter_px)
            base -= round(1.8 * height)


def _draw_scale(ink: Ink, arcsec_px: float, letter_px: int) -> None:
    """Draw a bar of a round length at the lower right."""
    longest = BAR_SHARE * ink.shape[1] * arcsec_px
    lengths = [(step * size, f"{step}{unit}") for unit, size in UNITS_ARCSEC.items() for step in STEPS]
    fitting = [one for one in lengths if one[0] <= longest]
    if not fitting:
        return
    length, name = fitting[-1]
    right, base = ink.shape[1] - 2 * letter_px, ink.shape[0] - 2 * letter_px
    left, tick = right - round(length / arcsec_px), letter_px // 2
    thickness = max(1, letter_px // 10)
    for start, end in (
        ((left, base), (right, base)),
        ((left, base - tick), (left, base)),
        ((right, base - tick), (right, base)),
    ):
        cv2.line(ink, start, end, 255, thickness, cv2.LINE_AA)
    write(ink, name, ((left + right) // 2, base - letter_px), letter_px, align=0.5)


def _directions(cd: DoubleArray, snapshot: Snapshot) -> list[tuple[str, DoubleArray]]:
    """Return where north and east are in the picture as it is seen, as unit vectors ``(x, y)``."""
    found = []
    for name, sky in (("N", (0.0, 1.0)), ("E", (1.0, 0.0))):
        x, y = np.linalg.solve(cd, sky)
        if snapshot.bottom_up:
            y = -y
        if snapshot.orientation >= 5:
            x, y = y, x
        if snapshot.orientation in (2, 3, 6, 7):
            x = -x
        if snapshot.orientation in (3, 4, 7, 8):
            y = -y
        found.append((name, np.array([x, y]) / math.hypot(x, y)))
    return found


def _is_moved(settings: PictureSettings, snapshot: Snapshot) -> bool:
    """Tell whether somebody has had the picture turned or mirrored."""
    words = [*(snapshot.operators or settings.operators), *(word for look in settings.looks.values() for word in look)]
    names = {word.partition(":")[0].strip() for word in words}
    return any(name != "trim" and name in OPERATORS and OPERATORS.get(name).moves for name in names)


def _draw_compass(ink: Ink, directions: list[tuple[str, DoubleArray]], letter_px: int) -> None:
    """Draw arrows to north and east at the upper right."""
    length = 3.0 * letter_px
    middle = np.array([ink.shape[1] - 6.5 * letter_px, 6.5 * letter_px])
    for name, way in directions:
        tip, beyond = middle + length * way, middle + (length + 1.2 * letter_px) * way
        start, end = ((round(float(x)), round(float(y))) for x, y in (middle, tip))
        cv2.arrowedLine(ink, start, end, 255, max(1, letter_px // 10), cv2.LINE_AA, 0, 0.2)
        write(ink, name, (round(float(beyond[0])), round(float(beyond[1]) + letter_px / 2)), letter_px, align=0.5)
