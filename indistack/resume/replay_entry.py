"""Does with a sub again what a line of the ledger says was done with it: nothing is judged again."""

from __future__ import annotations

import contextlib

import numpy as np

from indistack.errors import FrameError
from indistack.pipeline.draft import Draft
from indistack.pipeline.pipeline import Pipeline
from indistack.session.filter_stack import MeasuredSub, Placement
from indistack.store.entries import Written
from indistack.values.blob import Blob
from indistack.values.outcome import Refused
from indistack.values.sub_report import SubReport


def follow(pipeline: Pipeline, report: SubReport, blob: Blob) -> None:
    """Bring a pipeline to where it was after the report of a sub that was calibrated.

    Raises
    ------
    FrameError
        The blob is not the frame any more that it was.
    ValueError
        The report does not say where the sub lies.
    """
    draft, intake = Draft(blob), pipeline.intake
    sub = intake.see(intake.calibrate(intake.decode(blob, draft, new=True), draft), draft)
    with contextlib.suppress(FrameError):  # the line says what became of it
        sub = intake.together(sub, pipeline.session, draft)
    if report.word != Refused.word:
        _stack_again(pipeline, report, sub, blob)
    skip(pipeline, report)
    if pipeline.session is not None and report.stranger:
        pipeline.session.registration.stranger = pipeline.session.registration.kept(sub.scene)


def skip(pipeline: Pipeline, report: SubReport) -> None:
    """Follow the report of a sub whose blob is lost."""
    if pipeline.session is not None and report.drift is not None:
        pipeline.session.drift.recall(report.drift)


def _stack_again(pipeline: Pipeline, report: SubReport, sub: MeasuredSub, blob: Blob) -> None:
    written = Written.of(report)
    if pipeline.session is None and not np.array_equal(written.transform.matrix, np.eye(3)):  # the reference is lost
        pipeline.align_to(sub.as_reference(blob.origin).moved(written.transform))
    session = pipeline.session or pipeline.starter.again(sub, blob, report.stack)
    filter_stack = session.filter_stack_for(sub, written.transform)
    session.add(sub, Placement(written.transform, written.match, filter_stack, written.weights), written.number)
    session.slow_down(report.stack.slowed if report.stack is not None else 1)
    pipeline.session = session
