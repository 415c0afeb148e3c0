"""INDI's endless XML in pieces."""

from __future__ import annotations

import pytest

from indistack.indi import xml_stream
from indistack.indi.xml_stream import XmlStream

TWO = b"<setLightVector device='A' name='B'><oneLight name='x'>Ok</oneLight></setLightVector>\n<message device='&lt;'/>"


@pytest.mark.parametrize("piece", [1, 7, 50, len(TWO)])
def test_messages_are_whole_however_they_are_cut(piece: int) -> None:
    stream = XmlStream()
    found = [each for at in range(0, len(TWO), piece) for each in stream.feed(TWO[at : at + piece])]
    assert [each.tag for each in found] == ["setLightVector", "message"]
    assert (found[0][0].text, found[1].get("device")) == ("Ok", "<")


def test_what_was_read_is_not_kept() -> None:
    stream = XmlStream()
    for _ in range(50):
        stream.feed(b"<message/>")
    assert stream._root is not None
    assert len(stream._root) == 0


@pytest.mark.parametrize("noise", [b"HTTP/1.0 200\n<>", b"</indi><indi>", b"<a></b>", b"<!DOCTYPE x><a/>"])
def test_what_is_no_indi_is_refused(noise: bytes) -> None:
    stream = XmlStream()
    with pytest.raises(ConnectionError, match="not INDI"):
        stream.feed(noise)
        stream.feed(b"<a/>>")


@pytest.mark.parametrize("endless", [b"<a>text ", b"<b/>", b"x" * 9])
def test_a_message_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch, endless: bytes) -> None:
    monkeypatch.setattr(xml_stream, "MAX_PENDING_BYTES", 1000)
    stream = XmlStream()
    stream.feed(b"<open>")
    with pytest.raises(ConnectionError, match="does not end"):
        for _ in range(1000):
            stream.feed(endless)
