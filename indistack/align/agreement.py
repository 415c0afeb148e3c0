"""How well two planes of one scene agree under a map, and whether that is sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.align.planes import LEAST_SIDE_PX, background_sigma_px, smoothed, warped
from indistack.errors import RegistrationError
from indistack.values.frame import DoubleArray, FloatArray

LEAST_OVERLAP = 0.1
"""Share of the plane."""
LEAST_SCORE, LEAST_LEAD = 0.2, 0.1
"""What two looks at one scene reach, as Pearson's r, and by how much they must agree better in place than displaced."""
SIGMAS = 7.0
"""Vignetting and dust, which stand still, agree by up to 6 standard errors."""
CELLS = 10
"""Along the longer side."""
SHOWS = 0.1
"""Of the mean power that a cell of either picture has at least, that shows anything."""
LEAST_SHARE, CELL_SCORE = 0.6, 0.5
"""Share of those cells that must agree, and how well: in units of the whole picture's r."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well two planes agree under a map.

    Attributes
    ----------
    score : float
        Pearson's r where they overlap.
    displaced : float
        The best that is reached after a displacement by as much as the background is wide; along an edge, or in a
        gradient that is everywhere, it is as good as in place.
    error : float
        Standard error of r between planes like these where they do not match: a few large things agree by chance more
        than many small ones.
    share : float
        Of the cells that show anything, those that agree on their own: one bright thing in each of two scenes makes a
        high r, and no more than that.
    """

    score: float
    displaced: float
    error: float
    share: float

    @property
    def lead(self) -> float:
        """By how much the place is better than the places around it."""
        return self.score - self.displaced

    @property
    def is_sure(self) -> bool:
        """Tell whether the planes show one scene, and whether this is the one place where they agree."""
        agree = self.score > max(LEAST_SCORE, SIGMAS * self.error) and self.share > LEAST_SHARE
        return agree and self.lead > LEAST_LEAD


NONE = Agreement(0.0, 0.0, 1.0, 0.0)


def agreement(sub: FloatArray, reference: FloatArray, matrix: DoubleArray) -> Agreement:
    """Compare two planes of `detail_of`, or of one scale of them, under a map from the sub to the reference.

    Parameters
    ----------
    sub, reference : array
        ``(h, w)`` float32; unchanged.
    matrix : array
        ``(3, 3)`` float64, sub ``(x, y, 1)`` -> reference, in the planes' px.

    Returns
    -------
    Agreement
        `NONE` where they hardly overlap.
    """
    laid, reached = warped(sub, matrix, reference.shape)
    here, there = smoothed(laid), smoothed(reference)
    step = max(4, round(background_sigma_px(reference)))
    scores = {
        (dx, dy): _pearson(here, reached, there, dx, dy) for dx in (-step, 0, step) for dy in (-step, 0, step)
    }  # fmt: skip
    if reached.mean() < LEAST_OVERLAP:
        return NONE
    score = scores.pop((0, 0))
    share = _agreeing_share(here, there, reached, score)
    return Agreement(score, max(scores.values()), _error(here, there, reached), share)


def _error(here: FloatArray, there: FloatArray, reached: FloatArray) -> float:
    """Root mean square of r over all cyclic displacements, by Parseval's theorem."""
    power, square = np.ones(1), 1.0
    for plane in (here, there):
        part = (plane - np.average(plane, weights=reached)) * reached
        power = power * np.abs(np.fft.rfft2(part)) ** 2
        square *= float((part**2).sum())
    whole = 2 * float(power.sum()) - float(power[:, 0].sum())
    return float(np.sqrt(whole / square)) / here.size if square > 0 else 1.0


def _agreeing_share(here: FloatArray, there: FloatArray, reached: FloatArray, score: float) -> float:
    """Share of the cells with content whose own r is near the whole picture's."""
    a, b = ((plane - np.average(plane, weights=reached)) * reached for plane in (here, there))
    aa, bb, ab, count = (_cell_sums(product) for product in (a * a, b * b, a * b, reached))
    inside = count > 0.5 * count.max()
    shows = inside & ((aa > SHOWS * aa[inside].mean()) | (bb > SHOWS * bb[inside].mean()))
    agrees = ab > CELL_SCORE * score * np.sqrt(aa * bb)
    return float(agrees[shows].mean()) if shows.any() else 0.0


def _cell_sums(values: FloatArray) -> DoubleArray:
    """Sums over square cells."""
    side = -(-max(values.shape) // CELLS)
    rows, cols = (np.arange(0, size, side) for size in values.shape)
    sums: DoubleArray = np.add.reduceat(np.add.reduceat(values, rows, axis=0, dtype=np.float64), cols, axis=1)
    return sums


def _pearson(laid: FloatArray, reached: FloatArray, reference: FloatArray, dx: int, dy: int) -> float:
    """Pearson's r after the laid plane is displaced by whole pixels."""
    height, width = reference.shape
    ours = np.s_[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    theirs = np.s_[max(0, dy) : height - max(0, -dy), max(0, dx) : width - max(0, -dx)]
    mask = reached[ours] > 0
    if mask.sum() < LEAST_SIDE_PX**2:
        return 0.0
    a, b = laid[ours][mask], reference[theirs][mask]
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return float(np.dot(a, b)) / scale if scale > 0 else 0.0


def require(found: Agreement) -> None:
    """Raise `RegistrationError` ``no_match`` where two planes do not agree."""
    if not found.is_sure:
        numbers = {"score": found.score, "score_displaced": found.displaced, "agreeing_share": found.share}
        detail = (
            f"the pictures agree by r = {found.score:.2f}, by {found.displaced:.2f} when displaced, "
            f"and in {100 * found.share:.0f} % of their parts"
        )
        raise RegistrationError("no_match", detail, numbers)
