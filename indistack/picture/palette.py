"""Colour pictures from the stacks of several filters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indistack.numerics.statistics import robust_sigma
from indistack.picture.linear import LinearPicture, grid_of, levels_of, sky_of
from indistack.values.frame import FloatArray

ALIASES = {
    "L": ("l", "lum", "luminance", "luminosity", "clear", "c", "uvir", "uvircut", "ircut", "none", "empty", "open", ""),
    "R": ("r", "red", "rot", "rouge"),
    "G": ("g", "green", "gruen", "grun", "vert"),
    "B": ("b", "blue", "blau", "bleu"),
    "H": ("h", "ha", "halpha", "hydrogen", "hydrogenalpha"),
    "O": ("o", "o3", "oiii", "oxygen"),
    "S": ("s", "s2", "sii", "sulfur", "sulphur"),
}
"""Light -> what filters for it are called, in small letters without anything between them; "" is no filter at all."""

PALETTE = r"^(auto|none|L?[RGBHOS]{3})$"
"""The lights of the red, the green and the blue channel; before them an L, where luminance has a filter of its own."""

AUTOMATIC = ("LRGB", "RGB", "SHO", "HOO")
"""``auto`` takes the first that there are all filters for."""

LINES = set("HOS")
"""Lights of a nebula that the eye would not tell apart: their colours are a matter of taste."""

NEBULA_SHARE, BALANCE_LIMIT = 0.9, 8.0
"""The level that this share of the field does not reach shows how bright the nebula is; faint lines are amplified so
many times at most."""

STAR_SIGMA = 10.0
"""Pixels that far above the sky in both are bright enough to compare two filters."""

MIN_STAR_PIXELS = 30

WHITE_SHARE = 1 / 3
"""Of the luminance filter's light that one of red, green and blue gets; holds where no star tells."""

FAINT_SIGMA = 5.0
"""Colours are taken from ratios well above that, from differences well below."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Which filters make a picture.

    Attributes
    ----------
    palette : str
        As in `PALETTE`, or "" where the picture is that of a single filter.
    filters : tuple of str
        A filter for each letter of the palette; or the single one.
    why : str
        Why there is no colour, "" where there is.
    """

    palette: str
    filters: tuple[str, ...]
    why: str = ""

    @property
    def is_false(self) -> bool:
        """Whether the colours are those of lines, which nobody would see so."""
        return not LINES.isdisjoint(self.palette)


@dataclass(frozen=True, slots=True)
class Channel:
    """One filter's stack.

    Attributes
    ----------
    picture : LinearPicture
        Grey; all of a mix have one size.
    scale : float
        Factor that brings its ADU to the exposure and the gain of the other channels.
    """

    picture: LinearPicture
    scale: float = 1.0


def band_of(filter_name: str) -> str:
    """Return which letter of a palette a filter is for, "" where its name tells nothing.

    ``"H-alpha 7nm"``, ``"Baader Ha"`` and ``"Hα"`` are all "H".
    """
    plain = unicodedata.normalize("NFKD", filter_name.replace("α", "alpha")).lower()
    words = re.findall(r"[a-z]+\d?(?![a-z\d])", re.sub(r"\d+([.,]\d+)?\s*(nm|mm)\b", " ", plain))
    if not words and filter_name.strip():
        return ""
    whole = "".join(words)
    # L-eXtreme, L-Pro and their like are not for luminance
    candidates = [whole, *(words if words[:1] != ["l"] else [])]
    return next((band for name in candidates for band, names in ALIASES.items() if name in names), "")


def choose(palette: str, exposure_s: Mapping[str, float]) -> Mix:
    """Choose the filters of a picture.

    Parameters
    ----------
    palette : str
        The setting; see `PALETTE`.
    exposure_s : mapping
        Filter -> summed exposure of its stack. Of two filters for one light the one with more is taken.

    Returns
    -------
    Mix
        A palette whose filters are all there, else the filter with the longest exposure alone.
    """
    deepest_first = sorted(exposure_s, key=lambda name: -exposure_s[name])
    by_band: dict[str, str] = {}
    for name in deepest_first:
        by_band.setdefault(band_of(name), name)
    palettes = {"auto": AUTOMATIC, "none": ()}.get(palette, (palette,))
    for one in palettes:
        if set(one) <= set(by_band):
            return Mix(one, tuple(by_band[band] for band in one))
    lacking = "; ".join(f"{one} lacks {', '.join(sorted(set(one) - set(by_band)))}" for one in palettes)
    return Mix("", (deepest_first[0],), lacking or "stack.palette is none")


