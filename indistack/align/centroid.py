"""One star, or another small bright thing: a comet's head, a planet, a lone guide star."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.hot_pixels import LEAST_SNR, without_hot_pixels
from indistack.align.planes import LEAST_SIDE_PX, shifted
from indistack.errors import RegistrationError
from indistack.numerics.statistics import sigma_of_deviations
from indistack.settings import PointPx, Settings
from indistack.values.frame import FloatArray
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

FLUX_CHANGE = 4.0
"""What is so many times brighter or fainter than in the reference is something else."""
HALF_AREA_PER_SIGMA2 = 2 * np.pi * np.log(2)
"""Area above half the peak of a Gaussian, in units of sigma squared."""
WIDEST = 0.25
"""Of the box's side, as sigma; what is wider, or leaves the box, is a gradient or a part of something large."""
ALONE_SHARE = 0.1
"""Of the height of a planet, above which nothing else reaches; a field of stars has several that do."""
CENTROID_ROUNDS, SETTLED_PX = 30, 1e-4


@dataclass(frozen=True, slots=True)
class Spot:
    """A star: place (frame px), flux within its window (ADU), and height above the noise."""

    x: float
    y: float
    flux: float
    snr: float


class CentroidSettings(Settings):
    """How the aligner ``centroid`` works."""

    star: PointPx | None = None
    """x, y (px) of the star in the reference. Without it: the brightest."""
    search_px: float = Field(default=100.0, ge=4)
    """Side of the box around the star, or around where it was in the sub before, in which it is looked for."""


@ALIGNERS.register("centroid")
class Centroid(Aligner):
    """Follows one star within a search box; translation."""

    settings: ClassVar[type[Settings]] = CentroidSettings
    needs_luminance: ClassVar[bool] = True
    needs_stars: ClassVar[bool] = False

    def __init__(self, settings: AlignSettings) -> None:
        self._settings = settings.own(CentroidSettings)

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:
        """Find the shift; see `Aligner`.

        The star is looked for around where the guess puts it, then where it was, then anywhere if it is alone.

        Raises
        ------
        RegistrationError
            ``no_star``: nothing stands out in the search box, in the sub or in the reference. ``no_match``: what does
            is much brighter or fainter than the star. ``too_small``.
        """
        ours, theirs = without_hot_pixels(sub), without_hot_pixels(reference)
        place = self._settings.star or _brightest(theirs)
        star = find_spot(theirs, place[0], place[1], self._settings.search_px)
        starts = [Transform.identity()] if guess is None else [guess, Transform.identity()]
        if self._settings.star is None and is_alone(ours):
            x, y = _brightest(ours)
            starts.append(Transform(shifted(star.x - x, star.y - y)))
        spot = self._like(star, ours, starts)
        return Transform(shifted(star.x - spot.x, star.y - spot.y), matched=1)

    def _like(self, star: Spot, plane: FloatArray, starts: list[Transform]) -> Spot:
        """The spot that is as bright as the star, in the first box that has one."""
        refused = _no_star(0.0)
        for start in starts:
            x, y = start.back(np.array([[star.x, star.y]]))[0]
            try:
                spot = find_spot(plane, x, y, self._settings.search_px)
            except RegistrationError as error:
                refused = error
                continue
            if star.flux / FLUX_CHANGE < spot.flux < star.flux * FLUX_CHANGE:
                return spot
            refused = _another_star(spot, star)
        raise refused


def is_alone(plane: FloatArray) -> bool:
    """Tell whether a plane shows one small bright thing, as a planet in a dark sky, and nothing else.

    Parameters
    ----------
    plane : array
        ``(h, w)`` float32 binned luminance without hot pixels, ADU; unchanged.
    """
    smooth = cv2.GaussianBlur(plane, (3, 3), 0)
    sky = float(np.median(smooth))
    level = sky + ALONE_SHARE * (float(smooth.max()) - sky)
    _, _, boxes, _ = cv2.connectedComponentsWithStats((smooth > level).astype(np.uint8))
    if len(boxes) != 2:  # the sky, and one more
        return False
    x, y = _brightest(plane)
    try:
        find_spot(plane, x, y, CentroidSettings().search_px)
    except RegistrationError:
        return False
    return True


