"""The luminance of a scene as the aligners that work on pictures need it, and how well two of them agree."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from indistack.errors import RegistrationError
from indistack.values.frame import DoubleArray, FloatArray
from indistack.values.star_list import Scene

BACKGROUND_SHARE = 1 / 24
"""Sigma of the background, as a share of the plane's longer side: vignetting and gradients are wider than that."""
BACKGROUND_BLUR_PX = 16.0
SMOOTH_PX = 1.5
"""Sigma of the smoothing before two planes are compared."""
LEAST_SIDE_PX = 16
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
FULL_OF_BINNED = np.array([[2.0, 0.0, 0.5], [0.0, 2.0, 0.5], [0.0, 0.0, 1.0]])
BINNED_OF_FULL = np.linalg.inv(FULL_OF_BINNED)


def clean_plane(scene: Scene) -> FloatArray:
    """Return the binned luminance without single hot or dead pixels (3x3 median), a new array.

    Raises
    ------
    RegistrationError
        ``too_small``: there is none.
    """
    plane = scene.luminance
    if plane is None or min(plane.shape) < LEAST_SIDE_PX:
        detail = f"a frame of {scene.width} x {scene.height} pixels shows no scene"
        raise RegistrationError("too_small", detail, {"width": scene.width, "height": scene.height})
    return np.asarray(cv2.medianBlur(plane, 3), np.float32)


def background_sigma_px(plane: FloatArray) -> float:
    """Return the sigma (its px) of the Gaussian that counts as background in a plane.

    Parameters
    ----------
    plane : array
        Of any dtype; only its shape ``(h, w)`` counts.
    """
    return BACKGROUND_SHARE * float(max(plane.shape))


def detail_of(scene: Scene) -> FloatArray:
    """Return the cleaned luminance less its background: what moves with the scene, and neither vignetting nor sky.

    Parameters
    ----------
    scene : Scene
        With its luminance; unchanged.

    Returns
    -------
    array
        ``(h // 2, w // 2)`` float32, of standard deviation 1, new.

    Raises
    ------
    RegistrationError
        ``too_small``, or ``no_contrast``: it is the same everywhere.
    """
    plane = clean_plane(scene)
    detail: FloatArray = plane - background(plane)
    spread = float(detail.std())
    if not spread > 1e-6 * max(1.0, float(np.abs(plane).max())):
        raise RegistrationError("no_contrast", "the picture is the same everywhere", {"contrast_adu": spread})
    return detail / np.float32(spread)


def background(plane: FloatArray) -> FloatArray:
    """Return the plane under a wide Gaussian, made on a smaller one: wide kernels on large planes take seconds.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32, finite; unchanged.

    Returns
    -------
    array
        ``(h, w)`` float32, in the same unit, new.
    """
    sigma = background_sigma_px(plane)
    factor = min(1.0, BACKGROUND_BLUR_PX / sigma)
    blurred = cv2.GaussianBlur(shrunk(plane, factor), (0, 0), sigma * factor)
    size = plane.shape[1], plane.shape[0]
    return np.asarray(cv2.resize(blurred, size, interpolation=cv2.INTER_CUBIC), np.float32)


def smoothed(plane: FloatArray) -> FloatArray:
    """Return the ``(h, w)`` float32 plane without what is finer than its pixels can carry: a new array."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), SMOOTH_PX), np.float32)


def shrunk(plane: FloatArray, factor: float) -> FloatArray:
    """Return the plane scaled by a factor of at most 1, by areas.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32; unchanged.
    factor : float
        Above 0; from 1 on the plane itself comes back.

    Returns
    -------
    array
        float32, at least one pixel a side.
    """
    size = [max(1, round(side * factor)) for side in plane.shape]
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA), np.float32) if factor < 1 else plane


def to_full(matrix: DoubleArray) -> DoubleArray:
    """Return a ``(3, 3)`` float64 map between planes binned 2x2 as one between frames."""
    full: DoubleArray = FULL_OF_BINNED @ matrix @ BINNED_OF_FULL
    return full


def to_binned(matrix: DoubleArray) -> DoubleArray:
    """Return a ``(3, 3)`` float64 map between frames as one between planes binned 2x2."""
    binned: DoubleArray = BINNED_OF_FULL @ matrix @ FULL_OF_BINNED
    return binned


def rescaled(matrix: DoubleArray, factor: float) -> DoubleArray:
    """Return the same ``(3, 3)`` float64 map between planes that are scaled by a factor, their outer edges alike."""
    shift = (factor - 1) / 2
    to_scaled = np.array([[factor, 0.0, shift], [0.0, factor, shift], [0.0, 0.0, 1.0]])
    scaled: DoubleArray = to_scaled @ matrix @ np.linalg.inv(to_scaled)
    return scaled


def shifted(dx: float, dy: float) -> DoubleArray:
    """Return the ``(3, 3)`` float64 map that adds `dx` and `dy` (px) to positions."""
    return np.array([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])


def warped(plane: FloatArray, matrix: DoubleArray, shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Lay a plane on another.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32; unchanged.
    matrix : array
        ``(3, 3)`` float64, from the plane's px to those of the other.
    shape : (int, int)
        Height and width of the other.

    Returns
    -------
    laid : array
        Of that shape, float32, new; 0 where the plane does not reach.
    reached : array
        Of that shape, float32: 1 where it surely reaches, else 0.
    """
    size = shape[1], shape[0]
    laid = np.asarray(cv2.warpPerspective(plane, matrix, size, flags=cv2.INTER_CUBIC), np.float32)
    reached = cv2.warpPerspective(np.ones_like(plane), matrix, size, flags=cv2.INTER_NEAREST)
    reached = cv2.erode(reached, np.ones((5, 5)), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return laid, np.asarray(reached, np.float32)


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
