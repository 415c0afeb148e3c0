"""What a face reads of an agent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indistack.commands import State, read_state


def tell(folder: Path, told: object) -> State:
    (folder / "status.json").write_text(json.dumps(told))
    return read_state(folder)


def test_nothing_is_told_where_no_agent_has_been(tmp_path: Path) -> None:
    assert read_state(tmp_path) == State()
    assert read_state(tmp_path / "none").lights["camera"] == "idle"


def test_numbers_lights_and_the_last_sub(tmp_path: Path) -> None:
    last = {
        "number": 7,
        "outcome": "refused",
        "reason": "clouds",
        "shift_arcsec": [3, 4],
        "stars": 12,
        "masters": ["d"],
    }
    told = {"state": "running", "outcomes": {"accepted": 3, "restarted": 1, "refused": 2}, "waiting": 1, "last": last}
    state = tell(tmp_path, {**told, "session": "night", "lights": {"camera": "ok"}, "settings": {"drift.limit": "1 %"}})
    assert (state.accepted, state.refused, state.waiting, state.state) == (4, 2, 1, "running")
    assert (state.last.number, state.last.reason, state.last.drift_arcsec, state.last.stars) == (7, "clouds", 5.0, 12)
    assert (state.masters, state.session) == (("d",), tmp_path / "sessions" / "night")
    assert (state.settings, state.lights) == ({"drift.limit": "1 %"}, {"camera": "ok"})


def test_a_picture_comes_with_its_numbers(tmp_path: Path) -> None:
    one = {"number": 9, "files": {".jpg": "stack.jpg"}, "numbers": {".jpg": 9}, "view": "v.jpg", "n_subs": 4, "sub": 6}
    state = tell(tmp_path, {"number": 9, "shown": {"stack": one}})
    assert state.main is not None
    assert (state.number, state.main.number, state.main.n_subs, state.main.sub) == (9, 9, 4, 6)
    assert state.main.files == {".jpg": tmp_path / "stack.jpg"}
    assert state.main.view == tmp_path / "v.jpg"


@pytest.mark.parametrize(
    "told", [[], 3, {"last": 3}, {"shown": {"stack": {}}}, {"snr": {"magic": 1}}, {"outcomes": []}]
)
def test_nonsense_is_an_empty_state(tmp_path: Path, told: object) -> None:
    assert tell(tmp_path, told).state == ""