def find_spot(plane: FloatArray, x: float, y: float, search_px: float) -> Spot:
    """Find the brightest spot in a box.

    Parameters
    ----------
    plane : array
        Binned luminance without hot pixels.
    x, y, search_px : float
        Middle and side of the box (frame px).

    Raises
    ------
    RegistrationError
        ``no_star``.
    """
    left, right = _span(x, search_px, plane.shape[1])
    top, bottom = _span(y, search_px, plane.shape[0])
    box = plane[top:bottom, left:right]
    if min(box.shape) < LEAST_SIDE_PX // 4:
        raise _no_star(0.0)
    sky = float(np.median(box))
    noise = sigma_of_deviations(box[1:] - box[:-1]) / 2**0.5  # a gradient in the box is none
    smooth = cv2.GaussianBlur(box, (3, 3), 0)
    peak_y, peak_x = map(int, np.unravel_index(int(smooth.argmax()), smooth.shape))
    height = float(smooth[peak_y, peak_x]) - sky
    snr = height / max(noise, 1e-6 * max(abs(sky), 1.0))
    if snr < LEAST_SNR:
        raise _no_star(snr)
    centre_x, centre_y, flux = _centre(box, peak_x, peak_y, height / 2 + sky)
    return Spot(2 * (left + centre_x) + 0.5, 2 * (top + centre_y) + 0.5, flux, snr)


def _centre(box: FloatArray, x: float, y: float, half: float) -> tuple[float, float, float]:
    """Centre of the light under a Gaussian window as wide as the spot, that is moved until it stays, and the light.

    The step is doubled, as the window pulls a Gaussian's centre half way to its own (Bertin's windowed positions).
    """
    sigma = _sigma(box, int(x), int(y), half)
    if sigma > WIDEST * min(box.shape):
        raise _no_star(0.0)
    rows, cols = np.mgrid[: box.shape[0], : box.shape[1]]
    far = np.hypot(cols - x, rows - y)
    around = (far > 4 * sigma) & (far < 7 * sigma)
    above_sky = box - (np.median(box[around]) if around.any() else 0.0)
    flux = 0.0
    for _ in range(CENTROID_ROUNDS):
        distance2 = (cols - x) ** 2 + (rows - y) ** 2
        weighted = np.where(distance2 < (4 * sigma) ** 2, np.exp(-distance2 / (2 * sigma**2)) * above_sky, 0)
        flux = float(weighted.sum())
        if flux <= 0:
            raise _no_star(0.0)
        step = 2 * float((weighted * (cols - x)).sum()) / flux, 2 * float((weighted * (rows - y)).sum()) / flux
        x, y = x + step[0], y + step[1]
        if max(map(abs, step)) < SETTLED_PX:
            break
    return x, y, flux


def _sigma(box: FloatArray, x: int, y: int, half: float) -> float:
    """That of a Gaussian with as large an area above half its height, at least 1 px; inf where it leaves the box."""
    _, labels = cv2.connectedComponents((box > half).astype(np.uint8))
    spot = labels == labels[y, x] if labels[y, x] else np.zeros(box.shape, bool)
    if spot[[0, -1]].any() or spot[:, [0, -1]].any():
        return float("inf")
    return float(np.sqrt(max(1.0, float(spot.sum()) / HALF_AREA_PER_SIGMA2)))


def _span(middle: float, side_px: float, size: int) -> tuple[int, int]:
    """First and last + 1 binned pixel of a box, cut at the plane's borders."""
    first, last = ((middle + sign * side_px / 2 - 0.5) / 2 for sign in (-1, 1))
    return max(0, min(size, round(first))), max(0, min(size, round(last) + 1))


def _brightest(plane: FloatArray) -> list[float]:
    """Frame position of the brightest spot of all."""
    y, x = np.unravel_index(int(cv2.GaussianBlur(plane, (5, 5), 0).argmax()), plane.shape)
    return [2.0 * int(x) + 0.5, 2.0 * int(y) + 0.5]


def _no_star(snr: float) -> RegistrationError:
    return RegistrationError("no_star", "nothing stands out in the search box", {"snr": snr, "limit": LEAST_SNR})


def _another_star(spot: Spot, star: Spot) -> RegistrationError:
    detail = f"the brightest in the search box has {spot.flux / star.flux:.2g} times the star's light"
    return RegistrationError("no_match", detail, {"flux_ratio": spot.flux / star.flux})
