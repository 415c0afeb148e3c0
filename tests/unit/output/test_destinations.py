"""Where results may go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indistack.errors import SettingsError, SinkError
from indistack.fits_header import StackFacts, header_bytes, output_cards
from indistack.output import destinations
from indistack.output.destinations import default_stem, require_folder, require_writable, spared
from indistack.store.folder_lock import only_one
from indistack.values.frame import FrameInfo

OURS = header_bytes(output_cards(FrameInfo(), StackFacts(60.0, 6, "mean", "1.0")), -32, (4, 4))
RAW = header_bytes((("IMAGETYP", "Light", ""),), 16, (4, 4))


@pytest.fixture
def lights(tmp_path: Path) -> Path:
    folder = tmp_path / "M 27"
    folder.mkdir()
    for number in range(3):
        (folder / f"L{number}.fits").write_bytes(RAW)
    return folder


def faults(*pictures: Path, inputs: tuple[Path, ...] = (), **others: list[Path]) -> tuple[str, ...]:
    try:
        require_writable(pictures, inputs=inputs, **others)
    except SettingsError as error:
        return error.faults
    except SinkError as error:
        return (str(error),)
    return ()


def test_a_new_file_and_an_earlier_stack_of_ours_may_be_written(lights: Path) -> None:
    (lights / "m.fits").write_bytes(OURS)
    (lights / "empty.fits").touch()
    assert faults(*(lights / name for name in ("m.fits", "new.FIT", "m.png", "empty.fits"))) == ()


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("m.bmp", "choose one of .fits, .jpg, .png"),
        ("m", "without a suffix"),
        ("m.fits.gz", ".gz"),
        ("none/m.fits", "no folder"),
        ("L0.fits/m.fits", "no folder"),
        ("L0.fits", "one of the inputs"),
        ("linked.fits", "one of the inputs"),
        ("hard.fits", "one of the inputs"),
        ("../M 27/L1.fits", "one of the inputs"),
        ("L2.fits", "there already"),
        (".", "is a folder"),
        ("pipe.fits", "no ordinary file"),
    ],
)
def test_what_cannot_be_written_or_would_be_lost_is_refused(lights: Path, name: str, word: str) -> None:
    (lights / "linked.fits").symlink_to(lights / "L0.fits")
    os.link(lights / "L0.fits", lights / "hard.fits")
    os.mkfifo(lights / "pipe.fits")
    (fault,) = faults(lights / name, inputs=(lights / "L0.fits", lights / "L1.fits", lights / "gone.fits"))
    assert word in fault
    assert str(lights / name) in fault


def test_a_name_that_is_wrong_is_told_from_a_place_that_cannot_be_written_now(lights: Path) -> None:
    with pytest.raises(SettingsError):
        require_writable([lights / "none" / "m.bmp"])
    with pytest.raises(SinkError, match=r"no folder.*; .*no folder"):
        require_writable([lights / "none" / "m.fits", lights / "none" / "m.png"])


def test_the_pictures_of_a_running_agent_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "stack.fits").write_bytes(OURS)
    (tmp_path / "status.json").touch()
    with only_one(tmp_path):
        assert "an agent is at work" in faults(tmp_path / "stack.fits")[0]
        assert faults(tmp_path / "other.fits") == ()
    assert faults(tmp_path / "stack.fits") == ()


def test_where_the_system_refuses_the_folder_its_reason_is_told() -> None:
    (fault,) = faults(Path("/proc/m.fits"))  # nobody can make files there, root neither
    assert "cannot be written" in fault


def test_all_faults_come_at_once_and_each_kind_has_its_form(lights: Path) -> None:
    found = faults(lights / "m.doc", tables=[lights / "r.txt"], masters=[lights / "d.png"])
    assert len(found) == 3
    assert ".json" in found[1]
    assert ".fits" in found[2]


def test_links_in_a_circle_are_no_obstacle(lights: Path) -> None:
    circle = lights / "circle.fits"
    circle.symlink_to(circle)
    require_writable([lights / "new.fits"], inputs=[circle])
    assert default_stem([circle], "stack", [".fits"]).name.endswith("-stack")


def test_one_file_is_one_output(lights: Path) -> None:
    assert "two outputs" in faults(lights / "m.png", lights / "." / "m.png")[0]


def test_a_result_that_nobody_named_lies_beside_the_folder_of_the_subs(
    lights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subs = sorted(lights.iterdir())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert default_stem(subs, "stack", [".fits"]) == tmp_path / "M 27-stack"
    monkeypatch.chdir(lights)  # there: in the current folder, which is the only one that a person sees
    assert default_stem(subs, "stack", [".fits"]) == Path("M 27-stack")


def test_a_name_that_a_file_has_is_never_taken_by_default(
    lights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "M 27-stack.png").touch()
    (tmp_path / "M 27-stack-2.fits").symlink_to("nowhere")
    assert default_stem([lights / "L0.fits"], "stack", [".fits", ".png"]) == Path("M 27-stack-3")


def test_files_from_everywhere_leave_their_result_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_stem([Path("/one/L0.fits"), Path("/two/L0.fits")], "stack", [".fits"]) == Path("stack")


def test_a_further_picture_spares_what_is_there(lights: Path) -> None:
    inputs = [lights / "L0.fits"]
    assert spared(lights / "L0.fits", inputs) == lights / "L0-stack.fits"
    (lights / "L0-stack.fits").write_bytes(RAW)
    assert spared(lights / "L0.fits", inputs) == lights / "L0-stack2.fits"
    assert spared(lights / "m-R.fits", inputs) == lights / "m-R.fits"


def test_an_output_folder_may_be_made_but_is_no_file(lights: Path) -> None:
    require_folder(lights / "a" / "b")
    with pytest.raises(SettingsError, match=r"L0.fits is a file"):
        require_folder(lights / "L0.fits" / "b")
    with pytest.raises(SettingsError, match="cannot be written"):
        require_folder(Path("/proc/nowhere"))


@pytest.mark.parametrize("name", ["sessions", "spool"])
def test_what_another_user_has_left_in_an_output_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def refuse(folder: Path) -> None:
        if folder.name == name:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(destinations, "_try_to_write", refuse)
    require_folder(tmp_path)
    (tmp_path / name).mkdir()
    with pytest.raises(SettingsError, match=f"{name}: cannot be written: Permission denied"):
        require_folder(tmp_path)
