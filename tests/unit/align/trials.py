"""Seeded pairs of star lists as two subs of one night would give them, or of two fields that have nothing in common."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indistack.values.star_list import Scene, StarList
from indistack.values.transform import Transform

Array = npt.NDArray[np.float64]
SIZES = [(1280, 1024), (3000, 2000), (6000, 4000)]
NOISE_ADU = 10.0
FAINTEST_SNR = 5.0
MOST_SHIFT = 0.4
"""Share of the frame's sides."""
GUESSES = ["none", "near", "still", "wrong"]


@dataclass(frozen=True)
class Trial:
    """Two scenes, and what there is to be found.

    Attributes
    ----------
    matrix : array
        Sub -> reference; meaningless where `shared` is 0.
    shared : int
        Stars that both lists hold.
    """

    sub: Scene
    reference: Scene
    matrix: Array
    guess: Transform | None
    shared: int
    stars: int
    fwhm_px: float
    hot: int

    def error_px(self, found: Transform) -> float:
        """How far the worst corner of the sub is mapped off its place."""
        right, bottom = self.sub.width - 1.0, self.sub.height - 1.0
        corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])
        return float(np.hypot(*(found.apply(corners) - Transform(self.matrix).apply(corners)).T).max())


def trial(seed: int, related: bool = True, wide_hot: bool = False) -> Trial:
    """Make a pair: 20 to 5,000 stars of 1.8 to 6 px, any rotation, shifts to 40 %, up to 2,000 hot pixels.

    Parameters
    ----------
    related : bool
        Both look at one sky.
    wide_hot : bool
        Hot pixels 2.2 px wide, as a camera's own interpolation makes them.
    """
    rng = np.random.default_rng([seed, related, wide_hot])
    width, height = SIZES[rng.integers(len(SIZES))]
    stars = round(math.exp(rng.uniform(math.log(20), math.log(5000))))
    fwhm_px = rng.uniform(1.8, 6)
    hot = int(rng.choice([0, 10, 100, 500, 2000]))
    matrix = _motion(rng, width, height)
    sky = _Sky.of(rng, stars, width, height, fwhm_px)
    other = sky if related else _Sky.of(rng, stars, width, height, fwhm_px)
    pixels = _HotPixels.of(rng, hot, width, height, wide_hot)
    back = Transform(np.linalg.inv(matrix))
    ours, seen = other.look(rng, back.apply(other.xy), width, height)
    theirs, known = sky.look(rng, sky.xy, width, height)
    scenes = [pixels.added(rng, stars_seen, width, height) for stars_seen in (ours, theirs)]
    guess = _guess(rng, matrix, width, height)
    return Trial(*scenes, matrix, guess, int((seen & known).sum()) if related else 0, stars, fwhm_px, hot)


def _motion(rng: np.random.Generator, width: int, height: int) -> Array:
    """Tracking, a meridian flip or any angle; a dither, a long way or none at all."""
    angle = rng.choice([rng.normal(0, 0.3), 180 + rng.normal(0, 1), rng.uniform(0, 360)], p=[0.3, 0.2, 0.5])
    reach = rng.choice([0.002, 0.02, MOST_SHIFT])
    shift = rng.uniform(-reach, reach, 2) * [width, height]
    turn = rng.uniform(0.99, 1.01) * np.array([
        [math.cos(math.radians(angle)), -math.sin(math.radians(angle))],
        [math.sin(math.radians(angle)), math.cos(math.radians(angle))],
    ])  # fmt: skip
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, centre + shift - turn @ centre
    return matrix


def _guess(rng: np.random.Generator, matrix: Array, width: int, height: int) -> Transform | None:
    kind = rng.choice(GUESSES)
    if kind == "none":
        return None
    if kind == "still":
        return Transform.identity()
    if kind == "wrong":
        return Transform(_motion(rng, width, height))
    move = np.eye(3)
    move[:2, 2] = rng.normal(0, 10, 2)
    return Transform(move @ matrix)


@dataclass(frozen=True)
class _Sky:
    xy: Array
    flux: Array
    fwhm_px: float

    @staticmethod
    def of(rng: np.random.Generator, stars: int, width: int, height: int, fwhm_px: float) -> _Sky:
        """A sky three frames wide; twice as many stars at half the light, the faintest at the limit."""
        count = 9 * stars
        xy = (rng.random((count, 2)) * 3 - 1) * [width, height]
        aperture_noise = NOISE_ADU * math.sqrt(4 * math.pi) * fwhm_px / 2.3548
        flux = FAINTEST_SNR * aperture_noise / (1 - rng.random(count))
        return _Sky(xy, np.minimum(flux, 3e6), fwhm_px)

    def look(
        self, rng: np.random.Generator, places: Array, width: int, height: int
    ) -> tuple[StarList, npt.NDArray[np.bool_]]:
        """The stars that one sub shows, with the errors that noise makes, and which they are."""
        snr = self.flux / (NOISE_ADU * math.sqrt(4 * math.pi) * self.fwhm_px / 2.3548)
        seen = rng.random(len(snr)) < np.clip((snr - 3.5) / 3, 0.3, 0.98)
        seen &= ((places > 3) & (places < [width - 4, height - 4])).all(axis=1)
        error_px = np.hypot(math.sqrt(2) * self.fwhm_px / 2.3548 / snr[seen], 0.03)
        xy = places[seen] + rng.normal(0, 1, (seen.sum(), 2)) * error_px[:, None]
        flux = self.flux[seen] * (1 + rng.normal(0, 1, seen.sum()) / snr[seen])
        false = rng.poisson(0.03 * len(flux))
        xy = np.concatenate([xy, rng.random((false, 2)) * [width, height]])
        flux = np.concatenate([np.maximum(flux, 1.0), np.full(false, flux.min(initial=1e3))])
        return _list(xy, flux, self.fwhm_px * np.exp(rng.normal(0, 0.06, len(flux)))), seen


@dataclass(frozen=True)
class _HotPixels:
    xy: Array
    flux: Array
    fwhm_px: float

    @staticmethod
    def of(rng: np.random.Generator, count: int, width: int, height: int, wide: bool) -> _HotPixels:
        """So many hot pixels, of which some share passes for stars."""
        count = int(count * rng.choice([0.02, 0.1, 1.0]))
        xy = np.column_stack([rng.integers(4, width - 4, count), rng.integers(4, height - 4, count)]).astype(float)
        return _HotPixels(xy, 10 ** rng.uniform(2.5, 5, count), 2.2 if wide else 1.15)

    def added(self, rng: np.random.Generator, stars: StarList, width: int, height: int) -> Scene:
        error_px = np.minimum(0.3, 30 / self.flux)[:, None]
        xy = self.xy + rng.normal(0, 1, self.xy.shape) * error_px
        fwhm = np.concatenate([stars.fwhm, self.fwhm_px * np.exp(rng.normal(0, 0.04, len(xy)))])
        both = _list(np.concatenate([stars.xy, xy]), np.concatenate([stars.flux, self.flux]), fwhm)
        return Scene(both, width, height)


def _list(xy: Array, flux: Array, fwhm: Array) -> StarList:
    order = np.argsort(-flux, kind="stable")
    xy, flux, fwhm = xy[order], flux[order], fwhm[order]
    none = np.zeros(len(xy))
    return StarList(
        xy[:, 0], xy[:, 1], flux, fwhm, fwhm / 2, none + 0.2, none, flux > 2e6, 100.0, NOISE_ADU
    )  # fmt: skip
