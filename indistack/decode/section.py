"""Parts of a frame as IRAF names them in FITS headers: ``[x1:x2,y1:y2]``, counted from 1, the ends included."""

from __future__ import annotations

import re
from typing import NamedTuple

from indistack.values.frame import PixelArray

_SECTION = re.compile(r"\[\s*(\d{1,9})\s*:\s*(\d{1,9})\s*,\s*(\d{1,9})\s*:\s*(\d{1,9})\s*\]")


class Section(NamedTuple):
    """A part of a frame: first column and row, and those after the last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def of(self, pixels: PixelArray) -> PixelArray:
        """Return this part of an array ``[y, x]``."""
        return pixels[self.top : self.bottom, self.left : self.right]

    def within(self, other: Section) -> bool:
        """Return whether all of it lies in another one."""
        return (
            self.left >= other.left
            and self.top >= other.top
            and self.right <= other.right
            and self.bottom <= other.bottom
        )

    def meets(self, other: Section) -> bool:
        """Return whether the two have a pixel in common."""
        across = max(self.left, other.left) < min(self.right, other.right)
        return across and max(self.top, other.top) < min(self.bottom, other.bottom)


def parse_section(said: str) -> Section | None:
    """Return the part that a header names, also with its ends the other way round; None where it is no section."""
    found = _SECTION.fullmatch(said.strip())
    if found is None:
        return None
    x1, x2, y1, y2 = map(int, found.groups())
    return Section(min(x1, x2) - 1, min(y1, y2) - 1, max(x1, x2), max(y1, y2))
