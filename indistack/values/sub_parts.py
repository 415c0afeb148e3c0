"""The parts of a sub's report, one from every step of its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from indistack.values.blob import Blob
from indistack.values.frame import RawFrame
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
    """What calibrated it: the masters, the doubts about them and about the sub, and those that did not fit."""

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
    method : str
        How subs are combined in the main stack; "" in old lines.
    why_plain : str
        Why outliers are not left out of it, "" where they are, or another method was asked for.
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
    method: str = ""
    why_plain: str = ""


@dataclass(frozen=True, slots=True)
class FiledFrame:
    """Which group of calibration frames it belongs to, and how many these are with it."""

    group: str
    group_frames: int


@dataclass(frozen=True, slots=True)
class Centring:
    """What was done to keep the target in the middle: the correction that was sent, None where none was due."""

    correction: Mapping[str, Any] | None
