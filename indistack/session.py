"""What is remembered between the subs of one stack: reference, drift, a track for each filter."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indistack import __version__
from indistack.align import ALIGNERS, Aligner, chained
from indistack.canvas import Canvas, Placed
from indistack.config import MAIN, Config
from indistack.debayer import DEBAYERS
from indistack.drift import Drift
from indistack.errors import RegistrationError
from indistack.fan import Branch, Easel
from indistack.fits_header import StackFacts, output_cards
from indistack.frame import CalibratedFrame, Integration, Match, RawFrame, Scene, Transform
from indistack.photometry import measure_sky
from indistack.quality import Judge
from indistack.sinks import Snapshot
from indistack.stack import BranchSettings, Extent, StackMethod
from indistack.tiles import Sampling
from indistack.track import Reference, Seen, Track
from indistack.workers import Workers

REMEMBERED_SUBS = 500
"""Fingerprints kept to recognise a frame that arrives twice, by two ways."""

FULL_SCALE_ADU = 65535.0
"""Where the camera does not tell at which value it clips."""


class Recent:
    """Recognises an exposure that arrives again: same pixels, and no other time of exposure."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime | None] = {}
        self._order: deque[str] = deque()

    def is_repeat(self, raw: RawFrame) -> bool:
        """Return whether this exposure was remembered before."""
        if raw.fingerprint not in self._seen:
            return False
        before, now = self._seen[raw.fingerprint], raw.info.date_obs
        return before is None or now is None or before == now

    def remember(self, raw: RawFrame) -> None:
        """Remember an exposure; the oldest of many is forgotten."""
        if raw.fingerprint not in self._seen:
            self._order.append(raw.fingerprint)
            if len(self._order) > REMEMBERED_SUBS:
                del self._seen[self._order.popleft()]
        self._seen[raw.fingerprint] = raw.info.date_obs


