"""The aligner that looks at the reference and chooses another."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.limb import find_limb
from indistack.align.planes import clean_plane
from indistack.errors import RegistrationError
from indistack.grading.star_measures import measure
from indistack.numerics.statistics import sigma_of_deviations
from indistack.values.frame import FloatArray
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

MOST_SCATTER = 0.22
"""In the shapes of what looks like stars; craters, leaves and knots of clouds differ more."""
CELL_PX = 32
FINE_PX, COARSE_PX = 1.0, 4.0
"""Structure between these sizes (sigma, binned px) is detail; clouds and nebulae are smooth there."""
LEAST_DETAIL = 3.0
"""In units of the noise, in at least half of all cells: landscapes and the Moon's face have 4 to 10, cloudy skies 2."""
LAPLACIAN_GAIN = 20**0.5
"""Standard deviation that OpenCV's Laplacian gives to noise of 1."""


@ALIGNERS.register("auto")
class Auto(Aligner):
    """Chooses by the reference: asterism for star fields, disk for a limb, ecc for other scenes full of detail."""

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
        if stars.stars >= self._settings.min_matched and not stars.shape_scatter > MOST_SCATTER:
            return "asterism", f"the reference shows {stars.stars} stars"
        try:
            plane = clean_plane(reference)
            limb = find_limb(plane)
        except RegistrationError as error:
            if error.reason == "no_limb" and (detail := detail_share(plane)) >= LEAST_DETAIL:
                return "ecc", f"the reference shows no star field, no limb, and detail {detail:.1f} times its noise"
            return "asterism", "the reference shows neither a limb nor detail"
        return "disk", f"the reference shows {limb.arc_deg:.0f} degrees of a limb, radius {2 * limb.radius:.0f} px"


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
