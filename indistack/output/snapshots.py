"""The pictures of a session by the names that their files have: every stack, and colour pictures of several filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from indistack import __version__
from indistack.align import ALIGNERS
from indistack.config import MAIN
from indistack.enhance import PictureSettings, render
from indistack.fits_header import StackFacts, output_cards, with_own_filter
from indistack.output.maps import maps_of
from indistack.photometry import expected_scale
from indistack.picture.integration import Integration
from indistack.picture.linear import LinearPicture, StackPicture
from indistack.picture.palette import Channel, ColourPicture, Mix, choose
from indistack.session.branches import Branch
from indistack.session.filter_stack import Track
from indistack.session.session import Session
from indistack.sinks import Snapshot
from indistack.values.frame import FrameInfo

Keep = Callable[[StackPicture], StackPicture]
"""What is kept of a stack's picture: itself, a copy, a binned one."""


def names(session: Session) -> list[str]:
    """Return the names of all pictures that there is something to see in, the main one first.

    With one filter these are the stacks: ``stack``, ``trails``. With several, each of these names is a picture of all
    filters together, and every filter's stack follows: ``stack-R``, ``trails-R``.
    """
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
    """
    with session.lock:
        stacks = session.stacks()
        if name in stacks:
            track, branch = stacks[name]
            kept = {name: keep(plane) for name, plane in maps_of(branch.method.integration()).items()} if maps else {}
            return replace(_single(session, track, branch, keep), maps=kept)
        return _combined(session, name, keep)


def with_preview(snapshot: Snapshot, settings: PictureSettings) -> Snapshot:
    """Return the snapshot with its picture for people."""
    if snapshot.operators is not None:
        settings = settings.model_copy(update={"operators": list(snapshot.operators)})
    return replace(snapshot, preview=render(snapshot.picture, snapshot.bottom_up, settings, snapshot.orientation))


def numbers(session: Session) -> dict[str, dict[str, Any]]:
    """Return what there is to say of every picture, for status and report."""
    stacks = session.stacks()
    mixes = {name: _mix(session, name) for name in names(session) if name not in stacks}
    told: dict[str, dict[str, Any]] = {
        name: {"palette": mix.palette, "filters": list(mix.filters), "why": mix.why} for name, mix in mixes.items()
    }
    return told | {name: _stack_numbers(*stack) for name, stack in stacks.items()}


def _stack_numbers(track: Track, branch: Branch) -> dict[str, Any]:
    tally = branch.method.tally
    growth = track.growth.numbers() if branch.name == MAIN else {}
    return {
        "method": branch.settings.method,
        "n_subs": tally.n_subs,
        "exposure_s": tally.exposure_s,
        "ms": round(branch.ms, 2),
        **growth,
    }


def _single(session: Session, track: Track, branch: Branch, keep: Keep, *history: str) -> Snapshot:
    stack = branch.method.integration()
    info = with_own_filter(session.reference.info, track.light.info)
    facts = _facts(session, branch, [stack], [track], *history)
    return _snapshot(session, keep(StackPicture(stack.pixels, stack.weight)), info, facts, branch)


def _combined(session: Session, name: str, keep: Keep) -> Snapshot:
    """Return the picture that all filters of one branch make; that of one filter where they make none."""
    mix, branches = _mix(session, name), _filled(session, name)
    if mix.palette:
        return _coloured(session, mix, branches, keep)
    (alone,) = mix.filters
    line = f"palette: none ({mix.why}); filter {alone or 'none'} alone"
    return _single(session, session.tracks[alone], branches[alone], keep, line)


def _coloured(session: Session, mix: Mix, branches: dict[str, Branch], keep: Keep) -> Snapshot:
    tracks = {one: session.tracks[one] for one in mix.filters}
    stacks = {one: branches[one].method.integration() for one in tracks}
    kept = {one: keep(StackPicture(stack.pixels, stack.weight)) for one, stack in stacks.items()}
    channels = [Channel(kept[one], _scale(session, tracks[one])) for one in mix.filters]
    picture = ColourPicture(channels[-3:], channels[0] if len(channels) == 4 else None, mix.is_false)
    branch = branches[mix.filters[0]]
    line = f"palette: {mix.palette} of {', '.join(one or 'none' for one in mix.filters)}"
    facts = _facts(session, branch, list(stacks.values()), list(tracks.values()), line)
    card = ("FILTER", mix.palette, "luminance (L), red, green, blue")
    info = with_own_filter(session.reference.info, FrameInfo(header=(card,)))
    colours = _snapshot(session, picture, info, facts, branch)
    if mix.is_false and colours.operators is None:  # white stars would undo the balance of the nebula
        return replace(colours, operators=[name for name in session.config.picture.operators if name != "neutral"])
    return colours


def _facts(
    session: Session, branch: Branch, stacks: Sequence[Integration], tracks: Sequence[Track], *history: str
) -> StackFacts:
    """Return what is true of one or several filters' stacks together."""
    return StackFacts(
        sum(stack.exposure_s for stack in stacks),
        sum(stack.n_subs for stack in stacks),
        branch.settings.method,
        __version__,
        min((track.first for track in tracks if track.first), default=None),
        max((track.end for track in tracks if track.end), default=None),
        list(dict.fromkeys(master for track in tracks for master in track.masters)),
        (*_history(session, branch), *history),
    )


def _snapshot(session: Session, picture: LinearPicture, info: FrameInfo, facts: StackFacts, branch: Branch) -> Snapshot:
    solution = session.solution
    cards = output_cards(info, facts, session.canvas.matrix, solution.wcs if solution is not None else None)
    return Snapshot(picture, cards, info.bottom_up, orientation=info.orientation, operators=branch.settings.operators)


def _filled(session: Session, name: str) -> dict[str, Branch]:
    """Filter -> its stack of that name, where there are subs in it."""
    branches = {filter_name: track.fan.branches.get(name) for filter_name, track in session.tracks.items()}
    return {filter_name: branch for filter_name, branch in branches.items() if branch and branch.method.tally.n_subs}


def _mix(session: Session, name: str) -> Mix:
    branches = _filled(session, name)
    grey = all(branch.method.planes()["pixels"].ndim == 2 for branch in branches.values())
    palette = session.config.stack.palette if grey else "none"
    return choose(palette, {filter_name: branch.method.tally.exposure_s for filter_name, branch in branches.items()})


def _scale(session: Session, track: Track) -> float:
    return expected_scale(track.light.info, session.reference.info) or 1.0


def _history(session: Session, branch: Branch) -> tuple[str, ...]:
    config = session.config
    return (
        f"align: {ALIGNERS.name_of(session.aligner)}; debayer: {config.debayer.method}; "
        f"weight: {branch.settings.weight or config.quality.weight}",
        f"match: background {config.match.background}, scale {'on' if config.match.scale else 'off'}",
        f"reference: {session.reference.name}",
        f"resolution: {session.rung}",
    )
