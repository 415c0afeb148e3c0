"""A comet that stands still, and stars that move through the picture."""

from __future__ import annotations

from indistack.stack.base import METHODS, Extent, MethodSettings
from indistack.stack.rejection import Limits, StarChange
from indistack.stack.sigma_clip import SigmaClip

ABOVE = 5 / 6
"""Stars are always brighter than what they pass in front of: the limit above is that share of `kappa_high`."""


@METHODS.register("comet")
class Comet(SigmaClip):
    """Sigma clip for subs that follow a comet: a star that passes is rejected from 2.5 standard deviations on.

    Of the first subs a pixel's lower values are trusted, as a star may stand in most of them; where stars move less
    than their width from sub to sub, an `opening` of 9 or more leaves a tenth of what one of 5 leaves of bright stars.
    """

    centre_share = 0.25
    stars = StarChange(0.25, 0.0)  # they have to go: what is left of one must not let the next one in

    def __init__(self, extent: Extent, settings: MethodSettings) -> None:
        super().__init__(extent, settings)
        self._limits = Limits(settings.kappa_low, ABOVE * settings.kappa_high)
        self._truncation = self._limits.variance_within()
