"""The whole way of a sub: blob in, outcome out."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from indistack.align import ALIGNERS
from indistack.calibrate import Calibrator
from indistack.config import Config
from indistack.debayer import DEBAYERS
from indistack.decode import decode
from indistack.drift import Verdict
from indistack.errors import FrameError, RegistrationError
from indistack.frame import (
    Accepted,
    Blob,
    CalibratedFrame,
    Filed,
    Match,
    Outcome,
    RawFrame,
    Refused,
    Restarted,
    Scene,
    Transform,
)
from indistack.ledger import match_numbers, raw_numbers, transform_numbers
from indistack.measures import Measures, measure
from indistack.photometry import measure_sky
from indistack.session import Recent, Reference, Session
from indistack.stars import StarFinder
from indistack.tiles import integrate
from indistack.workers import Workers

log = logging.getLogger(__name__)

DUPLICATE = "duplicate"
"""Reason of a frame that has been dealt with already, having come by another way."""


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

    Attributes
    ----------
    session : Session or None
        The stack that is being made.
    paused : bool
        Lights are refused; calibration frames are still learned.
    """

    def __init__(
        self,
        config: Config,
        workers: Workers,
        calibrator: Calibrator,
        finished: Callable[[Session], None],
        skip_repeats: bool = True,
        learn: Callable[[RawFrame, Blob], Filed] | None = None,
    ) -> None:
        self._config = config
        self._workers = workers
        self._calibrator = calibrator
        self._finished = finished
        self._skip_repeats = skip_repeats
        self._learn = learn
        self._finder = StarFinder(config.stars, workers)
        self._with_luminance = ALIGNERS.get(config.align.method).needs_luminance
        self._debayer = DEBAYERS.get(config.debayer.method)()
        self._recent = Recent()
        self._reference: Reference | None = None
        self._told: set[str] = set()
        self.session: Session | None = None
        self.paused = False

    def process(self, blob: Blob) -> Outcome:
        """Take one blob the whole way. Never raises: what goes wrong with a frame is its outcome."""
        numbers: dict[str, Any] = {"stage_ms": {}}
        try:
            return self._take(blob, numbers)
        except FrameError as error:
            return Refused(error.reason, numbers | error.numbers, error.detail)
        except Exception as error:  # a bug must cost one sub, not the night
            log.exception("%s: a bug in indistack; the sub is refused", blob.origin)
            return Refused("internal_error", numbers, f"{type(error).__name__}: {error}")

    def reset(self) -> None:
        """End the stack; the next good sub begins a new one."""
        if self.session is not None:
            self._finished(self.session)
        self.session = self._reference = None

    def align_to(self, reference: Reference | None) -> None:
        """Align the next stack to this frame instead of its first good sub."""
        self._reference = reference

    def look(self, blob: Blob) -> Reference:
        """Return a frame as a reference, without stacking it."""
        numbers: dict[str, Any] = {"stage_ms": {}}
        raw = self._decode(blob, numbers)
        if raw.info.kind != "light":
            raise _not_a_light(raw)
        frame, scene, _ = self._see(raw, numbers)
        return _as_reference(frame, scene, blob)

    def _take(self, blob: Blob, numbers: dict[str, Any]) -> Outcome:
        raw = self._decode(blob, numbers)
        if raw.info.kind != "light":
            return self._file(raw, blob, numbers)
        if self.paused:
            return Refused("paused", numbers)
        frame, scene, measures = self._see(raw, numbers)
        del raw  # its memory (48 MB at 24 MP) is needed while stacking
        session = self.session or self._begin(frame, scene, measures, blob)
        verdict, transform, match = self._place(session, frame, scene, measures, numbers)
        if verdict.action == "refuse":
            return Refused(verdict.reason, numbers, verdict.detail)
        if verdict.action == "restart":
            log.info("new stack: %s (%s)", verdict.reason, verdict.detail)
            self._reference = None  # the one that was asked for shows the old field
            session = self._begin(frame, scene, measures, blob)
            _, transform, match = self._place(session, frame, scene, measures, numbers)
            self.reset()
        weight = session.judge.weigh(measures, match)
        with _timed(numbers, "stack"):
            integrate(
                frame, transform, session.size, weight, self._debayer, session.stack.update, self._workers, match
            )  # fmt: skip
        session.count(frame, scene, measures, transform, match)
        self.session = session
        numbers |= {"weight": weight, "n_subs": session.n_subs}
        return Restarted(verdict.reason, numbers) if verdict.action == "restart" else Accepted(numbers)

    def _decode(self, blob: Blob, numbers: dict[str, Any]) -> RawFrame:
        """Return a frame that has not arrived before."""
        with _timed(numbers, "decode"):
            raw = decode(blob, self._config.decode, self._workers)
        numbers |= raw_numbers(raw)
        if self._skip_repeats:
            if self._recent.is_repeat(raw):
                raise FrameError(DUPLICATE, "this frame has arrived before, by another way")
            self._recent.remember(raw)
        return raw

    def _file(self, raw: RawFrame, blob: Blob, numbers: dict[str, Any]) -> Filed:
        """Take a calibration frame into the library."""
        if self._learn is None:
            raise _not_a_light(raw)
        with _timed(numbers, "learn"):
            filed = self._learn(raw, blob)
        return dataclasses.replace(filed, numbers={**numbers, **filed.numbers})

    def _see(self, raw: RawFrame, numbers: dict[str, Any]) -> tuple[CalibratedFrame, Scene, Measures]:
        """Calibrate, find stars."""
        with _timed(numbers, "calibrate"):
            frame = self._calibrator.calibrate(raw)
        numbers |= self._calibration_numbers(frame)
        with _timed(numbers, "stars"):
            scene = self._finder.scene(frame, self._with_luminance)
        measures = measure(scene.stars)
        numbers |= dataclasses.asdict(measures)
        return frame, scene, measures

    def _begin(self, frame: CalibratedFrame, scene: Scene, measures: Measures, blob: Blob) -> Session:
        """Begin a stack with this sub, which must be good enough; it takes its place when the sub is in it."""
        session = Session(self._config, self._reference or _as_reference(frame, scene, blob), frame)
        session.judge.check(measures, frame.info.saturation_adu)
        return session

    def _place(
        self, session: Session, frame: CalibratedFrame, scene: Scene, measures: Measures, numbers: dict[str, Any]
    ) -> tuple[Verdict, Transform, Match]:
        """Find the sub's place and light in a stack, and judge whether it belongs there."""
        numbers |= session.how_aligned
        transform, match = Transform.identity(), Match()
        verdict = session.drift.facts(frame)
        if verdict.action in ("refuse", "restart"):
            return verdict, transform, match
        must_scale = verdict.action == "scale"
        with _timed(numbers, "align"):
            transform, verdict = self._align(session, frame, scene, measures)
        if verdict.action == "restart":
            return verdict, transform, match
        numbers |= transform_numbers(transform, frame)
        with _timed(numbers, "match"):
            match = session.photometer.match(frame, scene, transform, must_scale)
        numbers |= match_numbers(match)
        return session.drift.gradient(match.gradient_sigma), transform, match

    def _align(
        self, session: Session, frame: CalibratedFrame, scene: Scene, measures: Measures
    ) -> tuple[Transform, Verdict]:
        """Register a good sub on the reference, and judge where it lies."""
        if session.reference.scene is scene:
            return Transform.identity(), Verdict("go_on")
        try:
            session.judge.check(measures, frame.info.saturation_adu)
            transform = session.register(scene)
        except FrameError as error:
            verdict = session.drift.slew(frame.info)  # few stars, beside another field's, are no fault either
            if verdict.action != "restart" and isinstance(error, RegistrationError):
                verdict = session.drift.stranger(lambda: session.fits(scene, session.stranger))
                session.stranger = scene
            if verdict.action == "restart":
                return Transform.identity(), verdict
            raise
        return transform, session.drift.shift(transform, frame)

    def _calibration_numbers(self, frame: CalibratedFrame) -> dict[str, Any]:
        """Masters and doubts, for the ledger; every new doubt is told once."""
        for warning in frame.warnings:
            if warning not in self._told:
                log.warning("%s", warning)
                self._told.add(warning)
        return {"masters": list(frame.masters), "warnings": list(frame.warnings), "set_aside": list(frame.set_aside)}


def _not_a_light(raw: RawFrame) -> FrameError:
    return FrameError("not_a_light", f"the header says that this is a {raw.info.kind} frame")


@contextmanager
def _timed(numbers: dict[str, Any], stage: str) -> Iterator[None]:
    begin = time.perf_counter()
    try:
        yield
    finally:
        numbers["stage_ms"][stage] = round(1e3 * (time.perf_counter() - begin), 2)


def _as_reference(frame: CalibratedFrame, scene: Scene, blob: Blob) -> Reference:
    return Reference(scene, measure_sky(frame), frame.info, blob.origin)
