"""A picture in strips of rows, whose temporaries stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator

from indistack.values.frame import FloatArray

STRIP_ROWS = 32


def strips(picture: FloatArray) -> Iterator[slice]:
    """Yield the rows of each strip, from the first to the last.

    Parameters
    ----------
    picture : array
        ``(h, w)`` or ``(h, w, 3)``; only its height counts.
    """
    for top in range(0, picture.shape[0], STRIP_ROWS):
        yield slice(top, min(top + STRIP_ROWS, picture.shape[0]))
