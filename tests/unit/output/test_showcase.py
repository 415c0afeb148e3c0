"""What is published, and what was true when it was taken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from indistack.commands import read_state
from indistack.output.showcase import Showcase
from indistack.picture.integration import Preview
from indistack.picture.linear import StackPicture
from indistack.sinks import Snapshot


def snapshot(n_subs: int) -> Snapshot:
    cards = (("STACKCNT", n_subs, ""), ("LIVETIME", 10.0 * n_subs, ""), ("STACKMTD", "mean", ""))
    return Snapshot(StackPicture(np.zeros((3, 4), np.float32)), cards, False, Preview(np.zeros((3, 4), np.uint8)))


def publish(case: Showcase, folder: Path, suffix: str, n_subs: int, name: str = "stack") -> None:
    path = folder / f"{name}{suffix}"
    path.write_bytes(b"%d" % n_subs)
    case.show(name, case.next_number(), n_subs + 100, path, snapshot(n_subs))


def state_of(case: Showcase, folder: Path):  # type: ignore[no-untyped-def]
    (folder / "status.json").write_text(json.dumps(case.told()))
    return read_state(folder)


def test_a_picture_comes_with_its_own_numbers_while_slower_files_are_older(tmp_path: Path) -> None:
    case = Showcase(tmp_path, ".jpg")
    for suffix, n_subs in ((".jpg", 1), (".fits", 1), (".jpg", 2), (".jpg", 3), (".fits", 4)):
        publish(case, tmp_path, suffix, n_subs)
    state = state_of(case, tmp_path)
    shown = state.main
    assert (state.number, shown.number, shown.n_subs, shown.exposure_s, shown.sub) == (5, 4, 3, 30.0, 103)
    assert shown.numbers == {".jpg": 4, ".fits": 5}
    assert shown.files[".jpg"].read_bytes() == shown.view.read_bytes() == b"3"
    assert shown.files[".fits"] == tmp_path / "stack.fits"
    assert shown.method == "mean"


def test_numbers_go_on_after_a_restart_and_the_picture_stays(tmp_path: Path) -> None:
    case = Showcase(tmp_path, ".jpg")
    publish(case, tmp_path, ".jpg", 1)
    publish(case, tmp_path, ".jpg", 2)
    before = state_of(case, tmp_path)
    again = Showcase(tmp_path, ".jpg")
    assert state_of(again, tmp_path).main == before.main
    assert before.main.files[".jpg"].exists()
    assert {path.name for path in (tmp_path / "published").iterdir()} == {"stack-2.jpg", "stack-2-view.jpg"}
    publish(again, tmp_path, ".jpg", 1)
    assert state_of(again, tmp_path).main.number == 3


def test_the_pictures_of_the_stack_before_go_with_the_first_one_of_the_next(tmp_path: Path) -> None:
    case = Showcase(tmp_path, ".jpg")
    publish(case, tmp_path, ".jpg", 9)
    publish(case, tmp_path, ".jpg", 9, "trails")
    case.begin()
    assert set(state_of(case, tmp_path).shown) == {"stack", "trails"}
    publish(case, tmp_path, ".jpg", 1)
    assert {name: shown.n_subs for name, shown in state_of(case, tmp_path).shown.items()} == {"stack": 1}


def test_who_listens_is_told_when_the_picture_is_there(tmp_path: Path) -> None:
    case, seen = Showcase(tmp_path, ".jpg"), list[int]()
    case.listener = lambda _: seen.append(state_of(case, tmp_path).main.number)
    publish(case, tmp_path, ".jpg", 1)
    publish(case, tmp_path, ".jpg", 2)
    assert seen == [1, 2]


def test_nonsense_of_an_earlier_agent_is_left(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text('{"number": "x", "shown": {"stack": 3}}')
    case = Showcase(tmp_path, ".jpg")
    publish(case, tmp_path, ".jpg", 1)
    assert state_of(case, tmp_path).main.number == 1


def test_the_picture_as_fine_as_the_stack_is_told_of_until_another_session_is_shown(tmp_path: Path) -> None:
    case = Showcase(tmp_path, ".jpg")
    publish(case, tmp_path, ".jpg", 1)
    case.add_full("stack", case.next_number(), tmp_path / "stack.full.jpg", snapshot(1))
    publish(case, tmp_path, ".jpg", 2)
    shown = case.told()["shown"]["stack"]
    assert (shown["n_subs"], shown["full"]["n_subs"], shown["full"]["number"]) == (2, 1, 2)
    case.begin()
    case.add_full("stack", case.next_number(), tmp_path / "stack.full.jpg", snapshot(2))  # it has come too late
    publish(case, tmp_path, ".jpg", 1)
    assert "full" not in case.told()["shown"]["stack"]
