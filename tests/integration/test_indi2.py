"""Agent and device with a server that speaks as INDI 2.x does."""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from astropy.io import fits

from indistack.commands import read_state
from indistack.indi.mount import Mount
from tests.integration.indi2 import CAMERA, MOUNT, STACK, Indi2Server
from tests.pipeline.night import make_sky

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LONG_S = 120.0


class Evening:
    """The server with the stack's driver, and an agent."""

    def __init__(self, folder: Path, wait_until: Callable[..., None]) -> None:
        self.output, self.wait_until = folder / "out", wait_until
        environment = os.environ | {
            "INDISTACK_OUTPUT": str(self.output), "INDICONFIG": str(folder / "none.xml"), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        program = [sys.executable, "-m", "indistack.faces.indi_device.main"]
        self.server = Indi2Server(program, environment, folder / "driver.log")
        command = [sys.executable, "-m", "indistack", "run", "--port", str(self.server.port), "--device", CAMERA]
        command += ["--output-dir", str(self.output), "--set", "hook.enabled=false", "--set", "solve.program=off"]
        with (folder / "agent.log").open("wb") as log:
            self.agent = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        wait_until(lambda: any(client.blobs for client in self.server.clients), LONG_S, "the agent wants frames")

    def end(self) -> None:
        self.agent.terminate()
        self.agent.wait(60)
        self.server.close()


@pytest.fixture
def evening(tmp_path: Path, wait_until: Callable[..., None]) -> Iterator[Evening]:
    evening = Evening(tmp_path, wait_until)
    yield evening
    evening.end()


def stack_as_seen_by_a_client(evening: Evening) -> fits.Header:
    """Connect the device, expose, and return the header of the picture."""
    with socket.create_connection(("127.0.0.1", evening.server.port), timeout=LONG_S) as client:

        def until(pattern: bytes) -> bytes:
            came = b""
            while not (found := re.search(pattern, came, re.DOTALL)):
                came += client.recv(1 << 20)
            return found[0]

        client.sendall(f'<getProperties version="1.7" device="{STACK}"/><enableBLOB>Also</enableBLOB>'.encode())
        until(b'name="CCD_EXPOSURE"')
        for vector, member in (("SwitchVector", "CONNECTION CONNECT On"), ("NumberVector", "CCD_EXPOSURE _VALUE 0.1")):
            name, element, value = member.split()
            element = name + element if element.startswith("_") else element
            one = f'<one{vector[:6]} name="{element}">{value}</one{vector[:6]}>'
            client.sendall(f'<new{vector} device="{STACK}" name="{name}">{one}</new{vector}>'.encode())
        text = until(rb"<oneBLOB[^>]*>.*</oneBLOB>").partition(b">")[2].partition(b"<")[0]
    return fits.getheader(BytesIO(base64.b64decode(text)))


def test_frames_keywords_pings_and_pictures(evening: Evening) -> None:
    sky = make_sky()
    exposure = sky.expose(index=0)
    exposure.header.pop("OBJECT", None)
    evening.server.name_object("M 27")
    evening.server.expose(exposure.to_fits())
    evening.wait_until(lambda: read_state(evening.output).n_subs == 1, LONG_S, "the frame is stacked")
    evening.wait_until(lambda: read_state(evening.output).target == "M 27", LONG_S)
    assert read_state(evening.output).told["sources"][0]["facts"]["SCOPE_INFO"]["FOCAL_LENGTH"] == 400
    peers = evening.server.ping_all()
    evening.wait_until(lambda: not any(peer.unanswered for peer in peers), LONG_S, "all are alive")
    assert len(peers) >= 2
    evening.server.expose(sky.expose(index=1).to_fits())
    evening.wait_until(lambda: read_state(evening.output).n_subs == 2, LONG_S)
    header = stack_as_seen_by_a_client(evening)
    assert header["STACKCNT"] == 2
    assert not evening.server.driver.is_gone


def test_a_mount_that_was_left_to_synchronise_is_sent_there_instead(evening: Evening) -> None:
    Mount("127.0.0.1", evening.server.port, MOUNT).goto(lambda ra, dec: (ra + 0.01, dec))
    assert evening.server.orders[-2:] == [
        ("ON_COORD_SET", {"TRACK": "On"}),
        ("EQUATORIAL_EOD_COORD", {"RA": "5.5100000000", "DEC": "20.0000000000"}),
    ]
