"""Cuts what is published to what subs have reached: a grid that grows does so in large steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from indistack.config import MAIN
from indistack.errors import SinkError
from indistack.picture.crop import WHOLE, Part, well_covered
from indistack.picture.integration import Integration
from indistack.session.session import Session
from indistack.values.frame import BoolArray, DoubleArray
from indistack.values.grid import Box


@dataclass(frozen=True, slots=True)
class Trim:
    """The part of a session's grid that is published, the same for all its stacks.

    Attributes
    ----------
    box : (slice, slice)
        Rows and columns of the grid (px).
    matrix : array
        ``(3, 3)`` float64, affine: reference ``(x, y, 1)`` -> published ``(x, y, 1)``.
    """

    box: Box
    matrix: DoubleArray

    @staticmethod
    def of(session: Session) -> Trim:
        """Return the least part that holds what any sub has reached, less what is to be cut off its edges.

        All of a grid that does not grow is such a part.

        Raises
        ------
        SinkError
            Nothing is left.
        """
        rows, cols = slice(0, session.grid.height), slice(0, session.grid.width)
        if session.config.stack.canvas == "grow":
            reached_rows, reached_cols = (_span(reached) for reached in _reached(session))
            if reached_rows.stop:
                rows, cols = reached_rows, reached_cols
        if session.config.publish.crop is not None:
            left, right, top, bottom = session.config.publish.crop
            rows, cols = slice(rows.start + top, rows.stop - bottom), slice(cols.start + left, cols.stop - right)
            if rows.start >= rows.stop or cols.start >= cols.stop:
                said = f"--crop (publish.crop) = {','.join(map(str, session.config.publish.crop))}"
                raise SinkError(f"{said}: nothing is left of {session.grid.width} x {session.grid.height} pixels")
        moved = np.array([[1.0, 0, -cols.start], [0, 1, -rows.start], [0, 0, 1]])
        return Trim((rows, cols), moved @ session.grid.matrix)

    @staticmethod
    def size(session: Session) -> tuple[int, int]:
        """Return height and width (px) of what is published of a session."""
        height, width = (
            len(range(*part.indices(side))) for part, side in zip(Trim.of(session).box, session.grid.size, strict=True)
        )
        return height, width

    def cut(self, stack: Integration) -> Integration:
        """Return views of that part of a stack on the session's grid."""
        planes = {name: getattr(stack, name) for name in ("pixels", "weight", "coverage", "variance", "rejected")}
        return replace(stack, **{name: plane[self.box] for name, plane in planes.items() if plane is not None})


def shown_part(session: Session, stacks: Sequence[Integration]) -> Part:
    """Return the part of a picture that is worth showing: where the least covered of its filters has enough."""
    share = session.config.picture.crop_coverage
    if share is None:
        return WHOLE
    parts = [well_covered(stack.coverage, share) for stack in stacks]
    return reduce(Part.common, parts)


def _reached(session: Session) -> tuple[BoolArray, BoolArray]:
    """Tell of every row and column of the grid whether a sub has reached it."""
    height, width = session.grid.size
    rows, cols = np.zeros(height, bool), np.zeros(width, bool)
    for filter_stack in session.filter_stacks.values():
        covered = filter_stack.branch_set.branches[MAIN].integration().coverage > 0
        rows |= covered.any(axis=1)
        cols |= covered.any(axis=0)
    return rows, cols


def _span(reached: BoolArray) -> slice:
    """From the first to the last that is reached; empty where none is."""
    places = np.flatnonzero(reached)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)
