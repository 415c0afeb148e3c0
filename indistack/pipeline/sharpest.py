"""Lucky imaging: of many frames through moving air, those that show the most detail."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from indistack.errors import FrameError
from indistack.grading.picture_detail import detail_share
from indistack.pipeline.draft import Draft
from indistack.pipeline.intake import Intake
from indistack.stars import bin_into
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.outcome import Refused

log = logging.getLogger(__name__)

LESS_SHARP = "less_sharp"
"""Reason of a frame that others show more detail than."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of some frames are sharp enough.

    Attributes
    ----------
    sharpest : int
        Place of the one with the most detail, from 1; 0 where none is a picture.
    left_out : mapping
        Place of each that is not -> what is said of it.
    """

    sharpest: int
    left_out: dict[int, Refused]


def choose(blobs: Iterable[Blob], intake: Intake, workers: Workers, best_percent: float) -> Choice:
    """Look at frames, and choose the best so many percent, one at least; what is no frame is left for others to refuse.

    Parameters
    ----------
    blobs : iterable of Blob
        The frames; each is decoded, calibrated and let go of.
    intake : Intake
        Does that.
    workers : Workers
        Threads for it.
    best_percent : float
        Above 0, at most 100.
    """
    looked = {place: (Draft(blob), _detail(blob, intake, workers)) for place, blob in enumerate(blobs, 1)}
    known = {place: detail for place, (_, detail) in looked.items() if detail is not None}
    order = sorted(known, key=lambda place: known[place], reverse=True)
    n_taken = math.ceil(len(order) * best_percent / 100)
    return Choice(
        order[0] if order else 0,
        {
            place: Refused(
                LESS_SHARP, looked[place][0].report, f"{rank} of {len(order)} by detail, {n_taken} are taken"
            )
            for rank, place in enumerate(order, 1)
            if rank > n_taken
        },
    )


def _detail(blob: Blob, intake: Intake, workers: Workers) -> float | None:
    """How much detail a frame shows; None where it is none."""
    draft = Draft(blob)
    try:
        frame = intake.calibrate(intake.decode(blob, draft, repeats=True), draft)
    except FrameError as error:
        log.debug("%s: %s", blob.origin, error)
        return None
    luminance = np.empty((frame.height // 2, frame.width // 2), np.float32)
    bin_into(luminance, frame, workers)
    return detail_share(luminance)
