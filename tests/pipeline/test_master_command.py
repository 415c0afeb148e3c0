"""Masters and the library on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from indistack.command_line.exit_status import DONE, FAILED, WRONG_USAGE
from indistack.command_line.progress import ProgressDisplay
from simulators.exposure import Kind
from simulators.observatory import Observatory
from tests.pipeline.night import make_sky

EXPOSURE_S = {"dark": 60.0, "flat": 1.0, "bias": 0.0, "light": 60.0}


def shoot(folder: Path, sky: Observatory, kind: Kind, count: int, exposure_s: float | None = None) -> str:
    """Take exposures; return the glob of their files."""
    for number in range(count):
        exposure = sky.expose(kind, exposure_s=EXPOSURE_S[kind] if exposure_s is None else exposure_s, index=number)
        (folder / f"{kind}_{number}.fits").write_bytes(exposure.to_fits())
    return str(folder / f"{kind}_*.fits")


def test_a_dark_with_all_facts_and_its_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raws = shoot(tmp_path, make_sky(), "dark", 4)
    shoot(tmp_path, make_sky(), "light", 1)
    out = tmp_path / "master.fits"
    assert main(["master", "dark", raws, str(tmp_path / "light_0.fits"), "-o", str(out)]) == DONE
    header = fits.getheader(out)
    assert (header["NCOMBINE"], header["EXPTIME"], header["IMAGETYP"]) == (4, 60.0, "Master Dark")
    assert (header["GAIN"], header["OFFSET"], header["CCD-TEMP"], header["BAYERPAT"]) == (100, 50, -10, "RGGB")
    raw = np.mean([fits.getdata(path) for path in tmp_path.glob("dark_*.fits")], axis=0)
    np.testing.assert_allclose(np.median(fits.getdata(out)), np.median(raw), atol=0.5)
    told = capsys.readouterr().out
    assert "light_0.fits is left out: its header says that it is a light" in told
    assert "dark 4 x 60 s (dark_0.fits ... dark_3.fits)" in told


def test_a_flat_loses_its_bias(tmp_path: Path) -> None:
    flats, biases = (shoot(tmp_path, make_sky(), kind, 3) for kind in ("flat", "bias"))  # type: ignore[arg-type]
    outs = [tmp_path / "with.fits", tmp_path / "without.fits"]
    assert main(["master", "flat", flats, "--bias", biases, "-o", str(outs[0])]) == DONE
    assert main(["master", "flat", flats, "-o", str(outs[1])]) == DONE
    falls = []
    for out in outs:
        flat = fits.getdata(out)
        assert np.median(flat) == pytest.approx(1.0, abs=0.05)
        falls.append(1 - np.median(flat[:40, :40]) / np.median(flat[220:260, 300:340]))
    assert falls[0] > 1.01 * falls[1]


def test_darks_of_two_exposures_are_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sky = make_sky()
    raws = shoot(tmp_path, sky, "dark", 2)
    (tmp_path / "dark_9.fits").write_bytes(sky.expose("dark", exposure_s=30.0).to_fits())
    out = tmp_path / "master.fits"
    assert main(["master", "dark", raws, "-o", str(out)]) == FAILED
    assert "dark_9.fits belongs to another master dark: exposure 30 s, the first 60 s" in capsys.readouterr().err
    assert not out.exists()
    assert main(["master", "dark", raws, "-o", str(out), "--force"]) == DONE


def test_lights_make_no_dark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raws = shoot(tmp_path, make_sky(), "light", 2)
    assert main(["master", "dark", raws, "-o", str(tmp_path / "master.fits")]) == FAILED
    assert "none of 2 files is a usable dark" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["dark", "none*.fits"], ["dark", "SHOTS", "--bias", "SHOTS"]])
def test_wrong_usage(tmp_path: Path, words: list[str]) -> None:
    raws = shoot(tmp_path, make_sky(), "dark", 1)
    words = [word.replace("SHOTS", raws) for word in words]
    assert main(["master", *words, "-o", str(tmp_path / "master.fits")]) == WRONG_USAGE


def test_an_output_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raws = shoot(tmp_path, make_sky(), "dark", 1)
    assert main(["master", "dark", raws, "-o", str(tmp_path / "none" / "master.fits")]) == FAILED
    assert "none" in capsys.readouterr().err


def test_the_rule_is_a_setting(tmp_path: Path) -> None:
    raws = shoot(tmp_path, make_sky(), "dark", 5)
    levels = []
    for rule in ("mean", "livestack"):
        out = tmp_path / "out.fits"
        assert main(["master", "dark", raws, "-o", str(out), "--set", f"calibrate.rule={rule}"]) == DONE
        levels.append(float(fits.getdata(out).mean()))
    assert levels[1] > levels[0] + 1


def test_the_bar_shows_every_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []
    monkeypatch.setattr(ProgressDisplay, "done", lambda _self, count: shown.append(count))
    raws = shoot(tmp_path, make_sky(), "dark", 3)
    assert main(["master", "dark", raws, "-o", str(tmp_path / "master.fits")]) == DONE
    assert shown == [1, 2, 3]


def test_a_library_serves_a_batch_and_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = tmp_path / "library"
    library.mkdir()
    dark, lights = (shoot(tmp_path, make_sky(), kind, 3) for kind in ("dark", "light"))  # type: ignore[arg-type]
    assert main(["master", "dark", dark, "-o", str(library / "my dark.fits")]) == DONE
    report = tmp_path / "report.json"
    for folder, masters in ((str(library), ["dark 3 x 60 s (my dark.fits)"]), ("", [])):
        assert main(["stack", lights, "--library", folder, "--report", str(report)]) == DONE
        assert [line["masters"] for line in json.loads(report.read_text())["subs"]] == [masters] * 3
    capsys.readouterr()
    assert main(["library", "--library", str(library)]) == DONE
    told = capsys.readouterr().out.splitlines()
    entry = " ".join(" ".join(told[:-1]).split())
    assert entry.startswith("dark of 3 Indistack CMOS, 640 x 480 RGGB, gain 100, offset 50, 60 s, -10 C, 2024-08-1")
    assert entry.endswith("my dark.fits")
    assert max(map(len, told[:-1])) <= 80
    assert told[-1] == str(library)
    (library / "raw" / "dark").mkdir(parents=True)
    (library / "raw" / "dark" / "1.fits").write_bytes(bytes(20_000_000))
    assert main(["library", "--library", str(library)]) == DONE
    assert capsys.readouterr().out.splitlines()[-1] == f"{library}; raw frames of these: 1, 0.02 GB, in raw/"
    (tmp_path / "file").write_text("no folder")
    assert main(["library", "--library", str(tmp_path / "file")]) == FAILED


def test_the_library_is_where_data_of_programs_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["library"]) == DONE
    assert str(tmp_path / "indistack" / "calibration") in capsys.readouterr().out
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert main(["library"]) == DONE
    assert str(tmp_path / "home" / ".local" / "share" / "indistack" / "calibration") in capsys.readouterr().out
    assert main(["library", "--library", ""]) == DONE
    assert "off" in capsys.readouterr().out
