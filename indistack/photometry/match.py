"""What brings a sub to the reference's ADU."""

from __future__ import annotations

from typing import Literal

import numpy as np

from indistack.errors import FrameError
from indistack.numerics.surface import fit_surface, terms
from indistack.photometry.hidden import hidden_share, holds
from indistack.photometry.ratio import Ratio, depth_scale, expected_scale, flux_ratio
from indistack.photometry.sky import SkyLevels, sky_levels
from indistack.settings import Settings
from indistack.values.frame import CalibratedFrame, DoubleArray, FrameInfo
from indistack.values.star_list import PhotometricMatch, Scene
from indistack.values.transform import Transform

SIGNIFICANT = 3.0
"""In standard errors: less than that is no reason to touch the pixels."""

VISIBLE_SIGMA = 0.1
"""A difference in gradient that spans less of the sub's noise is no gradient."""

MOST, MOST_SIGMA = 0.9, 1.645
"""The sky is as uneven as most blocks say, and so many of them lie within so many standard deviations: a bright star
or a defect in one is not all of the sky."""

LEAST_BLOCKS = 30
"""Blocks in common that a surface is fitted to."""


class MatchSettings(Settings):
    """How each sub's light is brought to the reference's before it is added."""

    background: Literal["off", "level", "surface"] = "surface"
    """Make each colour's sky as bright as in the reference: no steps where subs end. ``level`` shifts it as a whole,
    ``surface`` also follows a gradient (moonrise, dawn, vignetting), where it would show."""
    scale: bool = True
    """Multiply so that the stars are as bright as in the reference, where enough of them say so clearly: undoes haze,
    and another exposure or gain. Pictures that have passed a tone curve (JPEG) are left as they are."""


class Photometer:
    """Matches subs to the reference.

    Parameters
    ----------
    settings : MatchSettings
        What to match.
    scene : Scene
        The reference's.
    sky : SkyLevels
        The reference's.
    info : FrameInfo
        The reference's.
    """

    def __init__(self, settings: MatchSettings, scene: Scene, sky: SkyLevels, info: FrameInfo) -> None:
        self._settings = settings
        self._scene = scene
        self._sky = sky
        self._info = info

    def match(
        self, frame: CalibratedFrame, scene: Scene, transform: Transform, must_scale: bool = False
    ) -> PhotometricMatch:
        """Return what brings a sub to the reference's ADU.

        Parameters
        ----------
        frame : CalibratedFrame
            The sub.
        scene : Scene
            Its stars.
        transform : Transform
            Sub -> reference.
        must_scale : bool
            Its exposure or gain is another one, and it is to be scaled whatever the settings say.

        Raises
        ------
        FrameError
            ``scale_unknown``: it must be scaled, and neither header nor stars tell how.
        """
        if scene.stars is self._scene.stars:
            return PhotometricMatch(transparency=1.0, compared=len(scene.stars))
        ratio = flux_ratio(scene.stars, self._scene.stars, transform)
        expected = expected_scale(frame.info, self._info)
        scale = self._scale(ratio, expected, must_scale, frame.info)
        noise_adu = scale * scene.stars.noise_adu
        hidden, bare = self._hidden(frame, scene, transform, ratio)
        background, gradient_adu, uneven_adu = self._background(frame, noise_adu, transform, scale)
        return PhotometricMatch(
            scale=scale,
            background=background,
            gradient_sigma=gradient_adu / max(self._scene.stars.noise_adu, 1e-12),
            transparency=expected / ratio.value if expected is not None and ratio.is_known else None,
            brightness=scale / ratio.value if ratio.is_known else 1.0,
            compared=ratio.stars,
            uneven_sigma=uneven_adu / max(noise_adu, 1e-12),
            hidden=hidden,
            bare=bare,
        )

    def _hidden(self, frame: CalibratedFrame, scene: Scene, transform: Transform, ratio: Ratio) -> tuple[float, float]:
        """Return how much of the reference's sky is hidden in the sub, and of the sub's in the reference."""
        if not ratio.is_known:
            return 0.0, 0.0
        ours, theirs = scene.stars, self._scene.stars
        here, there = transform.back(theirs.xy), transform.apply(ours.xy)
        return (
            hidden_share(theirs, here, ratio.value, ours, holds(scene, here, frame.bad)),
            hidden_share(ours, there, 1 / ratio.value, theirs, holds(self._scene, there)),
        )

    def _scale(self, ratio: Ratio, expected: float | None, must_scale: bool, info: FrameInfo) -> float:
        """Scale by the stars where they clearly say something else than the header; by another depth in any case."""
        if must_scale and not info.linear:
            raise FrameError("scale_unknown", "a picture that has passed a tone curve cannot be scaled")
        if not info.linear or not (must_scale or self._settings.scale):
            return depth_scale(info, self._info)
        if ratio.is_known and (expected is None or abs(ratio.value - expected) > SIGNIFICANT * ratio.error):
            return ratio.value
        if expected is None and must_scale:
            raise FrameError("scale_unknown", f"another gain, no e-/ADU in the header, {ratio.stars} stars to compare")
        return depth_scale(info, self._info) if expected is None else expected

    def _background(
        self, frame: CalibratedFrame, noise_adu: float, transform: Transform, scale: float
    ) -> tuple[tuple[tuple[float, ...], ...], float, float]:
        """What the scaled sub's sky lacks, per channel, measured at the places where the reference's was.

        And by how much that differs over the frame in the worst channel (ADU), whether it is undone or not; and by how
        much most blocks differ from such a surface (ADU).
        """
        xy = transform.back(self._sky.xy)
        lacking = _like(self._sky.level_adu, frame.channels) - scale * sky_levels(frame, xy)
        known = np.isfinite(lacking).all(axis=1)
        design = terms(xy[known], frame.width, frame.height)
        levels = tuple(_level(values) for values in lacking[known].T)
        surfaces, gradient_adu, uneven_adu = levels, 0.0, 0.0
        if len(design) >= LEAST_BLOCKS:
            fitted = [fit_surface(design, values) for values in lacking[known].T]
            spans_adu = [float(np.ptp(design @ surface)) for surface in fitted]
            gradient_adu = max(spans_adu)
            left = lacking[known] - design @ np.transpose(fitted)
            uneven_adu = float(np.quantile(np.abs(left), MOST, axis=0).max()) / MOST_SIGMA
            surfaces = tuple(
                tuple(surface.tolist()) if span_adu > VISIBLE_SIGMA * noise_adu else level
                for surface, span_adu, level in zip(fitted, spans_adu, levels, strict=True)
            )
        return (
            {"off": ((0.0,),), "level": levels, "surface": surfaces}[self._settings.background],
            gradient_adu,
            uneven_adu,
        )


def _like(levels: DoubleArray, channels: int) -> DoubleArray:
    """Levels for so many channels; a reference of another number of them has one for all."""
    return levels if levels.shape[1] == channels else levels.mean(axis=1, keepdims=True)


def _level(values: DoubleArray) -> tuple[float]:
    return (float(np.median(values)),) if len(values) else (0.0,)
