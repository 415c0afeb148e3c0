"""What a library's folder holds: facts remembered, bad files told once, changes seen."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import numpy as np
import pytest

from indistack.calibrate.library.catalogue import INDEX, Catalogue
from indistack.fits_header import header_bytes
from tests.unit.calibrate.library.place import Place, light, names


def test_damaged_and_foreign_files_are_told_once(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    whole = place.put("d.fits", "dark").read_bytes()
    (place.folder / "cut.fits").write_bytes(whole[:3000])
    (place.folder / "text.fits").write_text("no picture")
    (place.folder / "notes.txt").write_text("not looked at")
    library = place.library()
    with caplog.at_level(logging.WARNING):
        assert names(library.choose(light())) == {"dark": "d.fits"}
        library.refresh()
        library.choose(light())
    assert sorted(Path(record.args[0]).name for record in caplog.records) == ["cut.fits", "text.fits"]  # type: ignore[arg-type, index]


def test_many_raw_frames_in_a_folder_are_one_line(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    head = header_bytes([("IMAGETYP", "Dark Frame", "")], 8, (6, 8))
    (place.folder / "shots").mkdir(parents=True)
    for number in range(3):
        (place.folder / "shots" / f"{number}.fits").write_bytes(head + bytes(2880))
    with caplog.at_level(logging.WARNING):
        assert place.library().entries() == ()
    (line,) = caplog.messages
    assert "3 files" in line
    assert "'indistack master' builds one" in line


def test_a_folder_that_cannot_be_read_is_told_once_and_the_others_serve(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put("d.fits", "dark")
    (place.folder / "closed").mkdir()
    scan = os.scandir

    def deny(folder: str) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", deny)
    library = place.library()
    for _ in range(2):
        assert names(library.choose(light())) == {"dark": "d.fits"}
        library.refresh()
    (line,) = caplog.messages
    assert line.endswith("closed left out: Permission denied")


def test_a_file_that_breaks_later_is_replaced_by_the_next_best(place: Place) -> None:
    place.put("best.fits", "dark", n_frames=50)
    place.put("next.fits", "dark", n_frames=5)
    library = place.library()
    library.entries()
    (place.folder / "best.fits").write_bytes(b"")
    assert names(library.choose(light())) == {"dark": "next.fits"}


def test_the_facts_are_remembered_from_one_start_to_the_next(place: Place) -> None:
    place.put("d.fits", "dark")
    first = place.library().entries()
    place.looks.clear()
    assert place.library().entries() == first
    assert place.looks == []
    place.put("e.fits", "dark")
    assert len(place.library().entries()) == 2
    assert place.looks == ["e.fits"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": "1", "entries": [{"name": 3}]}', '{"version": "0"}'])
def test_a_damaged_index_is_made_anew(place: Place, content: str) -> None:
    place.put("d.fits", "dark")
    (place.folder / INDEX).write_text(content)
    assert [entry.name for entry in place.library().entries()] == ["d.fits"]
    assert json.loads((place.folder / INDEX).read_text())["version"] == "1"


def test_a_folder_that_cannot_be_written_is_read(place: Place) -> None:
    place.put("d.fits", "dark")
    (place.folder / INDEX).mkdir()
    assert len(place.library().entries()) == 1


def test_the_folder_is_looked_through_now_and_then(place: Place) -> None:
    now_s = [0.0]
    catalogue = Catalogue(place.folder, place.reader, lambda: now_s[0])
    assert catalogue.entries() == ()
    path = place.put("d.fits", "dark")
    now_s[0] = 4.9
    assert catalogue.entries() == ()
    now_s[0] = 5.0
    assert len(catalogue.entries()) == 1
    path.unlink()
    now_s[0] = 10.0
    assert catalogue.entries() == ()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("masterdark_60s.fits", "dark"),
        ("dark-flats/master.fits", "darkflat"),
        ("Master_FlatDark.fits", "darkflat"),
        ("flats/master_Ha.fits", "flat"),
        ("mBias.fits", "bias"),
    ],
)
def test_the_name_tells_the_kind_where_the_header_does_not(place: Place, name: str, kind: str) -> None:
    path = place.put(name, "light")
    path.write_bytes(path.read_bytes().replace(b"IMAGETYP", b"NOTHING "))
    assert [entry.facts.kind for entry in place.library().entries()] == [kind]


def test_masters_of_fractions_serve_lights_in_adu(place: Place) -> None:
    path = place.put("d.fits", "dark", 655.35 / 65535)
    content = path.read_bytes()
    for ours in (b"BUNIT   ", b"SWCREATE", b"CREATOR "):
        content = content.replace(ours, b"COMMENT ")
    path.write_bytes(content)
    choice = place.library().choose(light())
    assert choice.masters.dark is not None
    np.testing.assert_allclose(choice.masters.dark.pixels, 655.35, rtol=1e-5)
