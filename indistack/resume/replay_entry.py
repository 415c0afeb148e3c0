"""Does with a sub again what a line of the ledger says was done with it: nothing is judged again."""

from __future__ import annotations

import contextlib

import numpy as np

from indistack.errors import FrameError
from indistack.pipeline.pipeline import Pipeline
from indistack.session.filter_stack import MeasuredSub, Placement
from indistack.session.stack_setup import FULL
from indistack.store.entries import Line, Written
from indistack.system.stage_times import no_numbers
from indistack.values.blob import Blob
from indistack.values.outcome import Refused


def follow(pipeline: Pipeline, line: Line, blob: Blob) -> None:
    """Bring a pipeline to where it was after the line of a sub that was calibrated.

    Raises
    ------
    FrameError
        The blob is not the frame any more that it was.
    KeyError, TypeError, ValueError
        The line is damaged.
    """
    numbers, intake = no_numbers(), pipeline.intake
    sub = intake.see(intake.calibrate(intake.decode(blob, numbers, new=True), numbers), numbers)
    with contextlib.suppress(FrameError):  # the line says what became of it
        sub = intake.together(sub, pipeline.session, numbers)
    if line["outcome"] != Refused.word:
        _stack_again(pipeline, line, sub, blob)
    if pipeline.session is not None:
        pipeline.session.drift.recall(line["drift"])
        if line.get("stranger"):
            pipeline.session.registration.stranger = sub.scene


def skip(pipeline: Pipeline, line: Line) -> None:
    """Follow a line whose blob is lost."""
    if pipeline.session is not None and "drift" in line:
        pipeline.session.drift.recall(line["drift"])


def _stack_again(pipeline: Pipeline, line: Line, sub: MeasuredSub, blob: Blob) -> None:
    written = Written.of(line)
    if pipeline.session is None and not np.array_equal(written.transform.matrix, np.eye(3)):  # the reference is lost
        pipeline.align_to(sub.as_reference(blob.origin).moved(written.transform))
    session = pipeline.session or pipeline.new_session(sub, blob, str(line.get("rung", FULL)).partition("half: ")[2])
    filter_stack = session.filter_stack_for(sub, written.transform)
    session.add(sub, Placement(written.transform, written.match, filter_stack, written.weights), written.number)
    session.slow_down(line.get("slowed", 1))
    pipeline.session = session
