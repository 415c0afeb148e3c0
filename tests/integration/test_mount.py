"""Orders for a mount, taken by the stock telescope simulator of a real indiserver."""

from __future__ import annotations

import math
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from indistack.centre import Correction, IndiMover
from indistack.errors import SourceError
from indistack.indi import Mount, Sequencer
from indistack.indi.xml_link import XmlLink
from tests.integration.running import DEVICE, SCENARIO, RunningAgent
from tests.ports import HOST, an_unused_port

pytestmark = pytest.mark.skipif(shutil.which("indi_simulator_telescope") is None, reason="needs indi-bin")

SCOPE = "Telescope Simulator"


class Hand:
    """A hand on the telescope, and an eye on its display."""

    def __init__(self, port: int, wait_until: Callable[..., None]) -> None:
        self._link = XmlLink(HOST, port)
        self._wait_until = wait_until
        self._vectors: dict[str, Any] = {}
        self._link.ask(SCOPE)
        self.wait("CONNECTION")
        self.press("CONNECTION", "CONNECT")
        self.wait("EQUATORIAL_EOD_COORD")

    def press(self, name: str, switch: str) -> None:
        self._link.put("Switch", SCOPE, name, {switch: "On"})

    def read(self) -> dict[str, Any]:
        for message in self._link.messages():
            self._vectors[message.get("name", "")] = message
        return self._vectors

    def wait(self, name: str) -> None:
        self._wait_until(lambda: name in self.read(), 10, name)

    def place(self) -> tuple[float, float]:
        values = {one.get("name"): float(one.text or "nan") for one in self.read()["EQUATORIAL_EOD_COORD"]}
        return 15 * values["RA"], values["DEC"]

    def state(self, name: str) -> str:
        return str(self.read()[name].get("state"))

    def is_on(self, name: str, switch: str) -> bool:
        return any(one.get("name") == switch and (one.text or "").strip() == "On" for one in self.read().get(name, ()))

    def slew(self, ra_deg: float, dec_deg: float) -> None:
        self.press("ON_COORD_SET", "TRACK")
        place = {"RA": f"{ra_deg / 15}", "DEC": f"{dec_deg}"}
        self._link.put("Number", SCOPE, "EQUATORIAL_EOD_COORD", place)

    def sync(self, ra_deg: float, dec_deg: float) -> None:
        """Tell the telescope where it is, and leave it in that mode, as an interrupted program does."""
        self.press("ON_COORD_SET", "SYNC")
        self._link.put("Number", SCOPE, "EQUATORIAL_EOD_COORD", {"RA": f"{ra_deg / 15}", "DEC": f"{dec_deg}"})

    def unpark(self) -> None:
        self.press("TELESCOPE_PARK", "UNPARK")
        self._wait_until(lambda: self.is_on("TELESCOPE_PARK", "UNPARK"), 60, "it is unparked")

    def wait_for(self, ra_deg: float, dec_deg: float) -> None:
        self._wait_until(lambda: self.off_arcsec(ra_deg, dec_deg) < 5, 60, f"it is at {ra_deg}, {dec_deg}")
        self._wait_until(lambda: self.state("EQUATORIAL_EOD_COORD") == "Ok", 60, "it tracks")

    def off_arcsec(self, ra_deg: float, dec_deg: float) -> float:
        ra, dec = self.place()
        east = (ra - ra_deg + 180) % 360 - 180
        return 3600 * math.hypot(east * math.cos(math.radians(dec_deg)), dec - dec_deg)

    def close(self) -> None:
        self._link.__exit__(None, None, None)


@pytest.fixture
def port(indiserver: Callable[..., Any]) -> int:
    return int(indiserver("indi_simulator_telescope").port)


@pytest.fixture
def open_hand(wait_until: Callable[..., None]) -> Iterator[Callable[[int], Hand]]:
    hands: list[Hand] = []

    def open_one(port: int) -> Hand:
        hands.append(Hand(port, wait_until))
        return hands[-1]

    yield open_one
    for hand in hands:
        hand.close()


@pytest.fixture
def hand(port: int, open_hand: Callable[[int], Hand]) -> Hand:
    return open_hand(port)


def test_a_correction_moves_the_telescope_by_just_that(port: int, hand: Hand) -> None:
    hand.unpark()
    ra, _ = hand.place()
    hand.sync(ra, 60.0)
    hand.press("TELESCOPE_TRACK_STATE", "TRACK_ON")
    hand.wait_for(ra, 60.0)
    ra, dec = hand.place()
    IndiMover(HOST, port).move(Correction(-300 / 3600, 200 / 3600, (0.0, 0.0)))
    assert hand.is_on("ON_COORD_SET", "TRACK")  # and not a synchronisation any more
    hand.wait_for(ra - 300 / 3600 / math.cos(math.radians(60.03)), dec + 200 / 3600)


