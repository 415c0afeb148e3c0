"""What Ekos tells on a real session bus, and what it is asked there."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dbus_fast")
if shutil.which("dbus-daemon") is None:
    pytest.skip("dbus-daemon is not installed", allow_module_level=True)

from indistack.sources import EkosSettings, EkosSource
from indistack.store.last_status import last_status
from indistack.values.blob import Blob
from indistack.values.disturbances import Disturbances
from tests.integration.fake_ekos import Bus, FakeEkos
from tests.pipeline.night import make_sky
from tests.ports import an_unused_port

ROOT = Path(__file__).parents[2]
LONG_S = 120.0
EXPOSURE_S = 1.0


@pytest.fixture
def bus() -> Iterator[Bus]:
    bus = Bus()
    yield bus
    bus.end()


@pytest.fixture
def ekos(bus: Bus) -> Iterator[FakeEkos]:
    ekos = FakeEkos(bus.address)
    yield ekos
    ekos.end()


class Listening:
    """A source at work in a thread."""

    def __init__(self, bus: Bus, **settings: Any) -> None:
        self.disturbances, self.targets, self.blobs = Disturbances(), list[str](), list[Blob]()
        self._stop = threading.Event()
        self.source = EkosSource(
            EkosSettings(bus=bus.address, **settings),
            self.disturbances,
            lambda _begins, name: self.targets.append(name),
        )
        self._thread = threading.Thread(target=self.source.run, args=(self.blobs.append, self._stop))
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def listening(bus: Bus, wait_until: Callable[..., None]) -> Iterator[Callable[..., Listening]]:
    begun: list[Listening] = []

    def begin(**settings: Any) -> Listening:
        begun.append(one := Listening(bus, **settings))
        wait_until(lambda: one.source.status()["ekos"], LONG_S, "KStars is heard")
        return one

    yield begin
    for one in begun:
        one.end()


def test_what_spoils_subs_is_known_from_its_beginning_to_its_end(
    ekos: FakeEkos, listening: Callable[..., Listening], wait_until: Callable[..., None]
) -> None:
    heard = listening()
    now = heard.disturbances.now
    ekos.status("Guide", 12)
    ekos.status("Guide", 14)
    wait_until(lambda: now() == ["guiding was lost"], LONG_S)
    ekos.status("Guide", 12)
    ekos.status("Focus", 5)
    wait_until(lambda: now() == ["Ekos focused"], LONG_S)
    ekos.status("Focus", 1)
    ekos.signal("Capture", "meridianFlipStarted")
    wait_until(lambda: now() == ["the mount was flipped"], LONG_S)
    ekos.signal("Capture", "meridianFlipCompleted")
    wait_until(lambda: now() == [], LONG_S)
    told = heard.disturbances.during(datetime.now(UTC) - timedelta(minutes=10), datetime.now(UTC))
    assert told == "guiding was lost, Ekos focused, the mount was flipped"


def test_another_target_and_a_frame(
    ekos: FakeEkos, listening: Callable[..., Listening], wait_until: Callable[..., None], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("indistack.sources.ekos.TARGET_S", 0.0)
    heard = listening(files=True)
    frame = tmp_path / "Light 001.fits"
    frame.write_bytes(make_sky().expose(index=0).to_fits())
    ekos.target = "M 27"
    ekos.captured(filename=str(frame), hfr=2.5)
    wait_until(lambda: len(heard.blobs) == 1, LONG_S)
    assert heard.blobs[0].path == frame
    wait_until(lambda: heard.source.status()["target"] == "M 27", LONG_S)
    assert heard.source.status()["hfr_px"] == 2.5
    assert heard.targets == []  # the stack there is may be of it
    ekos.target = "M 31"
    ekos.status("Capture", 1)
    wait_until(lambda: heard.targets == ["M 31"], LONG_S)


def test_kstars_that_goes_and_comes(
    bus: Bus, listening: Callable[..., Listening], wait_until: Callable[..., None]
) -> None:
    first = FakeEkos(bus.address)
    heard = listening()
    first.status("Guide", 12)
    first.status("Guide", 1)
    wait_until(lambda: bool(heard.disturbances.now()), LONG_S)
    first.end()
    wait_until(lambda: not heard.source.status()["ekos"] and not heard.disturbances.now(), LONG_S)
    second = FakeEkos(bus.address)
    wait_until(lambda: heard.source.status()["ekos"], LONG_S)
    heard.source.stop_capture()
    wait_until(lambda: bool(second.calls), LONG_S)
    assert second.calls == ["/KStars/Ekos/Capture org.kde.kstars.Ekos.Capture.stop"]
    second.end()


def test_signals_that_are_none_of_ekos(
    ekos: FakeEkos, listening: Callable[..., Listening], wait_until: Callable[..., None]
) -> None:
    heard = listening(files=True)
    ekos.signal("Capture", "captureComplete", "s", "no facts")
    ekos.signal("Guide", "newStatus", "s", "lost")
    ekos.captured(filename="/nowhere/at/all.fits")
    ekos.status("Guide", 12)
    ekos.status("Guide", 3)
    wait_until(lambda: bool(heard.disturbances.now()), LONG_S)  # it has been through all of them
    assert heard.blobs == []


def test_a_bus_that_ends_is_told_and_tried_again(
    bus: Bus, ekos: FakeEkos, listening: Callable[..., Listening], wait_until: Callable[..., None]
) -> None:
    heard = listening()
    bus.process.kill()
    wait_until(lambda: "bus" in heard.source.status()["fault"], LONG_S)
    assert not heard.source.status()["ekos"]


@pytest.mark.slow
def test_an_agent_holds_subs_back_and_has_ekos_stop_at_the_goal(
    bus: Bus, ekos: FakeEkos, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    out, sky = tmp_path / "out", make_sky()
    command = [sys.executable, "-m", "indistack", "run", "--port", str(an_unused_port()), "--output-dir", str(out)]
    wanted = {
        "ekos.bus": bus.address, "ekos.files": "true", "ekos.disturbed": "hold", "ekos.stop_at_goal": "true",
        "hook.enabled": "false", "goal.exposure_s": "2", "solve.program": "off", "quality.min_transparency": "off",
    }  # fmt: skip
    command += [word for name, value in wanted.items() for word in ("--set", f"{name}={value}")]

    def capture(index: int) -> None:
        path = tmp_path / f"Light {index}.fits"
        exposure = sky.expose(index=index)
        exposure.header["EXPTIME"] = EXPOSURE_S
        path.write_bytes(exposure.to_fits())
        ekos.captured(filename=str(path))

    def counts() -> dict[str, int]:
        return dict(last_status(out).get("outcomes", {}))

    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as agent:
        try:
            wait_until(lambda: any(one.get("ekos") for one in last_status(out).get("sources", [])), LONG_S)
            capture(0)
            wait_until(lambda: counts().get("accepted") == 1, LONG_S)
            ekos.status("Guide", 12)
            ekos.status("Guide", 14)
            capture(1)
            wait_until(lambda: last_status(out).get("refusals") == {"disturbed": 1}, LONG_S)
            assert ekos.calls == []
            ekos.status("Guide", 12)
            time.sleep(EXPOSURE_S + 0.5)  # a sub that was begun after that
            capture(2)
            wait_until(lambda: bool(ekos.calls), LONG_S, "Ekos is asked to stop")
        finally:
            agent.terminate()
            agent.wait(60)
