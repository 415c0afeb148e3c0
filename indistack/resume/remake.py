"""Stacks that cannot do without a sub that they have seen, made anew from the raw subs beside the old ones."""

from __future__ import annotations

from collections.abc import Collection

from indistack.errors import StackError
from indistack.pipeline.pipeline import Pipeline
from indistack.session.session import Session
from indistack.session.stack_branch import StackBranch
from indistack.store.entries import Written
from indistack.store.session_reader import PastSession, is_there
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.grid import PlacedSub


def again(pipeline: Pipeline, past: PastSession, number: int) -> tuple[CalibratedFrame, Written]:
    """Return a sub as it was calibrated when it came, and what its line says.

    Raises
    ------
    IndistackError
        It was not stacked, it is lost, or other masters would calibrate it now.
    """
    written = past.written(number)
    return pipeline.intake.again(written, past.blob(number), past.mended(written)), written


class Remake:
    """New stacks in place of those of a session that are behind its ledger.

    Nothing is judged again: every sub lies where its line says, and counts what it says. The old stacks stay as they
    are, and take the subs that come, until `take_their_place`.

    Parameters
    ----------
    pipeline : Pipeline
        Has the session, and calibrates.
    session : Session
        Whose stacks are made anew.

    Attributes
    ----------
    numbers : list of int
        The subs that have been taken, in order.
    """

    def __init__(self, pipeline: Pipeline, session: Session) -> None:
        self._pipeline = pipeline
        self.session = session
        self.numbers: list[int] = []
        stale = {name: each.branch_set for name, each in session.filter_stacks.items() if each.stale}
        self._old = {name: dict(branch_set.branches) for name, branch_set in stale.items()}
        self._new = {name: branch_set.anew() for name, branch_set in stale.items()}

    def follows(self, wanted: list[int]) -> bool:
        """Tell whether what it holds is what is wanted of it, up to now."""
        stale = [name for name, each in self.session.filter_stacks.items() if each.stale]
        return stale == list(self._new) and wanted[: len(self.numbers)] == self.numbers

    def take(self, past: PastSession, number: int) -> None:
        """Take the next sub of the ledger; raises as `again`."""
        new = self._new.get(filter_of(self.session, past, number))
        if new is not None:
            frame, written = again(self._pipeline, past, number)

            def place(branch: StackBranch) -> PlacedSub:
                weight = written.weights[branch.name]
                return self.session.placer.place(frame, written.transform, written.match, branch, weight, number)

            new.add(place, written.weights)
        self.numbers.append(number)

    def take_their_place(self) -> None:
        """Put the new stacks in place of the old ones; a stack that was begun or ended meanwhile stays as it is."""
        with self.session.lock:
            for name, new in self._new.items():
                filter_stack = self.session.filter_stacks[name]
                filter_stack.branch_set.take_over(new, self._old[name])
                filter_stack.stale = False
                if filter_stack.n_subs:
                    filter_stack.measure_noise()


def filter_of(session: Session, past: PastSession, number: int) -> str:
    """Return the filter whose stacks a sub is in; raise IndistackError where it was not stacked."""
    frame = past.stacked(number).frame
    return session.drift.filter_of(FrameInfo(filter_name=frame.filter_name if frame is not None else ""))


def is_stale(session: Session | None) -> bool:
    """Tell whether a session has stacks that are behind its ledger."""
    return session is not None and any(each.stale for each in session.filter_stacks.values())


def require_remakable(session: Session, past: PastSession, number: int, beside: bool = False) -> None:
    """Check that stacks can be made anew where that is the only way to take this sub out or put it back.

    Parameters
    ----------
    beside : bool
        Beside the old ones, which go on.

    Raises
    ------
    IndistackError
        It was not stacked, raw subs are gone, or there is no memory.
    """
    branches = session.filter_stacks[filter_of(session, past, number)].branch_set
    if not branches.stubborn(past.written(number).weights):
        return
    gone = _gone(past, {*past.in_stack()} ^ {number})
    if gone:
        which = f"sub {gone[0]} is" if len(gone) == 1 else f"{len(gone)} subs are"
        raise StackError(f"the stack would have to be made anew from its raw subs, and {which} gone (see spool.keep)")
    if beside and (lacks := branches.lacking(session.config, session.first)):
        raise StackError(f"the stack would be made anew beside this one: {lacks}; unstack does it after the end")


def _gone(past: PastSession, numbers: Collection[int]) -> list[int]:
    """Return those of the subs that are neither kept nor to be had from the files that they came from."""
    gone = set(numbers) - set(past.kept)
    there = {one.number for one in past.lights() if one.number in gone and one.arrival and is_there(one.arrival)}
    return sorted(gone - there)


def remake(pipeline: Pipeline, past: PastSession) -> None:
    """Make the stacks that are behind the ledger anew, at once; raises as `again`, and leaves the old ones then."""
    session = pipeline.session
    if session is None or not is_stale(session):
        return
    work = Remake(pipeline, session)
    for number in past.in_stack():
        work.take(past, number)
    work.take_their_place()
