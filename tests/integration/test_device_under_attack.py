"""What clients, power and other programs do to the device on a real indiserver: it goes on, and its stack with it."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indistack.commands import read_state
from tests.conftest import IndiServer
from tests.integration.running import DEVICE as CAMERA
from tests.integration.running import SCENARIO
from tests.integration.test_indi_device import STACK, Night

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LONG_S = 120.0

WIDE = SCENARIO.replace("width_px = 640", "width_px = 1200").replace("height_px = 480", "height_px = 900")
"""Pictures that do not fit into the buffers between server and client."""

BLOB_END = b"</setBLOBVector>"


class Client:
    """A client that reads when it is told to."""

    def __init__(self, port: int, blobs: str = "", receives_bytes: int = 0) -> None:
        self.socket = socket.socket()
        if receives_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives_bytes)
        self.socket.settimeout(LONG_S)
        self.socket.connect(("127.0.0.1", port))
        self.got = b""
        self.say(f'<getProperties version="1.7" device="{STACK}"/>')
        if blobs:
            self.enable(blobs)

    def say(self, text: str | bytes) -> None:
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def enable(self, mode: str) -> None:
        self.say(f'<enableBLOB device="{STACK}" name="CCD1">{mode}</enableBLOB>')

    def expose(self, seconds: float) -> None:
        self.number("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=seconds)

    def number(self, name: str, **values: object) -> None:
        ones = "".join(f'<oneNumber name="{key}">{value}</oneNumber>' for key, value in values.items())
        self.say(f'<newNumberVector device="{STACK}" name="{name}">{ones}</newNumberVector>')

    def until(self, pattern: bytes) -> bytes:
        """Read until something has come; return all that has come before, and that."""
        looked_at = 0
        while not (found := re.compile(pattern).search(self.got, looked_at)):
            looked_at = max(0, len(self.got) - 1000)
            data = self.socket.recv(1 << 20)
            assert data, "the server has cut the connection"
            self.got += data
        came, self.got = self.got[: found.end()], self.got[found.end() :]
        return came

    def picture(self, seconds: float = 0.1) -> bytes:
        """Ask for a picture, and return it."""
        self.expose(seconds)
        return self.until(BLOB_END)

    def close(self) -> None:
        self.socket.close()


def state(vector: str, word: str) -> bytes:
    return b'<set[A-Za-z]+Vector device="%s" name="%s" state="%s"' % (STACK.encode(), vector.encode(), word.encode())


@pytest.fixture
def night(tmp_path: Path, indiserver: Callable[..., IndiServer], wait_until: Callable[..., None]) -> Iterator[Night]:
    one = Night(tmp_path, indiserver, wait_until, WIDE)
    yield one
    one.end()


def is_stacked_again(night: Night) -> bool:
    """Expose once more; tell whether the stack has grown: the status is the old agent's until the new one writes."""
    night.set(f"{CAMERA}.CCD_EXPOSURE.CCD_EXPOSURE_VALUE=0.1")
    with contextlib.suppress(pytest.fail.Exception):
        night.wait_until(lambda: read_state(night.output).n_subs >= 2, 5)
    return read_state(night.output).n_subs >= 2


@pytest.fixture
def stacked(night: Night) -> Night:
    """A night with one sub in its stack."""
    night.connect()
    night.expose()
    return night


def test_a_client_that_does_not_read_holds_up_nobody(stacked: Night) -> None:
    port = stacked.server.port
    lazy, reader = Client(port, "Also", receives_bytes=4096), Client(port, "Also")
    for _ in range(3):
        reader.picture()
    stacked.expose()
    assert read_state(stacked.output).n_subs == 2
    assert len(lazy.until(BLOB_END)) > 1_000_000  # and it has its own when it reads at last
    lazy.close()
    reader.close()


def test_fifty_clients_at_once_each_get_their_picture(stacked: Night) -> None:
    clients = [Client(stacked.server.port, "Also") for _ in range(50)]
    for client in clients:
        client.expose(0.1)
    for client in clients:
        client.until(BLOB_END)
    stacked.expose()
    driver = stacked.driver_pid()
    for client in clients:
        client.close()
    stacked.wait_until(lambda: stacked.get(f"{STACK}.STACK_COUNTS.STACKED") == "2", LONG_S)
    assert stacked.driver_pid() == driver


