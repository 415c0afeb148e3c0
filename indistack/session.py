"""What is remembered between the subs of one stack: reference, stack, drift, counters."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from indistack import __version__
from indistack.align import ALIGNERS, Aligner, chained
from indistack.config import Config
from indistack.drift import Drift
from indistack.errors import RegistrationError
from indistack.fits_header import StackFacts, output_cards
from indistack.frame import CalibratedFrame, FrameInfo, Integration, Match, RawFrame, Scene, Transform
from indistack.measures import Measures, measure
from indistack.photometry import Photometer, Sky
from indistack.quality import Judge
from indistack.sinks import Snapshot
from indistack.stack import METHODS, StackMethod

REMEMBERED_SUBS = 500
"""Fingerprints kept to recognise a frame that arrives twice, by two ways."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The frame that the others are aligned and matched to.

    Attributes
    ----------
    scene : Scene
        Its stars.
    sky : Sky
        Its sky, in blocks.
    info : FrameInfo
        Its header facts, the base of the stack's own.
    name : str
        File name or origin.
    """

    scene: Scene
    sky: Sky
    info: FrameInfo
    name: str


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


class Session:
    """One stack and what belongs to it.

    Parameters
    ----------
    config : Config
        The settings.
    reference : Reference
        What later subs are aligned to.
    frame : CalibratedFrame
        The first sub: gives size and colour.
    """

    def __init__(self, config: Config, reference: Reference, frame: CalibratedFrame) -> None:
        self._config = config
        self.reference = reference
        self.size = (reference.scene.height, reference.scene.width)
        self.drift = Drift(config.drift, frame)
        self.aligner: Aligner = ALIGNERS.get(config.align.method)(config.align).for_reference(reference.scene)
        self.judge = Judge(config.quality, measure(reference.scene.stars), self.aligner.needs_stars)
        self.photometer = Photometer(config.match, reference.scene, reference.sky, reference.info)
        self.stack: StackMethod = METHODS.get(config.stack.method)(*self.size, frame.channels)
        self._guess: Transform | None = None
        self._before = reference.scene, Transform.identity()
        self.stranger: Scene | None = None
        self.masters: Sequence[str] = frame.masters
        self._first: datetime | None = None
        self._end: datetime | None = None

    @property
    def n_subs(self) -> int:
        """Subs in the stack."""
        return self.stack.integration().n_subs

    @property
    def how_aligned(self) -> dict[str, str]:
        """By which aligner, and why by that one, for the ledger."""
        return {"align_method": ALIGNERS.name_of(self.aligner), "align_reason": self.aligner.reason}

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

    def count(
        self, frame: CalibratedFrame, scene: Scene, measures: Measures, transform: Transform, match: Match
    ) -> None:
        """One sub has been added to the stack."""
        self.stack.count(frame.info.exposure_s or 0.0)
        self.judge.remember(measures, match)
        self._guess, self.stranger = transform, None
        if self._config.align.against == "previous":
            self._before = scene, transform
        begin = frame.info.date_obs
        if begin is not None:
            end = begin + timedelta(seconds=frame.info.exposure_s or 0.0)
            self._first = min(begin, self._first or begin)
            self._end = max(end, self._end or end)

    def snapshot(self, copy: bool) -> Snapshot:
        """Return the stack as it is now.

        Parameters
        ----------
        copy : bool
            True when subs may still be added while the snapshot is used.
        """
        stack = self.stack.integration()
        if copy:
            stack = replace(
                stack, pixels=stack.pixels.copy(), weight=stack.weight.copy(), coverage=stack.coverage.copy()
            )
        info = self.reference.info
        cards = output_cards(info, self._facts(stack))
        return Snapshot(stack, cards, info.bottom_up, orientation=info.orientation)

    def _facts(self, stack: Integration) -> StackFacts:
        settings = self._config
        aligner = ALIGNERS.name_of(self.aligner)
        history = (
            f"align: {aligner}; debayer: {settings.debayer.method}; weight: {settings.quality.weight}",
            f"match: background {settings.match.background}, scale {'on' if settings.match.scale else 'off'}",
            f"reference: {self.reference.name}",
        )
        return StackFacts(
            stack.exposure_s,
            stack.n_subs,
            settings.stack.method,
            __version__,
            self._first,
            self._end,
            self.masters,
            history,
        )
