"""Takes subs out of a stack again, and puts them back."""

from __future__ import annotations

from collections.abc import Callable

from indistack.errors import StackError
from indistack.pipeline.pipeline import Pipeline
from indistack.session.stack_branch import StackBranch
from indistack.store.entries import Written
from indistack.store.session_reader import PastSession
from indistack.values.frame import CalibratedFrame
from indistack.values.grid import PlacedSub


def remove(pipeline: Pipeline, past: PastSession, number: int) -> None:
    """Take a sub out of the stacks that hold it; the result is as if it had never come.

    Raises
    ------
    IndistackError
        It is not in the stack, it is lost, or the stack is of a method that cannot do that.
    """
    past.stacked(number)
    if not past.is_in(number):
        raise StackError(f"sub {number} is not in the stack any more")
    _change(pipeline, past, number, StackBranch.remove)


def readmit(pipeline: Pipeline, past: PastSession, number: int) -> None:
    """Put a removed sub back; raises as `remove`. Stacks of the newest subs only stay without it."""
    past.stacked(number)
    if past.is_in(number):
        raise StackError(f"sub {number} is in the stack already")
    _change(pipeline, past, number, StackBranch.readmit)


def again(pipeline: Pipeline, past: PastSession, number: int) -> tuple[CalibratedFrame, Written]:
    """Return a sub as it was calibrated when it came, and what its line says; raises as `remove`."""
    written = past.written(number)
    return pipeline.intake.again(written, past.blob(number), past.mended(written)), written


def _change(
    pipeline: Pipeline, past: PastSession, number: int, change: Callable[[StackBranch, PlacedSub], None]
) -> None:
    session = pipeline.session
    if session is None:
        raise StackError("there is no stack")
    frame, written = again(pipeline, past, number)
    filter_stack = session.filter_stacks[session.drift.filter_of(frame.info)]
    if not filter_stack.branch_set.main.method.can_remove:
        method = filter_stack.branch_set.main.settings.method
        raise StackError(f"a stack of method {method} cannot do without a sub that it has seen; `replay` makes it anew")
    holding = [branch for branch in filter_stack.branch_set.branches.values() if branch.name in written.weights]
    with session.lock:
        for branch in holding:
            if branch.method.can_remove and branch.holds(number):
                weight = written.weights[branch.name]
                change(branch, session.placer.place(frame, written.transform, written.match, branch, weight, number))
