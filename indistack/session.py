"""What is remembered between the subs of one stack: reference, drift, a track for each filter."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Any

import numpy as np

from indistack.align import ALIGNERS, Aligner, Known, ReferenceStars, chained, mapped
from indistack.canvas import Canvas, Placed
from indistack.comet import Motion
from indistack.config import Config
from indistack.drift import Drift
from indistack.easel import Easel, Studio, lacking
from indistack.errors import FrameError, RegistrationError
from indistack.fan import Branch
from indistack.fits_header import Wcs, read_wcs
from indistack.frame import CalibratedFrame, FrameInfo, Match, PixelArray, Scene
from indistack.geometry import Transform
from indistack.ledger import Written
from indistack.packing import Arrays, pack, unpack
from indistack.photometry import measure_sky
from indistack.quality import Judge
from indistack.solve import Solution
from indistack.stack import BranchSettings, Follow, StackMethod
from indistack.stars import StarFinder
from indistack.track import Reference, Seen, Track

log = logging.getLogger(__name__)

Again = Callable[[int], tuple[CalibratedFrame, Written]]
"""Gives a sub of the ledger as it was calibrated when it came, and what its line says."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a sub belongs.

    Attributes
    ----------
    transform : Transform
        Sub -> reference.
    match : Match
        What brings its light to that of the track's subs.
    track : Track
        Of its filter.
    weights : mapping, optional
        What it counts in each stack that takes it, where that has been decided before.
    """

    transform: Transform
    match: Match
    track: Track
    weights: Mapping[str, float] | None = None


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

    Attributes
    ----------
    solution : Solution or None
        Where the reference is on the sky, when a solver has found it.
    lock : Lock
        Held while the stacks change, and by a thread that copies them.
    """

    def __init__(self, config: Config, easel: Easel, reference: Reference, frame: CalibratedFrame) -> None:
        self.config = config
        self._easel = easel
        self.reference = reference
        self.drift = Drift(self.config.drift, frame)
        self.aligner: Aligner = ALIGNERS.get(self.config.align.method)(self.config.align).for_reference(reference.scene)
        self.tracks: dict[str, Track] = {self.drift.track_of(frame.info): self._new_track(reference)}
        self._motion: Motion | None = None
        self._first = replace(frame, pixels=_blank(frame.pixels.shape), bad=None)
        self._guess: Transform | None = None
        self._before = reference.scene, Transform.identity()
        self._compared = ReferenceStars(self.config.align, reference.scene)
        self.stranger: Scene | None = None
        self.solution: Solution | None = None
        self.lock = threading.Lock()

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

    @property
    def wcs(self) -> Wcs | None:
        """The reference on the sky: as solved, else as its header says."""
        return self.solution.wcs if self.solution is not None else read_wcs(self.reference.info.header)

    @property
    def sky(self) -> dict[str, Any] | None:
        """What the solver has found, for ledger, status and report."""
        return self.solution.numbers() if self.solution is not None else None

    def scale_arcsec_px(self, info: FrameInfo) -> float | None:
        """Return the plate scale: as solved, else as a sub's header says."""
        return self.solution.wcs.scale_arcsec_px if self.solution is not None else info.scale_arcsec_px

    def locate(self, solution: Solution) -> None:
        """Believe where the reference is from now on."""
        self.solution = solution
        self.drift.rescale(solution.wcs.scale_arcsec_px)

    def check(self, sub: Seen, fits: Callable[[], bool]) -> None:
        """Judge a sub by what can be seen before it is aligned; see `Judge.check`."""
        track = self.tracks.get(self.drift.track_of(sub.frame.info))
        judge = track.judge if track else Judge(self.config.quality, sub.measures, self.aligner.needs_stars)
        judge.check(sub.measures, sub.frame.info.saturation_adu, fits)

    def track_for(self, sub: Seen, transform: Transform) -> Track:
        """Return the track of the sub's filter; a new one takes its place when the sub is added."""
        name = self.drift.track_of(sub.frame.info)
        if name in self.tracks:
            return self.tracks[name]
        why_not = lacking(self.config, self._easel.extent, sub.frame)
        if why_not:
            raise FrameError("no_memory", f"no stack can be made of filter {name!r}: {why_not}")
        light = Reference(sub.scene, measure_sky(sub.frame), sub.frame.info, name)
        return self._new_track(light.moved(transform))

    def _new_track(self, light: Reference) -> Track:
        return Track(self.config, light, self._easel, self.aligner.needs_stars)

    def register(self, scene: Scene) -> Transform:
        """Find the transform from a sub to the reference, directly or by way of the sub before.

        Raises
        ------
        RegistrationError
            The aligner finds none.
        """
        if self.config.align.against == "reference":
            return self.aligner.register(scene, self._compared.scene, self._guess)
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

    def add(self, sub: Seen, fit: Fit, number: int = 0) -> dict[str, float]:
        """Add a sub, of that number in the ledger, to the stacks of its filter; return what it counts in each."""
        with self.lock:
            weights = self._add(sub, fit, number)
        if self.aligner.needs_stars:
            self._learn_stars(sub, fit)
        return weights

    def _learn_stars(self, sub: Seen, fit: Fit) -> None:
        """Compare later subs with the stars of this one, or of the stack, where these are better."""
        self._compared.offer(sub.scene, fit.transform)
        main, n_subs = fit.track.fan.main, fit.track.n_subs
        if main.settings.follow == "stars" and self._compared.is_due(n_subs):
            finder = StarFinder(self.config.stars, self._easel.workers)
            found = finder.find_in_stack(main.method.integration(), sub.frame.cfa is not None)
            self._compared.grow(n_subs, mapped(found, Transform(np.asarray(np.linalg.inv(self.canvas.matrix)))))

    def _add(self, sub: Seen, fit: Fit, number: int) -> dict[str, float]:
        track = fit.track
        if self.config.stack.canvas == "grow":
            self._make_room(sub, fit.transform)

        def place(branch: Branch) -> Placed:
            if fit.weights is not None:
                weight = fit.weights[branch.name]
            else:
                weight = track.judge.weigh(sub.measures, fit.match, branch.settings.weight)
            return self.place(sub.frame, fit.transform, fit.match, branch, weight, number)

        weights = track.fan.add(place, fit.weights)
        self.tracks.setdefault(self.drift.track_of(sub.frame.info), track)
        self.drift.accept(sub.frame)
        track.count(sub, fit.match)
        self._guess, self.stranger = fit.transform, None
        if self.config.align.against == "previous":
            self._before = sub.scene, fit.transform
        return weights

    def place(
        self, frame: CalibratedFrame, transform: Transform, match: Match, branch: Branch, weight: float, number: int
    ) -> Placed:
        """Return a sub as it lies in one stack."""
        where = self._followed(branch.settings.follow, transform, frame.info)
        return Placed(frame, where, match, weight, number)

    def _followed(self, follow: Follow, transform: Transform, info: FrameInfo) -> Transform:
        """Return where a sub lies if that is to stand still, given its place among the stars."""
        if follow == "camera":
            return Transform.identity()
        if follow == "stars":
            return transform
        if self._motion is None:
            self._motion = Motion.over(self.reference.info, self.config.comet)
        return self._motion.follow(transform, info)

    def _make_room(self, sub: Seen, transform: Transform) -> None:
        """Grow the canvas to where the sub reaches, if memory allows."""
        canvas = self.canvas.reaching(transform, sub.frame.width, sub.frame.height)
        if canvas is self.canvas:
            return
        easel = self._easel.on(canvas)
        why_not = lacking(self.config, easel.extent, sub.frame)
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
        with self.lock:
            for track in self.tracks.values():
                track.fan.complete()

    def open_branch(self, name: str, settings: BranchSettings) -> None:
        """Begin a further stack, of every filter, with the next sub."""
        self._set_branches(self.config.branches | {name: settings})
        with self.lock:
            for track in self.tracks.values():
                track.fan.open_branch(name, settings)

    def drop_branch(self, name: str) -> None:
        """End a further stack."""
        self._set_branches({other: settings for other, settings in self.config.branches.items() if other != name})
        with self.lock:
            for track in self.tracks.values():
                track.fan.drop_branch(name)

    def memory(self, arrays: Arrays) -> dict[str, Any]:
        """Return what is remembered as plain values; `arrays` gets what they refer to: the state itself, no copies."""
        canvas, first = self.canvas, self._first
        tracks = {
            name: {"light": pack(track.light, arrays), **track.memory(arrays)} for name, track in self.tracks.items()
        }
        return {
            "reference": pack(self.reference, arrays),
            "first": [first.pixels.shape, first.cfa, pack(first.info, arrays)],
            "canvas": pack(canvas, arrays),
            "rung": self.rung,
            "branches": {name: one.model_dump(mode="json") for name, one in self.config.branches.items()},
            "drift": self.drift.memory(),
            "guess": pack(self._guess, arrays),
            "before": pack(self._before, arrays),
            "compared": pack(self._compared.known, arrays),
            "stranger": pack(self.stranger, arrays),
            "tracks": tracks,
        }

    @classmethod
    def recalled(
        cls, config: Config, studio: Studio, memory: Mapping[str, Any], arrays: Mapping[str, PixelArray], again: Again
    ) -> Session:
        """Return the session whose memory this is.

        Parameters
        ----------
        again : callable
            Gives subs that stacks want again, by their number in the ledger.

        Raises
        ------
        KeyError, TypeError, ValueError, OSError, BadZipFile
            The memory is damaged or that of another version.
        FrameError
            A sub that is wanted again is lost.
        """

        def known(kind: Any, name: str) -> Any:
            return unpack(kind, memory[name], arrays)

        branches = {name: BranchSettings.model_validate(one) for name, one in memory["branches"].items()}
        config = config.model_copy(update={"branches": branches})
        reference = known(Reference, "reference")
        shape, cfa, info = memory["first"]
        first = CalibratedFrame(_blank(shape), cfa, 0.0, 1.0, None, unpack(FrameInfo, info, arrays))
        easel = studio.easel_again(reference.scene, first, known(Canvas, "canvas"), memory["rung"])
        session = cls(config, easel, reference, first)
        session.drift.recall(memory["drift"])
        session._guess = known(Transform | None, "guess")
        session._before = known(tuple[Scene, Transform], "before")
        session._compared.known = known(Known, "compared")
        session.stranger = known(Scene | None, "stranger")
        session.tracks = {name: session._track_recalled(one, arrays, again) for name, one in memory["tracks"].items()}
        return session

    def _track_recalled(self, memory: Mapping[str, Any], arrays: Mapping[str, PixelArray], again: Again) -> Track:
        track = self._new_track(unpack(Reference, memory["light"], arrays))

        def placed(number: int, branch: Branch) -> Placed:
            frame, written = again(number)
            weight = written.weights[branch.name]
            return self.place(frame, written.transform, written.match, branch, weight, number)

        track.recall(memory, arrays, placed)
        return track

    def _set_branches(self, branches: dict[str, BranchSettings]) -> None:
        """Have these for filters that are still to come, too."""
        self.config = self.config.model_copy(update={"branches": branches})

    def stacks(self) -> dict[str, tuple[Track, Branch]]:
        """Return all stacks by the names that files have: ``stack``, or, of several filters, ``stack-R``."""
        several = len(self.tracks) > 1
        return {
            f"{name}-{word}" if several else name: (track, branch)
            for word, track in zip(_file_words(self.tracks), self.tracks.values(), strict=True)
            for name, branch in track.fan.branches.items()
        }


def _file_words(filter_names: Iterable[str]) -> list[str]:
    """Return the names as parts of file names, no two alike."""
    words: list[str] = []
    for name in filter_names:
        plain = re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "none"
        numbered = (f"{plain}-{number}" for number in count(2))
        taken = {word.lower() for word in words}
        words.append(next(word for word in chain([plain], numbered) if word.lower() not in taken))
    return words


def _blank(shape: Iterable[int]) -> PixelArray:
    """Pixels of that shape which take no memory: of a frame that only its facts are wanted of."""
    return np.broadcast_to(np.uint16(0), tuple(shape))
