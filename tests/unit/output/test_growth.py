"""Pictures of the growing stack: which are kept, and the film that is made of them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.cli import main
from indistack.errors import SinkError
from indistack.output import timelapse
from indistack.output.growth import Growth
from indistack.output.timelapse import pictures_of, write_film
from indistack.store.ledger import LEDGER


def picture(path: Path, grey: int, width: int = 81, height: int = 61) -> Path:
    cv2.imwrite(str(path), np.full((height, width, 3), grey, np.uint8))
    return path


def kept(session: Path) -> list[int]:
    return [int(path.stem) for path in pictures_of(session)]


def test_the_first_and_the_last_stay_and_steps_in_noise_are_even(tmp_path: Path) -> None:
    growth, view = Growth(tmp_path, 10), picture(tmp_path / "view.jpg", 90)
    for n_subs in range(1, 101):
        growth.keep(n_subs, view)
    numbers = kept(tmp_path)
    assert len(numbers) == 10
    assert (numbers[0], numbers[-1]) == (1, 100)
    assert max(np.diff(np.sqrt(numbers))) < 2.5  # nine even steps would be of 1


def test_a_session_that_goes_on_knows_its_pictures_and_one_that_lost_subs_forgets_theirs(tmp_path: Path) -> None:
    view = picture(tmp_path / "view.jpg", 90)
    for n_subs in (1, 2, 3, 4):
        Growth(tmp_path, 3).keep(n_subs, view)
    assert len(kept(tmp_path)) == 3
    Growth(tmp_path, 3).keep(2, view)
    assert kept(tmp_path) == [1, 2]


def test_a_disk_that_does_not_take_it_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "growth").write_text("a file")
    Growth(tmp_path, 3).keep(1, picture(tmp_path / "view.jpg", 90))
    assert kept(tmp_path) == []


@pytest.fixture
def ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name, that keeps its words, and writes what it is given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text('#!/bin/sh\necho "$@" > "$0.words"\nfor out; do :; done\ncat > "$out"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return program


@pytest.mark.usefixtures("ffmpeg")
def test_a_film_shows_every_picture_in_order_and_the_last_one_longest(tmp_path: Path) -> None:
    folder = tmp_path / "growth"
    folder.mkdir()
    paths = [picture(folder / f"{n:06d}.jpg", grey) for n, grey in ((1, 40), (2, 90), (5, 200))]
    (folder / "000003.jpg").write_bytes(b"damaged")
    picture(folder / "000004.jpg", 120, width=161)  # the canvas had another shape
    write_film(pictures_of(tmp_path), tmp_path / "out.mp4", 2.0)
    frames = np.fromfile(tmp_path / "out.mp4", np.uint8).reshape(-1, 60, 80, 3)
    shown = frames[:, 30, 70, 0].astype(int)
    assert len(frames) == 50
    assert (np.diff(shown) >= -2).all()
    counts = [int((abs(shown - grey) < 5).sum()) for grey in (40, 90, 120, 200)]
    assert counts == [8, 16, 8, 18]  # where one is damaged, the one before stays
    assert (frames[-1] > 220).any()  # its subs are written on it
    assert len(paths) == 3


def test_what_ffmpeg_says_is_told(tmp_path: Path, ffmpeg: Path) -> None:
    ffmpeg.write_text("#!/bin/sh\necho 'Unknown encoder libx264' >&2\nexit 1\n")
    with pytest.raises(SinkError, match="Unknown encoder libx264"):
        write_film([picture(tmp_path / "000001.jpg", 40)], tmp_path / "out.mp4", 1.0)
    assert not list(tmp_path.glob("*out*"))


def test_without_ffmpeg_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelapse, "FFMPEG", "no-such-program")
    with pytest.raises(SinkError, match="apt install ffmpeg"):
        write_film([picture(tmp_path / "000001.jpg", 40)], tmp_path / "out.mp4", 1.0)


@pytest.mark.usefixtures("ffmpeg")
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = tmp_path / "night"
    (session / "growth").mkdir(parents=True)
    (session / LEDGER).write_text("")
    film = tmp_path / "film.webm"
    assert main(["timelapse", str(session), "-o", str(film)]) == 1
    assert "no pictures of the growing stack" in capsys.readouterr().err
    picture(session / "growth" / "000001.jpg", 40)
    assert main(["timelapse", str(session), "-o", str(film), "--seconds", "1"]) == 0
    assert film.stat().st_size == 25 * 80 * 60 * 3
    assert main(["timelapse", str(session), "-o", str(tmp_path / "film.avi")]) == 2
    assert ".mp4, .webm, .gif" in capsys.readouterr().err
