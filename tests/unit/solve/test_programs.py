"""Both programs, replaced by ones that answer in their files."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.errors import SettingsError, SolveError
from indistack.settings import validate
from indistack.solve import SOLVERS, SkyFinder, SolveSettings, background, find_program
from tests.unit.solve.fakes import ASTAP, ASTROMETRY_NET, TRUE, field_of, install, path_with

CORNERS = np.array([[0.0, 0.0], [1303.0, 0.0], [0.0, 975.0], [1303.0, 975.0]])


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", path_with(tmp_path))
    monkeypatch.setattr(background, "find_program", find_program)
    return tmp_path


def words(name: str, folder: Path, **changes: object) -> list[str]:
    return SOLVERS.get(name)().prepare(replace(field_of(), **changes), folder)  # type: ignore[arg-type]


def after(words: list[str], word: str) -> str:
    return words[words.index(word) + 1]


class TestChoice:
    def test_without_a_program_all_works_in_pixels(self, programs: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        finder = SkyFinder(SolveSettings())
        finder.begin(field_of())
        assert finder.result(1) is None
        assert caplog.text.count("no plate-solving program is installed") == 1

    def test_off_says_nothing(self, programs: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        install(programs, "solve-field", ASTROMETRY_NET)
        finder = SkyFinder(SolveSettings(program="off"))
        finder.begin(field_of())
        assert (finder.result(1), caplog.text) == (None, "")

    def test_which_is_taken(self, programs: Path) -> None:
        astap = install(programs, "astap", "")
        assert find_program(SolveSettings()) == ("astap", astap)
        cli = install(programs, "astap_cli", "")
        assert find_program(SolveSettings()) == ("astap", cli)
        net = install(programs, "solve-field", "")
        assert find_program(SolveSettings()) == ("astrometry.net", net)
        assert find_program(SolveSettings(program="astap")) == ("astap", cli)

    def test_another_program_is_a_wrong_setting(self) -> None:
        with pytest.raises(SettingsError):
            validate(SolveSettings, {"program": "nova"})


class TestAstrometryNet:
    def test_its_table_and_its_hints(self, tmp_path: Path) -> None:
        said = words("astrometry.net", tmp_path)
        assert (after(said, "--ra"), after(said, "--dec")) == ("300.000000", "22.000000")
        assert (after(said, "--scale-low"), after(said, "--scale-high")) == ("1.2", "1.875")
        assert (after(said, "--width"), after(said, "--height")) == ("1304", "976")
        table, stars = fits.getdata(said[-1]), field_of().stars
        np.testing.assert_allclose(table["X"], stars.x + 1, rtol=1e-6)
        assert list(table["FLUX"]) == sorted(table["FLUX"], reverse=True)

    def test_what_is_unknown_is_no_hint(self, tmp_path: Path) -> None:
        said = words("astrometry.net", tmp_path, scale_arcsec_px=None, centre_deg=None)
        assert not {"--ra", "--dec", "--radius", "--scale-low"} & set(said)

    def test_a_plane_through_all_its_pairs(self, programs: Path) -> None:
        install(programs, "solve-field", ASTROMETRY_NET)
        finder = SkyFinder(SolveSettings())
        finder.begin(field_of())
        found = finder.result(30)
        assert found is not None
        assert found.program == "astrometry.net"
        assert (found.matched, found.rms_px) == (37, pytest.approx(0.25, abs=0.1))
        off_px = np.hypot(*(found.wcs.to_pixel(TRUE.to_sky(CORNERS)) - CORNERS).T)
        assert off_px.max() < 0.3

    def test_no_solution(self, tmp_path: Path) -> None:
        with pytest.raises(SolveError, match="no field of its catalogue"):
            SOLVERS.get("astrometry.net")().read(field_of(), tmp_path)

    @pytest.mark.parametrize("damaged", ["field.corr", "field.wcs"])
    def test_damaged_files(self, tmp_path: Path, damaged: str) -> None:
        for name in ("field.solved", "field.corr", "field.wcs"):
            (tmp_path / name).write_bytes(b"no fits" * 100)
        (tmp_path / damaged).unlink()
        with pytest.raises(SolveError):
            SOLVERS.get("astrometry.net")().read(field_of(), tmp_path)


class TestAstap:
    def test_its_hints(self, tmp_path: Path) -> None:
        said = words("astap", tmp_path)
        assert (after(said, "-ra"), after(said, "-spd")) == ("20.000000", "112.000000")  # hours, from the south pole
        assert float(after(said, "-fov")) == pytest.approx(1.5 * 976 / 3600, rel=1e-5)  # its height
        blind = words("astap", tmp_path, centre_deg=None, scale_arcsec_px=None)
        assert (after(blind, "-r"), after(blind, "-fov")) == ("180", "0")

    @pytest.mark.parametrize("zoom", [1, 4])
    def test_its_picture_shows_our_stars(self, tmp_path: Path, zoom: int) -> None:
        field = field_of(12)
        large = replace(field.stars, x=field.stars.x * zoom, y=field.stars.y * zoom)
        said = words("astap", tmp_path, stars=large, width=1304 * zoom, height=976 * zoom)
        picture = fits.getdata(after(said, "-f"))
        assert max(picture.shape) == min(1304 * zoom, 2000)
        y, x = np.unravel_index(np.argmax(picture), picture.shape)
        shrunk = picture.shape[1] / 1304
        expected = (
            field.stars.x[0] * shrunk + (shrunk / zoom - 1) / 2,
            field.stars.y[0] * shrunk + (shrunk / zoom - 1) / 2,
        )
        assert (x, y) == (pytest.approx(expected[0], abs=0.6), pytest.approx(expected[1], abs=0.6))

    def test_what_it_finds(self, programs: Path) -> None:
        install(programs, "astap_cli", ASTAP)
        finder = SkyFinder(SolveSettings())
        finder.begin(field_of())
        found = finder.result(30)
        assert found is not None
        assert (found.program, found.rms_px) == ("astap", None)
        np.testing.assert_allclose(found.wcs.to_pixel(TRUE.to_sky(CORNERS)), CORNERS, atol=1e-6)

    def test_a_picture_that_was_made_smaller(self, tmp_path: Path) -> None:
        (tmp_path / "result.ini").write_text(
            "PLTSOLVD=T\nCRPIX1= 1.0\nCRPIX2= 1.0\nCRVAL1=10\nCRVAL2=20\nCD1_1=-1e-3\nCD1_2=0\nCD2_1=0\nCD2_2=1e-3\n"
        )
        found = SOLVERS.get("astap")().read(replace(field_of(), width=4000, height=3000), tmp_path)
        assert found.wcs.scale_arcsec_px == pytest.approx(1.8)
        np.testing.assert_allclose(found.wcs.pixel, (0.5, 0.5))  # the middle of the 2 x 2 pixels of its first one

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("PLTSOLVD=F\nERROR=No star database found.\n", "No star database"),
            ("PLTSOLVD=F\n", "no field of its database"),
            ("PLTSOLVD=T\nCRVAL1=nan\n", "no WCS"),
        ],
    )
    def test_no_solution(self, tmp_path: Path, text: str, reason: str) -> None:
        (tmp_path / "result.ini").write_text(text)
        with pytest.raises(SolveError, match=reason):
            SOLVERS.get("astap")().read(field_of(), tmp_path)

    def test_no_result(self, tmp_path: Path) -> None:
        with pytest.raises(SolveError, match="no result"):
            SOLVERS.get("astap")().read(field_of(), tmp_path)
