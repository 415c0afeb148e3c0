"""A piece of the reference that is searched for in the sub: the Sun behind a blocker, halos, a landmark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.planes import detail_of, shifted, to_full
from indistack.align.spectrum import refine
from indistack.errors import RegistrationError
from indistack.settings import Settings, Wanted
from indistack.values.frame import DoubleArray, FloatArray
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

LEAST_SIDE_PX = 8
"""Of the box, in the binned plane."""
BOX_SHARE = 1 / 3
LEAST_CONTRAST = 0.05
"""Standard deviation in the box, that of the whole reference being 1."""


RectanglePx = Annotated[
    list[float],
    Field(min_length=4, max_length=4),
    Wanted("a box in the picture, [x, y, width, height] in pixels", "[800.0, 600.0, 200.0, 150.0]"),
]
"""x and y of the upper left corner, width and height."""


class TemplateSettings(Settings):
    """How the aligner ``template`` works."""

    box: RectanglePx | None = None
    """x, y of the upper left corner, width and height (px) of the piece of the reference that is searched for. Without
    it: a third of the frame, where the reference has the most contrast."""
    search_px: float = Field(default=200.0, ge=4)
    """How far it may lie from where it was in the reference, or in the sub before, in x and in y."""
    search_box: RectanglePx | None = None
    """In place of that: x, y of the upper left corner, width and height (px) of the part of every sub in which it is
    searched for."""
    min_score: float = Field(default=0.7, gt=0, lt=1)
    """Least correlation of the box with what is found, as Pearson's r."""


@ALIGNERS.register("template")
class Template(Aligner):
    """Searches a box of the reference within a box of the sub, by normalised correlation; translation."""

    settings: ClassVar[type[Settings]] = TemplateSettings
    needs_luminance: ClassVar[bool] = True
    needs_stars: ClassVar[bool] = False

    def __init__(self, settings: AlignSettings) -> None:
        self._settings = settings.own(TemplateSettings)

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:
        """Find the shift; see `Aligner`. The search box lies around where the guess puts the box.

        Raises
        ------
        RegistrationError
            ``no_contrast``: nothing in the box, or in the picture. ``too_small``: the box, or what of it lies in the
            frame. ``no_match``: nothing in the search box is alike enough.
        """
        ours, theirs = detail_of(sub), detail_of(reference)
        box = self._box(theirs)
        if float(theirs[box].std()) < LEAST_CONTRAST:
            raise RegistrationError("no_contrast", "the box in the reference is the same everywhere")
        found = [self._search(ours, theirs[box], box, where) for where in self._where(ours, box, guess)]
        shift, score = max(found, key=lambda pair: pair[1])
        if not score >= self._settings.min_score:
            raise _too_unlike(score, self._settings.min_score)
        return Transform(to_full(shift), score=score)

    def _where(
        self, sub: FloatArray, box: tuple[slice, slice], guess: Transform | None
    ) -> Iterator[tuple[slice, slice]]:
        """Yield the parts of the binned sub to search in: as is set, or around where the guess puts the box."""
        if self._settings.search_box is not None:
            yield self._search_box(sub, box)
            return
        reach = round(self._settings.search_px / 2)
        height, width = sub[box].shape
        for start in [Transform.identity()] if guess is None else [guess, Transform.identity()]:
            x, y = _corner_in_sub(start, box)
            yield (
                slice(max(0, y - reach), max(0, y + reach + height)),
                slice(max(0, x - reach), max(0, x + reach + width)),
            )

    def _search_box(self, sub: FloatArray, box: tuple[slice, slice]) -> tuple[slice, slice]:
        """The part of the binned sub that is set, which must be larger than what is searched for in it."""
        assert self._settings.search_box is not None, "it is set"
        where = _binned(self._settings.search_box)
        (height, width), (rows, columns) = sub[box].shape, sub[where].shape
        if rows < height + 2 or columns < width + 2:
            found = f"{2 * columns} x {2 * rows} px, no more than the {2 * width} x {2 * height} px that are looked for"
            raise RegistrationError("too_small", f"of {_told(self._settings.search_box)} in the sub lie {found}")
        return where

    def _search(
        self, sub: FloatArray, piece: FloatArray, box: tuple[slice, slice], where: tuple[slice, slice]
    ) -> tuple[DoubleArray, float]:
        """Search a part of the sub for the box: the shift and its correlation, -1 where there is none."""
        height, width = piece.shape
        field = sub[where]
        if field.shape[0] < height + 2 or field.shape[1] < width + 2:
            return np.eye(3), -1.0
        (at_x, at_y), score = best_place(field, piece)
        on_piece = refine(sub, piece, shifted(-where[1].start - at_x, -where[0].start - at_y))
        if on_piece is None:
            return np.eye(3), -1.0
        return shifted(box[1].start, box[0].start) @ on_piece, score

    def _box(self, plane: FloatArray) -> tuple[slice, slice]:
        """The box in the binned plane, cut at its borders."""
        if self._settings.box is None:
            return _most_contrast(plane)
        box = _binned(self._settings.box)
        if min(plane[box].shape) < LEAST_SIDE_PX:
            detail = f"of {_told(self._settings.box)} too little lies in the reference"
            raise RegistrationError("too_small", detail, {"limit": 2 * LEAST_SIDE_PX})
        return box