def test_clients_that_leave_in_the_middle_of_a_picture(stacked: Night) -> None:
    for _ in range(8):
        client = Client(stacked.server.port, "Also", receives_bytes=4096)
        client.expose(0.1)
        client.until(b"<oneBLOB[^>]*>")
        client.close()
    reader = Client(stacked.server.port, "Also")
    assert len(reader.picture()) > 1_000_000
    reader.close()


def test_blobs_that_are_wanted_and_not_wanted_in_quick_succession(stacked: Night) -> None:
    client = Client(stacked.server.port)
    for mode in ("Also", "Never", "Only") * 60:
        client.enable(mode)
        client.expose(0.01)
    client.enable("Never")
    client.until(state("CCD_EXPOSURE", "Ok"))
    client.enable("Also")
    client.got = b""
    assert len(client.picture()) > 1_000_000
    client.close()


HOSTILE = {
    "no name": '<newNumberVector device="Live Stack"><oneNumber name="X">1</oneNumber></newNumberVector>',
    "no members": '<newSwitchVector device="Live Stack" name="STACK_COMMAND"/>',
    "unnamed member": '<newSwitchVector device="Live Stack" name="CONNECTION"><oneSwitch>On</oneSwitch>'
    "</newSwitchVector>",
    "both on": '<newSwitchVector device="Live Stack" name="CONNECTION"><oneSwitch name="CONNECT">On</oneSwitch>'
    '<oneSwitch name="DISCONNECT">On</oneSwitch></newSwitchVector>',
    "not a number": '<newNumberVector device="Live Stack" name="CCD_EXPOSURE"><oneNumber name="CCD_EXPOSURE_VALUE">'
    "nan</oneNumber></newNumberVector>",
    "sexagesimal": '<newNumberVector device="Live Stack" name="CCD_EXPOSURE"><oneNumber name="CCD_EXPOSURE_VALUE">'
    "0:0:1</oneNumber></newNumberVector>",
    "huge number": '<newNumberVector device="Live Stack" name="STACK_REMOVE"><oneNumber name="NUMBER">1e308'
    "</oneNumber></newNumberVector>",
    "read only": '<newNumberVector device="Live Stack" name="CCD_INFO"><oneNumber name="CCD_MAX_X">1</oneNumber>'
    "</newNumberVector>",
    "a blob": '<newBLOBVector device="Live Stack" name="CCD1"><oneBLOB name="CCD1" size="3" format=".fits" enclen="4">'
    "AAAA</oneBLOB></newBLOBVector>",
    "a folder that is none": '<newTextVector device="Live Stack" name="STACK_OUTPUT"><oneText name="FOLDER">'
    "/proc/nothing/here</oneText></newTextVector>",
    "a long name": f'<newTextVector device="Live Stack" name="STACK_NEW"><oneText name="TARGET">{"M 31 " * 20000}'
    "</oneText></newTextVector>",
    "markup in text": '<newTextVector device="Live Stack" name="STACK_NEW"><oneText name="TARGET">&lt;delProperty/&gt;'
    "</oneText></newTextVector>",
    "a setting that is none": '<newTextVector device="Live Stack" name="DRIFT_LIMIT"><oneText name="VALUE">far'
    "</oneText></newTextVector>",
    "another kind": '<newTextVector device="Live Stack" name="CCD_EXPOSURE"><oneText name="CCD_EXPOSURE_VALUE">x'
    "</oneText></newTextVector>",
    "nested": "<newNumberVector device='Live Stack' name='CCD_EXPOSURE'>" + "<a>" * 2000 + "</a>" * 2000
    + "</newNumberVector>",
    "many members": "<newNumberVector device='Live Stack' name='CCD_EXPOSURE'>"
    + "".join(f"<oneNumber name='N{n}'>1</oneNumber>" for n in range(5000))
    + "</newNumberVector>",
}  # fmt: skip


