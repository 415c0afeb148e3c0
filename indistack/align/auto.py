"""The aligner that looks at the reference and chooses another."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.centroid import is_alone
from indistack.align.circle import Circle
from indistack.align.limb import find_limb
from indistack.align.planes import clean_plane
from indistack.errors import RegistrationError
from indistack.grading.star_measures import measure
from indistack.numerics.statistics import sigma_of_deviations
from indistack.values.frame import DoubleArray, FloatArray
from indistack.values.star_list import Scene, StarList
from indistack.values.transform import Transform

MOST_SCATTER = 0.22
"""In the shapes of what looks like stars; craters, leaves and knots of clouds differ more."""
CELL_PX = 32
FINE_PX, COARSE_PX = 1.0, 4.0
"""Structure between these sizes (sigma, binned px) is detail; clouds and nebulae are smooth there."""
LEAST_DETAIL = 3.0
"""In units of the noise, in at least half of all cells: landscapes and the Moon's face have 4 to 10, cloudy skies 2."""
LEAST_PEAK_ADU = 3.0
"""Height of a star; steps of the grey scale, where a video has smoothed its noise away, look like stars of 1 or 2."""
WHOLE_DEG, DISK_PX = 180.0, 10.0
"""A limb that is seen so far, of such a radius (binned px), tells a place better than the centre of light does."""
LAPLACIAN_GAIN = 20**0.5
"""Standard deviation that OpenCV's Laplacian gives to noise of 1."""


@ALIGNERS.register("auto")
class Auto(Aligner):
    """Chooses by the reference: asterism for stars, disk for a limb, centroid for a lone planet, ecc for detail."""

    needs_luminance: ClassVar[bool] = True

    def __init__(self, settings: AlignSettings) -> None:
        self._settings = settings

    def for_reference(self, reference: Scene) -> Aligner:
        """Return the aligner that suits a reference. Where nothing does, asterism, which will say what it misses.

        Parameters
        ----------
        reference : Scene
            With its luminance.

        Returns
        -------
        Aligner
            Its `reason` tells why it was chosen.
        """
        name, reason = self._choice(reference)
        chosen = ALIGNERS.get(name)(self._settings)
        chosen.reason = reason
        return chosen

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:
        """Find the transform in the way that suits the reference; see `Aligner`.

        Raises
        ------
        RegistrationError
            As the chosen aligner does.
        """
        return self.for_reference(reference).register(sub, reference, guess)

    def _choice(self, reference: Scene) -> tuple[str, str]:
        """Name of the aligner, and why."""
        stars = measure(reference.stars)
        clear = int((peak_adu(reference.stars) >= LEAST_PEAK_ADU).sum())
        if clear >= self._settings.min_matched and not stars.shape_scatter > MOST_SCATTER:
            return "asterism", f"the reference shows {stars.stars} stars"
        try:
            plane = clean_plane(reference)
        except RegistrationError:
            return "asterism", "the reference shows neither a limb nor detail"
        return _choice_by_picture(plane)


def _choice_by_picture(plane: FloatArray) -> tuple[str, str]:
    """Name of the aligner for a picture that is no field of stars, and why."""
    limb = _limb(plane)
    if limb is not None and limb.arc_deg >= WHOLE_DEG and limb.radius >= DISK_PX:
        return "disk", _of_limb(limb)
    if is_alone(plane):
        return "centroid", "the reference shows one small bright thing"
    if limb is not None:
        return "disk", _of_limb(limb)
    if (detail := detail_share(plane)) >= LEAST_DETAIL:
        return "ecc", f"the reference shows no star field, no limb, and detail {detail:.1f} times its noise"
    return "asterism", "the reference shows neither a limb nor detail"


def _limb(plane: FloatArray) -> Circle | None:
    try:
        return find_limb(plane)
    except RegistrationError:
        return None


def _of_limb(limb: Circle) -> str:
    return f"the reference shows {limb.arc_deg:.0f} degrees of a limb, radius {2 * limb.radius:.0f} px"


def peak_adu(stars: StarList) -> DoubleArray:
    """Return the height of Gaussians with the stars' flux and width.

    Parameters
    ----------
    stars : StarList
        In px and ADU; unchanged.

    Returns
    -------
    array
        ``(n,)`` float64, ADU.
    """
    peak: DoubleArray = stars.flux * 4 * np.log(2) / (np.pi * np.maximum(stars.fwhm, 1.0) ** 2)
    return peak


def detail_share(plane: FloatArray) -> float:
    """Return the median, over cells of the plane, of its fine structure in units of its noise.

    The noise is what the median of the Laplacian makes of it (after Immerkaer 1996); steps of 1 ADU count as noise.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32, ADU, finite; unchanged.

    Returns
    -------
    float
        About 1 for noise alone.
    """
    laplacian = cv2.Laplacian(plane, cv2.CV_32F)
    noise = max(sigma_of_deviations(laplacian) / LAPLACIAN_GAIN, 12**-0.5)
    fine = cv2.GaussianBlur(plane, (0, 0), FINE_PX) - cv2.GaussianBlur(plane, (0, 0), COARSE_PX)
    rows, cols = (max(1, side // CELL_PX) for side in plane.shape)
    cells = np.array_split(fine, rows)
    spread = [piece.std() for strip in cells for piece in np.array_split(strip, cols, axis=1)]
    return float(np.median(spread)) / noise