@dataclass(frozen=True, slots=True)
class Studio:
    """Where sessions are made: what they all share.

    Attributes
    ----------
    config : Config
        The settings.
    workers : Workers
        The threads.
    folder : Path or None
        Room for subs that are kept on disk.
    exact : bool
        Combine all subs at once when the session is complete, where the method can.
    """

    config: Config
    workers: Workers
    folder: Path | None = None
    exact: bool = False

    def easel(self, reference: Scene, frame: CalibratedFrame) -> Easel:
        """Set up what the stacks of a session share, for a reference and the first sub."""
        settings = self.config.stack
        canvas = Canvas.over(reference.height, reference.width, settings.drizzle or 1)
        sampling = Sampling(DEBAYERS.get(self.config.debayer.method)(), settings.kernel, settings.drizzle)
        clipped_adu = frame.info.saturation_adu
        full_scale_adu = clipped_adu if clipped_adu < float("inf") else FULL_SCALE_ADU
        own_weights = settings.drizzle > 0 and frame.cfa is not None
        extent = Extent(*canvas.size, frame.channels, full_scale_adu, own_weights)
        return Easel(canvas, sampling, extent, self.workers, self.folder)


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a sub belongs."""

    transform: Transform
    match: Match
    track: Track


class Session:
    """One field's stacks and what belongs to them.

    Parameters
    ----------
    studio : Studio
        Settings and threads.
    reference : Reference
        What later subs are aligned to.
    frame : CalibratedFrame
        The first sub: gives size and colour.
    """

    def __init__(self, studio: Studio, reference: Reference, frame: CalibratedFrame) -> None:
        self._studio = studio
        self._config = studio.config
        self._easel = studio.easel(reference.scene, frame)
        self.reference = reference
        self.drift = Drift(self._config.drift, frame)
        self.aligner: Aligner = ALIGNERS.get(self._config.align.method)(self._config.align).for_reference(
            reference.scene
        )
        self.tracks: dict[str, Track] = {self.drift.track_of(frame.info): self._new_track(reference)}
        self._guess: Transform | None = None
        self._before = reference.scene, Transform.identity()
        self.stranger: Scene | None = None

    @property
    def n_subs(self) -> int:
        """Subs in the stack, of all filters."""
        return sum(track.n_subs for track in self.tracks.values())

    @property
    def exposure_s(self) -> float:
        """Their exposure."""
        return sum(track.fan.main.method.tally.exposure_s for track in self.tracks.values())

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the stack (px)."""
        return self._easel.canvas.size

    @property
    def stack(self) -> StackMethod:
        """The main stack of the first filter."""
        return next(iter(self.tracks.values())).fan.main.method

    @property
    def how_aligned(self) -> dict[str, str]:
        """By which aligner, and why by that one, for the ledger."""
        return {"align_method": ALIGNERS.name_of(self.aligner), "align_reason": self.aligner.reason}

    def check(self, sub: Seen) -> None:
        """Judge a sub by what can be seen before it is aligned; see `Judge.check`."""
        info = sub.frame.info
        track = self.tracks.get(self.drift.track_of(info))
        judge = track.judge if track else Judge(self._config.quality, sub.measures, self.aligner.needs_stars)
        judge.check(sub.measures, info.saturation_adu)

    def track_for(self, sub: Seen, transform: Transform) -> Track:
        """Return the track of the sub's filter; a new one takes its place when the sub is added."""
        name = self.drift.track_of(sub.frame.info)
        if name in self.tracks:
            return self.tracks[name]
        light = Reference(sub.scene, measure_sky(sub.frame), sub.frame.info, name)
        return self._new_track(light.moved(transform))

    def _new_track(self, light: Reference) -> Track:
        return Track(self._config, light, self._easel, self.aligner.needs_stars, self._studio.exact)

    def register(self, scene: Scene) -> Transform:
        """Find the transform from a sub to the reference, directly or by way of the sub before.

        Raises
        ------
        RegistrationError
            The aligner finds none.
        """
        if self._config.align.against == "reference":
            return self.aligner.register(scene, self.reference.scene, self._guess)
        other, to_reference = self._before
        step = self.aligner.register(scene, other, None)
        return chained(step, to_reference, scene.width, scene.height)

    def fits(self, scene: Scene, other: Scene | None) -> bool:
        """Tell whether two subs show the same field; no sub shows none."""
        if other is None:
            return False
        try:
            self.aligner.register(scene, other, None)
        except RegistrationError:
            return False
        return True

    def add(self, sub: Seen, fit: Fit) -> Placed:
        """Add a sub to the stacks of its filter; return it as it lies in the main one."""
        track = fit.track

        def place(branch: BranchSettings) -> Placed:
            where = Transform.identity() if branch.follow == "camera" else fit.transform
            return Placed(sub.frame, where, fit.match, track.judge.weigh(sub.measures, fit.match, branch.weight))

        track.fan.add(place)
        self.tracks.setdefault(self.drift.track_of(sub.frame.info), track)
        self.drift.accept(sub.frame)
        placed = place(self._config.stack)
        track.count(placed, sub.measures)
        self._guess, self.stranger = fit.transform, None
        if self._config.align.against == "previous":
            self._before = sub.scene, fit.transform
        return placed

    def complete(self) -> None:
        """No sub will come any more."""
        for track in self.tracks.values():
            track.fan.complete()

    def stacks(self) -> dict[str, tuple[Track, Branch]]:
        """Return all stacks by the names that files have: ``stack``, ``stack-R``, ``trails-R``."""
        several = len(self.tracks) > 1
        return {
            f"{name}-{filter_name or 'none'}" if several else name: (track, branch)
            for filter_name, track in self.tracks.items()
            for name, branch in track.fan.branches.items()
        }

    def snapshot(self, copy: bool, name: str = MAIN) -> Snapshot:
        """Return a stack as it is now.

        Parameters
        ----------
        copy : bool
            True when subs may still be added while the snapshot is used.
        name : str
            One of `stacks`.
        """
        stacks = self.stacks()
        track, branch = stacks[name] if name in stacks else next(iter(stacks.values()))
        stack = branch.method.integration()
        info = self.reference.info
        cards = output_cards(info, self._facts(stack, track, branch))
        return Snapshot(stack.copy() if copy else stack, cards, info.bottom_up, orientation=info.orientation)

    def _facts(self, stack: Integration, track: Track, branch: Branch) -> StackFacts:
        settings = self._config
        aligner = ALIGNERS.name_of(self.aligner)
        weight = branch.settings.weight or settings.quality.weight
        history = (
            f"align: {aligner}; debayer: {settings.debayer.method}; weight: {weight}",
            f"match: background {settings.match.background}, scale {'on' if settings.match.scale else 'off'}",
            f"reference: {self.reference.name}",
        )
        return StackFacts(
            stack.exposure_s,
            stack.n_subs,
            branch.settings.method,
            __version__,
            track.first,
            track.end,
            track.masters,
            history,
        )
