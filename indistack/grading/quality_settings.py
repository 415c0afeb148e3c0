"""What a sub must be like to enter the stack: the limits, and how subs are weighed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from indistack.settings import Settings

Weighting = Literal["equal", "noise", "quality"]


class QualitySettings(Settings):
    """What a sub must be like to enter the stack."""

    enabled: bool = True
    """False: no sub is refused for its quality."""
    min_stars: int = Field(default=6, ge=0)
    """A sub that shows fewer is refused as ``too_few_stars``."""
    min_star_ratio: float | None = Field(default=0.15, gt=0, lt=1)
    """Share of the running median of the accepted subs; a cloud hides stars."""
    max_shape_scatter: float | None = Field(default=0.22, gt=0)
    """Stars are shaped like their neighbours. What differs more, in ellipticity, are knots of clouds, or of a nebula:
    such a sub must fit the reference, or as a first sub the one before it; clouds do not."""
    min_transparency: float | None = Field(default=0.5, gt=0, lt=1)
    """Share of the starlight of the clearest accepted subs; thinner clouds only lower the weight."""
    max_hidden: float | None = Field(default=0.1, gt=0, lt=1)
    """Share of the picture in which no stars are left: a roof, a tree, the dome's slit. Such a sub is refused as
    ``obstructed``; where the first sub is the obstructed one, the stack begins anew with those that follow."""
    max_fwhm_px: float | None = Field(default=20.0, gt=0)
    """Wider than any star in focus: knots of clouds or of a nebula."""
    max_fwhm_ratio: float | None = Field(default=2.0, gt=1)
    """Times the running median of the accepted subs; a quarter more while there are fewer than five."""
    max_eccentricity: float | None = Field(default=0.85, gt=0, le=1)
    """That the stars have in one common direction: a trailed sub."""
    max_elongation_ratio: float | None = Field(default=1.35, gt=1)
    """Longer over shorter axis, in the stars' common direction, times the running median: a gust of wind."""
    max_doubled: float | None = Field(default=0.7, gt=0, lt=1)
    """Share of the clear stars that have a companion at one and the same offset: the mount has jumped."""
    max_background: float | None = Field(default=0.8, gt=0, le=1)
    """Sky as a share of the level at which the camera clips."""
    max_background_ratio: float | None = Field(default=None, gt=1)
    """Times the running median of the accepted subs."""
    max_saturated: float | None = Field(default=None, ge=0, lt=1)
    """Share of the stars that are clipped."""
    weight: Weighting = "noise"
    """``noise``: inverse variance of the sky, times transparency: least noise in the stack. ``quality``: also by how
    sharp the stars are, ``1 / FWHM^2``."""
