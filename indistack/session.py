"""What is remembered between the subs of one stack: reference, drift, a track for each filter."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from indistack import __version__
from indistack.align import ALIGNERS, Aligner, chained
from indistack.canvas import Canvas, Placed
from indistack.config import MAIN, Config
from indistack.drift import Drift
from indistack.easel import Easel, lacking
from indistack.errors import FrameError, RegistrationError
from indistack.fan import Branch
from indistack.fits_header import StackFacts, output_cards
from indistack.frame import CalibratedFrame, Integration, Match, RawFrame, Scene, Transform
from indistack.photometry import measure_sky
from indistack.quality import Judge
from indistack.sinks import Snapshot
from indistack.stack import BranchSettings, StackMethod
from indistack.track import Reference, Seen, Track

log = logging.getLogger(__name__)

REMEMBERED_SUBS = 500
"""Fingerprints kept to recognise a frame that arrives twice, by two ways."""


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
class Fit:
    """Where a sub belongs."""

    transform: Transform
    match: Match
    track: Track


class Session:
    """One field's stacks and what belongs to them.

    Parameters
    ----------
    config : Config
        The settings.
    easel : Easel
        What its stacks share.
    reference : Reference
        What later subs are aligned to.
    frame : CalibratedFrame
        The first sub: gives size and colour.
    """

    def __init__(self, config: Config, easel: Easel, reference: Reference, frame: CalibratedFrame) -> None:
        self._config = config
        self._easel = easel
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
    def state_bytes(self) -> int:
        """Memory that its stacks hold."""
        methods = [branch.method for _, branch in self.stacks().values()]
        return sum(plane.nbytes for method in methods for plane in method.planes().values())

    @property
    def rung(self) -> str:
        """``full``, or why the resolution is halved."""
        return self._easel.rung

    @property
    def canvas(self) -> Canvas:
        """The stacks' grid."""
        return self._easel.canvas

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
        why_not = lacking(self._config, self._easel.extent, sub.frame)
        if why_not:
            raise FrameError("no_memory", f"no stack can be made of filter {name!r}: {why_not}")
        light = Reference(sub.scene, measure_sky(sub.frame), sub.frame.info, name)
        return self._new_track(light.moved(transform))

    def _new_track(self, light: Reference) -> Track:
        return Track(self._config, light, self._easel, self.aligner.needs_stars)

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
        if self._config.stack.canvas == "grow":
            self._make_room(sub, fit.transform)

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

    def _make_room(self, sub: Seen, transform: Transform) -> None:
        """Grow the canvas to where the sub reaches, if memory allows."""
        canvas = self.canvas.reaching(transform, sub.frame.width, sub.frame.height)
        if canvas is self.canvas:
            return
        easel = self._easel.on(canvas)
        why_not = lacking(self._config, easel.extent, sub.frame)
        if why_not:
            log.warning("the canvas does not grow to %d x %d: %s", canvas.width, canvas.height, why_not)
            return
        for track in self.tracks.values():
            track.fan.move_to(easel)
        self._easel = easel

    def slow_down(self, factor: int) -> None:
        """Let further stacks take only every so many-th of the subs that they should take."""
        for track in self.tracks.values():
            track.fan.slow_down(factor)

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
            f"resolution: {self.rung}",
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
