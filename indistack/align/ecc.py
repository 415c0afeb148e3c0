"""Enhanced correlation coefficient (Evangelidis and Psarakis 2008): any contrasted picture, up to perspective."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np

from indistack.align.agreement import agreement, require
from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.phase import place, require_shape
from indistack.align.planes import detail_of, rescaled, shrunk, smoothed, to_binned, to_full
from indistack.align.precision import corner_error_px, require_known
from indistack.errors import RegistrationError
from indistack.settings import Settings
from indistack.values.frame import DoubleArray, FloatArray
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

MOTION = {
    "translation": cv2.MOTION_TRANSLATION,
    "euclidean": cv2.MOTION_EUCLIDEAN,
    "affine": cv2.MOTION_AFFINE,
    "homography": cv2.MOTION_HOMOGRAPHY,
}
LEVELS_PX = (200, 400, 800, 1600)
"""Longer sides of the planes, coarse to fine; finer ones cost seconds and gain less than a hundredth of a pixel."""
CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-6)
FILTER_PX = 5


class EccSettings(Settings):
    """How the aligner ``ecc`` works."""

    model: Literal["translation", "euclidean", "affine", "homography"] = "euclidean"
    """What the transform may do: shift; rotate as well; shear and scale; perspective."""


@ALIGNERS.register("ecc")
class Ecc(Aligner):
    """Maximises the correlation of the whole pictures: shift, rotation, shear or perspective, as asked."""

    settings: ClassVar[type[Settings]] = EccSettings
    needs_luminance: ClassVar[bool] = True
    needs_stars: ClassVar[bool] = False

    def __init__(self, settings: AlignSettings) -> None:
        self._motion = MOTION[settings.own(EccSettings).model]

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:
        """Find the transform; see `Aligner`.

        It climbs from the guess or from what phase correlation finds, whichever agrees better. The background is
        removed before, and the result is checked: the correlation alone is as high for two unlike pictures of one
        gradient.

        Raises
        ------
        RegistrationError
            ``no_contrast``, ``too_small``, ``shape_differs``. ``no_match``: it finds no way up, or the pictures do not
            agree where it ends, or agree as well when they are displaced, or do not tell the corners to a third of a
            pixel: one round thing tells no turn.
        """
        ours, theirs = detail_of(sub), detail_of(reference)
        require_shape(ours, theirs)
        matrix = self._climbed(smoothed(ours), smoothed(theirs), _start(ours, theirs, guess))
        quality = agreement(ours, theirs, matrix)
        require(quality)
        error_px = corner_error_px(ours, theirs, matrix)
        require_known(error_px)
        return Transform(to_full(matrix), corner_error_px=error_px, score=quality.score)

    def _climbed(self, sub: FloatArray, reference: FloatArray, matrix: DoubleArray) -> DoubleArray:
        """Climb from level to level, each starting where the one before ended."""
        longer = max(reference.shape)
        for side_px in [side for side in LEVELS_PX if side < longer] + [min(longer, LEVELS_PX[-1])]:
            factor = side_px / longer
            ours, theirs = shrunk(sub, factor), shrunk(reference, factor)
            matrix = rescaled(self._climb(ours, theirs, rescaled(matrix, factor)), 1 / factor)
        return matrix

    def _climb(self, sub: FloatArray, reference: FloatArray, matrix: DoubleArray) -> DoubleArray:
        """One level; OpenCV's map goes from the reference to the sub."""
        start = np.linalg.inv(matrix)
        start = (start / start[2, 2]).astype(np.float32)
        back = start if self._motion == cv2.MOTION_HOMOGRAPHY else start[:2]
        mask = np.full(sub.shape, 255, np.uint8)
        try:
            _, back = cv2.findTransformECC(reference, sub, back, self._motion, CRITERIA, mask, FILTER_PX)
        except cv2.error as error:
            raise RegistrationError("no_match", "the correlation of the pictures cannot be raised") from error
        whole = np.eye(3)
        whole[: len(back)] = back
        return np.asarray(np.linalg.inv(whole))


def _start(sub: FloatArray, reference: FloatArray, guess: Transform | None) -> DoubleArray:
    """The guess or what phase correlation says, whichever agrees better."""
    found, quality = place(sub, reference, np.eye(3))
    if guess is None:
        return found
    told = to_binned(guess.matrix)
    return told if agreement(sub, reference, told).lead > quality.lead else found
