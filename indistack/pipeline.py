"""The whole way of a sub: blob in, outcome out."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from indistack.align import ALIGNERS
from indistack.calibrate import Calibrator
from indistack.config import Config
from indistack.decode import decode
from indistack.drift import Verdict
from indistack.easel import Studio
from indistack.errors import FrameError, RegistrationError
from indistack.frame import Accepted, Blob, CalibratedFrame, Filed, Outcome, RawFrame, Refused, Restarted, Transform
from indistack.ledger import match_numbers, raw_numbers, transform_numbers
from indistack.measures import measure
from indistack.pace import Pace
from indistack.photometry import measure_sky
from indistack.session import Fit, Recent, Session
from indistack.stars import StarFinder
from indistack.track import Reference, Seen
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
    folder : Path, optional
        Room for subs that are kept on disk.
    exact : bool
        Combine all subs at once when a session is complete, where the method can.
    pace : Pace, optional
        Live: adapts what is made to the time that there is.

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
        folder: Path | None = None,
        exact: bool = False,
        pace: Pace | None = None,
    ) -> None:
        self._config = config
        self._workers = workers
        self._calibrator = calibrator
        self._finished = finished
        self._skip_repeats = skip_repeats
        self._learn = learn
        self._finder = StarFinder(config.stars, workers)
        self._with_luminance = ALIGNERS.get(config.align.method).needs_luminance
        self._studio = Studio(config, workers, folder, exact)
        self._pace = pace if config.stack.keep_up else None
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
            self.session.complete()
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
        return _as_reference(self._see(raw, numbers), blob)

    def _take(self, blob: Blob, numbers: dict[str, Any]) -> Outcome:
        raw = self._decode(blob, numbers)
        if raw.info.kind != "light":
            return self._file(raw, blob, numbers)
        if self.paused:
            return Refused("paused", numbers)
        sub = self._see(raw, numbers)
        del raw  # its memory (48 MB at 24 MP) is needed while stacking
        session = self.session or self._begin(sub, blob)
        fit = self._place(session, sub, numbers)
        if isinstance(fit, Fit):
            self._stack(session, sub, fit, blob, numbers)
            return Accepted(numbers)
        log.info("new stack: %s (%s)", fit.reason, fit.detail)
        self._reference = None  # the one that was asked for shows the old field
        new = self._begin(sub, blob, spare_bytes=session.state_bytes)
        first = self._light(new, sub, Transform.identity(), numbers)
        self.reset()
        self._stack(new, sub, first, blob, numbers)
        return Restarted(fit.reason, numbers)

    def _stack(self, session: Session, sub: Seen, fit: Fit, blob: Blob, numbers: dict[str, Any]) -> None:
        with _timed(numbers, "stack"):
            placed = session.add(sub, fit)
        self.session = session
        if self._pace is not None:
            self._keep_up(self._pace, sub, fit, blob, numbers)
        numbers |= {"weight": placed.weight, "n_subs": session.n_subs, **fit.track.fan.numbers()}

    def _keep_up(self, pace: Pace, sub: Seen, fit: Fit, blob: Blob, numbers: dict[str, Any]) -> None:
        """Make less where subs come faster than they are stacked."""
        assert self.session is not None
        took_s = sum(numbers["stage_ms"].values()) / 1e3
        pace.observe(blob.received, took_s)
        self.session.slow_down(pace.slowed)
        too_slow = pace.too_slow(took_s, sub.frame.info.exposure_s or 0.0) if self.session.n_subs == 1 else ""
        if too_slow and self.session.rung == "full":
            self.session = self._begin(sub, blob, too_slow)
            self.session.add(sub, dataclasses.replace(fit, track=self.session.track_for(sub, fit.transform)))
        numbers |= {"rung": self.session.rung, "slowed": pace.slowed}

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

    def _see(self, raw: RawFrame, numbers: dict[str, Any]) -> Seen:
        """Calibrate, find stars."""
        with _timed(numbers, "calibrate"):
            frame = self._calibrator.calibrate(raw)
        numbers |= self._calibration_numbers(frame)
        with _timed(numbers, "stars"):
            scene = self._finder.scene(frame, self._with_luminance)
        measures = measure(scene.stars)
        numbers |= dataclasses.asdict(measures)
        return Seen(frame, scene, measures)

    def _begin(self, sub: Seen, blob: Blob, too_slow: str = "", spare_bytes: int = 0) -> Session:
        """Begin a stack with this sub, which must be good enough; it takes its place when the sub is in it."""
        reference = self._reference or _as_reference(sub, blob)
        easel = self._studio.easel(reference.scene, sub.frame, too_slow, spare_bytes)
        session = Session(self._config, easel, reference, sub.frame)
        session.check(sub)
        return session

    def _place(self, session: Session, sub: Seen, numbers: dict[str, Any]) -> Fit | Verdict:
        """Find the sub's place and light in a session; return a verdict where it is to begin another."""
        verdict = _unless_refused(session.drift.facts(sub.frame))
        if verdict.action == "restart":
            return verdict
        must_scale = verdict.action == "scale"
        numbers |= session.how_aligned
        with _timed(numbers, "align"):
            transform, verdict = self._align(session, sub)
        if verdict.action == "restart":
            return verdict
        fit = self._light(session, sub, transform, numbers, must_scale)
        verdict = _unless_refused(session.drift.gradient(fit.match.gradient_sigma))
        return verdict if verdict.action == "restart" else fit

    def _light(
        self, session: Session, sub: Seen, transform: Transform, numbers: dict[str, Any], must_scale: bool = False
    ) -> Fit:
        """Bring the light of a sub that has found its place to that of its filter's other subs."""
        numbers |= session.how_aligned | transform_numbers(transform, sub.frame)
        track = session.track_for(sub, transform)
        with _timed(numbers, "match"):
            match = track.photometer.match(sub.frame, sub.scene, transform, must_scale)
        numbers |= match_numbers(match)
        track.judge.check_transparency(match)
        return Fit(transform, match, track)

    def _align(self, session: Session, sub: Seen) -> tuple[Transform, Verdict]:
        """Register a good sub on the reference, and judge where it lies."""
        if session.reference.scene is sub.scene:
            return Transform.identity(), Verdict("go_on")
        try:
            session.check(sub)
            transform = session.register(sub.scene)
        except FrameError as error:
            verdict = session.drift.slew(sub.frame.info)  # few stars, beside another field's, are no fault either
            if verdict.action != "restart" and isinstance(error, RegistrationError):
                verdict = session.drift.stranger(lambda: session.fits(sub.scene, session.stranger))
                session.stranger = sub.scene
            if verdict.action == "restart":
                return Transform.identity(), verdict
            raise
        return transform, session.drift.shift(transform, sub.frame)

    def _calibration_numbers(self, frame: CalibratedFrame) -> dict[str, Any]:
        """Masters and doubts, for the ledger; every new doubt is told once."""
        for warning in frame.warnings:
            if warning not in self._told:
                log.warning("%s", warning)
                self._told.add(warning)
        return {"masters": list(frame.masters), "warnings": list(frame.warnings), "set_aside": list(frame.set_aside)}


def _not_a_light(raw: RawFrame) -> FrameError:
    return FrameError("not_a_light", f"the header says that this is a {raw.info.kind} frame")


def _unless_refused(verdict: Verdict) -> Verdict:
    if verdict.action == "refuse":
        raise FrameError(verdict.reason, verdict.detail)
    return verdict


@contextmanager
def _timed(numbers: dict[str, Any], stage: str) -> Iterator[None]:
    begin = time.perf_counter()
    try:
        yield
    finally:
        numbers["stage_ms"][stage] = round(1e3 * (time.perf_counter() - begin), 2)


def _as_reference(sub: Seen, blob: Blob) -> Reference:
    return Reference(sub.scene, measure_sky(sub.frame), sub.frame.info, blob.origin)
