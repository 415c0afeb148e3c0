"""What Ekos' signals mean, without a bus."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from indistack.sources.ekos import FLIP, FOCUS, UNGUIDED, EkosSettings, EkosSource, EkosWatch
from indistack.values.disturbances import Disturbances

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def watch() -> EkosWatch:
    return EkosWatch(Disturbances(), lambda: NOW)


def going_on(watch: EkosWatch, *states: tuple[str, int]) -> list[str]:
    for module, state in states:
        watch.hear(module, "newStatus", [[state]])
    return watch._disturbances.now()


@pytest.mark.parametrize("lost", [1, 3, 10, 14])
def test_guiding_that_is_lost(watch: EkosWatch, lost: int) -> None:
    assert going_on(watch, ("Guide", 12), ("Guide", lost)) == [UNGUIDED]
    assert going_on(watch, ("Guide", 12)) == []


@pytest.mark.parametrize("states", [(1,), (12, 15, 17, 18), (12, 13), (12, 14, 0), (0, 1), (12, 0, 1)])
def test_guiding_that_is_not_lost(watch: EkosWatch, states: tuple[int, ...]) -> None:
    """It has not begun, dithers, is suspended for a flip or for the focus, or was ended by a person."""
    assert going_on(watch, *(("Guide", state) for state in states)) == []


def test_focus_and_flip(watch: EkosWatch) -> None:
    assert going_on(watch, ("Focus", 5)) == [FOCUS]
    assert going_on(watch, ("Focus", 2)) == []
    watch.hear("Capture", "meridianFlipStarted", ["a newer KStars names the train"])
    assert watch._disturbances.now() == [FLIP]
    watch.hear("Capture", "meridianFlipCompleted", [])
    assert watch._disturbances.now() == []


def test_a_frame(watch: EkosWatch) -> None:
    assert watch.hear("Capture", "captureComplete", [{"filename": "/a/b.fits", "hfr": 1.5}, "train"]) == "/a/b.fits"
    assert watch.hfr_px == 1.5
    assert watch.hear("Capture", "captureComplete", [{"filename": "", "hfr": -1.0}]) == ""
    assert watch.hfr_px is None  # Ekos has not measured it


@pytest.mark.parametrize("values", [[], ["x"], [[]], [["x"]], [{}], [None]])
def test_what_is_no_status_changes_nothing(watch: EkosWatch, values: list[object]) -> None:
    for module in ("Guide", "Focus", "Capture", "Mount", ""):
        for signal in ("newStatus", "captureComplete", "newLog"):
            assert watch.hear(module, signal, values) == ""
    assert watch._disturbances.now() == []


@pytest.mark.parametrize("address", ["unix:path=/nowhere/bus", "nonsense", "tcp:host=127.0.0.1,port=1"])
def test_without_a_bus_nothing_happens_and_it_is_told(address: str, wait_until: Callable[..., None]) -> None:
    source, stop = EkosSource(EkosSettings(bus=address)), threading.Event()
    running = threading.Thread(target=source.run, args=(lambda _: None, stop))
    running.start()
    wait_until(lambda: bool(source.fault), 60)
    assert not source.status()["ekos"]
    stop.set()
    running.join(60)
    assert not running.is_alive()
