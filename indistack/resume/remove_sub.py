"""Takes subs out of a stack again, and puts them back."""

from __future__ import annotations

from collections.abc import Callable

from indistack.errors import StackError
from indistack.pipeline.pipeline import Pipeline
from indistack.resume.remake import again, filter_of
from indistack.session.stack_branch import StackBranch
from indistack.store.session_reader import PastSession
from indistack.values.grid import PlacedSub


def remove(pipeline: Pipeline, past: PastSession, number: int) -> None:
    """Take a sub out of the stacks that hold it; the result is as if it had never come.

    Stacks of a method that cannot do that are stale from now on, until they are made anew: see `Remake`.

    Raises
    ------
    IndistackError
        It is not in the stack, or it is lost.
    """
    past.stacked(number)
    if not past.is_in(number):
        raise StackError(f"sub {number} is not in the stack any more")
    _change(pipeline, past, number, StackBranch.remove)


def readmit(pipeline: Pipeline, past: PastSession, number: int) -> None:
    """Put a removed sub back; acts and raises as `remove`. Stacks of the newest subs only stay without it."""
    past.stacked(number)
    if past.is_in(number):
        raise StackError(f"sub {number} is in the stack already")
    _change(pipeline, past, number, StackBranch.readmit)


def _change(
    pipeline: Pipeline, past: PastSession, number: int, change: Callable[[StackBranch, PlacedSub], None]
) -> None:
    session = pipeline.session
    if session is None:
        raise StackError("there is no stack")
    filter_stack = session.filter_stacks[filter_of(session, past, number)]
    written, branch_set = past.written(number), filter_stack.branch_set
    if branch_set.stubborn(written.weights):
        filter_stack.stale = True
    able = [each for each in branch_set.branches.values() if each.method.can_remove and each.name in written.weights]
    holding = [branch for branch in able if branch.holds(number)]
    if not holding:
        return
    frame, _ = again(pipeline, past, number)
    with session.lock:
        for branch in holding:
            weight = written.weights[branch.name]
            change(branch, session.placer.place(frame, written.transform, written.match, branch, weight, number))
