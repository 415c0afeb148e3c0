"""Makes the main stacks of a session again from its kept subs, by other settings, while the session goes on."""

from __future__ import annotations

from indistack.config import MAIN
from indistack.pipeline.method_choice import settled
from indistack.pipeline.pipeline import Pipeline
from indistack.resume.remake import again
from indistack.session.session import Session
from indistack.session.stack_branch import StackBranch
from indistack.session.stack_setup import with_room
from indistack.stack import StackSettings
from indistack.store.session_reader import PastSession


def restack(pipeline: Pipeline, past: PastSession) -> int:
    """Make the main stack, of every filter, again from all subs that are in it.

    Parameters
    ----------
    pipeline : Pipeline
        Its settings tell how; its session gets the new stacks when these are complete.
    past : PastSession
        What is kept of the session.

    Returns
    -------
    int
        Subs.

    Raises
    ------
    IndistackError
        A sub is not kept, or memory lacks; the stacks are as before.
    """
    session = pipeline.session
    if session is None:
        return 0
    config, why_plain = settled(pipeline.config, session.stack_setup)
    settings = config.stack
    _require_memory(session, settings)
    fresh = {name: one.branch_set.fresh(MAIN, settings) for name, one in session.filter_stacks.items()}
    numbers = past.in_stack()
    for number in numbers:
        _add(pipeline, session, past, number, fresh)
    session.replace_main(settings, fresh)
    session.why_plain = why_plain
    return len(numbers)


def _add(pipeline: Pipeline, session: Session, past: PastSession, number: int, fresh: dict[str, StackBranch]) -> None:
    frame, written = again(pipeline, past, number)
    name = session.drift.filter_of(frame.info)
    branch, weight = fresh[name], written.weights.get(MAIN)
    if weight is not None:
        placed = session.placer.place(frame, written.transform, written.match, branch, weight, number)
        session.filter_stacks[name].branch_set.add_to(branch, placed)


def _require_memory(session: Session, settings: StackSettings) -> None:
    """Raise FrameError where there is no room for the new stacks beside the old ones."""
    config = session.config.model_copy(update={"stack": settings, "branches": {}})
    session.stack_setup = with_room(session.stack_setup, config, session.first, f"by {settings.method}")
