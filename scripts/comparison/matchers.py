"""The programs that find the transform between two pictures."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indistack.align import ALIGNERS, AlignSettings
from indistack.errors import FrameError
from indistack.stars import StarFinder, StarsSettings
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, FrameInfo

Picture = NDArray[np.float32]
Matrix = NDArray[np.float64]

SATURATION_ADU = 65000.0


class Matcher(Protocol):
    """One way to register pictures with a reference."""

    @property
    def name(self) -> str:
        """Of its row in the table."""
        ...

    def missing(self) -> str:
        """Return why it cannot be run here; empty if it can."""
        ...

    def set_reference(self, picture: Picture) -> None:
        """Take the picture on which others are registered; not timed."""
        ...

    def match(self, picture: Picture) -> Matrix | None:
        """Return the 3x3 matrix from this picture's pixels to the reference's; None where it gives no answer."""
        ...


class Indistack:
    """The finder of stars and the aligner `asterism`, without a first guess."""

    name = "indistack asterism"

    def __init__(self, workers: Workers) -> None:
        self._finder = StarFinder(StarsSettings(), workers)
        self._aligner = ALIGNERS.get("asterism")(AlignSettings())

    def missing(self) -> str:
        """It is what this checkout is about."""
        return ""

    def set_reference(self, picture: Picture) -> None:
        """Find its stars."""
        self._reference = self._finder.scene(_frame(picture))

    def match(self, picture: Picture) -> Matrix | None:
        """Find the stars and match them."""
        try:
            return self._aligner.register(self._finder.scene(_frame(picture)), self._reference, None).matrix
        except FrameError:
            return None


class Astroalign:
    """astroalign as its manual shows it; it looks for the stars of both pictures each time."""

    name = "astroalign"

    def missing(self) -> str:
        """It comes with the benchmark's requirements."""
        return "" if find_spec("astroalign") else "not installed: pip install astroalign"

    def set_reference(self, picture: Picture) -> None:
        """Keep it."""
        self._reference = picture

    def match(self, picture: Picture) -> Matrix | None:
        """Find the transform; its random sampling is not seeded, so that answers differ from run to run."""
        import astroalign

        try:
            transform, _ = astroalign.find_transform(picture, self._reference)
        # With too few stars it fails in ways it does not document, within SciPy too.
        except (astroalign.MaxIterError, TypeError, ValueError, IndexError):
            return None
        return np.asarray(transform.params, np.float64)


class Seiza:
    """seiza's live stacker, its limits on turn, drift and overlap lifted; its time includes the warp and the sum."""

    name = "seiza (with stacking)"

    def missing(self) -> str:
        """It comes with the benchmark's requirements where it has a wheel."""
        return "" if find_spec("seiza") else "not installed: pip install seiza"

    def set_reference(self, picture: Picture) -> None:
        """Open a stack on it."""
        import seiza

        options = seiza.StackOptions(
            maximum_rotation_degrees=180.0,
            maximum_drift_pixels=5000.0,
            maximum_drift_fraction=1.0,
            minimum_integrated_fraction=0.0,
            gpu=seiza.GpuOptions(enabled=False),  # a software one would be slower, and it would say so each time
        )
        try:
            self._stacker = seiza.LiveStacker.from_array(picture, options=options)
        except seiza.StackError:
            self._stacker = None

    def match(self, picture: Picture) -> Matrix | None:
        """Push the picture and read the transform from what became of it."""
        if self._stacker is None:
            return None
        pushed = self._stacker.push(picture)
        if pushed.mapping is None:
            return None
        found = pushed.mapping["transform"]
        cosine, sine = (found["scale"] * turn(found["rotation_radians"]) for turn in (math.cos, math.sin))
        rows = [[cosine, -sine, found["translation_x"]], [sine, cosine, found["translation_y"]], [0.0, 0.0, 1.0]]
        return np.array(rows)


def _frame(picture: Picture) -> CalibratedFrame:
    return CalibratedFrame(picture, None, 0.0, 1.0, None, FrameInfo(saturation_adu=SATURATION_ADU))