def _binned(rectangle: list[float]) -> tuple[slice, slice]:
    """Rows and columns, in the binned plane, of a rectangle of the frame (px)."""
    x, y, width, height = (value / 2 for value in rectangle)
    return np.s_[max(0, round(y)) : max(0, round(y + height)), max(0, round(x)) : max(0, round(x + width))]


def _told(rectangle: list[float]) -> str:
    x, y, width, height = rectangle
    return f"the box of {width:g} x {height:g} px at {x:g},{y:g}"


def best_place(field: FloatArray, piece: FloatArray) -> tuple[tuple[int, int], float]:
    """Find what is most like a piece.

    Parameters
    ----------
    field : array
        ``(h, w)`` float32, where it is searched for; unchanged.
    piece : array
        float32, smaller; unchanged.

    Returns
    -------
    corner : (int, int)
        x, y of its first pixel in the field.
    score : float
        Pearson's r; -1 where the best is at the border of the field.
    """
    scores = cv2.matchTemplate(field, piece, cv2.TM_CCOEFF_NORMED)
    scores[~np.isfinite(scores)] = -1
    y, x = map(int, np.unravel_index(int(scores.argmax()), scores.shape))
    inside = 0 < y < scores.shape[0] - 1 and 0 < x < scores.shape[1] - 1
    return (x, y), float(scores[y, x]) if inside else -1.0


def _corner_in_sub(start: Transform, box: tuple[slice, slice]) -> tuple[int, int]:
    """Where the corner of the box lies in the sub, in binned px."""
    corner = np.array([[2 * box[1].start + 0.5, 2 * box[0].start + 0.5]])
    x, y = (start.back(corner)[0] - 0.5) / 2
    return round(float(x)), round(float(y))


def _most_contrast(plane: FloatArray) -> tuple[slice, slice]:
    """The box with the most contrast."""
    height, width = (max(LEAST_SIDE_PX, round(BOX_SHARE * side)) for side in plane.shape)
    power = cv2.boxFilter(plane * plane, -1, (width, height), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    inside = power[: plane.shape[0] - height + 1, : plane.shape[1] - width + 1]
    y, x = map(int, np.unravel_index(int(inside.argmax()), inside.shape))
    return np.s_[y : y + height, x : x + width]


def _too_unlike(score: float, limit: float) -> RegistrationError:
    detail = f"what is most like the box correlates by r = {score:.2f}; {limit:.2f} is needed"
    return RegistrationError("no_match", detail, {"score": score, "limit": limit})
