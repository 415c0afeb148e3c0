"""From a blob to a sub whose stars are known: decoded, calibrated, seen."""

from __future__ import annotations

import logging
from dataclasses import replace

from indistack.align import ALIGNERS, FaintSubs
from indistack.calibrate import Calibrator
from indistack.config import Config
from indistack.errors import FrameError
from indistack.fits_header import require_single
from indistack.grading.star_measures import measure
from indistack.pipeline.draft import Draft
from indistack.pipeline.duplicates import RecentFrames
from indistack.pipeline.preparer import LocalPreparer, Preparer
from indistack.pipeline.sub_operators import SubOperators
from indistack.session.filter_stack import MeasuredSub
from indistack.session.session import Session
from indistack.store.entries import Written
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.disturbances import Disturbances, exposed
from indistack.values.frame import CalibratedFrame, IndexArray, RawFrame
from indistack.values.sub_parts import FrameFacts, UsedMasters

log = logging.getLogger(__name__)

DISTURBED = "disturbed"
"""Reason of a sub during which the telescope was shaken."""

DUPLICATE = "duplicate"
"""Reason of a frame that has been dealt with already, having come by another way."""


class Intake:
    """Makes subs of blobs, one after the other. Every step notes what it finds.

    Parameters
    ----------
    config : Config
        The settings.
    workers : Workers
        Threads for the array work.
    calibrator : Calibrator
        Holds the masters.
    skip_repeats : bool
        A frame that arrives again is refused.
    preparer : Preparer, optional
        Who does the work; by default this process.

    Attributes
    ----------
    calibrator : Calibrator
        As given.
    recent : RecentFrames
        Which frames have arrived.
    faint : FaintSubs
        Those that wait to be tried together.
    disturbances : Disturbances
        What shook the telescope.
    """

    def __init__(
        self,
        config: Config,
        workers: Workers,
        calibrator: Calibrator,
        skip_repeats: bool,
        preparer: Preparer | None = None,
    ) -> None:
        self._config = config
        self._skip_repeats = skip_repeats
        self._here = LocalPreparer(config, workers, calibrator)
        self._operators = SubOperators(config, workers)
        self._preparer = preparer or self._here
        self._told: set[str] = set()
        self.calibrator = calibrator
        self.recent = RecentFrames()
        self.faint = FaintSubs(config.align.faint_subs)
        self.disturbances = Disturbances()

    def use(self, config: Config) -> None:
        """Have these settings from now on, as far as they say what a sub must be like."""
        self._config = config
        self.calibrator.enabled = config.calibrate.enabled

    def decode(self, blob: Blob, draft: Draft, new: bool = False, repeats: bool = False) -> RawFrame:
        """Return a frame that has not arrived before, or of which that is known (`new`).

        With `repeats` it may have arrived, and may arrive again: it is looked at only.

        Raises
        ------
        FrameError
            It is none that can be read, or it is a ``duplicate``.
        """
        with draft.timed("decode"):
            raw = self._preparer.decode(blob)
        draft.note(frame=FrameFacts.of(raw))
        if self._skip_repeats and not repeats:
            if not new and self.recent.is_repeat(raw):
                raise FrameError(DUPLICATE, "this frame has arrived before, by another way")
            self.recent.remember(raw)
        return raw

    def require_wanted(self, raw: RawFrame, blob: Blob, draft: Draft) -> None:
        """Note what shook the telescope while a light was exposed.

        Raises
        ------
        FrameError
            ``a_stack``: it is one already; ``disturbed``, where such subs are held back.
        """
        require_single(raw)
        happened = self.disturbances.during(*exposed(raw.info.date_obs, raw.info.exposure_s, blob.received))
        if happened and self._config.ekos.disturbed == "hold":
            raise FrameError(DISTURBED, happened)
        if happened and self._config.ekos.disturbed == "mark":
            draft.warn(f"while it was exposed {happened}")

    def calibrate(self, raw: RawFrame, draft: Draft) -> CalibratedFrame:
        """Apply the masters; the raw pixels are gone after that."""
        with draft.timed("calibrate"):
            frame = self._preparer.calibrate(raw)
        before = draft.report.masters or UsedMasters()
        warnings = (*before.warnings, *frame.warnings)
        draft.note(masters=UsedMasters(tuple(frame.masters), warnings, tuple(frame.set_aside)))
        return frame

    def see(self, frame: CalibratedFrame, draft: Draft) -> MeasuredSub:
        """Find stars."""
        with draft.timed("stars"):
            sub = self._preparer.find_stars(frame)
        draft.note(stars=sub.measures)
        return sub

    def together(self, sub: MeasuredSub, session: Session | None, draft: Draft) -> MeasuredSub:
        """Return a sub that shows too few stars with those that it shows together with the ones before it.

        Parameters
        ----------
        session : Session or None
            The one that it may belong to; None where it would begin one.

        Raises
        ------
        FrameError
            See `FaintSubs.take`.
        """
        if not self._is_faint(sub, session):
            self.faint.forget()
            return sub
        with draft.timed("faint"):
            scene = self._here.find_stars(sub.frame, with_luminance=True).scene
            scene = self.faint.take(scene, sub.frame.info)
        together = replace(sub, scene=scene, measures=measure(scene.stars))
        draft.note(stars=together.measures, faint_subs=self._config.align.faint_subs)
        return together

    def operated(self, sub: MeasuredSub, draft: Draft) -> MeasuredSub:
        """Return a sub with the pixels that are to be stacked; its stars stay those that were seen."""
        if not self._operators.any:
            return sub
        with draft.timed("operators"):
            return replace(sub, frame=self._operators.apply(sub.frame))

    def again(self, written: Written, blob: Blob, mended: IndexArray) -> CalibratedFrame:
        """Return a frame as it was calibrated when it came.

        Raises
        ------
        FrameError
            ``masters_changed``: other masters are chosen now.
        """
        frame = self._here.calibrate(self._here.decode(blob), mended, with_masters=bool(written.masters))
        if tuple(frame.masters) != written.masters:
            names = " and ".join(written.masters) or "no masters"
            raise FrameError("masters_changed", f"sub {written.number} was calibrated with {names}, not as it is now")
        return self._operators.apply(frame)

    def _is_faint(self, sub: MeasuredSub, session: Session | None) -> bool:
        """Tell whether stars are needed, and are too few in this sub alone."""
        settings = self._config.align
        if settings.faint_subs < 2 or sub.measures.stars >= max(settings.min_matched, self._config.quality.min_stars):
            return False
        if session is not None:
            return session.aligner.needs_stars
        return ALIGNERS.get(settings.method)(settings).for_reference(sub.scene).needs_stars

    def tell(self, masters: UsedMasters | None) -> None:
        """Tell every new doubt once."""
        for warning in masters.warnings if masters is not None else ():
            if warning not in self._told:
                log.warning("%s", warning)
                self._told.add(warning)
