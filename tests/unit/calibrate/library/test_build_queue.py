"""Which masters are to be built, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from indistack.calibrate.library.build_queue import QUIET_S, BuildQueue


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> BuildQueue:
    return BuildQueue(clock)


def test_flats_are_built_after_what_is_subtracted_from_them(queue: BuildQueue) -> None:
    queue.add(["flat-R", "bias", "flat-B", "darkflat"])
    assert [queue.next() for _ in range(4)] == ["bias", "darkflat", "flat-B", "flat-R"]


def test_a_group_is_complete_when_one_of_another_comes(queue: BuildQueue) -> None:
    queue.expect_more("dark", 60.0)
    queue.expect_more("flat", 2.0)
    assert queue.next() == "dark"
    assert queue.status() == {"building": "dark", "due": ["flat"]}


@pytest.mark.parametrize("early_s", [1.0, 0.0])
def test_a_group_is_complete_when_nothing_comes_for_twice_the_exposure_and_more(
    queue: BuildQueue, clock: Clock, early_s: float
) -> None:
    queue.expect_more("dark", 60.0)
    queue.add(["dark", "bias"])  # there are more darks to come
    assert queue.next() == "bias"
    clock.now_s += QUIET_S + 2 * 60.0 - early_s
    queue.add(["flat"])
    assert queue.next() == ("flat" if early_s else "dark")


def test_who_waits_has_all_built_now(queue: BuildQueue, wait_until: Callable[..., None]) -> None:
    queue.expect_more("dark", 60.0)
    answers: list[bool] = []
    waits = threading.Thread(target=lambda: answers.append(queue.wait(60)))
    builds = threading.Thread(target=lambda: [queue.next() for _ in range(2)])
    waits.start()
    builds.start()
    waits.join(60)
    assert answers == [True]
    assert queue.is_idle()
    queue.close()
    builds.join(60)
    assert not builds.is_alive()


def test_who_waited_in_vain_does_not_wait_again(queue: BuildQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.add(["dark"])
    queue.wait_once(0.0)
    assert queue.next() == "dark"
    monkeypatch.setattr(BuildQueue, "wait", lambda *_: pytest.fail("waits again"))
    queue.wait_once(60.0)
    assert not queue.is_idle()


def test_at_the_end_nothing_more_is_built(queue: BuildQueue) -> None:
    queue.add(["dark"])
    assert not queue.is_closing
    queue.close()
    assert queue.is_closing
    assert queue.next() == ""
