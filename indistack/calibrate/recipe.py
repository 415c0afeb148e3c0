"""What is done with the chosen masters for one exposure, in words and as a level to subtract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indistack.calibrate.base import CalibrateSettings, Masters
from indistack.calibrate.fit import exposure_ratio
from indistack.calibrate.pedestal import pedestal_is_divided
from indistack.values.frame import FloatArray, FrameInfo

PEDESTAL_DIVIDED = (
    "the flat divides the camera's pedestal, too, and makes the corners too bright: it wants a dark or a bias beside it"
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which masters are applied, and how.

    A dark holds the bias already, so the two are never both subtracted: beside a dark, a bias only serves to scale it.

    Attributes
    ----------
    masters : Masters
        Those that are applied.
    dark_ratio : float
        How much dark current of the dark the frame has; 1 where the dark is taken as it is.
    warnings, set_aside : tuple of str
        What the recipe cannot do, and which masters it has no use for.
    """

    masters: Masters
    dark_ratio: float = 1.0
    warnings: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Return what was applied, for the ledger."""
        scaled = () if self.dark_ratio == 1.0 else (f"dark scaled by {self.dark_ratio:.4g}",)
        return (*(master.describe() for master in self.masters.present()), *scaled)

    def level_adu(self, info: FrameInfo) -> float:
        """Return the level that the camera is known to add; 0 where a master shows it."""
        return info.black_adu if self.masters.dark is None and self.masters.bias is None else 0.0

    def offset_adu(self, info: FrameInfo) -> FloatArray | float:
        """Return what the camera adds to the light: dark, scaled dark, bias, or the level it is known to add.

        Returns
        -------
        array or float
            ``(h, w)`` or ``(h, w, 3)`` float32, ADU, new only where a dark is scaled; or one level.
        """
        dark, bias = self.masters.dark, self.masters.bias
        if dark is None:
            return self.level_adu(info) if bias is None else bias.pixels
        if bias is None:
            return dark.pixels
        return bias.pixels + (dark.pixels - bias.pixels) * np.float32(self.dark_ratio)


def recipe_for(masters: Masters, info: FrameInfo, settings: CalibrateSettings) -> Recipe:
    """Decide how the masters are applied to an exposure."""
    dark, bias = masters.dark, masters.bias
    if dark is None:
        return Recipe(masters, warnings=(PEDESTAL_DIVIDED,) if pedestal_is_divided(masters, info) else ())
    ratio = exposure_ratio(dark, info, settings)
    ratio = float(f"{ratio:.3g}")  # steps, so that exposures which differ by nothing share a plan
    if ratio != 1.0 and bias is not None and settings.scale_dark:
        return Recipe(masters, ratio)
    warnings = () if ratio == 1.0 else (f"dark is not scaled: the frame's exposure is {ratio:.4g} times the dark's",)
    idle = () if bias is None else (f"{bias.describe()}: the dark holds the bias already",)
    return Recipe(Masters(dark, masters.flat), 1.0, warnings, idle)
