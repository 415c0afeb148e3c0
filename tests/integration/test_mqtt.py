"""An MQTT broker is told how the night goes, and may be away."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indistack.faces.web.mqtt import SENSORS
from tests.conftest import wait_until
from tests.integration.web_process import WebProcess, publish
from tests.ports import HOST, an_unused_port

pytest.importorskip("aiomqtt", reason="aiomqtt is not installed")

pytestmark = pytest.mark.slow

CONNECT, PUBLISH = 1, 3


class Broker:
    """As much of a broker (MQTT 3.1.1, quality of service 0) as shows what is told to it."""

    def __init__(self, port: int) -> None:
        self.told: dict[str, str] = {}
        self.user = ""
        self._socket = socket.create_server((HOST, port))
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        for each in (self._socket, *self._connections):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rb") as stream:
                while head := stream.read(1):
                    body = stream.read(self._length(stream))
                    if head[0] >> 4 == CONNECT:
                        self.user = "observer" if b"observer" in body and b"secret" in body else ""
                        connection.sendall(b"\x20\x02\x00\x00")
                    elif head[0] >> 4 == PUBLISH:
                        size = int.from_bytes(body[:2], "big")
                        self.told[body[2 : 2 + size].decode()] = body[2 + size :].decode()
        except OSError:
            return

    @staticmethod
    def _length(stream: Any) -> int:
        length, shift = 0, 0
        while True:
            (byte,) = stream.read(1)
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return length


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[WebProcess, int]]:
    """Give a page that tells a broker at a port where there is none yet."""
    folder, port = tmp_path / "out", an_unused_port()
    folder.mkdir()
    publish(folder, 3)
    page = WebProcess(folder, wait_until, f'web.mqtt="mqtt://observer:secret@{HOST}:{port}/obs/north"')
    yield page, port
    page.end()


def test_a_broker_that_comes_later_is_told_and_so_is_home_assistant(told: tuple[WebProcess, int]) -> None:
    page, port = told
    assert page.told("/api/v1/status")["n_subs"] == 3  # the page does not wait for it
    broker = Broker(port)
    try:
        wait_until(lambda: "obs/north/state" in broker.told, 120, "the broker is told")
        assert json.loads(broker.told["obs/north/state"])["n_subs"] == 3
        assert broker.user == "observer"
        assert broker.told["obs/north/online"] == "online"
        for name in SENSORS:
            config = json.loads(broker.told[f"homeassistant/sensor/obs_north/{name}/config"])
            assert config["state_topic"] == "obs/north/state"
            assert config["value_template"] == f"{{{{ value_json.{name} }}}}"
        publish(page.folder, 5)
        wait_until(lambda: json.loads(broker.told["obs/north/state"])["n_subs"] == 5, 120, "news are told")
    finally:
        broker.close()
    publish(page.folder, 7)
    wait_until(lambda: page.told("/api/v1/status")["n_subs"] == 7, 60, "the page goes on without the broker")
    assert "secret" not in page.log.read_text()
