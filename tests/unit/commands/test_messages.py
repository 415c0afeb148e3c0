"""Commands as plain values: what is one, what is none, what a machine is told of them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, get_args

import pytest

from indistack.commands import (
    COMMANDS,
    AddBranch,
    AlignByBox,
    Command,
    NewStack,
    Pause,
    Remove,
    Set,
    arguments_of,
    as_message,
    parse,
    schema,
    word_of,
)
from indistack.commands.messages import meaning_of

SAID: list[tuple[dict[str, Any], Command]] = [
    ({"command": "pause"}, Pause()),
    ({"command": "new"}, NewStack()),
    ({"command": "new", "target": "M 27"}, NewStack("M 27")),
    ({"command": "reset"}, NewStack()),
    ({"command": "remove", "number": 41}, Remove(41)),
    ({"command": "box", "number": 9, "box": "0.3,0.3,0.7,0.7"}, AlignByBox(9, "0.3,0.3,0.7,0.7")),
    ({"command": "branch", "name": "t", "settings": {"method": "trails"}}, AddBranch("t", {"method": "trails"})),
    ({"command": "set", "name": "drift.limit", "value": "10 %"}, Set("drift.limit", "10 %")),
    ({"command": "set", "name": "quality.max_fwhm_ratio", "value": None}, Set("quality.max_fwhm_ratio", None)),
]  # fmt: skip


@pytest.mark.parametrize(("said", "command"), SAID)
def test_a_message_is_a_command_and_back(said: dict[str, Any], command: Command) -> None:
    assert parse(said) == command
    assert parse(as_message(command)) == command


NONSENSE: list[tuple[object, str]] = [
    ({"command": "box", "number": 9, "box": "0.3,0.3,0.9,0.9"}, "box 0.3,0.3,0.9,0.9: reaches out"),
    ({"command": "box", "number": 9, "box": "0.3,0.3,0.2,0"}, "box 0.3,0.3,0.2,0: reaches out"),
    ({"command": "box", "number": 9, "box": "0.3,0.3,0.2,0.2", "search": "0.9,0,0.2,1"}, "search 0.9,0,0.2,1"),
    ({"command": "box", "number": 9, "box": "0.3,0.3,0.2,0.2", "search": "0.3,0.3,0.3,0.1"}, "is smaller than the box"),
    (None, "a command is expected"),
    ([], "a command is expected"),
    ({"command": []}, "a command is expected"),
    ({"command": "explode"}, "none of pause, resume, new"),
    ({"command": "save", "number": 1}, "'number' is not asked for"),
    ({"command": "remove"}, "the number of a sub"),
    ({"command": "remove", "number": 0}, "the number of a sub"),
    ({"command": "remove", "number": True}, "the number of a sub"),
    ({"command": "remove", "number": "4"}, "the number of a sub"),
    ({"command": "remove", "number": 1 << 60}, "the number of a sub"),
    ({"command": "new", "target": "M 27\n"}, "the target's name"),
    ({"command": "new", "target": "\x1b[2J"}, "the target's name"),
    ({"command": "new", "target": "x" * 69}, "the target's name"),
    ({"command": "branch", "name": "../x", "settings": {}}, "a name"),
    ({"command": "branch", "name": "x", "settings": []}, "settings"),
    ({"command": "branch", "name": "x", "settings": {"a": [[[[[1]]]]]}}, "settings"),
    ({"command": "set", "name": "stack.jobs", "value": 1}, "does not change while the agent runs"),
    ({"command": "set", "name": "quality.min_stars", "value": -1}, "wanted is a whole number"),
    ({"command": "set", "name": "quality.min_stars", "value": 4.0}, "wanted is a whole number"),
    ({"command": "set", "name": "quality.min_stars", "value": None}, "wanted is a whole number"),
    ({"command": "set", "name": "stack.kappa_low", "value": 0}, "wanted is a number above 0"),
    ({"command": "set", "name": "stack.kappa_low", "value": float("nan")}, "its value"),
    ({"command": "set", "name": "stack.kappa_low", "value": True}, "wanted is a number above 0"),
    ({"command": "set", "name": "stack.method", "value": "magic"}, "wanted is one of"),
    ({"command": "set", "name": "drift.enabled", "value": 1}, "wanted is true or false"),
    ({"command": "set", "name": "picture.operators", "value": "moon"}, "wanted is a list"),
]


@pytest.mark.parametrize(("said", "why"), NONSENSE)
def test_what_is_none_is_told_in_words(said: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(said)


def test_every_command_has_a_word_a_label_and_a_meaning() -> None:
    assert set(COMMANDS.values()) == set(get_args(Command))
    for word, kind in COMMANDS.items():
        assert word_of(kind) == word
        assert kind.label
        assert meaning_of(kind).endswith(".")
        assert all(argument.meaning for argument in arguments_of(kind))


def test_the_schema_tells_limits() -> None:
    known = {one["properties"]["command"]["const"]: one for one in schema()["oneOf"]}
    assert list(known) == list(COMMANDS)
    assert known["remove"]["properties"]["number"]["minimum"] == 1
    assert known["new"]["required"] == ["command"]
    assert known["new"]["properties"]["target"]["maxLength"] == 68
    assert known["branch"]["properties"]["name"]["pattern"].startswith("^(?:[a-z]")
    assert "drift.limit" in known["set"]["properties"]["name"]["enum"]


def test_a_face_loads_no_array_library() -> None:
    program = "import sys, indistack.commands; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "indistack" in loaded
    assert not {"numpy", "astropy", "cv2", "rawpy", "pydantic", "rich"} & set(loaded)
