"""The whole way of a sub: blob in, outcome out."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from indistack.align import ALIGNERS
from indistack.calibrate import Calibrator
from indistack.config import Config
from indistack.debayer import DEBAYERS
from indistack.decode import decode
from indistack.drift import Verdict
from indistack.errors import FrameError, RegistrationError
from indistack.frame import Accepted, Blob, CalibratedFrame, Outcome, RawFrame, Refused, Restarted, Scene, Transform
from indistack.quality import median_fwhm_px
from indistack.session import Recent, Reference, Session
from indistack.stars import StarFinder
from indistack.tiles import Workers, integrate

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
    """

    def __init__(
        self,
        config: Config,
        workers: Workers,
        calibrator: Calibrator,
        finished: Callable[[Session], None],
        skip_repeats: bool = True,
    ) -> None:
        self._config = config
        self._workers = workers
        self._calibrator = calibrator
        self._finished = finished
        self._skip_repeats = skip_repeats
        self._finder = StarFinder(config.stars, workers)
        self._aligner = ALIGNERS.get(config.align.method)(config.align)
        self._debayer = DEBAYERS.get(config.debayer.method)()
        self._recent = Recent()
        self._reference: Reference | None = None
        self.session: Session | None = None

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
        frame, scene = self._see(blob, {"stage_ms": {}})
        return Reference(scene, frame.info, blob.origin)

    def _take(self, blob: Blob, numbers: dict[str, Any]) -> Outcome:
        frame, scene = self._see(blob, numbers)
        session = self.session or self._begin(frame, scene, blob)
        verdict = session.drift.facts(frame)
        if verdict.action == "refuse":
            return Refused(verdict.reason, numbers, verdict.detail)
        weight, transform = 1.0, Transform.identity()
        if verdict.action == "go_on":
            weight = session.judge.weigh(scene.stars)
            with _timed(numbers, "align"):
                transform, verdict = self._align(session, frame, scene)
        if verdict.action == "restart":
            log.info("new stack: %s (%s)", verdict.reason, verdict.detail)
            self._reference = None  # the one that was asked for shows the old field
            session = self._begin(frame, scene, blob)
            self.reset()
            weight, transform = session.judge.weigh(scene.stars), Transform.identity()
        with _timed(numbers, "stack"):
            integrate(
                frame, transform, session.size, weight, self._debayer, session.stack.update, self._workers
            )  # fmt: skip
        session.count(frame, scene, transform)
        self.session = session
        numbers |= _transform_numbers(transform, frame) | {"weight": weight, "n_subs": session.n_subs}
        return Restarted(verdict.reason, numbers) if verdict.action == "restart" else Accepted(numbers)

    def _see(self, blob: Blob, numbers: dict[str, Any]) -> tuple[CalibratedFrame, Scene]:
        """Decode, calibrate, find stars."""
        with _timed(numbers, "decode"):
            raw = decode(blob, self._config.decode, self._workers)
        numbers |= _raw_numbers(raw)
        if raw.info.kind != "light":
            raise FrameError("not_a_light", f"the header says that this is a {raw.info.kind} frame")
        if self._skip_repeats:
            if self._recent.is_repeat(raw):
                raise FrameError(DUPLICATE, "this frame has arrived before, by another way")
            self._recent.remember(raw)
        with _timed(numbers, "calibrate"):
            frame = self._calibrator.calibrate(raw)
        with _timed(numbers, "stars"):
            scene = self._finder.scene(frame)
        numbers |= _scene_numbers(frame, scene)
        return frame, scene

    def _begin(self, frame: CalibratedFrame, scene: Scene, blob: Blob) -> Session:
        """Begin a stack with this sub, which must be good enough; it takes its place when the sub is in it."""
        session = Session(self._config, self._reference or Reference(scene, frame.info, blob.origin), frame)
        session.judge.weigh(scene.stars)
        return session

    def _align(self, session: Session, frame: CalibratedFrame, scene: Scene) -> tuple[Transform, Verdict]:
        """Register the sub on the reference, and judge where it lies."""
        if session.reference.scene is scene:
            return Transform.identity(), Verdict("go_on")
        try:
            transform = self._aligner.register(scene, session.reference.scene, session.guess)
        except RegistrationError:
            verdict = session.drift.stranger(frame.info, lambda: self._fits(scene, session.stranger))
            session.stranger = scene
            if verdict.action == "restart":
                return Transform.identity(), verdict
            raise
        return transform, session.drift.shift(transform, frame)

    def _fits(self, scene: Scene, other: Scene | None) -> bool:
        if other is None:
            return False
        try:
            self._aligner.register(scene, other, None)
        except RegistrationError:
            return False
        return True


@contextmanager
def _timed(numbers: dict[str, Any], stage: str) -> Iterator[None]:
    begin = time.perf_counter()
    try:
        yield
    finally:
        numbers["stage_ms"][stage] = round(1e3 * (time.perf_counter() - begin), 2)


def _raw_numbers(raw: RawFrame) -> dict[str, Any]:
    info = raw.info
    return {
        "width": raw.width,
        "height": raw.height,
        "cfa": raw.cfa or "",
        "date_obs": info.date_obs.isoformat() if info.date_obs else None,
        "exposure_s": info.exposure_s,
        "gain_setting": info.gain_setting,
        "temperature_c": info.temperature_c,
        "target": info.target,
        "filter": info.filter_name,
    }


def _scene_numbers(frame: CalibratedFrame, scene: Scene) -> dict[str, Any]:
    stars = scene.stars
    return {
        "masters": list(frame.masters),
        "stars": len(stars),
        "fwhm_px": median_fwhm_px(stars),
        "eccentricity": float(np.median(stars.eccentricity)) if len(stars) else None,
        "background_adu": stars.background_adu,
        "noise_adu": stars.noise_adu,
    }


def _transform_numbers(transform: Transform, frame: CalibratedFrame) -> dict[str, Any]:
    dx, dy = transform.centre_shift_px(frame.width, frame.height)
    scale = frame.info.scale_arcsec_px
    return {
        "transform": transform.matrix.tolist(),
        "matched": transform.matched,
        "rms_px": transform.rms_px,
        "shift_px": [dx, dy],
        "shift_arcsec": [dx * scale, dy * scale] if scale else None,
        "drift_px": math.hypot(dx, dy),
        "rotation_deg": transform.rotation_deg,
    }
