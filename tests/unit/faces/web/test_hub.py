"""The state that every page shows."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import pytest

from indistack.faces.web import hub as hub_module
from indistack.faces.web import output_folder
from indistack.faces.web.hub import Hub
from indistack.faces.web.output_folder import OutputFolder

STATUS: dict[str, Any] = {
    "state": "stopped", "host": platform.node(), "n_subs": 3, "exposure_s": 30.0, "session": "20260101-220000_M27_001",
    "outcomes": {"accepted": 3, "refused": 1}, "last": {"target": "M 27"},
}  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(hub_module, "LIVENESS_S", 0.0)
    return Hub(OutputFolder(tmp_path))


def write(folder: Path, status: object = STATUS, picture: bytes | None = None, at: int = 0) -> None:
    if picture is not None:
        (folder / "stack.jpg").write_bytes(picture)
        os.utime(folder / "stack.jpg", (1000 + at, 1000 + at))
    (folder / "status.json").write_text(status if isinstance(status, str) else json.dumps(status))
    os.utime(folder / "status.json", (1001 + at, 1001 + at))


def shown_bytes(hub: Hub) -> list[bytes]:
    versions = [told["address"].rpartition("/")[2] for told in hub.state["pictures"]]
    return [picture.data for version in versions if (picture := hub.picture(version)) is not None]


def test_without_a_folder_there_is_a_state_that_says_so(tmp_path: Path) -> None:
    hub = Hub(OutputFolder(tmp_path / "nowhere"))
    assert hub.look()
    assert hub.state["agent"] == "none"
    assert hub.state["pictures"] == []
    assert hub.state["n_subs"] == 0


def test_a_number_grows_with_every_change_and_only_then(hub: Hub, tmp_path: Path) -> None:
    write(tmp_path, picture=b"one")
    assert hub.look()
    assert not hub.look()
    first = hub.state["number"]
    write(tmp_path, {**STATUS, "n_subs": 4}, at=10)
    assert hub.look()
    assert hub.state["number"] == first + 1
    assert hub.state["n_subs"] == 4


def test_pictures_carry_what_is_in_them(hub: Hub, tmp_path: Path) -> None:
    write(tmp_path, picture=b"one")
    hub.look()
    (told,) = hub.state["pictures"]
    assert (told["n_subs"], told["exposure_s"]) == (3, 30.0)
    picture = hub.picture(told["address"].rpartition("/")[2])
    assert picture is not None
    assert picture.data == b"one"
    assert picture.media == "image/jpeg"
    assert hub.state["target"] == "M 27"
    assert hub.state["refused"] == 1


def test_a_picture_that_is_not_kept_under_its_number_waits_for_it(hub: Hub, tmp_path: Path) -> None:
    shown = {"number": 1, "n_subs": 3, "exposure_s": 30.0, "view": None, "snr_gain": 1.7}
    numbered = {**STATUS, "n_subs": 5, "shown": {"stack": shown}}
    write(tmp_path, numbered, picture=b"first")
    hub.look()
    (tmp_path / "stack.jpg").write_bytes(b"newer")
    os.utime(tmp_path / "stack.jpg", (1100, 1100))
    hub.look()
    assert shown_bytes(hub) == [b"first"]
    write(tmp_path, {**numbered, "shown": {"stack": {**shown, "number": 2, "n_subs": 5}}}, at=200)
    hub.look()
    assert shown_bytes(hub) == [b"first", b"newer"]
    assert [(told["n_subs"], told["snr_gain"]) for told in hub.state["pictures"]] == [(3, 1.7), (5, 1.7)]


def test_pictures_that_are_kept_under_their_numbers_are_shown_and_looked_at_closely(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "stack-7-view.jpg").write_bytes(b"small")
    (tmp_path / "published" / "stack-7.jpg").write_bytes(b"whole")
    files = {".jpg": "published/stack-7.jpg", ".fits": "stack.fits"}
    shown = {"number": 7, "n_subs": 3, "exposure_s": 30.0, "view": "published/stack-7-view.jpg", "files": files}
    write(tmp_path, {**STATUS, "shown": {"stack": shown}}, picture=b"newer")
    hub.look()
    assert shown_bytes(hub) == [b"small"]
    whole = hub.whole(hub.state["whole"]["address"].rpartition("/")[2])
    assert whole is not None
    assert whole.name == "published/stack-7.jpg"


def test_a_view_outside_the_folder_is_not_looked_at(hub: Hub, tmp_path: Path) -> None:
    (tmp_path.parent / "secret.jpg").write_bytes(b"secret")
    for name in (
        "../secret.jpg",
        "published/../../secret.jpg",
        "published/",
        str(tmp_path.parent / "secret.jpg"),
        ".hidden.jpg",
        3,
        None,
    ):
        write(tmp_path, {**STATUS, "shown": {"stack": {"number": 1, "view": name}}}, picture=b"mine")
        hub.look()
        assert shown_bytes(hub) == [b"mine"]


@pytest.mark.parametrize(
    "status",
    ["", "[]", "nonsense", "[" * 100_000, '{"state": 3}', json.dumps({name: {"a": [1]} for name in STATUS}),
     json.dumps(dict.fromkeys(STATUS, "x" * 10000) | {"sources": [3, {"device": ["x"]}], "warnings": [1, "y" * 9000]}),
     '{"state": "running", "n_subs": NaN, "exposure_s": Infinity, "stacks": {"stack": {"snr_gain": NaN}}}'],
)  # fmt: skip
def test_whatever_stands_in_the_status_the_state_is_bounded_json(hub: Hub, tmp_path: Path, status: str) -> None:
    write(tmp_path, status, picture=b"one")
    hub.look()
    assert len(json.dumps(hub.state, allow_nan=False)) < 20_000


def test_an_agent_that_died_is_told_from_one_that_ended(hub: Hub, tmp_path: Path) -> None:
    for state, agent in (("stopped", "stopped"), ("running", "gone"), ("paused", "gone")):
        write(tmp_path, {**STATUS, "state": state})
        hub.look()
        assert hub.state["agent"] == agent


def test_no_folder_of_this_machine_is_told(hub: Hub, tmp_path: Path) -> None:
    write(tmp_path, {**STATUS, "sources": [{"folder": "/home/ann/lights", "waits_for": "files in /home/ann/lights"}]})
    hub.look()
    assert "/home" not in json.dumps(hub.state)
    assert hub.state["sources"][0]["folder"] == "lights"


def test_a_picture_as_fine_as_the_stack_is_shown_closely_with_the_subs_that_it_has(hub: Hub, tmp_path: Path) -> None:
    full = {"file": "stack.full.jpg", "number": 1, "n_subs": 2}
    shown = {"number": 2, "n_subs": 3, "files": {".jpg": "stack.jpg"}, "full": full}
    (tmp_path / "stack.full.jpg").write_bytes(b"the fine one")
    write(tmp_path, {**STATUS, "shown": {"stack": shown}}, b"the coarse one")
    hub.look()
    whole = hub.state["whole"]
    assert (whole["n_subs"], whole["bytes"]) == (2, len(b"the fine one"))
    assert hub.whole(whole["address"].rpartition("/")[2]).name == "stack.full.jpg"  # type: ignore[union-attr]
    assert shown_bytes(hub) == [b"the coarse one"]
    (tmp_path / "stack.full.jpg").unlink()
    assert hub.look()
    assert (hub.state["whole"]["n_subs"], hub.state["whole"]["bytes"]) == (3, len(b"the coarse one"))
    (tmp_path / "stack.full.jpg").write_bytes(b"of an earlier night")
    write(tmp_path, {**STATUS, "shown": {"stack": {**shown, "full": None}}}, at=10)
    hub.look()
    assert hub.state["whole"]["n_subs"] == 3


def test_a_picture_waits_for_its_numbers_where_they_are_about_to_come(hub: Hub, tmp_path: Path) -> None:
    write(tmp_path, picture=b"one")
    hub.look()
    (tmp_path / "stack.jpg").write_bytes(b"another")  # just now, and the status is older
    hub.look()
    assert shown_bytes(hub) == [b"one"]
    (tmp_path / "status.json").write_text(json.dumps({**STATUS, "n_subs": 4}))
    hub.look()
    assert [(told["n_subs"]) for told in hub.state["pictures"]] == [3, 4]
    assert shown_bytes(hub) == [b"one", b"another"]


def test_a_picture_whose_numbers_never_come_is_shown_all_the_same(hub: Hub, tmp_path: Path) -> None:
    write(tmp_path, picture=b"one")
    hub.look()
    (tmp_path / "stack.jpg").write_bytes(b"another")
    os.utime(tmp_path / "stack.jpg", (2000, 2000))
    hub.look()
    assert shown_bytes(hub) == [b"another"]


def test_a_status_that_is_replaced_while_it_is_read_is_read_anew(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, picture=b"one")
    read = OutputFolder.status

    def replaced(folder: OutputFolder) -> dict[str, Any]:
        status = read(folder)
        write(tmp_path, {**STATUS, "n_subs": 4}, picture=b"two!", at=10)
        monkeypatch.setattr(OutputFolder, "status", read)
        return status

    monkeypatch.setattr(OutputFolder, "status", replaced)
    hub.look()
    hub.look()
    assert hub.state["pictures"][-1]["n_subs"] == hub.state["n_subs"] == 4


@pytest.mark.parametrize(
    ("told", "is_told"), [({"state": "running"}, True), ({"state": "stopped"}, False), ({"host": "another"}, False)]
)
def test_a_disk_that_has_become_read_only_is_told_as_the_agent_cannot(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, str], is_told: bool
) -> None:
    write(tmp_path, {**STATUS, "state": "running", "disk": "", **told})
    hub.look()
    assert hub.state["disk"] == ""
    monkeypatch.setattr(output_folder, "is_read_only", lambda _: True)
    hub.look()
    assert ("read-only" in hub.state["disk"]) == is_told
