"""Where the page is served."""

from __future__ import annotations

import logging
import socket

import pytest

from indistack.errors import IndistackError, SettingsError
from indistack.faces.web import address
from indistack.faces.web.address import bind, is_loopback, links
from indistack.settings import validate
from indistack.settings.faces import WebSettings, host_and_port
from tests.ports import an_unused_port


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000),
        ("0.0.0.0", "0.0.0.0", 7680),
        (":8000", "127.0.0.1", 8000),
        ("[::]:80", "::", 80),
        ("[::1]", "::1", 7680),
        ("::1", "::1", 7680),
        ("scope.local:7681", "scope.local", 7681),
    ],
)
def test_addresses_are_read(text: str, host: str, port: int) -> None:
    assert host_and_port(text) == (host, port)


@pytest.mark.parametrize("text", ["127.0.0.1:0", "127.0.0.1:99999", "a:b", "http://x:80", "a b:80", "x:-1"])
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match=r"web\.listen|listen"):
        validate(WebSettings, {"listen": text})


def test_the_page_can_be_off() -> None:
    assert validate(WebSettings, {"listen": "off"}).listen is None
    assert is_loopback(host_and_port(WebSettings().listen or "")[0])


def test_a_taken_port_is_left_to_who_has_it_and_told(caplog: pytest.LogCaptureFixture) -> None:
    wanted = an_unused_port()
    with bind("127.0.0.1", wanted) as first, caplog.at_level(logging.WARNING):
        assert first.getsockname()[1] == wanted
        with bind("127.0.0.1", wanted) as second:
            port = second.getsockname()[1]
    assert wanted < port <= wanted + address.TRIED_PORTS
    assert f"port {wanted} is taken" in caplog.text
    assert f"port {port}" in caplog.text


def test_an_address_of_another_machine_cannot_be_served() -> None:
    with pytest.raises(IndistackError, match=r"192\.0\.2\.77"):
        bind("192.0.2.77", 7680)


def test_links_for_other_machines_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "own_addresses", lambda: ["192.168.1.7", "fd00::7"])
    monkeypatch.setattr(socket, "gethostname", lambda: "scope")
    found = links("0.0.0.0", 7680)
    assert found == [
        "http://192.168.1.7:7680/",
        "http://[fd00::7]:7680/",
        "http://scope.local:7680/",
        "http://127.0.0.1:7680/",
    ]
    assert links("127.0.0.1", 7681) == ["http://127.0.0.1:7681/"]
