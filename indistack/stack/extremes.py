"""The brightest or the darkest of all subs."""

from __future__ import annotations

import numpy as np

from indistack.stack.base import METHODS
from indistack.stack.layers import OneByOne, by_channel, luminance
from indistack.values.frame import BoolArray, FloatArray


class _Extreme(OneByOne):
    """Takes a sub's pixel with all its colours, or (`by` = "channel") each colour for itself; the first wins ties."""

    def _next(self, stack: FloatArray, sub: FloatArray) -> FloatArray:
        if self._settings.by == "channel" or sub.ndim == 2:
            return np.where(self._beats(sub, stack), sub, stack)
        old, new = (luminance(pixels, np.empty(pixels.shape[:2], np.float32)) for pixels in (stack, sub))
        return np.where(by_channel(self._beats(new, old), 3), sub, stack)

    def _beats(self, new: FloatArray, old: FloatArray) -> BoolArray:
        raise NotImplementedError


@METHODS.register("maximum")
class Maximum(_Extreme):
    """Per pixel, the brightest sub: star trails, meteors, lightning."""

    def _beats(self, new: FloatArray, old: FloatArray) -> BoolArray:
        return new > old


@METHODS.register("minimum")
class Minimum(_Extreme):
    """Per pixel, the darkest sub: what is never covered by anything bright."""

    def _beats(self, new: FloatArray, old: FloatArray) -> BoolArray:
        return new < old
