"""What a pipeline and its session remember, as the states that checkpoints hold, and how another goes on from one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from indistack.align import Waiting
from indistack.config import MAIN
from indistack.pipeline.changes import set_live
from indistack.pipeline.pipeline import Pipeline
from indistack.session.filter_stack import FilterStack, Reference
from indistack.session.rung import Rung
from indistack.session.session import Session
from indistack.session.stack_branch import StackBranch
from indistack.session.stack_setup import SetupMaker
from indistack.stack import BranchSettings, StackSettings
from indistack.store.checkpoint import State
from indistack.store.entries import Written
from indistack.values.frame import CalibratedFrame, FrameInfo, PixelArray, hollow
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.packing import ARRAY, Arrays, pack, unpack

Again = Callable[[int], tuple[CalibratedFrame, Written]]
"""Gives a sub of the ledger as it was calibrated when it came, and what its line says."""


def start_of(pipeline: Pipeline) -> State:
    """Return what is remembered beside the stack; its arrays do not change any more."""
    arrays: Arrays = {}
    return State(0, _of_intake(pipeline, arrays), arrays)


def state_of(pipeline: Pipeline, lines: int) -> State:
    """Return all that is remembered after so many lines; the arrays are no copies, and change with the next sub."""
    arrays: Arrays = {}
    session = _of_session(pipeline.session, arrays) if pipeline.session is not None else None
    return State(lines, _of_intake(pipeline, arrays) | {"session": session}, arrays)


def recall(pipeline: Pipeline, state: State, again: Again) -> None:
    """Let a new pipeline go on as the one would whose state this is.

    Parameters
    ----------
    again : callable
        Gives subs that stacks want again, by their number in the ledger.

    Raises
    ------
    KeyError, TypeError, ValueError, OSError, BadZipFile
        The state is damaged or that of another version.
    FrameError
        A sub that is wanted again is lost.
    """
    facts, arrays, intake = state.facts, state.arrays, pipeline.intake
    calibrator = facts["calibrator"]
    learned = {name: arrays[key[ARRAY]] for name, key in calibrator["learned"].items()}
    intake.calibrator.remember(calibrator, learned)
    intake.recent.recall(facts["recent"])
    intake.faint.waiting = unpack(Waiting, facts["faint"], arrays)
    pipeline.paused = facts["paused"]
    for name, value in facts.get("changed", {}).items():
        set_live(pipeline, name, value)
    session = facts.get("session")
    pipeline.session = _session(pipeline.starter.setup_maker, session, arrays, again) if session else None


def _of_intake(pipeline: Pipeline, arrays: Arrays) -> dict[str, Any]:
    intake = pipeline.intake
    facts, learned = intake.calibrator.memory()
    return {
        "calibrator": {**facts, "learned": pack(learned, arrays)},
        "recent": intake.recent.memory(),
        "paused": pipeline.paused,
        "changed": dict(pipeline.changed),
        "faint": pack(intake.faint.waiting, arrays),
    }


def _of_session(session: Session, arrays: Arrays) -> dict[str, Any]:
    first = session.first
    filter_stacks = {
        name: {"light": pack(filter_stack.photometric_reference, arrays), **filter_stack.memory(arrays)}
        for name, filter_stack in session.filter_stacks.items()
    }
    return {
        "reference": pack(session.reference, arrays),
        "first": [first.pixels.shape, first.cfa, pack(first.info, arrays)],
        "canvas": pack(session.grid, arrays),
        "rung": str(session.rung),
        "why_plain": session.why_plain,
        "newest": session.newest,
        "named": session.named,
        "branches": {name: one.model_dump(mode="json") for name, one in session.config.branches.items()},
        "drift": session.drift.memory(),
        **session.registration.memory(arrays),
        "tracks": filter_stacks,
    }


def _session(
    setup_maker: SetupMaker, memory: Mapping[str, Any], arrays: Mapping[str, PixelArray], again: Again
) -> Session:
    """Return the session whose memory this is."""
    branches = {name: BranchSettings.model_validate(one) for name, one in memory["branches"].items()}
    stack = _as_it_was(setup_maker.config.stack, next(iter(memory["tracks"].values()))["branches"][MAIN]["settings"])
    config = setup_maker.config.model_copy(update={"branches": branches, "stack": stack})
    setup_maker = replace(setup_maker, config=config)
    reference = unpack(Reference, memory["reference"], arrays)
    shape, cfa, info = memory["first"]
    first = CalibratedFrame(hollow(tuple(shape), np.uint16), cfa, 0.0, 1.0, None, unpack(FrameInfo, info, arrays))
    grid = unpack(StackGrid, memory["canvas"], arrays)
    stack_setup = setup_maker.make_again(reference.scene, first, grid, Rung.parse(memory["rung"]))
    session = Session(config, stack_setup, reference, first, memory.get("why_plain", ""))
    session.newest, session.named = memory.get("newest", 0), memory.get("named", "")  # not in checkpoints of before
    session.drift.recall(memory["drift"])
    session.registration.recall(memory, arrays)
    session.filter_stacks = {name: _track(session, one, arrays, again) for name, one in memory["tracks"].items()}
    return session


def _as_it_was(now: StackSettings, then: Mapping[str, Any]) -> StackSettings:
    """Return how the main stack is made; what was changed for the next one does not concern it."""
    own = {name: value for name, value in then.items() if name in BranchSettings.model_fields}
    return now.model_copy(update=dict(BranchSettings.model_validate(own)))


def _track(session: Session, memory: Mapping[str, Any], arrays: Mapping[str, PixelArray], again: Again) -> FilterStack:
    filter_stack = session.new_filter_stack(unpack(Reference, memory["light"], arrays))

    def placed(number: int, branch: StackBranch) -> PlacedSub:
        frame, written = again(number)
        weight = written.weights[branch.name]
        return session.placer.place(frame, written.transform, written.match, branch, weight, number)

    filter_stack.recall(memory, arrays, placed)
    return filter_stack
