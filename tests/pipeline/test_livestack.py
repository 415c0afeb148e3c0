"""``indistack livestack``: the six methods at once, and a stack that is gone on with in full depth."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from indistack.errors import SinkError
from indistack.sinks.png import PngSink
from tests.pipeline.night import make_sky

CLASSIC = ("add", "add2", "addmax", "addmax2", "addmean", "addcomp")


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five subs in a folder aside, three of them in ``in``, and a dark."""
    monkeypatch.chdir(tmp_path)
    sky = make_sky(drift_px_per_sub=(2.5, 1.5))
    for folder in ("all", "in", "dark"):
        (tmp_path / folder).mkdir()
    for number in range(5):
        (tmp_path / "all" / f"s{number}.fits").write_bytes(sky.expose().to_fits())
    (tmp_path / "dark" / "d.fits").write_bytes(sky.expose("dark", exposure_s=10.0).to_fits())
    arrive(tmp_path, 0, 1, 2)
    return tmp_path


def arrive(night: Path, *numbers: int) -> None:
    for number in numbers:
        shutil.copy2(night / "all" / f"s{number}.fits", night / "in")


def livestack(out: str, *words: str, source: str = "in") -> int:
    return main(["livestack", "-input_dir", source, "-output_dir", out, "--set", "spool.keep=none", *words])


def stacks(out: str) -> dict[str, tuple[int, np.ndarray]]:
    names = {"add": "stack"} | {name: name for name in CLASSIC[1:]}
    return {
        name: (fits.getheader(f"{out}/{file}.fits")["NCOMBINE"], fits.getdata(f"{out}/{file}.fits"))
        for name, file in names.items()
    }


@pytest.mark.slow
def test_a_reload_adds_the_newest_to_all_stacks_in_full_depth(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert livestack("out", "-method", "ALL", "-output_image", "*") == 0
    assert [path.name for path in sorted((night / "out").glob("*.jpg"))] == sorted(
        [*(f"{name}.jpg" for name in CLASSIC), "stack.jpg"]
    )
    arrive(night, 3, 4)
    assert livestack("out", "-method", "ALL", "-output_image", "*", "-reload", "YES") == 0
    (night / "in" / "s3.fits").unlink()
    assert livestack("once", "-method", "ALL", "-output_image", "*") == 0
    grown, whole = stacks("out"), stacks("once")
    for name in CLASSIC:
        assert grown[name][0] == whole[name][0] == 4, name
        np.testing.assert_array_equal(grown[name][1], whole[name][1], err_msg=name)
    assert livestack("out", "-method", "ALL", "-reload", "YES") == 0  # nothing has come since
    assert stacks("out")["add"][0] == 4
    assert livestack("out", "-method", "ADD", "-reload", "YES") == 2
    assert "the stack of the run before is by ADD, ADD2" in capsys.readouterr().err


def test_the_last_files_by_name_under_the_name_that_was_said(night: Path) -> None:
    arrive(night, 3, 4)
    words = ["-method", "addmax", "-output_image", "live.png", "-number", "2", "-dark_dir", "dark", "-mode", "1"]
    assert livestack("out", *words) == 0
    assert (night / "out" / "live.png").read_bytes() == (night / "out" / "stack.png").read_bytes()
    header = fits.getheader("out/stack.fits")
    assert header["NCOMBINE"] == 2
    assert any("dark" in str(line) for line in header["HISTORY"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-output_image", "a/b.jpg"], "-output_image"),
        (["-output_image", "a.gif"], "a.gif"),
        (["-dark_dir", "none"], "none"),
    ],
)
@pytest.mark.usefixtures("night")
def test_wrong_words_are_named(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert livestack("out", *words) == 2
    assert said in capsys.readouterr().err


def test_an_empty_or_missing_folder_is_named(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (night / "empty").mkdir()
    assert livestack("out", source="empty") == 2
    assert livestack("out", source="none") == 2
    said = capsys.readouterr().err
    assert "empty: no frames in this folder" in said
    assert "-input_dir none: no such folder" in said
    with pytest.raises(SystemExit):
        livestack("out", "-method", "ADD3")


@pytest.mark.slow
def test_pictures_that_find_no_room_are_no_success(
    night: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: object, path: Path, __: object) -> None:
        raise SinkError(f"{path}: No space left on device")

    monkeypatch.setattr(PngSink, "write", full)
    words = ["-method", "ADD", "-output_image"]
    assert livestack("o", *words, "a.png") == 1
    assert "o/stack.png: could not be written when the stack was complete" in capsys.readouterr().err
    assert livestack("j", *words, "a.jpg") == 0
    monkeypatch.setattr(
        "indistack.command_line.livestack.shutil.copyfileobj", lambda _, file: full(_, Path("k.jpg"), _)
    )
    assert livestack("k", *words, "a.jpg") == 1
    assert "k.jpg: No space left on device" in capsys.readouterr().err
