"""Is this sub good enough: a weight, or a refusal with its reason."""

from __future__ import annotations

import statistics
from collections import deque
from typing import Literal

import numpy as np
from pydantic import Field

from indistack.errors import FrameError
from indistack.frame import StarList
from indistack.settings import Settings

HISTORY = 50
"""Accepted subs that the running median looks back on."""

MIN_HISTORY = 5
"""Relative limits act only when that many subs were accepted."""


class QualitySettings(Settings):
    """What a sub must be like to enter the stack."""

    enabled: bool = True
    min_stars: int = Field(default=6, ge=0)
    max_fwhm_px: float | None = Field(default=20.0, gt=0)
    """Wider than any star in focus: knots of clouds or of a nebula."""
    max_eccentricity: float | None = Field(default=None, gt=0, le=1)
    max_fwhm_ratio: float | None = Field(default=2.0, gt=1)
    """Times the running median of the accepted subs."""
    min_star_ratio: float | None = Field(default=0.15, gt=0, lt=1)
    """Share of the running median of the accepted subs; a cloud hides stars."""
    weight: Literal["equal", "noise"] = "equal"
    """``noise``: inverse variance of the sky, relative to the first sub."""


class Judge:
    """Judges subs by their stars and remembers the accepted ones.

    Parameters
    ----------
    settings : QualitySettings
        The limits.
    """

    def __init__(self, settings: QualitySettings) -> None:
        self._settings = settings
        self._fwhm_px: deque[float] = deque(maxlen=HISTORY)
        self._n_stars: deque[int] = deque(maxlen=HISTORY)
        self._first_noise_adu: float | None = None

    def weigh(self, stars: StarList) -> float:
        """Return the sub's weight.

        Raises
        ------
        FrameError
            ``too_few_stars``, ``fwhm_too_large`` or ``trailed``.
        """
        if self._settings.enabled:
            self._check(stars)
        if self._settings.weight == "equal" or self._first_noise_adu is None or stars.noise_adu <= 0:
            return 1.0
        return (self._first_noise_adu / stars.noise_adu) ** 2

    def remember(self, stars: StarList) -> None:
        """The sub was accepted: later ones are compared with it."""
        self._n_stars.append(len(stars))
        if len(stars):
            self._fwhm_px.append(median_fwhm_px(stars))
        if self._first_noise_adu is None:
            self._first_noise_adu = stars.noise_adu

    def _check(self, stars: StarList) -> None:
        limits = self._settings
        enough = max(limits.min_stars, self._relative(self._n_stars, limits.min_star_ratio) or 0)
        if len(stars) < enough:
            numbers = {"stars": len(stars), "limit": enough}
            raise FrameError("too_few_stars", f"{len(stars)} stars, at least {enough:.0f} are needed", numbers)
        if len(stars) == 0:
            return
        fwhm_px, eccentricity = median_fwhm_px(stars), float(np.median(stars.eccentricity))
        for limit in (limits.max_fwhm_px, self._relative(self._fwhm_px, limits.max_fwhm_ratio)):
            if limit is not None and fwhm_px > limit:
                raise FrameError("fwhm_too_large", f"FWHM {fwhm_px:.2f} px, limit {limit:.2f} px", {"limit": limit})
        limit = limits.max_eccentricity
        if limit is not None and eccentricity > limit:
            raise FrameError("trailed", f"eccentricity {eccentricity:.2f}, limit {limit:.2f}", {"limit": limit})

    @staticmethod
    def _relative(history: deque[float] | deque[int], ratio: float | None) -> float | None:
        if ratio is None or len(history) < MIN_HISTORY:
            return None
        return statistics.median(history) * ratio


def median_fwhm_px(stars: StarList) -> float:
    """Median FWHM (px) of the stars that are not saturated, of all if all are; NaN without stars."""
    if len(stars) == 0:
        return float("nan")
    clean = stars.fwhm[~stars.saturated]
    return float(np.median(clean if len(clean) else stars.fwhm))
