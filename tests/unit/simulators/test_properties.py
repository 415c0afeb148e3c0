"""Properties: what they accept, and the messages about them."""

from __future__ import annotations

import pytest

from indistack.faces.indi_device.kernel.properties import (
    Element,
    PropertyError,
    Vector,
    number,
    numbers,
    switches,
    texts,
)
from indistack.faces.indi_device.kernel.xml_stream import Message, XmlReader
from simulators.camera_properties import camera_properties
from simulators.scenario import Scenario


def parsed(text: str) -> Message:
    messages: list[Message] = []
    XmlReader(messages.append).feed(text.encode())
    (message,) = messages
    return message


def pair() -> Vector:
    return numbers("FRAME", "Frame", "Main", number("X", "Left", 0, 0, 99), number("WIDTH", "Width", 100, 1, 100))


def test_a_definition_says_all_that_a_client_needs() -> None:
    message = parsed(pair().define("Camera <1>"))
    assert message.tag == "defNumberVector"
    wanted = {"device": "Camera <1>", "name": "FRAME", "perm": "rw", "state": "Idle", "timeout": "60"}
    assert wanted.items() <= message.attributes.items()
    width = message.elements[1]
    assert width.text == "100"
    assert {"name": "WIDTH", "min": "1", "max": "100", "format": "%g"}.items() <= width.attributes.items()


@pytest.mark.parametrize("personality", ["cmos", "dslr"])
def test_every_vector_of_the_camera_has_a_timeout(personality: str) -> None:
    for vector in camera_properties(Scenario(personality=personality)).all():
        assert int(parsed(vector.define("A")).attributes["timeout"]) > 0
        assert int(parsed(vector.set_message("A")).attributes["timeout"]) > 0


def test_setting_tells_values_state_and_message() -> None:
    vector = texts("T", "T", "Main", Element("a", "A", "x & y"))
    vector.state = "Alert"
    message = parsed(vector.set_message("A", "no <good>"))
    assert message.values() == {"a": "x & y"}
    assert (message.attributes["state"], message.attributes["message"]) == ("Alert", "no <good>")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"X": "5", "HEIGHT": "3"}, "has no HEIGHT"),
        ({"X": "5", "WIDTH": "wide"}, "takes a number, not 'wide'"),
        ({"X": "5", "WIDTH": "101"}, "takes 1 to 100, not 101"),
        ({"X": "nan"}, "takes a finite number"),
    ],
)
def test_a_fault_changes_nothing(values: dict[str, str], fault: str) -> None:
    vector = pair()
    with pytest.raises(PropertyError, match=fault):
        vector.update(values)
    assert vector.written() == {"X": "0", "WIDTH": "100"}


def test_one_of_many_switches_the_others_off() -> None:
    vector = switches("MODE", "Mode", "Main", {"A": "a", "B": "b"}, "A")
    vector.update({"B": "On"})
    assert vector.written() == {"A": "Off", "B": "On"}
    assert vector.chosen() == "B"
    with pytest.raises(PropertyError, match="one must be on"):
        vector.update({"B": "Off"})
    with pytest.raises(PropertyError, match="only one"):
        vector.update({"A": "On", "B": "On"})


def test_at_most_one_may_be_none() -> None:
    vector = switches("ABORT", "Abort", "Main", {"ABORT": "Abort"}, rule="AtMostOne")
    vector.update({"ABORT": "Off"})
    assert vector.chosen() == ""
