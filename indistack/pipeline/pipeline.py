"""The whole way of a sub: blob in, outcome out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from indistack.calibrate import Calibrator
from indistack.config import Config
from indistack.errors import FrameError
from indistack.pipeline.draft import Draft
from indistack.pipeline.intake import Intake
from indistack.pipeline.pace import Pace
from indistack.pipeline.place_sub import PlaceSearch
from indistack.pipeline.preparer import Preparer
from indistack.pipeline.starter import SessionStarter
from indistack.session.filter_stack import MeasuredSub, Placement, Reference
from indistack.session.memory_need import lacking_for_frame
from indistack.session.registration import Registration
from indistack.session.rung import FULL
from indistack.session.session import Session
from indistack.session.stack_setup import SetupMaker
from indistack.session.stacker import LocalStacker, Stacker
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import IndexArray, RawFrame
from indistack.values.outcome import Accepted, Filed, Outcome, Refused, Restarted
from indistack.values.transform import Transform

log = logging.getLogger(__name__)

NONE: IndexArray = np.empty(0, np.intp)

DECIDED = ("mosaic_changed",)
"""Reasons that say all there is to say: what the pixels seem to say against the header would spoil the other subs."""

PAUSED = "paused"
"""Reason of a frame that came while a person did not want any."""


class Pipeline:
    """Takes blobs one by one into a stack.

    Parameters
    ----------
    config : Config
        The settings.
    workers : Workers
        Threads for the array work.
    calibrator : Calibrator
        Holds the masters.
    finished : callable
        Called with every session whose stack has ended because a new one begins.
    skip_repeats : bool
        A live camera's frame may arrive by several ways and is stacked once; files named in a batch are all meant.
    learn : callable, optional
        Takes calibration frames into the library; raises `FrameError`. Without it they are refused.
    see : callable
        Looks at every light that could be decoded.
    folder : Path, optional
        Room for subs that are kept on disk.
    exact : bool
        Combine all subs at once when a session is complete, where the method can.
    pace : Pace, optional
        Live: adapts what is made to the time that there is.
    preparer : Preparer, optional
        Makes measured subs of blobs; by default this process, with the calibrator.
    new_stacker : callable
        Makes what puts the subs into the stacks of one filter.

    Attributes
    ----------
    config : Config
        The settings, with the further stacks that were begun meanwhile.
    intake : Intake
        Makes subs of the blobs.
    starter : SessionStarter
        Begins stacks.
    session : Session or None
        The stack that is being made.
    paused : bool
        Lights are refused; calibration frames are still learned.
    changed : dict
        Settings that were changed since the pipeline was made, and their values.
    mended : array
        Flat indices of the pixels that were found bad in the last sub.
    """

    def __init__(
        self,
        config: Config,
        workers: Workers,
        calibrator: Calibrator,
        finished: Callable[[Session], None],
        skip_repeats: bool = True,
        learn: Callable[[RawFrame, Blob], Filed] | None = None,
        see: Callable[[RawFrame], None] = lambda _: None,
        folder: Path | None = None,
        exact: bool = False,
        pace: Pace | None = None,
        preparer: Preparer | None = None,
        new_stacker: Callable[[], Stacker] = LocalStacker,
    ) -> None:
        self.config = config
        self.intake = Intake(config, workers, calibrator, skip_repeats, preparer)
        self._pace = pace if config.stack.keep_up else None
        self.starter = SessionStarter(SetupMaker(config, workers, folder, exact, new_stacker), self._pace or Pace())
        self.session: Session | None = None
        self.paused = False
        self.changed: dict[str, Any] = {}
        self.mended = NONE
        self._finished, self._learn, self._see = finished, learn, see
        self._number = 0

    def process(self, blob: Blob, number: int = 0, known: bool = False) -> Outcome:
        """Take one blob the whole way. Never raises: what goes wrong with a frame is its outcome.

        Parameters
        ----------
        blob : Blob
            What has arrived.
        number : int
            Of its line in the ledger; 0 where there is none.
        known : bool
            It has arrived before, and is meant once more.
        """
        draft, self._number, self.mended = Draft(blob), number, NONE
        try:
            outcome: Outcome = self._take(blob, draft, known)
        except FrameError as error:
            draft.note(figures=error.numbers)
            outcome = Refused(error.reason, draft.report, error.detail)
        except MemoryError as error:
            outcome = Refused("no_memory", draft.report, str(error) or "there is none left")
        except Exception as error:  # a bug must cost one sub, not the night
            log.exception("%s: a bug in indistack; the sub is refused", blob.origin)
            outcome = Refused("internal_error", draft.report, f"{type(error).__name__}: {error}")
        if outcome.reason not in DECIDED:
            self.intake.tell(outcome.report.masters)
        if self.session is None:
            return outcome
        return replace(outcome, report=replace(outcome.report, drift=self.session.drift.memory()))

    def _take(self, blob: Blob, draft: Draft, known: bool) -> Outcome:
        if self.session is None and (lacks := lacking_for_frame(self.config.stack, blob.size_bytes)):
            raise FrameError("no_memory", lacks)  # what the subs of a stack take has been reckoned with
        raw = self.intake.decode(blob, draft, new=known)
        if raw.info.kind != "light":
            return self._file(raw, blob, draft)
        self._see(raw)
        if self.paused:
            return Refused(PAUSED, draft.report)
        self.intake.require_wanted(raw, blob, draft)
        frame = self.intake.calibrate(raw, draft)
        self.mended = frame.mended
        del raw  # its memory (48 MB at 24 MP) is needed for what follows
        sub = self.intake.operated(self.intake.together(self.intake.see(frame, draft), self.session, draft), draft)
        session = self.session or self.starter.begin(sub, blob)
        found = PlaceSearch(session, sub, draft).find()
        if isinstance(found, Placement):
            sub = replace(sub, scene=session.registration.kept(sub.scene))
            self._stack(session, sub, found, blob, draft)
            return Accepted(draft.report)
        del session  # its memory is needed for the next one's
        self._restart(sub, blob, draft)
        log.info("new stack: %s (%s)", found.reason, found.detail)
        return Restarted(found.reason, draft.report, found.detail)

    def _restart(self, sub: MeasuredSub, blob: Blob, draft: Draft) -> None:
        """End the stack and begin another with a sub that is good enough for it."""
        assert self.session is not None
        self.starter.forget()  # what was asked for shows the old field
        new = self.starter.begin(sub, blob, freed_bytes=self.session.state_bytes)
        first = PlaceSearch(new, sub, draft).match_photometry(Transform.identity())
        self.reset()
        self._stack(new, sub, first, blob, draft)

    def _file(self, raw: RawFrame, blob: Blob, draft: Draft) -> Filed:
        """Take a calibration frame into the library."""
        if self._learn is None or not self.config.calibrate.learn:
            raise _not_a_light(raw)
        with draft.timed("learn"):
            filed = self._learn(raw, blob)
        draft.note(filed=filed.report.filed)
        return replace(filed, report=draft.report)

    def _stack(self, session: Session, sub: MeasuredSub, placement: Placement, blob: Blob, draft: Draft) -> None:
        if doubt := placement.filter_stack.judge.doubt(sub.measures, placement.match):
            draft.warn(doubt)
        with draft.timed("stack"):
            weights = session.add(sub, placement, self._number)
        if session is not self.session and session.why_plain:
            log.info("the stack is a plain %s: %s", session.config.stack.method, session.why_plain)
        self.session = session
        share = replace(placement.filter_stack.share(weights, session.n_subs), why_plain=session.why_plain)
        if self._pace is not None:
            self._keep_up(self._pace, session, sub, blob, draft)
            share = replace(share, rung=str(session.rung), slowed=self._pace.slowed)
        draft.note(stack=share)

    @staticmethod
    def _keep_up(pace: Pace, session: Session, sub: MeasuredSub, blob: Blob, draft: Draft) -> None:
        """Make less where subs come faster than they are stacked."""
        took_s = sum(draft.times.values()) / 1e3
        pace.observe(blob.received, took_s, sub.frame.info.exposure_s or 0.0, session.rung.word != FULL)
        session.slow_down(pace.slowed)

    def look(self, blob: Blob) -> Reference:
        """Return a frame as a reference, without stacking it; raise `FrameError` where it is none."""
        draft = Draft(blob)
        raw = self.intake.decode(blob, draft, repeats=True)
        if raw.info.kind != "light":
            raise _not_a_light(raw)
        sub = self.intake.operated(self.intake.see(self.intake.calibrate(raw, draft), draft), draft)
        Registration(self.config, sub.scene, self.starter.setup_maker.workers).require_reference()
        return sub.as_reference(blob.origin)

    def align_to(self, reference: Reference | None) -> None:
        """Align the next stack to this frame instead of its first good sub."""
        self.starter.reference = reference

    def reset(self) -> None:
        """End the stack; the next good sub begins a new one."""
        if self.session is not None:
            self.session.complete()
            self._finished(self.session)
        self.session = None
        self.starter.forget()

    def set_config(self, config: Config) -> None:
        """Have these settings from the next stack on."""
        self.config = config
        self.starter.set_config(config)

    def use(self, config: Config) -> None:
        """Have these settings at once, as far as they can change in the middle of a stack."""
        self.set_config(config)
        self.intake.use(config)
        if self.session is not None:
            self.session.use(config)


def _not_a_light(raw: RawFrame) -> FrameError:
    return FrameError("not_a_light", f"the header says that this is a {raw.info.kind} frame")
