"""INDI's XML: a stream of elements without a root, read in pieces of any size and written as whole messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

# Far above any message a client sends to a camera; a stream that grows beyond is not INDI.
MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024
# INDI streams have no root element, which expat wants.
ROOT = b"<indi>"


class StreamError(ValueError):
    """Some bytes are not an INDI stream; the reader has gone on after them."""


@dataclass(slots=True)
class Message:
    """One top-level element; `elements` holds its children, whose text is stripped."""

    tag: str
    attributes: dict[str, str]
    elements: list[Message] = field(default_factory=list)
    text: str = ""

    def values(self) -> dict[str, str]:
        """Return the text of each child by its name."""
        return {child.attributes.get("name", ""): child.text for child in self.elements}


class XmlReader:
    """Splits a stream into messages, however it is cut.

    Parameters
    ----------
    on_message : callable
        Called with each whole message, within `feed`.
    """

    def __init__(self, on_message: Callable[[Message], None]) -> None:
        self._on_message = on_message
        self._held = bytearray()
        self._restart()

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises
        ------
        StreamError
            If they are not well formed. Reading has then gone on at the next tag after the fault, so that a good
            message is not lost because it came in the same piece.
        """
        fault = ""
        data = self._whole_tags(data)
        while data:
            fed = self._fed_bytes
            self._fed_bytes += len(data)
            self._pending_bytes += len(data)
            try:
                self._parser.Parse(data, False)
                data = b""
            except expat.ExpatError as error:
                fault = fault or str(error)
                # A tag that is the fault itself may begin a good message, but must not be tried for ever.
                first = 1 if fed == len(ROOT) else 0
                data = _from_next_tag(data, max(self._parser.ErrorByteIndex - fed, first))
                self._restart()
        if self._pending_bytes + len(self._held) > MESSAGE_LIMIT_BYTES:
            self._held.clear()
            self._restart()
            fault = fault or f"a message of more than {MESSAGE_LIMIT_BYTES} bytes"
        if fault:
            raise StreamError(fault)

    def _whole_tags(self, data: bytes) -> bytes:
        """Return what is complete up to a tag's end, and hold back the rest.

        A recent expat puts off a tag that was cut between two pieces until much more has come, and older Pythons
        cannot forbid it.
        """
        end = data.rfind(b">") + 1
        if not end:
            self._held += data
            return b""
        whole = bytes(self._held) + data[:end]
        self._held = bytearray(data[end:])
        return whole

    def _restart(self) -> None:
        """Begin anew, under a root of our own."""
        self._open: list[Message] = []
        self._pending_bytes = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.Parse(ROOT, False)
        self._fed_bytes = len(ROOT)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(Message(tag, attributes))

    def _characters(self, text: str) -> None:
        self._open[-1].text += text

    def _end(self, _tag: str) -> None:
        done = self._open.pop()
        done.text = done.text.strip()
        if len(self._open) > 1:
            self._open[-1].elements.append(done)
        elif len(self._open) == 1:
            self._open[0].text = ""
            self._pending_bytes = 0
            self._on_message(done)


def _from_next_tag(data: bytes, start: int) -> bytes:
    """Return what begins with the first tag from `start` on."""
    start = data.find(b"<", start)
    return data[start:] if start >= 0 else b""


def start_tag(tag: str, attributes: Mapping[str, str]) -> str:
    """Return an opening tag with its attributes escaped."""
    return f"<{tag}" + "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items()) + ">"


def element(tag: str, attributes: Mapping[str, str], body: str) -> str:
    """Return a whole element; `body` is markup already."""
    return f"{start_tag(tag, attributes)}{body}</{tag}>\n"


def text_element(tag: str, attributes: Mapping[str, str], text: str) -> str:
    """Return a whole element around plain text."""
    return element(tag, attributes, escape(text))
