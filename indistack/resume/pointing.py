"""What a person points at in a sub: where a comet is, and what the next stack is to be aligned by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from indistack.commands import AlignByBox, MarkComet
from indistack.errors import StackError
from indistack.field.comet import middle_of
from indistack.pipeline.draft import Draft
from indistack.pipeline.pipeline import Pipeline
from indistack.store.session_reader import PastSession
from indistack.values.frame import DoubleArray, RawFrame

COMET, ALIGN = "comet", "align"
"""Tables of the settings that change by it."""

LEAST_APART_S = 1.0
"""Marks of one moment tell no motion."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A comet's place in the reference (px) at a time (UTC)."""

    time: datetime
    xy: tuple[float, float]


def mark_of(pipeline: Pipeline, past: PastSession, command: MarkComet) -> Mark:
    """Return where and when the comet was marked.

    Raises
    ------
    IndistackError
        The sub is not in the stack, its bytes are gone, or it does not say when it was taken.
    """
    written = past.written(command.number)
    raw = _looked_at(pipeline, past, command.number)
    (xy,) = written.transform.apply(_stored(_shares(command.place), raw))
    return Mark(middle_of(raw.info), (float(xy[0]), float(xy[1])))


def motion_of(marks: Mapping[int, Mark]) -> dict[str, Any]:
    """Return the settings of the comet's straight and even way that fits all marks best (least squares).

    Raises
    ------
    StackError
        They are of one moment.
    """
    times = sorted(mark.time for mark in marks.values())
    begin, end = times[0], times[-1]
    if (end - begin).total_seconds() < LEAST_APART_S:
        raise StackError("these marks are of one moment; mark the comet in a sub that was taken later, too")
    passed_s = np.array([(mark.time - begin).total_seconds() for mark in marks.values()])
    rows = np.stack([np.ones_like(passed_s), passed_s], axis=1)
    (first, velocity), *_ = np.linalg.lstsq(rows, np.array([mark.xy for mark in marks.values()]), rcond=None)
    second = first + velocity * passed_s.max()
    places = {"first": first.round(3).tolist(), "second": second.round(3).tolist()}
    return {**places, "first_time": begin.isoformat(), "second_time": end.isoformat()}


def follow_comet(pipeline: Pipeline) -> bool:
    """Have the stack's comet move as the settings say; tell whether a stack follows it, which is then made anew."""
    session = pipeline.session
    if session is None:
        return False
    session.placer.follow(pipeline.config.comet)
    followers = [
        each
        for each in session.filter_stacks.values()
        if any(branch.settings.followed == "comet" for branch in each.branch_set.branches.values())
    ]
    for each in followers:
        each.stale = True
    return bool(followers)


def alignment_by(pipeline: Pipeline, past: PastSession, command: AlignByBox) -> dict[str, Any]:
    """Return the settings ``align`` that search what is in a box; raises as `mark_of`."""
    raw = _looked_at(pipeline, past, command.number)
    box = _box(command.box, raw)
    search = _box(command.search, raw) if command.search else None
    align = pipeline.config.align.model_dump(mode="json")
    return {**align, "method": "template", "template": {**align["template"], "box": box, "search_box": search}}


def _looked_at(pipeline: Pipeline, past: PastSession, number: int) -> RawFrame:
    blob = past.blob(number)
    return pipeline.intake.decode(blob, Draft(blob), repeats=True)


def _shares(text: str) -> DoubleArray:
    """Return points ``(n, 2)`` of what was said: x and y in turn."""
    return np.array([float(word) for word in text.split(",")]).reshape(-1, 2)


def _box(text: str, raw: RawFrame) -> list[float]:
    """Return x, y, width and height (px) of a box in a frame as it is stored."""
    corner, size = _shares(text)
    corners = _stored(np.array([corner, np.minimum(corner + size, 1.0)]), raw)
    low, high = corners.min(axis=0), corners.max(axis=0)
    if (high - low).min() < 1:
        raise StackError("the box is empty")
    return [float(one) for one in (*low.round(1), *(high - low).round(1))]


def _stored(shares: DoubleArray, raw: RawFrame) -> DoubleArray:
    """Return places (px) in a frame as it is stored of shares of the picture that people see of it.

    Parameters
    ----------
    shares : array
        ``(n, 2)`` float64, 0 to 1, from the upper left.
    raw : RawFrame
        Tells its size and how it is held; undoes what a picture for people is turned by.
    """
    x, y = np.clip(shares, 0.0, 1.0).T
    height, width = raw.pixels.shape[:2]
    orientation = raw.info.orientation
    if orientation in (3, 4, 7, 8):
        y = 1 - y
    if orientation in (2, 3, 6, 7):
        x = 1 - x
    if orientation >= 5:
        x, y = y, x
    if raw.info.bottom_up:
        y = 1 - y
    return np.stack([x * width - 0.5, y * height - 0.5], axis=1)
