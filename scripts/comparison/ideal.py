"""The picture that nobody could improve on: the night's subs, calibrated, aligned and weighted by the truth itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from comparison.night import Night
from comparison.picture import Plane, Points, StarMeasures, block_noise, isolated, measure_stars, trail_excess
from simulators.exposure import Exposure
from simulators.observatory import Observatory
from simulators.sensor import cfa_channels
from simulators.truth import Truth

# Flux of the stars that are measured: bright enough for a hundredth of a pixel, far from saturation.
STAR_FLUX_ADU = (10_000.0, 200_000.0)
GREEN_KERNEL = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.float32) / 4
RED_BLUE_KERNEL = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 4


@dataclass(frozen=True, slots=True)
class Judgement:
    """A picture beside the truth.

    Attributes
    ----------
    residual_px : float
        Median distance of the stars from where they are in the first sub.
    noise_ratio : float
        Noise of the sky over that of the ideal weighted mean, both in units of the stars' flux.
    trail_percent : float
        What is left of the satellite's trail, in the colour that has most; a plain mean leaves 100.
    hfr_ratio : float
        Half-flux radius of the stars over that of the median sub.
    """

    residual_px: float
    noise_ratio: float
    trail_percent: float
    hfr_ratio: float


class Ideal:
    """What the truth says of one night.

    Attributes
    ----------
    truths : list of Truth
        Of the subs.
    """

    def __init__(self, night: Night) -> None:
        self._night = night
        self.truths = [night.without_satellite.expose(index=index).truth for index in range(night.n_subs)]

    def judge(self, picture: NDArray[np.float32]) -> Judgement:
        """Compare a stack with the truth.

        Parameters
        ----------
        picture : ndarray of float32, shape (channels, height, width)
            On the grid of the first sub, in any linear unit.

        Raises
        ------
        ValueError
            The picture has another shape.
        """
        if picture.shape != self.picture.shape:
            raise ValueError(f"its picture is {picture.shape}, not {self.picture.shape}")
        factors = (self._scales(self.picture) / self._scales(picture)).astype(np.float32)
        in_adu = picture * factors[:, None, None]
        stars = self._measure(_green(in_adu))
        return Judgement(
            residual_px=float(np.nanmedian(stars.offset_px)),
            noise_ratio=self._noise(in_adu) / self._noise(self.picture),
            trail_percent=100 * float(np.max((self._trail(in_adu) - self._trail(self.picture)) / self._trail_of_mean)),
            hfr_ratio=float(np.nanmedian(stars.hfr_px)) / self._hfr_of_median_sub,
        )

    @cached_property
    def picture(self) -> NDArray[np.float32]:
        """The ideal weighted mean on the grid of the first sub, shape (channels, height, width)."""
        weights = [sky_weight(truth, self._night.scenario.read_noise_e) for truth in self.truths]
        total = np.zeros((3 if self._night.scenario.is_colour else 1, *self._shape), np.float32)
        for index, (weight, truth) in enumerate(zip(weights, self.truths, strict=True)):
            share = np.float32(weight / truth.transparency)
            total += self._aligned(index, self._calibrated(index)) * share
        return np.asarray(total / np.float32(sum(weights)))

    def _noise(self, picture: NDArray[np.float32]) -> float:
        """Return the noise of a picture in ADU, the wings of stars that are too faint to avoid taken away."""
        return block_noise(_luminance(picture) - self._signal)

    @cached_property
    def _signal(self) -> Plane:
        """The first sub without noise."""
        ideal = self._night.without_satellite.ideal(index=0, signal_only=True)
        return _luminance(_demosaic(ideal, self._night.scenario.cfa))

    @cached_property
    def _trail_of_mean(self) -> Points:
        """What a plain mean of all subs leaves of the trail in each colour, in ADU of the first sub."""
        index = self._night.satellite.sub
        with_trail = self._night.observatory.ideal(index=index, signal_only=True)
        light = with_trail - self._night.without_satellite.ideal(index=index, signal_only=True)
        starlight = sum(truth.transparency for truth in self.truths)
        return self._trail(self._aligned(index, light)) / starlight

    def _trail(self, picture: NDArray[np.float32]) -> Points:
        """Return the excess along the satellite's path in each colour; the same stars and nebula lie under it."""
        satellite = self._night.satellite
        height, width = self._shape
        angle = math.radians(satellite.angle_deg)
        along = np.array([math.cos(angle), math.sin(angle)])
        middle = np.array([(width - 1) / 2, (height - 1) / 2]) + satellite.offset_px * np.array([along[1], -along[0]])
        half = 0.4 * min(height, width)  # within what every sub covers
        ends = _map(self.truths[satellite.sub].matrix, np.array([middle - half * along, middle + half * along]))
        return np.array([trail_excess(plane, ends, self._fwhm_px) for plane in picture])

    def _scales(self, picture: NDArray[np.float32]) -> Points:
        """Return each colour's unit: measured flux of the stars for each ADU of their green flux in the first sub."""
        return np.array([np.nanmedian(self._measure(plane).flux / self._stars[1]) for plane in picture])

    def _measure(self, plane: Plane) -> StarMeasures:
        return measure_stars(plane, self._stars[0], self._fwhm_px)

    @cached_property
    def _stars(self) -> tuple[Points, Points]:
        """Places (x, y) in the first sub and green fluxes there, ADU, of the stars to measure."""
        stars = self._night.without_satellite.expose(index=0).stars
        xy, flux_adu = np.column_stack([stars.x, stars.y]), stars.flux_adu[:, 1]
        chosen = isolated(xy, flux_adu, self._shape, STAR_FLUX_ADU)
        return xy[chosen], flux_adu[chosen]

    @property
    def _shape(self) -> tuple[int, int]:
        return self._night.scenario.height_px, self._night.scenario.width_px

    @property
    def _fwhm_px(self) -> float:
        return self._night.scenario.fwhm_px

    @cached_property
    def _hfr_of_median_sub(self) -> float:
        radii = []
        for index, truth in enumerate(self.truths):
            plane = _green(_demosaic(self._calibrated(index), self._night.scenario.cfa))
            here = _map(np.linalg.inv(truth.matrix), self._stars[0])
            radii.append(np.nanmedian(measure_stars(plane, here, self._fwhm_px).hfr_px))
        return float(np.median(radii))

    def _calibrated(self, index: int) -> Plane:
        observatory = self._night.without_satellite
        exposure = observatory.expose(index=index)
        return calibrated(exposure, observatory)

    def _aligned(self, index: int, plane: Plane) -> NDArray[np.float32]:
        size = (plane.shape[1], plane.shape[0])
        matrix = self.truths[index].matrix[:2]
        planes = _demosaic(plane, self._night.scenario.cfa)
        return np.stack([cv2.warpAffine(colour, matrix, size, flags=cv2.INTER_CUBIC) for colour in planes])


