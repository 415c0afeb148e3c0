"""What is seen of first subs that are not combined yet: coarse where that is enough, and nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.output.snapshots import snapshot
from indistack.session import opening_view, stack_branch
from indistack.session.filter_stack import MeasuredSub
from indistack.session.session import Session
from indistack.system.workers import Workers
from indistack.values.frame import CfaPattern, FloatArray, IndexArray
from tests.unit.session.subs import HEIGHT, WIDTH, add, session_of, sub_of

CLIPPED = ("stack.method=sigma_clip", "stack.weight=equal")


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give how many subs were combined as fine as they are, each time that all over was."""
    calls: list[int] = []
    integrate_all = stack_branch.integrate_all

    def listened(subs: Any, *words: Any) -> None:
        if not words[-1]:
            calls.append(len(subs))
        integrate_all(subs, *words)

    monkeypatch.setattr(stack_branch, "integrate_all", listened)
    return calls


def noisy(number: int, cfa: CfaPattern | None = None) -> MeasuredSub:
    """A slope with a star and noise; a satellite crosses the third."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    star = 900 * np.exp(-((x - 60.0) ** 2 + (y - 20.0) ** 2) / 18)
    pixels = 200 + x + 2 * y + star + np.random.default_rng(number).normal(0, 2, (HEIGHT, WIDTH))
    if number == 3:
        pixels[40:43] += 800
    sub, stored = sub_of(), pixels.astype(np.float32) if cfa is None else np.rint(pixels).astype(np.uint16)
    return replace(sub, frame=replace(sub.frame, pixels=stored, cfa=cfa))


def opened(workers: Workers, subs: list[MeasuredSub], *words: str) -> Session:
    session = session_of(workers, subs[0], *CLIPPED, *words)
    for number, sub in enumerate(subs, start=1):
        add(session, sub, number=number)
    return session


def seen(session: Session, factor: int) -> FloatArray:
    return snapshot(session, binning=lambda _: factor).picture.rows(slice(None))


def means(pixels: FloatArray, factor: int) -> FloatArray:
    height, width = (side // factor for side in pixels.shape[:2])
    whole = np.ascontiguousarray(pixels[: height * factor, : width * factor])
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))


def _brightest(pixels: FloatArray) -> IndexArray:
    first = pixels if pixels.ndim == 2 else pixels[..., 0]
    return np.array(np.unravel_index(first.argmax(), first.shape))


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
@pytest.mark.parametrize("cfa", [None, "RGGB", "GBRG"])
def test_a_coarse_picture_is_what_all_subs_binned_would_be(
    workers: Workers, full: list[int], cfa: CfaPattern | None, factor: int
) -> None:
    session = opened(workers, [noisy(number, cfa) for number in (1, 2, 3)])
    picture = seen(session, factor)
    assert full == [1], "of three subs the first alone has been combined as fine as it is"
    expected = means(session.stack.integration().pixels, factor)
    assert full == [1, 3]
    assert picture.shape == expected.shape
    flat = np.ones(picture.shape, bool)
    flat[8 // factor : 36 // factor, 48 // factor : 76 // factor] = False  # at the star colours are made otherwise
    assert np.abs(picture - expected)[flat].mean() < 3, "the satellite has gone"
    assert np.abs((picture - expected)[-1].mean()) < 3, "the slope lies where it is"
    bright, where = (_brightest(one) for one in (picture, expected))
    assert np.abs(bright - where).max() <= 1


def test_pictures_of_subs_that_are_combined_and_of_one_sub_are_as_they_were(workers: Workers, full: list[int]) -> None:
    for count in (1, 5, 6):
        session = opened(workers, [noisy(number) for number in range(1, count + 1)])
        np.testing.assert_array_equal(seen(session, 2), means(session.stack.integration().pixels, 2))
    assert full == [1, 1, 5, 1, 5]


def test_who_looks_again_or_as_coarsely_finds_it_made(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    integrate_all = opening_view.integrate_all

    def counted(subs: Any, *words: Any) -> None:
        made.append(len(subs))
        integrate_all(subs, *words)

    monkeypatch.setattr(opening_view, "integrate_all", counted)
    session = opened(workers, [noisy(1), noisy(2)])
    for factor in (2, 3, 2):
        seen(session, factor)
    assert made == [2]
    add(session, noisy(3), number=3)
    seen(session, 2)
    assert made == [2, 3]


@pytest.mark.parametrize("factor", [1, 2])
def test_subs_are_added_while_first_ones_are_combined_for_a_picture(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, factor: int
) -> None:
    """The session's lock is free then; the picture is of one moment, with the sub that has come meanwhile."""
    room = opening_view if factor == 2 else stack_branch
    integrate_all, free = room.integrate_all, list[bool]()
    session = opened(workers, [noisy(1), noisy(2)])

    def try_lock() -> None:
        free.append(session.lock.acquire(blocking=False))
        if free[-1]:
            session.lock.release()

    def slow(subs: Any, *words: Any) -> None:
        monkeypatch.setattr(room, "integrate_all", integrate_all)
        integrate_all(subs, *words)
        other = threading.Thread(target=try_lock)
        other.start()
        other.join()
        if factor == 2:
            add(session, noisy(3), number=3)

    monkeypatch.setattr(room, "integrate_all", slow)
    taken = snapshot(session, binning=lambda _: factor)
    cards = {keyword: value for keyword, value, _ in taken.cards}
    assert free == [True]
    assert cards["NCOMBINE"] == taken.sub == session.newest == (3 if factor == 2 else 2)


@pytest.mark.parametrize("words", [("stack.canvas=grow",), ("publish.crop=[4, 0, 0, 0]",)])
def test_what_is_cut_is_cut_from_the_whole(workers: Workers, full: list[int], words: tuple[str, ...]) -> None:
    session = opened(workers, [noisy(1), noisy(2)], *words)
    left = 4 if "crop" in words[0] else 0
    picture = seen(session, 2)
    assert full == [1, 2]
    np.testing.assert_allclose(picture, means(session.stack.integration().pixels[:, left:], 2), rtol=1e-6)


def test_the_stack_is_the_same_whoever_has_looked(workers: Workers) -> None:
    unseen, looked_at = (session_of(workers, noisy(1), *CLIPPED) for _ in range(2))
    for number in range(1, 8):
        for session in (unseen, looked_at):
            add(session, noisy(number), number=number)
        seen(looked_at, 2)
    for name in ("pixels", "weight", "coverage", "variance", "rejected"):
        one, other = (getattr(session.stack.integration(), name) for session in (unseen, looked_at))
        np.testing.assert_array_equal(one, other)
