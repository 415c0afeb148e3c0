"""What is remembered between the subs of one stack: reference, drift, the stacks of each filter."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from indistack.align import Aligner
from indistack.config import Config
from indistack.field.drift import Drift
from indistack.grading.quality import Judge
from indistack.session.filter_stack import FilterStack, MeasuredSub, Placement, Reference
from indistack.session.registration import Registration
from indistack.session.rung import Rung
from indistack.session.sky_position import SkyPosition
from indistack.session.stack_branch import StackBranch
from indistack.session.stack_setup import StackSetup, reaching, with_room
from indistack.session.sub_placer import SubPlacer
from indistack.solve import Solution
from indistack.stack import BranchSettings, StackSettings
from indistack.values.file_names import file_words
from indistack.values.frame import CalibratedFrame, FrameInfo, hollow
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.transform import Transform


class Session:
    """One field's stacks and what belongs to them.

    Parameters
    ----------
    config : Config
        The settings, with a method of the main stack that has been chosen.
    setup : StackSetup
        What its stacks share.
    reference : Reference
        What later subs are aligned to.
    frame : CalibratedFrame
        The first sub: gives size and colour.
    why_plain : str
        Why outliers are not left out of the main stack although nobody asked for another method, "" elsewhere.

    Attributes
    ----------
    stack_setup : StackSetup
        What its stacks share now: their grid may have grown.
    drift : Drift
        Tells when another stack is to begin.
    registration : Registration
        Finds the subs' places on the reference.
    placer : SubPlacer
        Lays subs in the stacks.
    filter_stacks : dict
        The filters' parts, by name.
    first : CalibratedFrame
        The first sub without its pixels.
    sky : SkyPosition
        Where the reference is on the sky.
    newest : int
        Number in the ledger of the sub that was added last.
    named : str
        Target's name as a person has told it, "" where nobody has.
    lock : RLock
        Held while the stacks change, and by a thread that looks at them.
    """

    def __init__(
        self, config: Config, setup: StackSetup, reference: Reference, frame: CalibratedFrame, why_plain: str = ""
    ) -> None:
        self.config = config
        self.why_plain = why_plain
        self.stack_setup = setup
        self.drift = Drift(config.drift, frame)
        self.placer = SubPlacer(reference.info, config.comet)
        self.registration = Registration(config, reference.scene, setup.workers)
        self.reference = reference = replace(reference, scene=self.registration.kept(reference.scene))
        self.filter_stacks = {self.drift.filter_of(frame.info): self.new_filter_stack(reference)}
        self.first = replace(frame, pixels=hollow(frame.pixels.shape, np.uint16), bad=None)
        self.sky = SkyPosition(reference.info)
        self.lock = threading.RLock()
        self.newest, self.named = 0, ""

    @property
    def n_subs(self) -> int:
        """Subs in the stack, of all filters."""
        return sum(filter_stack.n_subs for filter_stack in self.filter_stacks.values())

    @property
    def exposure_s(self) -> float:
        """Their exposure."""
        return sum(filter_stack.branch_set.main.method.tally.exposure_s for filter_stack in self.filter_stacks.values())

    @property
    def target(self) -> str:
        """What is seen, "" where nobody tells."""
        return self.named or self.reference.info.target

    @property
    def state_bytes(self) -> int:
        """Memory that its stacks hold."""
        return sum(plane.nbytes for _, branch in self.stacks().values() for plane in branch.method.planes().values())

    @property
    def rung(self) -> Rung:
        """How fine the stacks are, and why."""
        return self.stack_setup.rung

    @property
    def grid(self) -> StackGrid:
        """The stacks' grid."""
        return self.stack_setup.grid

    @property
    def stack(self) -> StackBranch:
        """The main stack of the first filter."""
        return next(iter(self.filter_stacks.values())).branch_set.main

    @property
    def aligner(self) -> Aligner:
        """What finds the subs' places."""
        return self.registration.aligner

    def use(self, config: Config) -> None:
        """Have other limits from the next sub on; how subs are combined stays."""
        self.config = config.model_copy(update={"stack": self.config.stack, "branches": self.config.branches})
        self.drift.use(config.drift)
        for filter_stack in self.filter_stacks.values():
            filter_stack.judge.use(config.quality)

    def locate(self, solution: Solution) -> None:
        """Believe where the reference is from now on."""
        self.sky.solution = solution
        self.drift.rescale(solution.wcs.scale_arcsec_px)

    def check(self, sub: MeasuredSub, filter_stack: FilterStack | None, fits: Callable[[], bool]) -> None:
        """Judge a sub, the first of its filter where that has no stack, by what can be seen before it is aligned.

        See `Judge.check`.
        """
        judge = (
            filter_stack.judge if filter_stack else Judge(self.config.quality, sub.measures, self.aligner.needs_stars)
        )
        judge.check(sub.measures, sub.frame.info.saturation_adu, fits)

    def filter_stack_of(self, info: FrameInfo) -> FilterStack | None:
        """Return the stack of a sub's filter; None where the sub is the first of it."""
        return self.filter_stacks.get(self.drift.filter_of(info))

    def begin_filter(self, sub: MeasuredSub, transform: Transform) -> FilterStack:
        """Return an empty stack of the sub's filter; it takes its place when the sub is added.

        Raises
        ------
        FrameError
            There is no memory for it.
        """
        name = self.drift.filter_of(sub.frame.info)
        self.stack_setup = with_room(self.stack_setup, self.config, sub.frame, f"of filter {name!r}")
        return self.new_filter_stack(sub.as_reference(name).moved(transform))

    def filter_stack_for(self, sub: MeasuredSub, transform: Transform) -> FilterStack:
        """Return the stack of the sub's filter, or an empty one; see `begin_filter`."""
        return self.filter_stack_of(sub.frame.info) or self.begin_filter(sub, transform)

    def new_filter_stack(self, photometric_reference: Reference) -> FilterStack:
        """Return an empty stack of a filter whose subs are brought to the ADU of this one."""
        return FilterStack(self.config, photometric_reference, self.stack_setup, self.aligner.needs_stars)

    def add(self, sub: MeasuredSub, placement: Placement, number: int = 0) -> dict[str, float]:
        """Add a sub, of that number in the ledger, to the stacks of its filter; return what it counts in each."""
        with self.lock:
            weights = self._add(sub, placement, number)
            self.newest = number
        self.registration.learn(sub, placement, self.grid)
        return weights

    def _add(self, sub: MeasuredSub, placement: Placement, number: int) -> dict[str, float]:
        filter_stack = placement.filter_stack
        if self.config.stack.canvas == "grow":
            self._make_room(sub, placement.transform)

        def place(branch: StackBranch) -> PlacedSub:
            if placement.weights is not None:
                weight = placement.weights[branch.name]
            else:
                weight = filter_stack.judge.weigh(sub.measures, placement.match, branch.settings.weight)
            return self.placer.place(sub.frame, placement.transform, placement.match, branch, weight, number)

        weights = filter_stack.branch_set.add(place, placement.weights)
        self.filter_stacks.setdefault(self.drift.filter_of(sub.frame.info), filter_stack)
        self.drift.accept(sub.frame, sub.mosaic)
        filter_stack.count(sub, placement.match)
        self.registration.accept(sub.scene, placement.transform)
        return weights

    def _make_room(self, sub: MeasuredSub, transform: Transform) -> None:
        """Grow the grid to where the sub reaches, if memory allows."""
        stack_setup = reaching(self.stack_setup, self.config, transform, sub.frame)
        if stack_setup is not self.stack_setup:
            for filter_stack in self.filter_stacks.values():
                filter_stack.branch_set.move_to(stack_setup)
            self.stack_setup = stack_setup

    def slow_down(self, factor: int) -> None:
        """Let further stacks take only every so many-th of the subs that they should take."""
        for filter_stack in self.filter_stacks.values():
            filter_stack.branch_set.slow_down(factor)

    def complete(self) -> None:
        """No sub will come any more."""
        with self.lock:
            for filter_stack in self.filter_stacks.values():
                filter_stack.branch_set.complete()

    def replace_main(self, settings: StackSettings, branches: Mapping[str, StackBranch]) -> None:
        """Have these main stacks, one of each filter, from now on; they hold the same subs."""
        self.config = self.config.model_copy(update={"stack": settings})
        with self.lock:
            for name, filter_stack in self.filter_stacks.items():
                filter_stack.replace_main(branches[name])

    def open_branch(self, name: str, settings: BranchSettings) -> None:
        """Begin a further stack, of every filter, with the next sub."""
        self._set_branches(self.config.branches | {name: settings})
        with self.lock:
            for filter_stack in self.filter_stacks.values():
                filter_stack.branch_set.open_branch(name, settings)

    def drop_branch(self, name: str) -> None:
        """End a further stack."""
        self._set_branches({other: settings for other, settings in self.config.branches.items() if other != name})
        with self.lock:
            for filter_stack in self.filter_stacks.values():
                filter_stack.branch_set.drop_branch(name)

    def _set_branches(self, branches: dict[str, BranchSettings]) -> None:
        """Have these for filters that are still to come, too."""
        self.config = self.config.model_copy(update={"branches": branches})

    def stacks(self) -> dict[str, tuple[FilterStack, StackBranch]]:
        """Return all stacks by the names that files have: ``stack``, or, of several filters, ``stack-R``."""
        several = len(self.filter_stacks) > 1
        return {
            f"{name}-{word}" if several else name: (filter_stack, branch)
            for word, filter_stack in zip(file_words(self.filter_stacks), self.filter_stacks.values(), strict=True)
            for name, branch in filter_stack.branch_set.branches.items()
        }
