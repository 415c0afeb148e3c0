"""What stands on a picture for people where they want it: target, subs, exposure, date, a scale, north, names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from indistack.catalogue import SkyField
from indistack.output.sky_names import write_names
from indistack.picture.captions import TITLE, Ink, inked, letters_of, plain, write
from indistack.picture.integration import Preview
from indistack.sinks.labels import Labels, labels_of
from indistack.values.frame import Card

BAR_SHARE, STEPS = 0.25, (1, 2, 5, 10, 20, 30)
"""The scale is no longer than that share of the width, and one of so many seconds, minutes or degrees."""

UNITS_ARCSEC = {'"': 1.0, "'": 60.0, " deg": 3600.0}

NO_TARGET = ("unknown", "none", "n/a")
"""What programs write where nobody has named one."""


def annotated(preview: Preview, cards: Sequence[Card]) -> Preview:
    """Return a picture with what is known of it written on it.

    Parameters
    ----------
    preview : Preview
        The picture; unchanged. Scale, compass and names are drawn where its place on the sky is known.
    cards : sequence of Card
        Header of the stack that it is of.
    """
    ink = np.zeros(preview.pixels.shape[:2], np.uint8)
    letter_px = letters_of(ink.shape)
    _write_lines(ink, _lines(labels_of(cards)), letter_px)
    if preview.sky is not None:
        _draw_scale(ink, preview.sky.wcs.scale_arcsec_px, letter_px)
        _draw_compass(ink, preview.sky, letter_px)
        write_names(ink, preview.sky, letter_px)
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


def _draw_compass(ink: Ink, sky: SkyField, letter_px: int) -> None:
    """Draw arrows to north and east at the upper right."""
    length = 3.0 * letter_px
    middle = np.array([ink.shape[1] - 6.5 * letter_px, 6.5 * letter_px])
    for name, way in (("N", np.array(sky.north)), ("E", np.array(sky.east))):
        tip, beyond = middle + length * way, middle + (length + 1.2 * letter_px) * way
        start, end = ((round(float(x)), round(float(y))) for x, y in (middle, tip))
        cv2.arrowedLine(ink, start, end, 255, max(1, letter_px // 10), cv2.LINE_AA, 0, 0.2)
        write(ink, name, (round(float(beyond[0])), round(float(beyond[1]) + letter_px / 2)), letter_px, align=0.5)
