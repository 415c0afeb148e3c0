"""What belongs to the subs of one filter: what light they are compared with, and the stacks that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from indistack.config import MAIN, Config
from indistack.grading.quality import Judge
from indistack.grading.star_measures import measure
from indistack.photometry import Photometer, SkyLevels, measure_sky_levels
from indistack.session.branches import BranchSet
from indistack.session.noise_history import NoiseHistory
from indistack.session.stack_branch import StackBranch
from indistack.session.stack_setup import StackSetup
from indistack.values.frame import CalibratedFrame, FrameInfo, PixelArray
from indistack.values.grid import PlacedSub
from indistack.values.mosaic import MosaicLevels
from indistack.values.packing import ARRAY, Arrays, pack, unpack
from indistack.values.star_list import Measures, PhotometricMatch, Scene
from indistack.values.sub_parts import StackShare
from indistack.values.transform import Transform

CLIPPED = "clipped"
"""Name of the plane that is no method's: where subs were clipped."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A frame that others are compared with.

    Attributes
    ----------
    scene : Scene
        Its stars.
    sky : SkyLevels
        Its sky, in blocks.
    info : FrameInfo
        Its header facts, the base of the stack's own.
    name : str
        File name or origin.
    """

    scene: Scene
    sky: SkyLevels
    info: FrameInfo
    name: str

    def moved(self, transform: Transform) -> Reference:
        """Return the same with its places as seen in another frame; without a picture."""
        x, y = transform.apply(self.scene.stars.xy).T
        scene = replace(self.scene, stars=replace(self.scene.stars, x=x, y=y), luminance=None)
        return replace(self, scene=scene, sky=replace(self.sky, xy=transform.apply(self.sky.xy)))


@dataclass(frozen=True, slots=True)
class MeasuredSub:
    """A calibrated sub, what its stars tell, and the sky in its mosaic."""

    frame: CalibratedFrame
    scene: Scene
    measures: Measures
    mosaic: MosaicLevels | None = None

    def as_reference(self, name: str) -> Reference:
        """Return it as what others are compared with."""
        return Reference(self.scene, measure_sky_levels(self.frame), self.frame.info, name)


class FilterStack:
    """One filter's part of a session.

    Parameters
    ----------
    config : Config
        The settings.
    photometric_reference : Reference
        To whose ADU the subs are brought; its places are those of the session's reference.
    stack_setup : StackSetup
        What all stacks of the session share.
    by_stars : bool
        Whether subs are aligned, and therefore judged, by stars.

    Attributes
    ----------
    judge : Judge
        Compares subs with those before.
    photometer : Photometer
        Brings them to the ADU of the reference.
    branch_set : BranchSet
        The stacks.
    noise_history : NoiseHistory
        Of the main stack.
    masters : sequence of str
        Calibration of the first sub.
    stale : bool
        Its stacks hold a sub that has been taken out, or lack one that has been put back: they are to be made anew.
    first, end : datetime or None
        Start of the earliest sub, end of the latest.
    """

    def __init__(
        self, config: Config, photometric_reference: Reference, stack_setup: StackSetup, by_stars: bool
    ) -> None:
        self.photometric_reference = photometric_reference
        self.judge = Judge(config.quality, measure(photometric_reference.scene.stars), by_stars)
        self.photometer = Photometer(
            config.match, photometric_reference.scene, photometric_reference.sky, photometric_reference.info
        )
        self.branch_set = BranchSet(stack_setup.stacks_of(config), stack_setup)
        self.noise_history = NoiseHistory()
        self.masters: Sequence[str] = ()
        self.stale = False
        self.first: datetime | None = None
        self.end: datetime | None = None

    @property
    def n_subs(self) -> int:
        """Subs in the main stack."""
        return self.branch_set.main.method.tally.n_subs

    def count(self, sub: MeasuredSub, match: PhotometricMatch) -> None:
        """A sub has been added."""
        self.judge.remember(sub.measures, match)
        self.measure_noise()
        self.masters = self.masters or sub.frame.masters
        begin = sub.frame.info.date_obs
        if begin is not None:
            end = begin + timedelta(seconds=sub.frame.info.exposure_s or 0.0)
            self.first = min(begin, self.first or begin)
            self.end = max(end, self.end or end)

    def replace_main(self, branch: StackBranch) -> None:
        """Have another main stack, of the same subs."""
        self.branch_set.replace(branch)
        self.measure_noise()

    def measure_noise(self) -> None:
        """Know how noisy the main stack is now."""
        main = self.branch_set.main
        self.noise_history.look(*main.sample(), main.method.light)

    def share(self, weights: Mapping[str, float], n_subs: int) -> StackShare:
        """Return what the last sub, of these weights, is to the stacks; `n_subs` are in those of all filters."""
        noise = self.noise_history.numbers()
        gain, ideal = noise["snr_gain"], noise["snr_gain_ideal"]
        method = self.branch_set.main.settings.method
        share = StackShare(weights.get(MAIN), weights, n_subs, noise["stack_noise_adu"], gain, ideal, method=method)
        return self.branch_set.noted(share)

    def memory(self, arrays: Arrays) -> dict[str, Any]:
        """Return what is remembered; the arrays are the state itself, not copies."""
        branches = self.branch_set.branches.items()
        return {
            "judge": self.judge.memory(),
            "growth": self.noise_history.first,
            "masters": list(self.masters),
            "stale": self.stale,
            "first": pack(self.first, arrays),
            "end": pack(self.end, arrays),
            "branches": {name: branch.memory() for name, branch in branches},
            "planes": {
                name: pack({**branch.method.planes(), CLIPPED: branch.clipped.counts}, arrays)
                for name, branch in branches
            },
        }

    def recall(
        self,
        memory: Mapping[str, Any],
        arrays: Mapping[str, PixelArray],
        again: Callable[[int, StackBranch], PlacedSub],
    ) -> None:
        """Go on as the one would whose memory this is; `again` gives a sub of the ledger as it was added to a stack."""
        self.judge.recall(memory["judge"])
        self.noise_history.first = tuple(memory["growth"]) if memory["growth"] else None
        self.masters = memory["masters"]
        self.stale = memory.get("stale", False)  # a session of an older version cannot have become so
        self.first, self.end = (unpack(datetime | None, memory[name], arrays) for name in ("first", "end"))
        for name, one in memory["branches"].items():
            branch, planes = self.branch_set.branches[name], memory["planes"][name]
            kept = [again(number, branch) for number in one["kept"]]
            branch.recall(one, partial(_stored, planes, arrays), kept)
            if CLIPPED in planes:  # a session of an older version has not counted them
                branch.clipped.counts[...] = _stored(planes, arrays, CLIPPED)
        if self.n_subs:
            self.measure_noise()


def _stored(planes: Mapping[str, Mapping[str, str]], arrays: Mapping[str, PixelArray], name: str) -> PixelArray:
    return arrays[planes[name][ARRAY]]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a sub belongs.

    Attributes
    ----------
    transform : Transform
        Sub -> reference.
    match : PhotometricMatch
        What brings it to the ADU of the filter's other subs.
    filter_stack : FilterStack
        Of its filter.
    weights : mapping, optional
        What it counts in each stack that takes it, where that has been decided before.
    """

    transform: Transform
    match: PhotometricMatch
    filter_stack: FilterStack
    weights: Mapping[str, float] | None = None
