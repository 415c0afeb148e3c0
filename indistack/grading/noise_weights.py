"""What subs count by the noise of their sky, and what is plausible among them."""

from __future__ import annotations

import statistics
from collections import deque

from indistack.values.star_list import Measures, PhotometricMatch

MOST_WEIGHT = 3.0
"""Times the running median of the weights, in a sky as clear: what seems quieter has been clipped, smoothed or torn."""

STEADY_SIGMA = 5.0
"""So far the sky may differ from the reference's beyond a gradient, in units of its noise: clouds do as much."""

MOST_CLEAR = 3.0
"""Times the usual starlight: more is no clearer sky."""

LEAST_KNOWN = 3
"""Subs, the one that is weighed among them, that tell what is usual where the reference may be the odd one."""


class NoiseWeights:
    """Weighs subs by the inverse variance of their sky and by their transparency, those of no plausible noise alike.

    Parameters
    ----------
    reference_adu : float
        Noise of the reference's sky per pixel: its weight is 1.
    history : int
        Accepted subs that are looked back on.

    Attributes
    ----------
    known : deque of float
        Weights of the accepted subs as their noise alone says.
    """

    def __init__(self, reference_adu: float, history: int) -> None:
        self._reference_adu = reference_adu
        self.known: deque[float] = deque(maxlen=history)

    def of(self, sub: Measures, match: PhotometricMatch) -> float:
        """Return the weight by the noise alone; 1 where there is none to be measured.

        What the sky has far beyond a gradient, the Moon's glow or a lit cloud, is noise that no other sub shares.
        """
        if min(sub.noise_adu, self._reference_adu) <= 0:
            return 1.0
        by_pixels = match.brightness * (self._reference_adu / (match.scale * sub.noise_adu)) ** 2
        return by_pixels / max(1.0, match.uneven_sigma / STEADY_SIGMA) ** 2

    def doubt(self, weight: float, transparency: float | None, clear: float) -> str:
        """Say why a sub cannot be as good as its noise says, "" where it can: see `plausible`."""
        usual = self._usual()
        clearer = min((transparency or clear) / clear, MOST_CLEAR) if clear > 0 else 1.0
        if weight <= MOST_WEIGHT * usual * max(1.0, clearer**2):
            return ""
        return f"it seems {weight / usual:.3g} times as good as the others by its noise: it counts like these"

    def plausible(self, weight: float, transparency: float | None, clear: float) -> float:
        """Return what a sub counts beside the others: no more than a few times what these do.

        A sub whose noise is none of a sky, clipped, smoothed or torn, seems best and counts like the others. A clearer
        sky is a reason: it lets more of the starlight through, too. Where the reference is such a frame, weights are
        relative to the others.

        Parameters
        ----------
        weight : float
            By its noise alone; see `of`.
        transparency : float or None
            The sub's.
        clear : float
            The usual one.
        """
        counted = self._usual() if self.doubt(weight, transparency, clear) else weight
        return counted / self._unit(weight, clear)

    def remember(self, sub: Measures, match: PhotometricMatch) -> None:
        """The sub was accepted."""
        self.known.append(self.of(sub, match))

    def _usual(self) -> float:
        return statistics.median(self.known) if self.known else 1.0

    def _unit(self, weight: float, clear: float) -> float:
        """Return what counts 1: the reference, or what is usual where the reference seems too good to be true."""
        if len(self.known) + 1 < LEAST_KNOWN:
            return 1.0
        usual = statistics.median([*self.known, weight])
        clearer = 1 / clear if clear > 0 else 1.0
        return 1.0 if MOST_WEIGHT * usual * max(1.0, clearer**2) >= 1.0 else usual


def unexpected_light(transparency: float | None, clear: float) -> str:
    """Say that a sub's stars are brighter than any sky makes them, "" where they are not.

    Parameters
    ----------
    transparency : float or None
        The sub's.
    clear : float
        The usual one.
    """
    if transparency is None or not 0 < MOST_CLEAR * clear < transparency:
        return ""
    times = f"its stars are {transparency / clear:.3g} times as bright as the others'"
    return f"{times}: another gain, exposure or depth than its header says, or the others are behind clouds"
