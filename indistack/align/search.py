"""Proposals for the transform: from the one before, and from star triangles."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indistack.align.field import StarField
from indistack.align.neighbours import Neighbours
from indistack.align.triangles import Triangles, match_shapes, similarities
from indistack.values.frame import DoubleArray
from indistack.values.transform import Transform

IntArray = npt.NDArray[np.intp]
ComplexArray = npt.NDArray[np.complex128]

SHIFT_STARS = 150
SHIFT_REACH_PX = 64.0
SHIFT_CELL_PX = 4.0
SHIFT_PEAKS = 3

VOTERS = 80
MOST_PROPOSALS = 20_000
BLOCK = 2000
FILL = 0.04
"""Share of the ballot raster that the reference's stars may cover."""
BALLOT_PEAKS = 8
TRIANGLE_TOLERANCE_PX = 1.5


@dataclass(frozen=True, slots=True)
class Proposals:
    """Transforms worth verifying, most promising first.

    Attributes
    ----------
    transforms : list of Transform
        The picked ones.
    tried : int
        Out of how many they were picked: the chance test counts them all.
    """

    transforms: list[Transform]
    tried: int


def shifted(guess: Transform, sub: StarField, reference: StarField) -> Proposals:
    """Propose `guess` with the shifts (up to 64 px) on which most pairs of bright stars agree."""
    ours, theirs = sub.first(SHIFT_STARS), reference.first(2 * SHIFT_STARS)
    predicted = guess.apply(ours.xy)
    i, j, _ = Neighbours(theirs.xy, SHIFT_REACH_PX).within(predicted, SHIFT_REACH_PX)
    if len(i) == 0:
        return Proposals([], 1)
    shift = theirs.xy[j] - predicted[i]
    side = int(2 * SHIFT_REACH_PX / SHIFT_CELL_PX) + 1
    column, row = ((shift + SHIFT_REACH_PX) // SHIFT_CELL_PX).astype(np.intp).T
    votes = np.bincount(row * side + column, minlength=side * side).reshape(side, side)
    wide = np.zeros_like(votes)
    wide[:-1, :-1] = votes[:-1, :-1] + votes[1:, :-1] + votes[:-1, 1:] + votes[1:, 1:]
    transforms = []
    for peak in _separate_peaks(wide):
        corner = (np.array([peak[1], peak[0]]) + 1) * SHIFT_CELL_PX - SHIFT_REACH_PX
        near = (np.abs(shift - corner) <= SHIFT_CELL_PX).all(axis=1)
        move = np.eye(3)
        move[:2, 2] = np.median(shift[near], axis=0)
        transforms.append(replace(guess, matrix=move @ guess.matrix))
    return Proposals(transforms, len(i) + votes.size)


def _separate_peaks(votes: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    """The cells with most votes, none beside another; only with at least 3."""
    votes = votes.copy()
    peaks: list[tuple[int, int]] = []
    for _ in range(SHIFT_PEAKS):
        row, column = divmod(int(votes.argmax()), votes.shape[1])
        if votes[row, column] < 3:
            break
        peaks.append((row, column))
        votes[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = 0
    return peaks


def from_triangles(
    sub: StarField, reference: StarField, triangles: tuple[Triangles, Triangles], max_scale_change: float
) -> Proposals:
    """Propose the similarities between similar triangles for which most bright stars meet a star.

    Parameters
    ----------
    sub, reference : StarField
        The stars the triangles are made of.
    triangles : pair of Triangles
        Of `sub` and of `reference`.
    max_scale_change : float
        How far the scale may lie from 1.
    """
    i, j = match_shapes(*triangles, TRIANGLE_TOLERANCE_PX, max_scale_change)
    tried = max(len(i), 1)
    if len(i) > MOST_PROPOSALS:
        largest = np.sort(np.argsort(-triangles[0].longest[i], kind="stable")[:MOST_PROPOSALS])
        i, j = i[largest], j[largest]
    factor, shift = similarities(triangles[0], sub.xy, triangles[1], reference.xy, (i, j))
    near_one = np.abs(np.abs(factor) - 1) <= max_scale_change
    factor, shift = factor[near_one], shift[near_one]
    if len(factor) == 0:
        return Proposals([], tried)
    surplus = _ballot(factor, shift, sub, reference)
    return Proposals(_distinct(factor, shift, surplus, sub), tried)


def _ballot(factor: ComplexArray, shift: ComplexArray, sub: StarField, reference: StarField) -> DoubleArray:
    """How many more of the sub's bright stars meet a star under each proposal than chance would have."""
    points = sub.xy[:VOTERS, 0] + 1j * sub.xy[:VOTERS, 1]
    area = reference.width * reference.height
    cell = max(2.0, np.sqrt(FILL * area / (9 * max(len(reference), 1))))
    raster = _raster(reference, cell)
    filled = raster[1:-1, 1:-1].mean()
    surplus = np.empty(len(factor))
    for start in range(0, len(factor), BLOCK):
        part = slice(start, start + BLOCK)
        mapped = factor[part, None] * points + shift[part, None]
        column = np.clip((mapped.real / cell + 1).astype(np.intp), 0, raster.shape[1] - 1)
        row = np.clip((mapped.imag / cell + 1).astype(np.intp), 0, raster.shape[0] - 1)
        inside = (mapped.real >= 0) & (mapped.real < reference.width)
        inside &= (mapped.imag >= 0) & (mapped.imag < reference.height)
        surplus[part] = (raster[row, column] & inside).sum(axis=1) - filled * inside.sum(axis=1)
    return surplus


def _raster(reference: StarField, cell: float) -> npt.NDArray[np.bool_]:
    """Cells that hold a star or touch one that does; a margin of one cell around the frame."""
    shape = (int(reference.height / cell) + 3, int(reference.width / cell) + 3)
    raster = np.zeros(shape, bool)
    column, row = np.clip(reference.xy / cell + 1, 1, [shape[1] - 2, shape[0] - 2]).astype(np.intp).T
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            raster[row + dy, column + dx] = True
    return raster


def _distinct(factor: ComplexArray, shift: ComplexArray, surplus: DoubleArray, sub: StarField) -> list[Transform]:
    """The proposals with most surplus that differ by more than a few pixels at some corner."""
    corners = sub.corners() @ np.array([1, 1j])
    best = np.argsort(-surplus, kind="stable")[:400]
    mapped = factor[best, None] * corners + shift[best, None]
    near_px = max(8.0, 0.01 * max(sub.width, sub.height))
    picked: list[int] = []
    for place in range(len(best)):
        if all(np.abs(mapped[place] - mapped[other]).max() > near_px for other in picked):
            picked.append(place)
            if len(picked) == BALLOT_PEAKS:
                break
    return [_similarity(factor[best[place]], shift[best[place]]) for place in picked]


def _similarity(factor: complex, shift: complex) -> Transform:
    return Transform(
        np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0.0, 0.0, 1.0]])
    )
