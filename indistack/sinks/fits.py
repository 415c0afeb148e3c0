"""The linear stack as a FITS file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from indistack.fits_header import BLOCK, header_bytes
from indistack.picture.linear import STRIP_ROWS, LinearPicture, StackPicture
from indistack.sinks.base import SINKS, Snapshot
from indistack.system.atomic import atomic_file
from indistack.values.frame import Card

COVERAGE, CLIPPED = "COVERAGE", "CLIPPED"


@SINKS.register("fits")
class FitsSink:
    """float32, linear, rows as in the reference, colour as three planes R, G, B, NaN where nothing covers."""

    suffix = ".fits"
    needs_preview = False
    bits: tuple[int, ...] = (32,)

    def write(self, path: Path, snapshot: Snapshot) -> None:
        """See `indistack.sinks.base.Sink`. Maps follow as image extensions, float32 like the picture.

        ``CLIPPED``: which share of the subs was clipped, in cells of 4 x 4 pixels, where any was.
        """
        small = {} if snapshot.coverage is None else {COVERAGE: snapshot.coverage}
        with atomic_file(path) as file:
            _write(file, snapshot.picture, snapshot.cards)
            clipped = {} if snapshot.clipped is None else {CLIPPED: StackPicture(snapshot.clipped)}
            for name, plane in {**(snapshot.maps or small), **clipped}.items():
                _write(file, plane, (), name)


def has_maps(path: Path) -> bool:
    """Tell whether a stack that was written has maps, and not its coarse coverage and clipped cells alone."""
    from astropy.io import fits  # slow to import, and rarely needed

    try:
        with fits.open(path) as units:
            return any(unit.name not in ("PRIMARY", COVERAGE, CLIPPED) for unit in units)
    except OSError:  # there is none, or it is damaged
        return False


def _write(file: BinaryIO, picture: LinearPicture, cards: Sequence[Card], extname: str = "") -> None:
    """Append one image. All its planes grow together, as a strip of a picture may cost much to make."""
    height, width, *colours = picture.shape
    file.write(header_bytes(cards, -32, (*colours, height, width), extname))
    begin, plane_bytes = file.tell(), 4 * height * width
    for top in range(0, height, STRIP_ROWS):
        strip = picture.rows(slice(top, top + STRIP_ROWS)).reshape(-1, width, *(colours or [1]))
        for plane in range(strip.shape[2]):
            file.seek(begin + plane * plane_bytes + 4 * top * width)
            file.write(strip[..., plane].astype(">f4").tobytes())
    size = plane_bytes * (colours[0] if colours else 1)
    file.seek(begin + size)
    file.write(bytes(-size % BLOCK))
