"""Where a session's reference lies on the sky."""

from __future__ import annotations

from typing import Any

from indistack.fits_header import Wcs, read_wcs
from indistack.solve import Solution
from indistack.values.frame import FrameInfo


class SkyPosition:
    """What a solver has found, else what headers say.

    Parameters
    ----------
    reference : FrameInfo
        What the reference's header says.

    Attributes
    ----------
    solution : Solution or None
        Where the reference is, when a solver has found it.
    """

    def __init__(self, reference: FrameInfo) -> None:
        self._reference = reference
        self.solution: Solution | None = None

    @property
    def wcs(self) -> Wcs | None:
        """The reference on the sky: as solved, else as its header says."""
        return self.solution.wcs if self.solution is not None else read_wcs(self._reference.header)

    def scale_arcsec_px(self, info: FrameInfo) -> float | None:
        """Return the plate scale: as solved, else as a sub's header says."""
        return self.solution.wcs.scale_arcsec_px if self.solution is not None else info.scale_arcsec_px

    def numbers(self) -> dict[str, Any] | None:
        """Return what the solver has found, for ledger, status and report."""
        return self.solution.numbers() if self.solution is not None else None
