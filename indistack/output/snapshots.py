"""The pictures of a session by the names that their files have: every stack, and colour pictures of several filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from indistack import __version__
from indistack.align import ALIGNERS
from indistack.config import MAIN
from indistack.enhance import LookMemory, PictureFacts, PictureSettings, render
from indistack.fits_header import StackFacts, output_cards, with_own_filter, with_target
from indistack.output.annotation import annotated
from indistack.output.maps import maps_of, small_coverage
from indistack.output.trim import Trim
from indistack.photometry import expected_scale
from indistack.picture.crop import WHOLE, Part, well_covered
from indistack.picture.integration import Integration
from indistack.picture.linear import LinearPicture, StackPicture
from indistack.picture.palette import Channel, ColourPicture, Mix, choose
from indistack.picture.sparse import picture_of
from indistack.session.filter_stack import FilterStack
from indistack.session.session import Session
from indistack.session.stack_branch import StackBranch
from indistack.sinks import Sink, Snapshot
from indistack.values.frame import FrameInfo

Keep = Callable[[StackPicture], StackPicture]
"""What is kept of a stack's picture: itself, a copy, a binned one."""


class NoPictureError(LookupError):
    """There is no picture of that name, or nothing in it yet."""


def names(session: Session) -> list[str]:
    """Return the names of all pictures that there is something to see in, the main one first.

    With one filter these are the stacks: ``stack``, ``trails``. With several, each of these names is a picture of all
    filters together, and every filter's stack follows: ``stack-R``, ``trails-R``.
    """
    with session.lock:
        filled = {name: branch for name, (_, branch) in session.stacks().items() if branch.method.tally.n_subs}
    return list(dict.fromkeys([*(branch.name for branch in filled.values()), *filled]))


def snapshot(session: Session, name: str = MAIN, keep: Keep = lambda picture: picture, maps: bool = False) -> Snapshot:
    """Return a picture as it is now.

    Parameters
    ----------
    session : Session
        Whose.
    name : str
        One of `names`.
    keep : callable
        Given the picture of each stack that is needed; what it returns must not change where subs may still be added
        while the snapshot is used.
    maps : bool
        With maps, where the picture is that of one stack.

    Raises
    ------
    NoPictureError
        There is no picture of that name, or nothing in it.
    """
    with session.lock:
        if name not in names(session):
            raise NoPictureError(f"there is no picture {name}")
        stacks = session.stacks()
        if name in stacks:
            filter_stack, branch = stacks[name]
            kept = (
                {name: keep(plane) for name, plane in maps_of(Trim.of(session).cut(branch.integration())).items()}
                if maps
                else {}
            )
            return replace(_single(session, filter_stack, branch, keep), maps=kept)
        return _combined(session, name, keep)


def with_preview(
    snapshot: Snapshot, settings: PictureSettings, sinks: Iterable[Sink], memory: LookMemory | None = None
) -> Snapshot:
    """Return the snapshot with its picture for people, as fine as the sinks need it; as it is where none needs one.

    `memory` is of the pictures before it, of a live one.
    """
    asking = [sink for sink in sinks if sink.needs_preview]
    if not asking:
        return snapshot
    if snapshot.operators is not None:
        settings = settings.model_copy(update={"operators": list(snapshot.operators)})
    facts = PictureFacts(
        snapshot.bottom_up,
        snapshot.orientation,
        snapshot.shown,
        snapshot.false_colours and snapshot.operators is None,
        snapshot.body,
        snapshot.white_balance,
    )
    preview = render(snapshot.picture, settings, facts, memory, any(sink.needs_fine for sink in asking))
    return replace(snapshot, preview=annotated(preview, snapshot, settings) if settings.annotate else preview)


def numbers(session: Session) -> dict[str, dict[str, Any]]:
    """Return what there is to say of every picture, for status and report."""
    with session.lock:
        return _numbers(session)


def _numbers(session: Session) -> dict[str, dict[str, Any]]:
    stacks = session.stacks()
    mixes = {name: _mix(session, name) for name in names(session) if name not in stacks}
    told: dict[str, dict[str, Any]] = {
        name: {"palette": mix.palette, "filters": list(mix.filters), "why": mix.why} for name, mix in mixes.items()
    }
    return told | {name: _stack_numbers(*stack) for name, stack in stacks.items()}


def _stack_numbers(filter_stack: FilterStack, branch: StackBranch) -> dict[str, Any]:
    tally = branch.method.tally
    noise_history = filter_stack.noise_history.numbers() if branch.name == MAIN else {}
    return {
        "method": branch.settings.method,
        "n_subs": tally.n_subs,
        "exposure_s": tally.exposure_s,
        "ms": round(branch.ms, 2),
        **noise_history,
    }


def _single(session: Session, filter_stack: FilterStack, branch: StackBranch, keep: Keep, *history: str) -> Snapshot:
    trim = Trim.of(session)
    stack = trim.cut(branch.integration())
    info = with_own_filter(session.reference.info, filter_stack.photometric_reference.info)
    facts = _facts(session, branch, [stack], [filter_stack], *history)
    single = _snapshot(session, keep(picture_of(stack)), info, facts, branch, trim)
    return replace(single, coverage=small_coverage(stack), shown=_shown(session, [stack]))


