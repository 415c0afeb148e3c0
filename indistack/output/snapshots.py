"""The pictures of a session by the names that their files have: every stack, and colour pictures of several filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from indistack import __version__
from indistack.align import ALIGNERS
from indistack.config import MAIN
from indistack.enhance import LookMemory, PictureFacts, PictureSettings, render
from indistack.fits_header import StackFacts, output_cards, with_own_filter, with_target
from indistack.output.annotation import annotated
from indistack.output.filters import filled, mix_of, scale_of
from indistack.output.maps import clipped_share, maps_of, small_coverage
from indistack.output.sky import sky_of
from indistack.output.trim import Trim, shown_part
from indistack.output.view import Binning, View
from indistack.picture.integration import Integration
from indistack.picture.linear import LinearPicture
from indistack.picture.palette import Channel, ColourPicture, Mix
from indistack.session.filter_stack import FilterStack
from indistack.session.session import Session
from indistack.session.stack_branch import StackBranch
from indistack.sinks import Sink, Snapshot, depth_of
from indistack.values.frame import FrameInfo


class NoPictureError(LookupError):
    """There is no picture of that name, or nothing in it yet."""


def names(session: Session) -> list[str]:
    """Return the names of all pictures that there is something to see in, the main one first.

    With one filter these are the stacks: ``stack``, ``trails``. With several, each of these names is a picture of all
    filters together, and every filter's stack follows: ``stack-R``, ``trails-R``.
    """
    with session.lock:
        begun = {name: branch for name, (_, branch) in session.stacks().items() if branch.method.tally.n_subs}
    return list(dict.fromkeys([*(branch.name for branch in begun.values()), *begun]))


def snapshot(session: Session, name: str = MAIN, binning: Binning | None = None, maps: bool = False) -> Snapshot:
    """Return a picture as it is now.

    First subs that have not been combined yet are, before the session's lock is taken, and no finer than is wanted.

    Parameters
    ----------
    session : Session
        Whose.
    name : str
        One of `names`.
    binning : callable, optional
        Given the shape of each stack that is needed; a copy is taken, binned by what it returns. By default the picture
        is the stack itself: no sub may be added while the snapshot is used.
    maps : bool
        With maps, where the picture is that of one stack.

    Raises
    ------
    NoPictureError
        There is no picture of that name, or nothing in it.
    """
    view = View(session, binning and cache(binning), whole=maps)  # memory tells it, and varies
    while True:
        with session.lock:
            to_do = view.preparations(_branches(session, name))
            if not to_do:
                return _taken(view, name, maps)
        for prepare in to_do:
            prepare()


def _branches(session: Session, name: str) -> list[StackBranch]:
    """Return the stacks that a picture is made of."""
    if name not in names(session):
        raise NoPictureError(f"there is no picture {name}")
    stacks = session.stacks()
    if name in stacks:
        return [stacks[name][1]]
    one_each = filled(session, name)
    return [one_each[filter_name] for filter_name in mix_of(session, name).filters]


def _taken(view: View, name: str, maps: bool) -> Snapshot:
    stacks = view.session.stacks()
    if name not in stacks:
        return _combined(view, name)
    filter_stack, branch = stacks[name]
    single = _single(view, filter_stack, branch)
    if not maps:
        return single
    stack = view.stack(branch, Trim.of(view.session))
    return replace(single, maps={one: view.kept(plane) for one, plane in maps_of(stack).items()})


def with_preview(
    snapshot: Snapshot, settings: PictureSettings, sinks: Iterable[Sink], memory: LookMemory | None = None
) -> Snapshot:
    """Return the snapshot with its picture for people, as fine as the sinks need it; as it is where none needs one.

    `memory` is of the pictures before it, of a live one.
    """
    if not (asking := [sink for sink in sinks if sink.needs_preview]):
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
        snapshot.clipped,
        sky_of(snapshot, settings),
    )
    fine = any(depth_of(sink, settings.png_bits) == 16 for sink in asking)
    preview = render(snapshot.picture, settings, facts, memory, fine)
    shown = annotated(preview, snapshot.cards) if settings.annotate else preview
    return replace(snapshot, bits=settings.png_bits, preview=shown)


def numbers(session: Session) -> dict[str, dict[str, Any]]:
    """Return what there is to say of every picture, for status and report."""
    with session.lock:
        return _numbers(session)


def _numbers(session: Session) -> dict[str, dict[str, Any]]:
    stacks = session.stacks()
    mixes = {name: mix_of(session, name) for name in names(session) if name not in stacks}
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


def _single(view: View, filter_stack: FilterStack, branch: StackBranch, *history: str) -> Snapshot:
    session, trim = view.session, Trim.of(view.session)
    stack = view.stack(branch, trim)
    info = with_own_filter(session.reference.info, filter_stack.photometric_reference.info)
    facts = _facts(session, branch, [stack], [filter_stack], *history)
    single = _snapshot(session, view.picture(branch, stack), info, facts, branch, trim)
    clipped = clipped_share([(branch.clipped, stack)], trim.box)
    return replace(single, clipped=clipped, coverage=small_coverage(stack), shown=shown_part(session, [stack]))


def _combined(view: View, name: str) -> Snapshot:
    """Return the picture that all filters of one branch make; that of one filter where they make none."""
    session = view.session
    mix, branches = mix_of(session, name), filled(session, name)
    if mix.palette:
        return _coloured(view, mix, branches)
    (alone,) = mix.filters
    line = f"palette: none ({mix.why}); filter {alone or 'none'} alone"
    return _single(view, session.filter_stacks[alone], branches[alone], line)


def _coloured(view: View, mix: Mix, branches: dict[str, StackBranch]) -> Snapshot:
    session = view.session
    filter_stacks = {one: session.filter_stacks[one] for one in mix.filters}
    trim = Trim.of(session)
    stacks = {one: view.stack(branches[one], trim) for one in filter_stacks}
    pictures = {one: view.picture(branches[one], stack) for one, stack in stacks.items()}
    channels = [Channel(pictures[one], scale_of(session, filter_stacks[one])) for one in mix.filters]
    picture = ColourPicture(channels[-3:], channels[0] if len(channels) == 4 else None, mix.is_false)
    branch = branches[mix.filters[0]]
    line = f"palette: {mix.palette} of {', '.join(one or 'none' for one in mix.filters)}"
    facts = _facts(session, branch, list(stacks.values()), list(filter_stacks.values()), line)
    card = ("FILTER", mix.palette, "luminance (L), red, green, blue")
    info = with_own_filter(session.reference.info, FrameInfo(header=(card,)))
    snapshot = _snapshot(session, picture, info, facts, branch, trim)
    # white stars would undo the balance of the nebula
    shown = shown_part(session, list(stacks.values()))
    clipped = clipped_share([(branches[one].clipped, stack) for one, stack in stacks.items()], trim.box)
    return replace(snapshot, false_colours=mix.is_false, shown=shown, clipped=clipped)


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
        sub=session.newest,
        size=(trim.box[0].stop - trim.box[0].start, trim.box[1].stop - trim.box[1].start),
    )


def _is_body(session: Session) -> bool:
    """Tell whether subs are aligned by a limb, or by detail that was seen where stars were looked for."""
    aligner = ALIGNERS.name_of(session.aligner)
    return aligner == "disk" or (aligner == "ecc" and session.config.align.method == "auto")


def _history(session: Session, branch: StackBranch) -> tuple[str, ...]:
    config = session.config
    return (
        f"align: {ALIGNERS.name_of(session.aligner)}; debayer: {config.debayer.method}; "
        f"weight: {branch.settings.weight or config.quality.weight}",
        f"match: background {config.match.background}, scale {'on' if config.match.scale else 'off'}",
        f"reference: {session.reference.name}",
        *(f"{what}: {why}" for what, why in (("resolution", session.rung), ("plain", session.why_plain)) if why),
    )
