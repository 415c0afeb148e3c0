"""The whole way of a sub: blob in, outcome out."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from indistack.align import ALIGNERS, FaintSubs, Waiting
from indistack.calibrate import Calibrator
from indistack.config import MAIN, Config
from indistack.decode import decode
from indistack.drift import Verdict
from indistack.easel import FULL, Easel, Studio
from indistack.errors import FrameError, RegistrationError, SettingsError
from indistack.frame import Blob, CalibratedFrame, IndexArray, PixelArray, RawFrame, Scene
from indistack.geometry import Transform
from indistack.ledger import Written, match_numbers, raw_numbers, transform_numbers
from indistack.measures import measure
from indistack.outcome import Accepted, Filed, Outcome, Refused, Restarted
from indistack.pace import Pace
from indistack.packing import ARRAY, Arrays, pack, unpack
from indistack.photometry import measure_sky
from indistack.recent import Recent
from indistack.session import Again, Fit, Session
from indistack.settings import validate
from indistack.stars import StarFinder
from indistack.track import Reference, Seen
from indistack.workers import Workers

log = logging.getLogger(__name__)

NONE: IndexArray = np.empty(0, np.intp)

DUPLICATE = "duplicate"
"""Reason of a frame that has been dealt with already, having come by another way."""

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
    folder : Path, optional
        Room for subs that are kept on disk.
    exact : bool
        Combine all subs at once when a session is complete, where the method can.
    pace : Pace, optional
        Live: adapts what is made to the time that there is.

    Attributes
    ----------
    config : Config
        The settings, with the further stacks that were begun meanwhile.
    session : Session or None
        The stack that is being made.
    paused : bool
        Lights are refused; calibration frames are still learned.
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
        folder: Path | None = None,
        exact: bool = False,
        pace: Pace | None = None,
    ) -> None:
        self.config = config
        self._workers = workers
        self._calibrator = calibrator
        self._finished = finished
        self._skip_repeats = skip_repeats
        self._learn = learn
        self._finder = StarFinder(config.stars, workers)
        self._faint = FaintSubs(config.align.faint_subs)
        self._with_luminance = ALIGNERS.get(config.align.method).needs_luminance
        self._studio = Studio(config, workers, folder, exact)
        self._pace = pace if config.stack.keep_up else None
        self._recent = Recent()
        self._reference: Reference | None = None
        self._doubtful: Scene | None = None
        self._told: set[str] = set()
        self.session: Session | None = None
        self._number = 0
        self.mended = NONE
        self.paused = False

    def process(self, blob: Blob, number: int = 0) -> Outcome:
        """Take one blob the whole way. Never raises: what goes wrong with a frame is its outcome.

        Parameters
        ----------
        blob : Blob
            What has arrived.
        number : int
            Of its line in the ledger; 0 where there is none.
        """
        numbers: dict[str, Any] = {"stage_ms": {}}
        self._number, self.mended = number, NONE
        try:
            outcome: Outcome = self._take(blob, numbers)
        except FrameError as error:
            outcome = Refused(error.reason, numbers | error.numbers, error.detail)
        except Exception as error:  # a bug must cost one sub, not the night
            log.exception("%s: a bug in indistack; the sub is refused", blob.origin)
            outcome = Refused("internal_error", numbers, f"{type(error).__name__}: {error}")
        if self.session is None:
            return outcome
        return dataclasses.replace(outcome, numbers={**outcome.numbers, "drift": self.session.drift.memory()})

    def follow(self, line: Mapping[str, Any], blob: Blob) -> None:
        """Do with a blob what a line of the ledger says was done with it: nothing is judged again.

        Raises
        ------
        FrameError
            It is not the frame any more that it was.
        KeyError, TypeError, ValueError
            The line is damaged.
        """
        numbers: dict[str, Any] = {"stage_ms": {}}
        raw = self._decode(blob, numbers, new=True)
        if line.get("masters") is None:
            return
        sub = self._see(self._calibrate(raw, numbers), numbers)
        with contextlib.suppress(FrameError):  # the line says what became of it
            sub = self._together(sub, numbers)
        if line["outcome"] != Refused.word:
            self._stack_again(line, sub, blob)
        if self.session is not None:
            self.session.drift.recall(line["drift"])
            self.session.stranger = sub.scene if line.get("stranger") else self.session.stranger

    def _stack_again(self, line: Mapping[str, Any], sub: Seen, blob: Blob) -> None:
        written = Written.of(line)
        if self.session is None and not np.array_equal(written.transform.matrix, np.eye(3)):  # the reference is lost
            self._reference = _as_reference(sub, blob).moved(written.transform)
        session = self.session or self._new(sub, blob, str(line.get("rung", FULL)).partition("half: ")[2])
        track = session.track_for(sub, written.transform)
        session.add(sub, Fit(written.transform, written.match, track, written.weights), written.number)
        session.slow_down(line.get("slowed", 1))
        self.session = session

    def again(self, written: Written, blob: Blob, mended: IndexArray) -> CalibratedFrame:
        """Return a frame as it was calibrated when it came.

        Raises
        ------
        FrameError
            ``masters_changed``: other masters are chosen now.
        """
        frame = self._calibrator.calibrate(decode(blob, self.config.decode, self._workers), mended)
        if tuple(frame.masters) != written.masters:
            names = " and ".join(written.masters) or "no masters"
            raise FrameError("masters_changed", f"sub {written.number} was calibrated with {names}, not as it is now")
        return frame

    def skip(self, line: Mapping[str, Any]) -> None:
        """Follow a line whose blob is lost."""
        if self.session is not None and "drift" in line:
            self.session.drift.recall(line["drift"])

    def open_branch(self, name: str, settings: Mapping[str, Any]) -> None:
        """Begin a further stack with the next sub; later sessions have it, too.

        Raises
        ------
        SettingsError
            The settings are none of a stack.
        """
        self._set_branches({**self.config.model_dump()["branches"], name: settings})
        if self.session is not None:
            self.session.open_branch(name, self.config.branches[name])

    def drop_branch(self, name: str) -> None:
        """End a further stack; raise `SettingsError` where there is none of that name."""
        if name not in self.config.branches:
            raise SettingsError([f"there is no further stack {name}"])
        self._set_branches({other: one for other, one in self.config.branches.items() if other != name})
        if self.session is not None:
            self.session.drop_branch(name)

    def _set_branches(self, branches: Mapping[str, Any]) -> None:
        self.config = validate(Config, self.config.model_dump() | {"branches": branches})
        self._studio = dataclasses.replace(self._studio, config=self.config)

    def beginning(self, arrays: Arrays) -> dict[str, Any]:
        """Return what is remembered beside the stack, as plain values and `arrays` that do not change any more."""
        facts, learned = self._calibrator.memory()
        return {
            "calibrator": {**facts, "learned": pack(learned, arrays)},
            "recent": self._recent.memory(),
            "paused": self.paused,
            "faint": pack(self._faint.waiting, arrays),
        }

    def memory(self, arrays: Arrays) -> dict[str, Any]:
        """Return all that is remembered; the arrays are the state itself, and change with the next sub."""
        session = self.session.memory(arrays) if self.session is not None else None
        return self.beginning(arrays) | {"session": session}

    def recall(self, memory: Mapping[str, Any], arrays: Mapping[str, PixelArray], again: Again) -> None:
        """Go on as the pipeline would whose memory this is; see `Session.recalled`."""
        calibrator = memory["calibrator"]
        learned = {name: arrays[key[ARRAY]] for name, key in calibrator["learned"].items()}
        self._calibrator.remember(calibrator, learned)
        self._recent.recall(memory["recent"])
        self.paused = memory["paused"]
        self._faint.waiting = unpack(Waiting, memory["faint"], arrays)
        session = memory.get("session")
        self.session = Session.recalled(self.config, self._studio, session, arrays, again) if session else None

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
        return _as_reference(self._see(self._calibrate(raw, numbers), numbers), blob)

    def _take(self, blob: Blob, numbers: dict[str, Any]) -> Outcome:
        raw = self._decode(blob, numbers)
        if raw.info.kind != "light":
            return self._file(raw, blob, numbers)
        if self.paused:
            return Refused(PAUSED, numbers)
        frame = self._calibrate(raw, numbers)
        del raw  # its memory (48 MB at 24 MP) is needed for what follows
        sub = self._together(self._see(frame, numbers), numbers)
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
            weights = session.add(sub, fit, self._number)
        self.session = session
        if self._pace is not None:
            self._keep_up(self._pace, sub, fit, blob, numbers)
        numbers |= {"weight": weights.get(MAIN), "weights": weights, "n_subs": session.n_subs, **fit.track.numbers()}

    def _keep_up(self, pace: Pace, sub: Seen, fit: Fit, blob: Blob, numbers: dict[str, Any]) -> None:
        """Make less where subs come faster than they are stacked."""
        assert self.session is not None
        took_s = sum(numbers["stage_ms"].values()) / 1e3
        pace.observe(blob.received, took_s)
        self.session.slow_down(pace.slowed)
        too_slow = pace.too_slow(took_s, sub.frame.info.exposure_s or 0.0) if self.session.n_subs == 1 else ""
        if too_slow and self.session.rung == "full":
            self.session = self._begin(sub, blob, too_slow)
            again = dataclasses.replace(fit, track=self.session.track_for(sub, fit.transform))
            self.session.add(sub, again, self._number)
        numbers |= {"rung": self.session.rung, "slowed": pace.slowed}

    def _decode(self, blob: Blob, numbers: dict[str, Any], new: bool = False) -> RawFrame:
        """Return a frame that has not arrived before, or of which that is known."""
        with _timed(numbers, "decode"):
            raw = decode(blob, self.config.decode, self._workers)
        numbers |= raw_numbers(raw)
        if self._skip_repeats:
            if not new and self._recent.is_repeat(raw):
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

    def _calibrate(self, raw: RawFrame, numbers: dict[str, Any]) -> CalibratedFrame:
        """Apply the masters."""
        with _timed(numbers, "calibrate"):
            frame = self._calibrator.calibrate(raw)
        numbers |= self._calibration_numbers(frame)
        self.mended = frame.mended
        return frame

    def _see(self, frame: CalibratedFrame, numbers: dict[str, Any]) -> Seen:
        """Find stars."""
        with _timed(numbers, "stars"):
            scene = self._finder.scene(frame, self._with_luminance)
        measures = measure(scene.stars)
        numbers |= dataclasses.asdict(measures)
        return Seen(frame, scene, measures)

    def _together(self, sub: Seen, numbers: dict[str, Any]) -> Seen:
        """Return a sub that shows too few stars with those that it shows together with the ones before it."""
        if not self._is_faint(sub):
            self._faint.forget()
            return sub
        with _timed(numbers, "faint"):
            scene = self._finder.scene(sub.frame, with_luminance=True)
            scene = self._faint.take(scene, sub.frame.info)
        measures = measure(scene.stars)
        numbers |= dataclasses.asdict(measures) | {"faint_subs": self.config.align.faint_subs}
        return Seen(sub.frame, scene, measures)

    def _is_faint(self, sub: Seen) -> bool:
        """Tell whether stars are needed, and are too few in this sub alone."""
        settings = self.config.align
        if settings.faint_subs < 2 or sub.measures.stars >= max(settings.min_matched, self.config.quality.min_stars):
            return False
        if self.session is not None:
            return self.session.aligner.needs_stars
        return ALIGNERS.get(settings.method)(settings).for_reference(sub.scene).needs_stars

    def _begin(self, sub: Seen, blob: Blob, too_slow: str = "", spare_bytes: int = 0) -> Session:
        """Begin a stack with this sub, which must be good enough; it takes its place when the sub is in it."""
        session = self._new(sub, blob, too_slow, spare_bytes)
        session.check(sub, lambda: self._fits_before(session, sub))
        self._doubtful = None
        return session

    def _fits_before(self, session: Session, sub: Seen) -> bool:
        """Tell whether a first sub of odd shapes shows what the one before it showed: a nebula, and no clouds."""
        before, self._doubtful = self._doubtful, sub.scene
        return session.fits(sub.scene, before)

    def _new(self, sub: Seen, blob: Blob, too_slow: str = "", spare_bytes: int = 0) -> Session:
        reference = self._reference or _as_reference(sub, blob)
        easel = self._studio.easel(reference.scene, sub.frame, too_slow, spare_bytes)
        return self._session(easel, reference, sub.frame)

    def _session(self, easel: Easel, reference: Reference, frame: CalibratedFrame) -> Session:
        return Session(self.config, easel, reference, frame)

    def _place(self, session: Session, sub: Seen, numbers: dict[str, Any]) -> Fit | Verdict:
        """Find the sub's place and light in a session; return a verdict where it is to begin another."""
        verdict = _unless_refused(session.drift.facts(sub.frame))
        if verdict.action == "restart":
            return verdict
        must_scale = verdict.action == "scale"
        numbers |= session.how_aligned
        with _timed(numbers, "align"):
            transform, verdict = self._align(session, sub, numbers)
        if verdict.action == "restart":
            return verdict
        fit = self._light(session, sub, transform, numbers, must_scale)
        verdict = _unless_refused(session.drift.gradient(fit.match.gradient_sigma))
        return verdict if verdict.action == "restart" else fit

    def _light(
        self, session: Session, sub: Seen, transform: Transform, numbers: dict[str, Any], must_scale: bool = False
    ) -> Fit:
        """Bring the light of a sub that has found its place to that of its filter's other subs."""
        scale_arcsec_px = session.scale_arcsec_px(sub.frame.info)
        numbers |= session.how_aligned | transform_numbers(transform, sub.frame, scale_arcsec_px)
        numbers["sky"] = session.sky
        track = session.track_for(sub, transform)
        with _timed(numbers, "match"):
            match = track.photometer.match(sub.frame, sub.scene, transform, must_scale)
        numbers |= match_numbers(match)
        track.judge.check_transparency(match)
        return Fit(transform, match, track)

    def _align(self, session: Session, sub: Seen, numbers: dict[str, Any]) -> tuple[Transform, Verdict]:
        """Register a good sub on the reference, and judge where it lies."""
        if session.reference.scene is sub.scene:
            return Transform.identity(), Verdict("go_on")
        try:
            session.check(sub, lambda: session.fits(sub.scene, session.reference.scene))
            transform = session.register(sub.scene)
        except FrameError as error:
            verdict = session.drift.slew(sub.frame.info)  # few stars, beside another field's, are no fault either
            if verdict.action != "restart" and isinstance(error, RegistrationError):
                verdict = session.drift.stranger(lambda: session.fits(sub.scene, session.stranger))
                session.stranger = sub.scene
                numbers["stranger"] = True
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
