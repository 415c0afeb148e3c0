"""Small pictures for the stack methods: sky, stars, a trail, without a camera and without a mount."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from indistack.raster.tiles import Cube, Tile
from indistack.stack import METHODS, Extent, MethodSettings, StackMethod

SIDE = 128
WHOLE = (slice(0, SIDE), slice(0, SIDE))
NOISE = 10.0
SKY = 1000.0
ROWS, COLS = np.mgrid[:SIDE, :SIDE]

Weight = float | np.ndarray


def noise_only(n: int, channels: int = 1, seed: int = 0, sigma: float = NOISE) -> list[np.ndarray]:
    shape = (SIDE, SIDE) if channels == 1 else (SIDE, SIDE, channels)
    rng = np.random.default_rng(seed)
    return [rng.normal(SKY, sigma, shape).astype(np.float32) for _ in range(n)]


def star(x: float, y: float, flux: float, fwhm_px: float) -> np.ndarray:
    sigma = fwhm_px / 2.3548
    return flux / (2 * np.pi * sigma**2) * np.exp(-((COLS - x) ** 2 + (ROWS - y) ** 2) / (2 * sigma**2))


def line(peak: float, fwhm_px: float = 3.0, offset_px: float = 0.0, angle_deg: float = 30.0) -> np.ndarray:
    """A trail through the middle."""
    angle = np.deg2rad(angle_deg)
    distance = (COLS - SIDE / 2) * np.sin(angle) - (ROWS - SIDE / 2) * np.cos(angle) + offset_px
    return peak * np.exp(-((2.3548 * distance / fwhm_px) ** 2) / 2)


def with_light(sub: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Add light of all colours."""
    return (sub + (light if sub.ndim == 2 else light[..., np.newaxis])).astype(np.float32)


def combined(method: str, subs: Sequence[np.ndarray], weights: Sequence[Weight] = (), **settings: Any) -> StackMethod:
    """Combine all subs at once."""
    stack = make(method, subs[0], **settings)
    planes = [np.broadcast_to(np.float32(weight), (SIDE, SIDE)) for weight in weights or [1.0] * len(subs)]
    stack.combine(Cube(*WHOLE, np.stack(subs), np.stack(planes)))
    for _ in subs:
        stack.count(1.0)
    return stack


def live(method: str, subs: Sequence[np.ndarray], weights: Sequence[Weight] = (), **settings: Any) -> StackMethod:
    """Combine the first subs, then add one after the other."""
    weights = list(weights) or [1.0] * len(subs)
    n = make(method, subs[0], **settings).opening
    stack = combined(method, subs[:n], weights[:n], **settings) if n else make(method, subs[0], **settings)
    for sub, weight in zip(subs[n:], weights[n:], strict=True):
        stack.update(Tile(*WHOLE, sub.copy(), weight))
        stack.count(1.0)
    return stack


def make(method: str, like: np.ndarray, full_scale_adu: float = 65535.0, **settings: Any) -> StackMethod:
    channels = like.shape[2] if like.ndim == 3 else 1
    extent = Extent(*like.shape[:2], channels, full_scale_adu)
    return METHODS.get(method)(extent, MethodSettings(**settings))
