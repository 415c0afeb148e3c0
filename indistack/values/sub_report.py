"""What is known of a sub when its way has ended: a part from every step, as the ledger's line tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from indistack.values.blob import Blob
from indistack.values.frame import RawFrame
from indistack.values.star_list import Measures, PhotometricMatch
from indistack.values.transform import Transform


@dataclass(frozen=True, slots=True)
class Arrival:
    """How it came.

    Attributes
    ----------
    received : datetime
        UTC.
    path : str
        Of its file, "" where it came in none.
    origin, device, suffix, size_bytes
        As of its `Blob`.
    spooled : str
        Its name in the spool, "" where it is not kept.
    modified_ns : int or None
        When its file was written.
    spool_ms : float or None
        What writing it to the spool took.
    """

    received: datetime
    path: str
    origin: str
    device: str
    suffix: str
    size_bytes: int
    spooled: str = ""
    modified_ns: int | None = None
    spool_ms: float | None = None

    @staticmethod
    def of(blob: Blob) -> Arrival:
        """Return how a blob came."""
        path, spooled = str(blob.path) if blob.path is not None else "", blob.spooled
        told = blob.received, path, blob.origin, blob.device, blob.suffix, blob.size_bytes
        if spooled is None:
            return Arrival(*told)
        return Arrival(*told, spooled.name, spooled.modified_ns, round(spooled.took_ms, 2))


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of it.

    Attributes
    ----------
    number : int
        Count of blobs since the agent began, or since the session did that it goes on with; from 1.
    time : datetime
        When that was decided (UTC).
    word, reason, detail : str
        As of its `Outcome`.
    """

    number: int
    time: datetime
    word: str
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What the file says; None where it does not. See `RawFrame` and `FrameInfo`."""

    fingerprint: str
    width: int
    height: int
    cfa: str
    date_obs: datetime | None
    exposure_s: float | None
    gain_setting: float | None
    temperature_c: float | None
    target: str
    filter_name: str
    ra_deg: float | None
    dec_deg: float | None
    scale_arcsec_px: float | None

    @staticmethod
    def of(raw: RawFrame) -> FrameFacts:
        """Return what a frame says."""
        info = raw.info
        return FrameFacts(
            raw.fingerprint, raw.width, raw.height, raw.cfa or "", info.date_obs, info.exposure_s, info.gain_setting,
            info.temperature_c, info.target, info.filter_name, info.ra_deg, info.dec_deg, info.scale_arcsec_px,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class UsedMasters:
    """What calibrated it: the masters, the doubts about them, and those that did not fit."""

    masters: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UsedAligner:
    """Which aligner looked for its place, and why that one."""

    method: str
    reason: str


@dataclass(frozen=True, slots=True)
class SubPlace:
    """Where it lies on the reference.

    Attributes
    ----------
    transform : Transform
        Sub -> reference.
    shift_px : (float, float)
        Where its centre lies, less the reference's centre.
    scale_arcsec_px : float or None
        Plate scale, where it is known.
    sky : mapping or None
        Where a solver has found the reference on the sky.
    """

    transform: Transform
    shift_px: tuple[float, float]
    scale_arcsec_px: float | None = None
    sky: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StackShare:
    """What it is to the stacks. NaN or None where that is not known.

    Attributes
    ----------
    weight : float or None
        In the main stack.
    weights : mapping
        In each stack that took it.
    n_subs : int
        Subs in the main stack, of all filters, with this one.
    stack_noise_adu, snr_gain, snr_gain_ideal : float or None
        See `NoiseHistory.numbers`.
    rejected : float or None
        Share of the main stack's values that were rejected with it.
    branch_ms : mapping or None
        What each stack took.
    rung : str
        ``full``, or why the resolution is halved; "" where nobody looks at the time.
    slowed : int
        Further stacks take every so many-th sub.
    """

    weight: float | None
    weights: Mapping[str, float]
    n_subs: int
    stack_noise_adu: float | None = None
    snr_gain: float | None = None
    snr_gain_ideal: float | None = None
    rejected: float | None = None
    branch_ms: Mapping[str, float] | None = None
    rung: str = ""
    slowed: int = 1


@dataclass(frozen=True, slots=True)
class FiledFrame:
    """Which group of calibration frames it belongs to, and how many these are with it."""

    group: str
    group_frames: int


@dataclass(frozen=True, slots=True)
class Centring:
    """What was done to keep the target in the middle: the correction that was sent, None where none was due."""

    correction: Mapping[str, Any] | None


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