def _combined(session: Session, name: str, keep: Keep) -> Snapshot:
    """Return the picture that all filters of one branch make; that of one filter where they make none."""
    mix, branches = _mix(session, name), _filled(session, name)
    if mix.palette:
        return _coloured(session, mix, branches, keep)
    (alone,) = mix.filters
    line = f"palette: none ({mix.why}); filter {alone or 'none'} alone"
    return _single(session, session.filter_stacks[alone], branches[alone], keep, line)


def _coloured(session: Session, mix: Mix, branches: dict[str, StackBranch], keep: Keep) -> Snapshot:
    filter_stacks = {one: session.filter_stacks[one] for one in mix.filters}
    trim = Trim.of(session)
    stacks = {one: trim.cut(branches[one].integration()) for one in filter_stacks}
    kept = {one: keep(picture_of(stack)) for one, stack in stacks.items()}
    channels = [Channel(kept[one], _scale(session, filter_stacks[one])) for one in mix.filters]
    picture = ColourPicture(channels[-3:], channels[0] if len(channels) == 4 else None, mix.is_false)
    branch = branches[mix.filters[0]]
    line = f"palette: {mix.palette} of {', '.join(one or 'none' for one in mix.filters)}"
    facts = _facts(session, branch, list(stacks.values()), list(filter_stacks.values()), line)
    card = ("FILTER", mix.palette, "luminance (L), red, green, blue")
    info = with_own_filter(session.reference.info, FrameInfo(header=(card,)))
    snapshot = _snapshot(session, picture, info, facts, branch, trim)
    # white stars would undo the balance of the nebula
    return replace(snapshot, false_colours=mix.is_false, shown=_shown(session, list(stacks.values())))


def _facts(
    session: Session,
    branch: StackBranch,
    stacks: Sequence[Integration],
    filter_stacks: Sequence[FilterStack],
    *history: str,
) -> StackFacts:
    """Return what is true of one or several filters' stacks together."""
    return StackFacts(
        sum(stack.exposure_s for stack in stacks),
        sum(stack.n_subs for stack in stacks),
        branch.settings.method,
        __version__,
        min((filter_stack.first for filter_stack in filter_stacks if filter_stack.first), default=None),
        max((filter_stack.end for filter_stack in filter_stacks if filter_stack.end), default=None),
        list(dict.fromkeys(master for filter_stack in filter_stacks for master in filter_stack.masters)),
        (*_history(session, branch), *history),
    )


def _snapshot(
    session: Session, picture: LinearPicture, info: FrameInfo, facts: StackFacts, branch: StackBranch, trim: Trim
) -> Snapshot:
    solution, info = session.sky.solution, with_target(info, session.named)
    cards = output_cards(info, facts, trim.matrix, solution.wcs if solution is not None else None)
    return Snapshot(
        picture,
        cards,
        info.bottom_up,
        orientation=info.orientation,
        operators=branch.settings.operators,
        body=_is_body(session),
        white_balance=info.white_balance,
    )


def _is_body(session: Session) -> bool:
    """Tell whether subs are aligned by a limb, or by detail that was seen where stars were looked for."""
    aligner = ALIGNERS.name_of(session.aligner)
    return aligner == "disk" or (aligner == "ecc" and session.config.align.method == "auto")


def _shown(session: Session, stacks: Sequence[Integration]) -> Part:
    """Return the part of a picture that is worth showing: where the least covered of its filters has enough."""
    share = session.config.picture.crop_coverage
    if share is None:
        return WHOLE
    parts = [well_covered(stack.coverage, share) for stack in stacks]
    return reduce(Part.common, parts)


def _filled(session: Session, name: str) -> dict[str, StackBranch]:
    """Filter -> its stack of that name, where there are subs in it."""
    branches = {
        filter_name: filter_stack.branch_set.branches.get(name)
        for filter_name, filter_stack in session.filter_stacks.items()
    }
    return {filter_name: branch for filter_name, branch in branches.items() if branch and branch.method.tally.n_subs}


def _mix(session: Session, name: str) -> Mix:
    branches = _filled(session, name)
    grey = all(branch.method.planes()["pixels"].ndim == 2 for branch in branches.values())
    palette = session.config.stack.palette if grey else "none"
    return choose(palette, {filter_name: branch.method.tally.exposure_s for filter_name, branch in branches.items()})


def _scale(session: Session, filter_stack: FilterStack) -> float:
    return expected_scale(filter_stack.photometric_reference.info, session.reference.info) or 1.0


def _history(session: Session, branch: StackBranch) -> tuple[str, ...]:
    config = session.config
    return (
        f"align: {ALIGNERS.name_of(session.aligner)}; debayer: {config.debayer.method}; "
        f"weight: {branch.settings.weight or config.quality.weight}",
        f"match: background {config.match.background}, scale {'on' if config.match.scale else 'off'}",
        f"reference: {session.reference.name}",
        *(f"{what}: {why}" for what, why in (("resolution", session.rung), ("plain", session.why_plain)) if why),
    )
