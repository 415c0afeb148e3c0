"""Decides when a correction is due, when to wait for its effect, and when to give up."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from indistack.centre.base import CentreSettings, Mover, correction
from indistack.errors import SourceError
from indistack.field.quantity import angle_arcsec, length_px
from indistack.fits_header import Wcs

log = logging.getLogger(__name__)

USELESS = 3
"""Corrections in a row that did not halve the drift, after which no more are sent for this stack."""


class Keeper:
    """Watches where subs lie, and sends the telescope back.

    Parameters
    ----------
    settings : CentreSettings
        When, and how far.
    mover : Mover
        Who moves the telescope.
    clock : callable
        Gives the time.
    """

    def __init__(self, settings: CentreSettings, mover: Mover, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._mover = mover
        self._clock = clock
        self._moved = datetime.min.replace(tzinfo=UTC)
        self._facts: dict[str, Any] = {}
        self._corrections = 0
        self.begin()

    def begin(self) -> None:
        """A new stack has begun: its reference is the target now."""
        self._waiting = self._useless = 0
        self._before_px: float | None = None
        self._problem = ""

    def status(self) -> dict[str, Any]:
        """Return how many corrections were sent, why none is sent now, and the last one."""
        return {"corrections": self._corrections, "problem": self._problem, "last": self._facts}

    def judge(
        self, shift_px: tuple[float, float], wcs: Wcs | None, size_px: tuple[int, int], received: datetime
    ) -> dict[str, Any] | None:
        """Look at a registered sub; return what the ledger is to know of a correction, None where none is due.

        Parameters
        ----------
        shift_px : (float, float)
            Where its centre lies in the reference, less the reference's centre.
        wcs : Wcs or None
            The reference on the sky, where that is known.
        size_px : (int, int)
            Width and height of the reference.
        received : datetime
            When the sub came: one that has waited since before the last correction tells nothing of it.
        """
        if received < self._moved:
            return None
        if self._waiting:
            self._waiting -= 1
            return None
        drift_px = math.hypot(*shift_px)
        self._weigh(drift_px)
        limit_px = length_px(self._settings.limit, size_px[0], wcs.scale_arcsec_px if wcs is not None else None)
        if self._useless >= USELESS or (limit_px is not None and drift_px <= limit_px):
            return None
        if wcs is None or limit_px is None:
            self._complain(
                "the field's orientation on the sky is unknown: a solver, or a WCS in the header, would tell"
            )
            return None
        return self._correct(shift_px, wcs, size_px)

    def _weigh(self, drift_px: float) -> None:
        """Judge by the drift now whether the last correction has helped."""
        if self._before_px is None:
            return
        self._useless = 0 if drift_px < self._before_px / 2 else self._useless + 1
        self._before_px = None
        if self._useless >= USELESS:
            self._complain(
                f"{USELESS} corrections in a row did not help: the mount is left alone until a new stack begins"
            )

    def _correct(self, shift_px: tuple[float, float], wcs: Wcs, size_px: tuple[int, int]) -> dict[str, Any] | None:
        drift_px, wanted = math.hypot(*shift_px), correction(wcs, shift_px, size_px)
        if wanted.size_arcsec > angle_arcsec(self._settings.max_step):
            self._complain(f"the target is {wanted.size_arcsec / 60:.0f} arcmin away, more than centre.max_step")
            return None
        try:
            self._mover.move(wanted)
            self._problem = ""
        except SourceError as error:
            self._complain(str(error))
        self._before_px, self._waiting, self._moved = drift_px, self._settings.wait_subs, self._clock()
        self._corrections += not self._problem
        self._facts = {
            "east_arcsec": 3600 * wanted.east_deg,
            "north_arcsec": 3600 * wanted.north_deg,
            "drift_px": drift_px,
            "problem": self._problem,
        }
        if not self._problem:
            log.info(
                "the telescope is sent back to the target: %.0f arcsec east, %.0f arcsec north",
                self._facts["east_arcsec"], self._facts["north_arcsec"],
            )  # fmt: skip
        return self._facts

    def _complain(self, problem: str) -> None:
        """Tell of a new problem once."""
        if problem != self._problem:
            log.warning("the target is not kept centred: %s", problem)
        self._problem = problem
