"""Settings of what people meet the agent through; light, for these programs load no slot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, get_args
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator

from indistack.settings.model import Settings, Wanted

DEFAULT_PORT = 7680
LEAST_CODE = 4
"""Letters or figures: short enough to be typed from a projector; who guesses has a try a minute."""


def host_and_port(text: str) -> tuple[str, int]:
    """Return an address that a page is served at, as ``192.168.1.7:7680``, ``0.0.0.0``, ``[::]:80`` or ``:8000``.

    Raises
    ------
    ValueError
        It is none.
    """
    host, colon, port = text.rpartition(":")
    if not colon or (text.startswith("[") and text.endswith("]")) or text.count(":") > 1 > text.count("["):
        host, port = text, str(DEFAULT_PORT)
    number = int(port) if port.isascii() and port.isdecimal() else 0
    host = host.removeprefix("[").removesuffix("]")
    if not 1 <= number <= 65535 or any(letter.isspace() or letter in "/[]" for letter in host):
        raise ValueError(f"{text!r}: wanted is HOST:PORT, as 0.0.0.0:{DEFAULT_PORT}, or off")
    return host or "127.0.0.1", number


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker, and under which topic it is told."""

    host: str
    port: int
    user: str
    password: str
    topic: str


def broker_of(address: str) -> Broker:
    """Return what an address like ``mqtt://user:password@host:1883/topic`` tells; raise ValueError where it is none."""
    told = urlsplit(address)
    topic = unquote(told.path.strip("/")) or "indistack"
    if told.scheme != "mqtt" or not told.hostname or told.query or told.fragment or re.search(r"[+#\s]", topic):
        raise ValueError("wanted is mqtt://USER:PASSWORD@HOST:PORT/TOPIC; user, port and topic may be left out")
    port = told.port or 1883
    return Broker(told.hostname, port, unquote(told.username or ""), unquote(told.password or ""), topic)


NotifyEvent = Literal["begin", "restart", "clouds", "clear", "camera", "disk", "machine", "snr", "end"]


class NotifySettings(Settings):
    """Live: messages to a phone or a mailbox, by apprise, which is installed beside."""

    urls: list[str] = Field(default=[], max_length=20)
    """Whom to tell, as apprise has it: ``ntfy://my-telescope``, ``mailtos://...``; with none nobody is told. They often
    hold a password: they are in no log and no session."""
    events: list[NotifyEvent] = Field(default=list(get_args(NotifyEvent)))
    """Of what: ``machine`` is heat, current, memory, clock; ``snr`` that `goal.snr` is reached."""
    pause_min: float = Field(default=10.0, ge=0)
    """Shortest time between two messages of one kind."""


class WebSettings(Settings):
    """The page for phones and the observer."""

    listen: str | None = "127.0.0.1:7680"
    """Live: where the page is served, HOST:PORT, or ``"off"``. ``"0.0.0.0:7680"`` shows it to everybody in the network;
    to change anything a token is needed."""
    names: list[str] = Field(default=[], max_length=20)
    """Further names that this machine is called by in a browser, beside numbers, localhost and NAME.local."""

    code: str = Field(default="", max_length=64)
    """Who looks on must tell it once; the page's QR code holds it. Empty: everybody in the network may look on."""
    certificate: str = ""
    """PEM file; with it and its key the page is encrypted (https), and never served in the clear."""
    key: str = ""
    """PEM file, not locked by a password."""

    mqtt: Annotated[str, Wanted("a broker's address, mqtt://HOST/TOPIC", '"mqtt://10.0.0.5/indistack"')] = Field(
        default="", max_length=300
    )
    """A broker that the page's process tells how the night goes, for Home Assistant and others:
    ``mqtt://user:password@host:1883/topic``. Needs aiomqtt, which is installed beside."""

    @field_validator("mqtt")
    @classmethod
    def _is_a_broker(cls, address: str) -> str:
        if address:
            broker_of(address)
        return address

    @field_validator("code")
    @classmethod
    def _is_hard_to_guess(cls, code: str) -> str:
        if code and (len(code) < LEAST_CODE or not code.isprintable() or code != code.strip()):
            raise ValueError(f"a code has at least {LEAST_CODE} letters or figures, and no blanks around them")
        return code

    @field_validator("listen")
    @classmethod
    def _is_an_address(cls, text: str | None) -> str | None:
        if text is not None:
            host_and_port(text)
        return text
