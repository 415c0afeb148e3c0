"""INDI's endless XML in pieces: bytes in, complete messages out."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

MAX_PENDING_BYTES = 1 << 20
"""Longest message without the pixels of a BLOB: far above the longest list of properties."""


class XmlStream:
    """Reads the messages of one connection."""

    def __init__(self) -> None:
        self._parser: Xml.XMLPullParser[Xml.Element] = Xml.XMLPullParser(["start", "end"])
        self._parser.feed("<indi>")
        self._root: Xml.Element | None = None
        self._depth = 0
        self._held = bytearray()
        self._pending = 0

    def feed(self, data: bytes) -> list[Xml.Element]:
        """Take the next bytes; return the messages that they complete.

        Raises
        ------
        ConnectionError
            This is not INDI, or a message that does not end.
        """
        self._held += data
        self._pending += len(data)
        end = self._held.rfind(b">") + 1  # a recent expat puts off a tag that was cut until much more has come
        try:
            self._parser.feed(bytes(self._held[:end]))
            complete = self._complete()
        except Xml.ParseError as error:
            raise ConnectionError(f"this is not INDI: {error}") from error
        finally:
            del self._held[:end]
        if complete:
            self._pending = len(self._held)
        elif self._pending > MAX_PENDING_BYTES:
            raise ConnectionError(f"a message does not end after {self._pending >> 20} MB")
        return complete

    def _complete(self) -> list[Xml.Element]:
        complete = []
        for event, element in self._parser.read_events():  # type: ignore[misc]  # only start and end, which are pairs
            if not isinstance(element, Xml.Element):
                continue
            self._root = element if self._root is None else self._root
            self._depth += 1 if event == "start" else -1
            if event == "end" and self._depth == 1:
                complete.append(element)
                self._root.remove(element)  # or it would be kept as long as the connection
        return complete