class ColourPicture:
    """A linear RGB picture of three filters, and of a fourth for its luminance; see `LinearPicture`.

    Each channel is ``(x - sky) * scale + level``: its own sky is taken off, its scale undoes another exposure and gain,
    and the level, the same for all channels, is the mean of what was taken off. Stars keep the colours that camera and
    filters give them. Where `balance` is asked for, channels are scaled so that the nebula is as bright in all of them:
    beside H alpha the other lines would hardly be seen.

    With a luminance the channels c = R, G, B, above the sky and with mean Y, become ``L + (c - Y) f`` where
    ``f = (max(L, 0) + e) / (max(Y, 0) + e)`` and e is 5 sigma of Y: well above the noise the ratios of the colours stay
    (``c L / Y``), near it their differences do, so that noise is never divided by noise. The mean of the new channels
    is L: the luminance filter's light, brought to Y's scale by what bright pixels show, and Y itself, weighted by
    inverse variance.

    Parameters
    ----------
    colours : sequence of Channel
        Red, green, blue. A pixel that one of the channels does not cover is NaN in all.
    luminance : Channel, optional
        What gives the brightness.
    balance : bool
        The colours are false, see `Mix.is_false`.
    """

    def __init__(self, colours: Sequence[Channel], luminance: Channel | None = None, balance: bool = False) -> None:
        self._channels = [*colours] if luminance is None else [*colours, luminance]
        self._scale = np.array([channel.scale for channel in self._channels], np.float32)
        grid = np.stack([grid_of(channel.picture) for channel in self._channels], axis=-1) * self._scale
        levels = levels_of(grid)
        sky = sky_of(levels)
        self._sky, self._level = sky / self._scale, sky[:3].mean()
        grid -= sky
        if balance:
            factor = _balance(levels[:, :3] - sky[:3])
            self._scale[:3] *= factor
            grid[..., :3] *= factor
        self._share, self._faint = np.float32(0), np.float32(0)
        if luminance is not None:
            samples = grid.reshape(-1, 4)
            self._weigh_luminance(samples[np.isfinite(samples).all(axis=1)])

    @property
    def shape(self) -> tuple[int, ...]:
        """See `LinearPicture`."""
        return (*self._channels[0].picture.shape[:2], 3)

    def rows(self, rows: slice) -> FloatArray:
        """See `LinearPicture`."""
        return self._mixed([channel.picture.rows(rows) for channel in self._channels])

    def binned(self, factor: int) -> FloatArray:
        """See `LinearPicture`."""
        return self._mixed([channel.picture.binned(factor) for channel in self._channels])

    def _weigh_luminance(self, samples: FloatArray) -> None:
        """Find the luminance's scale, its share and the level of faint light from ``(n, 4)`` pixels above the sky."""
        synthetic, luminance = samples[:, :3].mean(axis=1), samples[:, 3]
        sigma, sigma_luminance = robust_sigma(synthetic), robust_sigma(luminance)
        bright = (synthetic > STAR_SIGMA * sigma) & (luminance > STAR_SIGMA * sigma_luminance)
        stars = bright.sum() >= MIN_STAR_PIXELS
        scale = float(np.median(synthetic[bright] / luminance[bright])) if stars else WHITE_SHARE
        variance, variance_luminance = sigma**2, (scale * sigma_luminance) ** 2
        self._scale[3] *= scale
        self._share = np.float32(variance / max(variance + variance_luminance, 1e-12))
        self._faint = np.float32(max(FAINT_SIGMA * sigma, 1e-6))

    def _mixed(self, planes: Sequence[FloatArray]) -> FloatArray:
        above = [(plane - sky) * scale for plane, sky, scale in zip(planes, self._sky, self._scale, strict=True)]
        colours: FloatArray = np.stack(above[:3], axis=-1)
        if len(above) == 4:
            colours = self._lit(colours, above[3])
        colours[np.isnan(colours).any(axis=-1)] = np.nan
        colours += self._level
        return colours

    def _lit(self, colours: FloatArray, luminance: FloatArray) -> FloatArray:
        """Give colours the brightness of the luminance."""
        synthetic = colours.mean(axis=-1, dtype=np.float32)
        mixed = synthetic + self._share * (luminance - synthetic)
        factor = (np.maximum(mixed, 0) + self._faint) / (np.maximum(synthetic, 0) + self._faint)
        colours -= synthetic[..., np.newaxis]
        colours *= factor[..., np.newaxis]
        colours += mixed[..., np.newaxis]
        return colours


def _balance(levels: FloatArray) -> FloatArray:
    """Return factors that make the nebula as bright in all channels as in the brightest; ones where none is seen."""
    if len(levels) == 0:
        return np.ones(3, np.float32)
    nebula = np.quantile(levels, NEBULA_SHARE, axis=0)
    brightest = max(float(nebula.max()), 1e-6)
    return np.asarray(brightest / np.maximum(nebula, brightest / BALANCE_LIMIT), np.float32)
