"""Is this sub good enough: a weight, or a refusal with its reason."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from indistack.errors import FrameError
from indistack.grading.limits import at_least, at_most, not_clouds
from indistack.grading.noise_weights import NoiseWeights, unexpected_light
from indistack.grading.quality_settings import QualitySettings, Weighting
from indistack.grading.reference_trial import ReferenceTrial
from indistack.values.star_list import Measures, PhotometricMatch

HISTORY = 50
"""Accepted subs that are looked back on."""

MIN_HISTORY = 5
"""Limits relative to the running median act only when that many subs were accepted."""

EARLY = 1.25
"""Times as wide as later on may stars be while fewer subs are known, or the first one's beside those that follow."""

CLEAR_QUANTILE, LEAST_CLEAR = 0.75, 3
"""Of the transparencies looked back on, of so many at least: a clear sky, although the first subs were taken through
clouds. Of three the middle, of five the second best: no single sub sets it."""

RISEN_SIGMA = 5.0
"""A sky that much above the running median, in units of its noise, has been lit up by clouds."""


class Judge:
    """Judges subs by their stars and remembers the accepted ones.

    Parameters
    ----------
    settings : QualitySettings
        The limits.
    reference : Measures
        Of the frame that the others are matched to; weights are relative to it.
    by_stars : bool
        False for a scene that is aligned without stars, where those found are craters, spots or leaves: then only its
        light is judged. All its subs weigh the same, as the sky's noise says nothing of a bright disk's.
    """

    def __init__(self, settings: QualitySettings, reference: Measures, by_stars: bool = True) -> None:
        self._settings = settings
        self._by_stars = by_stars
        self._reference = reference
        self._accepted: deque[Measures] = deque(maxlen=HISTORY)
        self._transparency: deque[float] = deque(maxlen=HISTORY)
        self._weights = NoiseWeights(reference.noise_adu, HISTORY)
        self._trial = ReferenceTrial()
        self._doubted = 0
        self._too_wide = 0

    def use(self, settings: QualitySettings) -> None:
        """Have other limits from the next sub on."""
        self._settings = settings

    def check(self, sub: Measures, saturation_adu: float, fits: Callable[[], bool]) -> None:
        """Judge what can be seen before the sub is aligned.

        Parameters
        ----------
        sub : Measures
            What its stars say of it.
        saturation_adu : float
            Where its camera clips.
        fits : callable
            Tells whether the sub shows what another one shows. It is asked where the shapes of its stars do not
            agree: the knots of a nebula are where they were, those of clouds are not.

        Raises
        ------
        FrameError
            ``too_few_stars``, ``clouds``, ``fwhm_too_large``, ``trailed``, ``background_too_high`` or ``saturated``.
        """
        if not self._settings.enabled:
            return
        self._check_light(sub, saturation_adu)
        if self._by_stars:
            self._check_stars(sub)
            self._check_agreement(sub, fits)
            self._check_shapes(sub)

    def check_match(self, match: PhotometricMatch) -> None:
        """Judge how much of the starlight a matched sub has, and whether it has it all over the picture.

        Raises
        ------
        FrameError
            ``obstructed``: a part of the sky is hidden; ``clouds``: too much of the light is missing.
        """
        if not self._settings.enabled or not self._by_stars:
            return
        at_most("obstructed", "share of the picture without its stars", match.hidden, self._settings.max_hidden)
        if match.transparency is not None:
            self._check_transparency(match.transparency)

    def _check_transparency(self, transparency: float) -> None:
        try:
            at_least("clouds", f"transparency{not_clouds(transparency)}", transparency, self._least_transparency())
        except FrameError:
            self._doubted += 1
            if len(self._transparency) >= LEAST_CLEAR or self._doubted <= LEAST_CLEAR:
                raise  # else the few before were brighter than a sky can be

    def contradicts(self, sub: Measures, match: PhotometricMatch) -> str:
        """Say how this matched sub and the one before it contradict the reference alike; "" where they do not.

        See `ReferenceTrial.ask`.
        """
        if not self._settings.enabled or not self._by_stars or sub == self._reference:
            return ""
        bare = match.bare if match.bare > (self._settings.max_hidden or 1.0) else 0.0
        return self._trial.ask(self._weights.of(sub, match), match.transparency, bare, self._wider(sub))

    def _wider(self, sub: Measures) -> float:
        """Return how many times wider the reference's stars are than this sub's, 0 where that is little."""
        times = self._reference.fwhm_px / sub.fwhm_px if sub.fwhm_px > 0 else 0.0
        return times if times > EARLY * (self._settings.max_fwhm_ratio or math.inf) else 0.0

    def weigh(self, sub: Measures, match: PhotometricMatch, by: Weighting | None = None) -> float:
        """Return the weight of a sub that has been aligned and matched.

        The mean of pixels ``t * signal`` with noise sigma has its best signal to noise with weights ``t / sigma^2``.
        `by` is another way of weighting than the settings'.
        """
        by = by or self._settings.weight
        if by == "equal" or not self._by_stars or min(sub.noise_adu, self._reference.noise_adu) <= 0:
            return 1.0
        weight = self._weights.plausible(self._weights.of(sub, match), match.transparency, self._usual_transparency())
        if by == "quality" and sub.fwhm_px > 0 and self._reference.fwhm_px > 0:
            weight *= (self._reference.fwhm_px / sub.fwhm_px) ** 2
        return weight

    def doubt(self, sub: Measures, match: PhotometricMatch) -> str:
        """Say why a sub does not count as much as its noise says, or cannot be as bright as it is; "" else."""
        if self._settings.weight == "equal" or not self._by_stars:
            return ""
        light, usual = match.transparency, self._usual_transparency()
        return unexpected_light(light, usual) or self._weights.doubt(self._weights.of(sub, match), light, usual)

    def _usual_transparency(self) -> float:
        return statistics.median(self._transparency) if self._transparency else 1.0

    def remember(self, sub: Measures, match: PhotometricMatch) -> None:
        """The sub was accepted: later ones are compared with it."""
        self._accepted.append(sub)
        self._weights.remember(sub, match)
        self._doubted = 0
        if match.transparency is not None:
            self._transparency.append(match.transparency)

    def memory(self) -> dict[str, Any]:
        """Return what is remembered as plain values."""
        return {
            "accepted": [asdict(one) for one in self._accepted],
            "transparency": list(self._transparency),
            "weights": list(self._weights.known),
            "trial": self._trial.memory(),
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on as the judge would whose memory this is."""
        self._accepted.extend(Measures(**one) for one in memory["accepted"])
        self._transparency.extend(memory["transparency"])
        self._weights.known.extend(memory.get("weights", ()))  # checkpoints of before do not know them
        self._trial.recall(memory.get("trial"))

    def _check_light(self, sub: Measures, saturation_adu: float) -> None:
        limits = self._settings
        full = limits.max_background * saturation_adu if limits.max_background else None
        at_most("background_too_high", "background in ADU", sub.background_adu, full)
        usual = self._limit(limits.max_background_ratio, lambda one: max(one.background_adu, one.noise_adu))
        at_most("background_too_high", "background in ADU", sub.background_adu, usual)
        at_most("saturated", "share of clipped stars", sub.saturated, limits.max_saturated)

    def _check_stars(self, sub: Measures) -> None:
        limits = self._settings
        needed = max(limits.min_stars, self._limit(limits.min_star_ratio, lambda one: one.stars) or 0)
        sky_adu = self._usual(lambda one: one.background_adu)
        risen = sky_adu is not None and sub.background_adu > sky_adu + RISEN_SIGMA * sub.noise_adu
        at_least("clouds" if risen else "too_few_stars", "stars", sub.stars, needed)

    def _check_agreement(self, sub: Measures, fits: Callable[[], bool]) -> None:
        try:
            at_most("clouds", "scatter of the stars' shapes", sub.shape_scatter, self._settings.max_shape_scatter)
        except FrameError:
            if not fits():
                raise

    def _check_shapes(self, sub: Measures) -> None:
        limits = self._settings
        longest = self._limit(limits.max_elongation_ratio, lambda one: elongation(one.trailing))
        at_most("trailed", "common eccentricity", sub.trailing, limits.max_eccentricity)
        at_most("trailed", "common elongation", elongation(sub.trailing), longest)
        at_most("trailed", f"share of stars seen twice, {sub.apart_px:.1f} px apart", sub.doubled, limits.max_doubled)
        at_most("fwhm_too_large", "FWHM in px", sub.fwhm_px, limits.max_fwhm_px)
        widest = self._limit(limits.max_fwhm_ratio, lambda one: one.fwhm_px)
        if widest is not None:
            at_most("fwhm_too_large", "FWHM in px", sub.fwhm_px, widest)
        elif limits.max_fwhm_ratio is not None and self._accepted:
            self._check_early_width(sub.fwhm_px, EARLY * limits.max_fwhm_ratio)

    def _check_early_width(self, fwhm_px: float, ratio: float) -> None:
        """Compare with the first few subs; where several in a row are as wide, it is those that were odd."""
        usual = statistics.median(one.fwhm_px for one in self._accepted)
        self._too_wide = self._too_wide + 1 if fwhm_px > ratio * usual else 0
        if self._too_wide <= LEAST_CLEAR:
            at_most("fwhm_too_large", "FWHM in px", fwhm_px, ratio * usual)

    def _least_transparency(self) -> float:
        least, known = self._settings.min_transparency, self._transparency
        if least is None or not known:
            return 0.0
        if len(known) < LEAST_CLEAR:
            return least * min(known)  # see `_check_transparency`: a few of these are believed in the end
        clear = float(np.quantile(known, CLEAR_QUANTILE, method="lower"))
        return min(least * clear, 1.0)  # beyond, the reference itself would be none

    def _limit(self, ratio: float | None, value: Callable[[Measures], float]) -> float | None:
        usual = self._usual(value)
        return None if ratio is None or usual is None else ratio * usual

    def _usual(self, value: Callable[[Measures], float]) -> float | None:
        """Running median; None as long as there is none."""
        values = [number for number in map(value, self._accepted) if math.isfinite(number)]
        return statistics.median(values) if len(values) >= MIN_HISTORY else None


def elongation(eccentricity: float) -> float:
    """Longer over shorter axis."""
    return 1 / math.sqrt(max(1 - eccentricity**2, 1e-6))
