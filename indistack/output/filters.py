"""Which filters make a picture together, and how bright each is in it."""

from __future__ import annotations

from indistack.photometry import expected_scale
from indistack.picture.palette import Mix, choose
from indistack.session.filter_stack import FilterStack
from indistack.session.session import Session
from indistack.session.stack_branch import StackBranch


def filled(session: Session, name: str) -> dict[str, StackBranch]:
    """Filter -> its stack of that name, where there are subs in it."""
    branches = {
        filter_name: filter_stack.branch_set.branches.get(name)
        for filter_name, filter_stack in session.filter_stacks.items()
    }
    return {filter_name: branch for filter_name, branch in branches.items() if branch and branch.method.tally.n_subs}


def mix_of(session: Session, name: str) -> Mix:
    """Return how a picture of that name is made of its filters."""
    branches = filled(session, name)
    grey = all(branch.method.planes()["pixels"].ndim == 2 for branch in branches.values())
    palette = session.config.stack.palette if grey else "none"
    return choose(palette, {filter_name: branch.method.tally.exposure_s for filter_name, branch in branches.items()})


def scale_of(session: Session, filter_stack: FilterStack) -> float:
    """Return what brings a filter's ADU to those of the session's reference, by gain and exposure."""
    return expected_scale(filter_stack.photometric_reference.info, session.reference.info) or 1.0