def test_two_devices_on_one_folder_show_the_same_stack(
    stacked: Night, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = stacked.another(tmp_path_factory.mktemp("other"))
    stacked.wait_until(lambda: other.get(f"{STACK}.STACK_COUNTS.STACKED") == "1", LONG_S)
    other.set(f"{STACK}.CONNECTION.CONNECT=On")
    stacked.wait_until(lambda: other.get(f"{STACK}.CONNECTION._STATE") == "Ok", LONG_S)
    assert len(stacked.agent_pids()) == 1
    clients = [Client(night.server.port, "Also") for night in (stacked, other)]
    for client in clients:
        client.expose(300)
        client.until(state("CCD_EXPOSURE", "Busy"))
    stacked.expose()
    for client in clients:
        client.until(BLOB_END)
        client.close()
    other.set(f"{STACK}.STACK_COMMAND.PAUSE=On")
    for each in (stacked, other):
        stacked.wait_until(lambda: each.get(f"{STACK}.STACK_STATE.STATE") == "paused", LONG_S)  # noqa: B023
    stacked.set(f"{STACK}.STACK_COMMAND.RESUME=On")
    stacked.wait_until(lambda: other.get(f"{STACK}.STACK_STATE.STATE") == "running", LONG_S)
    other.server.kill()
    stacked.expose()
    assert len(stacked.agent_pids()) == 1


def test_messages_that_no_client_should_send(stacked: Night) -> None:
    driver, agents = stacked.driver_pid(), stacked.agent_pids()
    for kind in HOSTILE:
        client = Client(stacked.server.port)
        client.say(HOSTILE[kind])
        client.say('<newSwitchVector device="Live Stack" name="CCD_ABORT_EXPOSURE"><oneSwitch name="ABORT">On')
        client.say("</oneSwitch></newSwitchVector>")
        client.until(state("CCD_ABORT_EXPOSURE", "Ok"))  # it has been through what came before
        client.close()
    assert stacked.driver_pid() == driver
    assert stacked.agent_pids() == agents
    assert "a bug" not in stacked.server.log
    stacked.wait_until(lambda: read_state(stacked.output).n_subs == 0, LONG_S, "one of them was good: a new stack")
    stacked.expose()
    reader = Client(stacked.server.port, "Also")
    reader.picture()
    reader.close()


def test_noise_from_a_client(stacked: Night) -> None:
    rng = random.Random(5)
    good = HOSTILE["both on"].encode()
    for _ in range(40):
        cut = bytearray(good[: rng.randrange(len(good))])
        for _ in range(rng.randrange(4)):
            cut[rng.randrange(len(cut))] = rng.randrange(256) if cut else 0
        with socket.create_connection(("127.0.0.1", stacked.server.port), timeout=LONG_S) as client:
            client.sendall(bytes(cut))
    reader = Client(stacked.server.port, "Also")
    reader.picture()
    reader.close()


def test_a_driver_that_crashes_again_and_again_uses_up_none_of_the_restarts(stacked: Night) -> None:
    kept = stacked.driver_pid()
    for _ in range(20):
        before = stacked.working_pid()
        assert before
        os.kill(before, signal.SIGKILL)
        stacked.wait_until(lambda: stacked.working_pid() not in (0, before), LONG_S, "it is there again")  # noqa: B023
    stacked.wait_until(lambda: stacked.get(f"{STACK}.STACK_COUNTS.STACKED") == "1", LONG_S)
    stacked.wait_until(lambda: stacked.get(f"{STACK}.CONNECTION.CONNECT") == "On", LONG_S, "it is connected as before")
    assert stacked.driver_pid() == kept
    assert "restart" not in stacked.server.log.split("indi_indistack: ")[-1].lower()
    reader = Client(stacked.server.port, "Also")
    reader.picture()
    reader.close()
    assert len(stacked.agent_pids()) == 1


def test_an_agent_that_is_killed_is_started_again_and_goes_on_with_its_stack(stacked: Night) -> None:
    (agent,) = stacked.agent_pids()
    client = Client(stacked.server.port, "Also")
    client.expose(600)
    client.until(state("CCD_EXPOSURE", "Busy"))
    os.kill(agent, signal.SIGKILL)
    client.until(state("CCD_EXPOSURE", "Alert"))
    stacked.wait_until(lambda: bool(set(stacked.agent_pids()) - {agent}), LONG_S, "another agent is started")
    stacked.wait_until(lambda: stacked.get(f"{STACK}.CONNECTION._STATE") == "Ok", LONG_S)
    stacked.wait_until(lambda: is_stacked_again(stacked), 2 * LONG_S, "the new agent goes on with the stack")
    client.picture(600)
    client.close()


def test_a_server_that_is_killed_while_pictures_are_on_their_way(stacked: Night) -> None:
    for _ in range(3):
        clients = [Client(stacked.server.port, "Also", receives_bytes=4096) for _ in range(3)]
        for client in clients:
            client.expose(0.05)
        clients[0].until(b"<oneBLOB")
        stacked.server.kill()
        for client in clients:
            client.close()
        stacked.start_again()
        stacked.connect()
    stacked.expose()
    assert len(stacked.agent_pids()) == 1
    assert read_state(stacked.output).n_subs == 2