def sky_weight(truth: Truth, read_noise_e: float) -> float:
    """Return the inverse variance (1/ADU^2) of a sub's sky once its starlight is scaled to that of a clear one."""
    read_noise_adu = read_noise_e / truth.e_per_adu
    variance_adu2 = truth.background_adu / truth.e_per_adu + read_noise_adu**2
    return truth.transparency**2 / variance_adu2


def calibrated(exposure: Exposure, observatory: Observatory) -> Plane:
    """Return a light without what the sensor did to it, hot pixels' noise aside: float32, ADU."""
    light = exposure.pixels - observatory.ideal("dark", exposure_s=exposure.truth.exposure_s)
    dead = observatory.response == 0
    light[dead] = exposure.truth.background_adu
    return light / np.where(dead, np.float32(1), observatory.response)


def _demosaic(plane: Plane, cfa: str) -> NDArray[np.float32]:
    """Return the colours of a mosaic by bilinear interpolation, shape (3, height, width); of a mono plane itself."""
    if cfa == "mono":
        return plane[None]
    sites = np.tile(cfa_channels(cfa), (plane.shape[0] // 2, plane.shape[1] // 2))
    kernels = (RED_BLUE_KERNEL, GREEN_KERNEL, RED_BLUE_KERNEL)
    return np.stack([cv2.filter2D(plane * (sites == colour), -1, kernel) for colour, kernel in enumerate(kernels)])


def _green(picture: NDArray[np.float32]) -> Plane:
    return picture[len(picture) // 2]


def _luminance(picture: NDArray[np.float32]) -> Plane:
    """Return the colours' mean as the mosaic has them: whatever way they were interpolated, it holds the same noise."""
    return picture[0] if len(picture) == 1 else (picture[0] + 2 * picture[1] + picture[2]) / 4


def _map(matrix: Points, xy: Points) -> Points:
    return xy @ matrix[:2, :2].T + matrix[:2, 2]
