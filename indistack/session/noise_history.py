"""How much less noise a stack has than a single sub."""

from __future__ import annotations

import math

import numpy as np

from indistack.picture.integration import Integration
from indistack.stack.base import Light
from indistack.stack.noise import ALL_ROWS, Rows, measure_noise, spread_rows


class NoiseHistory:
    """Follows a stack's noise from its first sub on.

    Attributes
    ----------
    first : tuple of float or None
        Noise (ADU) and typical weight when there was one sub; None where that could not be measured.
    """

    def __init__(self) -> None:
        self.first: tuple[float, float] | None = None
        self._now = math.nan, math.nan
        self._light = 1.0

    def look(self, stack: Integration, rows: Rows = ALL_ROWS, light: Light = "kept") -> None:
        """Measure the stack after a sub, in those of its rows that show it; `light` as of its method."""
        self._now = measure_noise(stack, rows), typical_weight(stack, rows)
        self._light = {"kept": 1.0, "summed": float(stack.n_subs), "lost": math.nan}[light]
        if stack.n_subs == 1 and self._now[0] > 0:
            self.first = self._now

    def numbers(self) -> dict[str, float]:
        """Return what is known now, for ledger and status.

        Returns
        -------
        dict
            ``stack_noise_adu``: of a pixel's mean over the colours, see `measure_noise`. ``snr_gain``: the first sub's
            noise over that, times what a sum has more of light. ``snr_gain_ideal``: what it would be by the weights
            alone, as the noise of a mean with weights 1 / sigma^2 falls with the root of their sum. Above it are stacks
            whose later subs were smoothed when they were moved by parts of a pixel. NaN: not known.
        """
        noise_adu, weight = self._now
        first_noise_adu, first_weight = self.first or (math.nan, math.nan)
        return {
            "stack_noise_adu": noise_adu,
            "snr_gain": self._light * first_noise_adu / noise_adu if noise_adu > 0 else math.nan,
            "snr_gain_ideal": math.sqrt(weight / first_weight),
        }


def typical_weight(stack: Integration, rows: Rows = ALL_ROWS) -> float:
    """Return the median weight of the pixels that are covered, in `rows`; NaN where none are."""
    weight = stack.weight[spread_rows(stack, rows)]
    covered = weight[weight > 0]
    return float(np.median(covered)) if covered.size else math.nan
