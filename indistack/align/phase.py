"""Phase correlation: pictures with any contrast that move as a whole."""

from __future__ import annotations

import math
from typing import ClassVar

import cv2
import numpy as np

from indistack.align.agreement import NONE, Agreement, agreement, require
from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.planes import detail_of, rescaled, shrunk, to_full, warped
from indistack.align.precision import corner_error_px, require_known
from indistack.align.spectrum import correlation, locate, refine, window_of
from indistack.errors import RegistrationError
from indistack.numerics.parabola import parabola_top
from indistack.settings import Settings
from indistack.values.frame import DoubleArray, FloatArray
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

POLAR_SIDE_PX = 512
FINEST_SIDE_PX = 1200
"""Longer side of the plane in which the place is told; finer ones cost seconds, and gain little through air."""


class PhaseSettings(Settings):
    """How the aligner ``phase`` works."""

    rotation: bool = False
    """Also find how far the sub is turned and scaled, by the log-polar picture of its spectrum: any angle, to a third
    of a degree. Small turns are found better by ``ecc``."""


@ALIGNERS.register("phase")
class Phase(Aligner):
    """Correlates the whole pictures: any scene with contrast, shifted by up to 40 %; turned as well where asked."""

    settings: ClassVar[type[Settings]] = PhaseSettings
    needs_luminance: ClassVar[bool] = True
    needs_stars: ClassVar[bool] = False

    def __init__(self, settings: AlignSettings) -> None:
        self._settings = settings

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:  # noqa: ARG002
        """Find the transform; see `Aligner`. It looks everywhere, and needs no guess.

        Raises
        ------
        RegistrationError
            ``no_contrast``, ``too_small``, ``shape_differs``. ``no_match``: the pictures do not agree, or agree as well
            when they are displaced, or do not tell the place to a third of a pixel.
        """
        ours, theirs = detail_of(sub), detail_of(reference)
        require_shape(ours, theirs)
        turns = self._turns(ours, theirs) if self._settings.own(PhaseSettings).rotation else [np.eye(3)]
        found = [place(ours, theirs, turn) for turn in turns]
        matrix, quality = max(found, key=lambda pair: pair[1].lead)
        require(quality)
        error_px = corner_error_px(ours, theirs, matrix)
        require_known(error_px)
        return Transform(to_full(matrix), corner_error_px=error_px, score=quality.score)

    def _turns(self, sub: FloatArray, reference: FloatArray) -> list[DoubleArray]:
        """The turns to try; the two ends of a spectrum are alike, so each also the other way up."""
        turn = turn_between(sub, reference)
        turn = turn_between(warped(sub, turn, reference.shape)[0], reference) @ turn  # what is left is told better
        scale = math.hypot(turn[0, 0], turn[1, 0])
        turns = [np.eye(3), turn] if abs(scale - 1) <= self._settings.max_scale_change else [np.eye(3)]
        return [about_centre(angle, 1.0, sub.shape) @ turn for turn in turns for angle in (0.0, 180.0)]


def require_shape(sub: FloatArray, reference: FloatArray) -> None:
    """Refuse planes of different shapes.

    Parameters
    ----------
    sub, reference : array
        ``(h, w)`` float32.

    Raises
    ------
    RegistrationError
        ``shape_differs``.
    """
    if sub.shape != reference.shape:
        numbers = {"width": 2 * sub.shape[1], "height": 2 * sub.shape[0]}
        raise RegistrationError("shape_differs", "sub and reference differ in size", numbers)


def place(sub: FloatArray, reference: FloatArray, turn: DoubleArray) -> tuple[DoubleArray, Agreement]:
    """Find where a plane lies on another once it is turned so, and how well the two agree there.

    Parameters
    ----------
    sub, reference : array
        ``(h, w)`` float32 planes of one shape, as of `detail_of`; unchanged.
    turn : array
        ``(3, 3)`` float64, sub -> reference, a turn and scale; the identity for none.

    Returns
    -------
    matrix : array
        ``(3, 3)`` float64, sub -> reference, in the planes' px.
    agreement : Agreement
        `NONE` where they do not agree.
    """
    factor = FINEST_SIDE_PX / max(reference.shape)
    if factor < 1:
        found, quality = place(shrunk(sub, factor), shrunk(reference, factor), rescaled(turn, factor))
        return rescaled(found, 1 / factor), quality
    turned = sub if np.array_equal(turn, np.eye(3)) else warped(sub, turn, reference.shape)[0]
    shift, quality = locate(turned, reference)
    if not quality.is_sure:
        return shift @ turn, quality
    matrix = refine(sub, reference, shift @ turn)
    return (shift @ turn, NONE) if matrix is None else (matrix, agreement(sub, reference, matrix))


def turn_between(sub: FloatArray, reference: FloatArray) -> DoubleArray:
    """Return the turn and scale about the centre that make the spectra alike (Reddy and Chatterji 1996).

    Parameters
    ----------
    sub, reference : array
        ``(h, w)`` float32 planes of one shape, as of `detail_of`; unchanged.

    Returns
    -------
    array
        ``(3, 3)`` float64, sub -> reference; half a turn more is as likely.
    """
    ours, theirs = (_log_polar(plane) for plane in (sub, reference))
    surface = correlation(ours, theirs)
    y, x = np.unravel_index(int(surface.argmax()), surface.shape)
    step = [parabola_top(*np.roll(line, 1 - at)[:3]) for line, at in ((surface[:, x], y), (surface[y], x))]
    rows, cols = (((at + part + side / 2) % side) - side / 2
                  for at, part, side in zip((y, x), step, surface.shape, strict=True))  # fmt: skip
    scale = math.exp(-cols * math.log(POLAR_SIDE_PX / 2) / POLAR_SIDE_PX)
    return about_centre(360 * rows / POLAR_SIDE_PX, scale, sub.shape)


def about_centre(angle_deg: float, scale: float, shape: tuple[int, ...]) -> DoubleArray:
    """Return the ``(3, 3)`` float64 map that turns (from x towards y) and scales about a plane's centre."""
    cos, sin = scale * math.cos(math.radians(angle_deg)), scale * math.sin(math.radians(angle_deg))
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    return np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0.0, 0.0, 1.0]])


def _log_polar(plane: FloatArray) -> FloatArray:
    """Return the logarithm of the power spectrum over angle (rows) and the logarithm of the radius (columns)."""
    side = max(cv2.getOptimalDFTSize(size) for size in plane.shape)
    power = np.abs(np.fft.fftshift(np.fft.fft2(plane * window_of(plane.shape), (side, side))))
    centre = (POLAR_SIDE_PX / 2, POLAR_SIDE_PX / 2)
    small = cv2.resize(np.log1p(power).astype(np.float32), (POLAR_SIDE_PX, POLAR_SIDE_PX), interpolation=cv2.INTER_AREA)
    polar = cv2.warpPolar(small, (POLAR_SIDE_PX, POLAR_SIDE_PX), centre, POLAR_SIDE_PX / 2, cv2.WARP_POLAR_LOG)
    rings: FloatArray = polar - polar.mean(axis=0)  # what depends on the radius alone tells nothing of a turn
    rings[:, : POLAR_SIDE_PX // 3] = 0  # nearer to the centre there are too few points on a ring
    return rings
