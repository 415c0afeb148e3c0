"""Darks, flats and biases shot through a real indiserver, as Ekos does, then lights: the masters are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import DEVICE, SCENARIO, RunningAgent
from tests.integration.test_indi_source import Panel


class Observer(RunningAgent):
    """An agent on a server, and somebody who chooses frame types and takes exposures, one after the other."""

    def __init__(
        self, folder: Path, indiserver: Callable[..., Any], wait_until: Callable[..., None], scenario: str
    ) -> None:
        self.library = folder / "library"
        words = ("--library", str(self.library), "--set", "calibrate.learn_wait_s=60")
        super().__init__(folder, indiserver, wait_until, *words, scenario=scenario)
        self._panel = Panel(self.server.port)
        self.wait_until(lambda: self._panel.has("CONNECTION", DEVICE), 60, "the camera is there")
        self._panel.put("Switch", "CONNECTION", DEVICE, CONNECT="On")
        self.wait_until(lambda: self._panel.has("CCD_EXPOSURE", DEVICE), 60, "the camera is connected")
        self.wait_for_camera()

    def shoot(self, kind: str, count: int, exposure_s: float) -> None:
        """Take frames of one type, and wait until the agent has dealt with each."""
        self._panel.put("Switch", "CCD_FRAME_TYPE", DEVICE, **{f"FRAME_{kind}": "On"})
        for _ in range(count):
            before = len(self.lines())
            self._panel.put("Number", "CCD_EXPOSURE", DEVICE, CCD_EXPOSURE_VALUE=exposure_s)
            self.wait_until(lambda before=before: len(self.lines()) > before, 60, f"a line for a {kind}")

    def close(self) -> None:
        self._panel.close()
        super().close()


@pytest.fixture
def observe(
    tmp_path: Path, indiserver: Callable[..., Any], wait_until: Callable[..., None]
) -> Iterator[Callable[[str], Observer]]:
    running = []

    def begin(scenario: str) -> Observer:
        running.append(Observer(tmp_path, indiserver, wait_until, scenario))
        return running[-1]

    yield begin
    for observer in running:
        observer.close()


def test_five_darks_and_five_flats_calibrate_the_lights_that_follow(observe: Callable[[str], Observer]) -> None:
    observer = observe(SCENARIO)
    observer.shoot("BIAS", 3, 0.01)
    observer.shoot("FLAT", 5, 0.5)
    observer.shoot("DARK", 5, 1.0)
    observer.shoot("LIGHT", 3, 1.0)
    assert observer.end() == 0
    lines = observer.lines()
    assert [line["outcome"] for line in lines] == ["filed"] * 13 + ["accepted"] * 3
    for line in lines[-3:]:
        assert [name.partition(" (")[0] for name in line["masters"]] == ["dark 5 x 1 s", "flat 5 x 0.5 s"]
        assert line["warnings"] == []
    kinds = sorted(path.name.split("_")[0] for path in (observer.library / "learned").iterdir())
    assert kinds == ["bias", "dark", "flat"]


def test_frames_under_the_sky_are_no_darks_by_being_called_so(observe: Callable[[str], Observer]) -> None:
    observer = observe(SCENARIO + "[header_extra]\nFRAME = 'Dark'\nIMAGETYP = 'Dark Frame'\n")
    observer.shoot("LIGHT", 3, 1.0)
    assert observer.end() == 0
    assert [(line["outcome"], line["reason"]) for line in observer.lines()] == [("refused", "not_a_dark")] * 3
    assert "stars" in observer.lines()[0]["detail"]
    assert not (observer.library / "learned").exists()
