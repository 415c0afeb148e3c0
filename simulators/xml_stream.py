"""INDI's XML: a stream of elements without a root, read in pieces of any size and written as whole messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

# Far above any message a client sends to a camera; a stream that grows beyond is not INDI.
MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024


class StreamError(ValueError):
    """The bytes are not an INDI stream; the reader has started afresh after them."""


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
        self._restart()

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises
        ------
        StreamError
            If they are not well formed; the next bytes are read as a new stream.
        """
        self._pending_bytes += len(data)
        try:
            self._parser.Parse(data, False)
        except expat.ExpatError as error:
            self._restart()
            raise StreamError(str(error)) from error
        if self._pending_bytes > MESSAGE_LIMIT_BYTES:
            self._restart()
            raise StreamError(f"a message of more than {MESSAGE_LIMIT_BYTES} bytes")

    def _restart(self) -> None:
        """Begin under a root of our own: expat wants one, INDI has none."""
        self._open: list[Message] = []
        self._pending_bytes = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.Parse(b"<indi>", False)

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


def start_tag(tag: str, attributes: Mapping[str, str]) -> str:
    """Return an opening tag with its attributes escaped."""
    return f"<{tag}" + "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items()) + ">"


def element(tag: str, attributes: Mapping[str, str], body: str) -> str:
    """Return a whole element; `body` is markup already."""
    return f"{start_tag(tag, attributes)}{body}</{tag}>\n"


def text_element(tag: str, attributes: Mapping[str, str], text: str) -> str:
    """Return a whole element around plain text."""
    return element(tag, attributes, escape(text))
