"""A catalogue: made, kept, and asked for what lies around a place."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from indistack import cli
from indistack.catalogue import Catalogue, NamedPlaces, SkyField, Stars, around, catalogue_path, read, write
from indistack.command_line.exit_status import DONE, FAILED, WRONG_USAGE
from indistack.errors import SettingsError
from indistack.fits_header import Wcs
from tests.unit.catalogue.test_sources import FAINT, SOUTH, VEGA, object_file, text_file


def stars(*places: tuple[float, float], v_mag: float = 8.0) -> Stars:
    ra_deg, dec_deg = np.array(places, np.float64).reshape(-1, 2).T
    n = len(ra_deg)
    return Stars(ra_deg, dec_deg, v_mag + np.arange(n), np.linspace(0, 1, n))


def named(*places: tuple[str, float, float]) -> NamedPlaces:
    names, ra_deg, dec_deg = zip(*places, strict=True)
    numbers = np.array([ra_deg, dec_deg], np.float64)
    return NamedPlaces(np.array(names, "U48"), *numbers, np.full(len(names), np.nan), np.zeros(len(names)))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = Catalogue(stars((350.0, 60.0), (10.0, -5.0)), named(("M 1", 83.6, 22.0)), ("one", "two"))
    write(tmp_path / "c.npz", made)
    found = read(tmp_path / "c.npz")
    np.testing.assert_allclose(found.stars.dec_deg, [-5, 60])
    np.testing.assert_allclose(found.stars.v_mag, [9, 8])
    np.testing.assert_allclose(found.stars.b_v, [1, 0])
    assert found.places.name.tolist() == ["M 1"]
    assert np.isnan(found.places.mag[0])
    assert found.sources == ("one", "two")


@pytest.mark.parametrize(
    ("place", "expected"), [((0.0, 0.0), [359.5, 0.5]), ((180.0, 89.9), [10.0]), ((180.0, 0.0), [])]
)
def test_near_is_near_across_0_h_and_the_pole(place: tuple[float, float], expected: list[float]) -> None:
    catalogue = Catalogue(stars((359.5, 0.0), (0.5, 0.5), (10.0, 89.5), (2.0, 0.0)))
    assert catalogue.within(place, 1.0).stars.ra_deg.tolist() == expected


def test_a_star_of_two_sources_is_kept_once() -> None:
    first = stars((10.0, 50.0), (200.0, -30.0))
    second = stars((10.0 + 4 / 3600, 50.0 - 4 / 3600), (10.02, 50.0), (200.0, -30.01))
    np.testing.assert_allclose(first.with_further(second).ra_deg, [10, 200, 10.02, 200])
    beside = stars((10.0, 50.0 + 4.8 / 3600)), stars((10.0, 50.0 + 5.2 / 3600))  # in two cells of the grid
    assert len(beside[0].with_further(beside[1])) == 1


def test_nothing_is_known_without_a_file_or_by_a_bad_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "c.npz"
    assert len(around(path, (0.0, 0.0), 5.0).stars) == 0
    path.write_bytes(b"no catalogue")
    for _ in range(3):
        assert len(around(path, (0.0, 0.0), 5.0).stars) == 0
    assert caplog.text.count("make one: indistack catalogue") == 1
    with pytest.raises(SettingsError, match="no catalogue"):
        read(path)


def test_a_new_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    write(path, Catalogue(stars((1.0, 1.0))))
    assert len(around(path, (1.0, 1.0), 1.0).stars) == 1
    write(path, Catalogue(stars((1.0, 1.0), (1.2, 1.0))))
    os.utime(path, ns=(1, 1))
    assert len(around(path, (1.0, 1.0), 1.0).stars) == 2


def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert catalogue_path("auto") == tmp_path / "indistack" / "catalogue.npz"
    assert catalogue_path("/x/y.npz") == Path("/x/y.npz")
    assert catalogue_path("") is None


def test_stars_of_a_field_come_brightest_first_and_none_from_behind() -> None:
    wcs = Wcs(100.0, 30.0, (50.0, 40.0), np.array([[-0.01, 0], [0, -0.01]]))
    catalogue = Catalogue(stars((280.0, -30.0), (100.1, 30.1), (100.0, 30.0), v_mag=9.0))
    seen = SkyField(wcs, Catalogue(catalogue.stars.chosen(np.array([0, 2, 1])))).stars((80, 100))
    assert seen.v_mag.tolist() == [10.0, 11.0]
    np.testing.assert_allclose(seen.xy[1], [50, 40], atol=1e-6)
    assert seen.xy[0, 0] < 50  # east is left
    assert seen.xy[0, 1] < 40


def test_the_command_makes_the_catalogue_and_tells_its_sources(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kstars"
    folder.mkdir()
    text_file(folder, VEGA, SOUTH, FAINT)
    object_file(folder, (6, "M 27", "Dumbbell Nebula", 299.9, 22.72, 7.1, 6.7))
    table = tmp_path / "tycho.csv"
    table.write_text("RA,Dec,BT,VT\n45.0,10.5,9.3,8.6\n46.0,10.5,9.0,8.0\n")
    path = tmp_path / "made" / "c.npz"
    words = ["catalogue", "-o", str(path), "--kstars", str(folder), "--stellarium", str(folder)]
    words += ["--tycho2", str(table)]
    assert cli.main(words) == DONE
    said = capsys.readouterr().out
    assert "4 stars, 3 names" in said
    assert "CC BY-SA 4.0" in said
    assert len(read(path).stars) == 4


def test_the_command_says_what_to_do_without_a_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = str(tmp_path)
    words = ["catalogue", "-o", str(tmp_path / "c.npz"), "--kstars", nothing, "--stellarium", nothing]
    assert cli.main(words) == FAILED
    assert "kstars-data" in capsys.readouterr().err
    assert not (tmp_path / "c.npz").exists()


def test_no_file_is_named_where_none_is_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["catalogue", "--set", "picture.catalogue=''", "--kstars", str(tmp_path)]) == WRONG_USAGE
    assert "picture.catalogue" in capsys.readouterr().err
