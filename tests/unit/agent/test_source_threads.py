"""Sources in threads of their own."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from indistack.agent.source_threads import SourceThreads
from indistack.errors import SourceError
from indistack.sources import Emit
from indistack.values.blob import Blob

BLOB = Blob(b"1234", ".fits", "camera", "camera.CCD1", datetime(2024, 1, 6, tzinfo=UTC))
PATIENCE_S = 10.0


class Flaky:
    """Fails so often, by a fault of the world first, then by one of ours; then delivers."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tries = 0

    def status(self) -> dict[str, int]:
        return {"tries": self.tries}

    def run(self, emit: Emit, stop: threading.Event) -> None:
        self.tries += 1
        if self.tries <= self.failures:
            raise SourceError("gone") if self.tries == 1 else RuntimeError("a bug")
        emit(BLOB)
        stop.wait(PATIENCE_S)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indistack.agent.source_threads.FIRST_RETRY_S", 0.01)


def test_a_source_that_fails_is_started_again_and_the_others_go_on() -> None:
    came = threading.Barrier(3)
    sources = [Flaky(0), Flaky(2)]

    def emit(_: Blob) -> None:
        came.wait(PATIENCE_S)

    feed = SourceThreads(sources, emit)
    feed.start()
    came.wait(PATIENCE_S)
    assert feed.status() == [{"tries": 1}, {"tries": 3}]
    assert not feed.is_over
    feed.close()
    assert feed.is_over


def test_it_is_over_when_all_sources_have_ended() -> None:
    class Short(Flaky):
        def run(self, emit: Emit, stop: threading.Event) -> None:
            emit(BLOB)

    came: list[Blob] = []
    feed = SourceThreads([Short(0), Short(0)], came.append)
    feed.start()
    for _ in range(1000):
        if feed.is_over:
            break
        threading.Event().wait(PATIENCE_S / 1000)
    assert feed.is_over
    assert came == [BLOB, BLOB]


def test_one_that_waits_to_be_started_again_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indistack.agent.source_threads.FIRST_RETRY_S", 1000.0)
    source = Flaky(1)
    feed = SourceThreads([source], lambda _: None)
    feed.start()
    feed.close()
    assert source.tries == 1


def test_how_many_are_still_to_be_stacked_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    feed = SourceThreads([], lambda _: None)
    for n_waiting in (3, 2, 0):
        feed.end(n_waiting)
    assert caplog.messages == ["3 frames still to be stacked"]
