"""What the console tells of a status that may hold anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from indistack.faces.web.console_state import console_facts

STATUS: dict[str, Any] = {
    "last": {"masters": ["/home/me/dark.fits"], "set_aside": ["/a/b/flat.fits: another filter"], "warnings": ["doubt"]},
    "machine": {"disk": {"free_gb": 3.5, "minutes_left": None}, "memory_free_mb": 900, "warnings": ["hot"]},
    "library": {"building": "dark_60s", "waiting": ["flat_R"], "learned": 0, "fault": ""},
    "hints": [{"kind": "refocus", "text": "stars are wider", "since": 41}],
    "stacks": {"stack": {}, "stack-trails": {}},
    "snr": {"value": 12.5, "target": None},
    "ms_a_sub": 800,
}  # fmt: skip


def test_it_tells_what_is_known_without_the_folders_of_files() -> None:
    told = console_facts(STATUS)
    assert told["masters"] == ["dark.fits"]
    assert told["set_aside"] == ["flat.fits: another filter"]
    assert told["machine"] == {"free_gb": 3.5, "memory_free_mb": 900, "ms_a_sub": 800}
    assert told["hints"] == [{"kind": "refocus", "text": "stars are wider", "since": 41}]
    assert told["library"] == {"building": "dark_60s", "waiting": "flat_R"}
    assert (told["branches"], told["snr"]) == (["stack-trails"], {"value": 12.5})


@pytest.mark.parametrize(
    "nonsense", [None, 7, "x", [], [[]], {"a": float("nan")}, [{"kind": 3, "since": float("inf")}]]
)
def test_nonsense_is_told_as_nothing_and_is_json(nonsense: Any) -> None:
    told = console_facts(dict.fromkeys((*STATUS, "reference", "remaking", "memory_mb"), nonsense))
    json.dumps(told, allow_nan=False)
    assert told["masters"] == []
