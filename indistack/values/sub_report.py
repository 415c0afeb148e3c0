"""What is known of a sub when its way has ended: a part from every step, as the ledger's line tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from indistack.values.star_list import Measures, PhotometricMatch
from indistack.values.sub_parts import (
    Arrival,
    Centring,
    Decision,
    FiledFrame,
    FrameFacts,
    StackShare,
    SubPlace,
    UsedAligner,
    UsedMasters,
)


@dataclass(frozen=True, slots=True)
class SubReport:
    """All of it. A part is None where the sub did not come that far.

    Attributes
    ----------
    arrival, decision, frame, masters, aligner, place, stack, filed, centring
        See there.
    stars : Measures or None
        What its stars say of it.
    faint_subs : int
        So many subs' stars were taken together, 0 for this one's own.
    photometry : PhotometricMatch or None
        What brings its light to the reference's.
    times : mapping
        What each step took (ms).
    stranger : bool
        It did not fit the reference, and is what the next one that does not is compared with.
    drift : mapping or None
        What `Drift` remembers after it.
    mended : int or None
        Number of the sub with which the list of its bad pixels was written, where that is kept.
    figures : mapping
        The numbers behind the reason, as a `FrameError` has them; they come before those of the parts.
    """

    arrival: Arrival | None = None
    decision: Decision | None = None
    frame: FrameFacts | None = None
    masters: UsedMasters | None = None
    stars: Measures | None = None
    faint_subs: int = 0
    aligner: UsedAligner | None = None
    place: SubPlace | None = None
    photometry: PhotometricMatch | None = None
    stack: StackShare | None = None
    times: Mapping[str, float] = field(default_factory=dict)
    stranger: bool = False
    filed: FiledFrame | None = None
    drift: Mapping[str, Any] | None = None
    centring: Centring | None = None
    mended: int | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """See `Decision`; 0 before that."""
        return self.decision.number if self.decision is not None else 0

    @property
    def word(self) -> str:
        """Of the outcome; "" before that."""
        return self.decision.word if self.decision is not None else ""

    @property
    def reason(self) -> str:
        """Of the outcome; "" where there is none."""
        return self.decision.reason if self.decision is not None else ""

    @property
    def target(self) -> str:
        """What the file says is seen; "" where it does not."""
        return self.frame.target if self.frame is not None else ""