def test_a_telescope_that_cannot_be_moved_now(port: int, hand: Hand, wait_until: Callable[..., None]) -> None:
    mover = IndiMover(HOST, port)
    way = Correction(0.1, 0.0, (0.0, 0.0))
    hand.unpark()
    hand.press("TELESCOPE_TRACK_STATE", "TRACK_OFF")
    with pytest.raises(SourceError, match=f"{SCOPE} is not tracking"):
        mover.move(way)
    ra, dec = hand.place()
    hand.press("TELESCOPE_TRACK_STATE", "TRACK_ON")
    wait_until(lambda: hand.is_on("TELESCOPE_TRACK_STATE", "TRACK_ON"), 60, "it tracks")
    hand.slew((ra - 30) % 360, dec - 20)
    wait_until(lambda: hand.state("EQUATORIAL_EOD_COORD") == "Busy", 60, "it slews")
    with pytest.raises(SourceError, match=f"{SCOPE} is slewing"):
        mover.move(way)
    hand.press("TELESCOPE_ABORT_MOTION", "ABORT")
    hand.press("TELESCOPE_PARK", "PARK")
    wait_until(
        lambda: hand.is_on("TELESCOPE_PARK", "PARK") and hand.state("TELESCOPE_PARK") == "Ok", 60, "it is parked"
    )
    with pytest.raises(SourceError, match=f"{SCOPE} is parked"):
        mover.move(way)


def test_no_server_no_mount(port: int) -> None:
    with pytest.raises(SourceError, match="no INDI server at"):
        Mount(HOST, an_unused_port()).goto(lambda ra_h, dec_deg: (ra_h, dec_deg))
    with pytest.raises(SourceError, match="the server has none"):
        Mount(HOST, port, "Another").goto(lambda ra_h, dec_deg: (ra_h, dec_deg))


WCS_IN_HEADER = """
[header_extra]
CTYPE1 = "RA---TAN"
CTYPE2 = "DEC--TAN"
CRVAL1 = 150.0
CRVAL2 = 20.0
CRPIX1 = 320.5
CRPIX2 = 240.5
CD1_1 = 0.0
CD1_2 = 0.001
CD2_1 = -0.001
CD2_2 = 0.0
"""
"""3.6 arcsec/px; x runs to the south, y to the east."""


def test_a_running_agent_keeps_the_target_centred(
    tmp_path: Path,
    indiserver: Callable[..., Any],
    wait_until: Callable[..., None],
    open_hand: Callable[[int], Hand],
) -> None:
    words = ["--set", "centre.enabled=true", "--set", "centre.limit=8 px"]
    night = RunningAgent(
        tmp_path,
        indiserver,
        wait_until,
        *words,
        scenario=SCENARIO.replace("[0.8, -0.4]", "[4.0, -2.0]") + WCS_IN_HEADER,
    )
    stop = threading.Event()
    camera = threading.Thread(target=Sequencer(HOST, night.server.port, DEVICE).run, args=(1.0, stop), daemon=True)
    try:
        night.server.control("start indi_simulator_telescope")
        hand = open_hand(night.server.port)
        hand.unpark()
        ra, _ = hand.place()
        hand.sync(ra, 60.0)
        hand.press("TELESCOPE_TRACK_STATE", "TRACK_ON")
        hand.wait_for(ra, 60.0)
        ra, dec = hand.place()
        night.wait_for_camera()
        camera.start()
        wait_until(lambda: any(line.get("centre") for line in night.lines()), 60, "a correction is sent")
        stop.set()
        line = next(line for line in night.lines() if line.get("centre"))
        x, y = line["shift_px"]
        sent = line["centre"]
        assert sent["problem"] == ""
        assert (sent["east_arcsec"], sent["north_arcsec"]) == (
            pytest.approx(-3.6 * y, 0.01),
            pytest.approx(3.6 * x, 0.01),
        )
        cosine = math.cos(math.radians(dec))
        hand.wait_for(ra + sent["east_arcsec"] / 3600 / cosine, dec + sent["north_arcsec"] / 3600)
        wait_until(lambda: night.status().get("centre", {}).get("corrections", 0) >= 1, 60, "the status tells")
    finally:
        stop.set()
        night.close()
