"""The XML reader: whole messages, however the bytes are cut."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indistack.faces.indi_device.kernel.xml_stream import Message, StreamError, XmlReader, element, text_element

STREAM = (
    "<getProperties version='1.7'/>\n<?xml-comment ?><newNumberVector device=\"A &amp; B\" name='CCD_EXPOSURE'>"
    "<oneNumber name='CCD_EXPOSURE_VALUE'>\n  2.5\n</oneNumber></newNumberVector>"
    "<newTextVector device='Ä' name='T'><oneText name='a'>x &lt; y</oneText><oneText name='b'/></newTextVector>"
).encode()
# What XML allows in a document, short of control characters and lone halves of a surrogate pair.
TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=40)


def read(*pieces: bytes) -> list[Message]:
    messages: list[Message] = []
    reader = XmlReader(messages.append)
    for piece in pieces:
        reader.feed(piece)
    return messages


def test_messages_are_taken_apart() -> None:
    first, second, third = read(STREAM)
    assert (first.tag, first.attributes, first.elements) == ("getProperties", {"version": "1.7"}, [])
    assert second.attributes["device"] == "A & B"
    assert second.values() == {"CCD_EXPOSURE_VALUE": "2.5"}
    assert third.values() == {"a": "x < y", "b": ""}


@given(st.lists(st.integers(0, len(STREAM))))
def test_any_cut_gives_the_same_messages(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in itertools.pairwise(edges)]
    assert read(*pieces) == read(STREAM)


@given(st.dictionaries(st.sampled_from(["device", "name", "message"]), TEXT), TEXT)
def test_what_is_written_is_read(attributes: dict[str, str], text: str) -> None:
    written = element("newTextVector", attributes, text_element("oneText", {"name": "a"}, text))
    (message,) = read(written.encode())
    assert message.attributes == attributes
    assert message.elements[0].text == text.strip()


def test_it_goes_on_after_nonsense() -> None:
    messages: list[Message] = []
    reader = XmlReader(messages.append)
    with pytest.raises(StreamError):
        reader.feed(b"<newTextVector><oneText></wrong>")
    reader.feed(b"<getProperties version='1.7'/>")
    assert [message.tag for message in messages] == ["getProperties"]


@pytest.mark.parametrize(
    "nonsense", [b"</nonsense>", b"<a><b></wrong>", b"<a b=c>", b"a & b ", b"<<<", b"<a b='1' b='2'/>"]
)
def test_a_message_in_the_same_piece_as_nonsense_is_not_lost(nonsense: bytes) -> None:
    stream = b"<before/>" + nonsense + b"<getProperties version='1.7'/><after/>"
    for cut in range(len(stream)):
        messages: list[Message] = []
        reader = XmlReader(messages.append)
        for piece in (stream[:cut], stream[cut:]):
            with contextlib.suppress(StreamError):
                reader.feed(piece)
        assert [message.tag for message in messages] == ["before", "getProperties", "after"], cut


@given(
    st.lists(st.binary(max_size=30) | st.sampled_from([b"<a", b"<", b">", b"</a>", b"<a/>", b"<!", b"<?", b"&", b"'"]))
)
def test_no_bytes_at_all_make_it_hang_or_raise_anything_else(pieces: list[bytes]) -> None:
    reader = XmlReader(lambda message: None)
    for piece in pieces:
        with contextlib.suppress(StreamError):
            reader.feed(piece)


def test_an_endless_message_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indistack.faces.indi_device.kernel.xml_stream.MESSAGE_LIMIT_BYTES", 1000)
    reader = XmlReader(lambda message: None)
    with pytest.raises(StreamError, match="more than 1000 bytes"):
        reader.feed(b"<newTextVector>" + b"x" * 2000)
