"""Files in, picture and report out, by the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from tests.pipeline.night import make_sky


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """Five subs, a dark and a flat as files."""
    sky = make_sky(drift_px_per_sub=(2.5, 1.5))
    for number in range(5):
        (tmp_path / f"sub{number}.fits").write_bytes(sky.expose().to_fits())
    (tmp_path / "dark.fits").write_bytes(sky.expose("dark", exposure_s=10.0).to_fits())
    (tmp_path / "flat.fits").write_bytes(sky.expose("flat").to_fits())
    return tmp_path


def test_stack_writes_picture_and_report(night: Path) -> None:
    (night / "sub9.fits").write_text("no picture")
    arguments = ["stack", str(night / "sub*.fits"), "-o", str(night / "m.fits"), "--png", str(night / "m.png")]
    arguments += [
        "--report",
        str(night / "m.json"),
        "--dark",
        str(night / "dark.fits"),
        "--flat",
        str(night / "flat.fits"),
    ]
    assert main(arguments) == 0
    report = json.loads((night / "m.json").read_text())
    assert [Path(sub["path"]).name for sub in report["subs"]] == [*(f"sub{n}.fits" for n in range(5)), "sub9.fits"]
    assert [sub["outcome"] for sub in report["subs"]] == ["accepted"] * 5 + ["refused"]
    assert report["subs"][5]["reason"] == "not_a_frame"
    shift = np.array(report["subs"][4]["transform"])[:2, 2]
    np.testing.assert_allclose(np.abs(shift), [10, 6], atol=0.3)
    stack = report["stack"]
    assert (stack["method"], stack["n_subs"], stack["exposure_s"]) == ("sigma_clip", 5, 50.0)
    assert (stack["width"], stack["height"]) == (640, 480)
    assert stack["reference"].endswith("sub0.fits")
    assert stack["seconds"] > 0
    assert stack["peak_rss_mb"] > 10
    assert fits.getheader(night / "m.fits")["NCOMBINE"] == 5


@pytest.mark.parametrize(("reference", "expected"), [("first", "sub0.fits"), ("{night}/sub3.fits", "sub3.fits")])
def test_the_reference_is_chosen(night: Path, reference: str, expected: str) -> None:
    report = night / "m.json"
    chosen = reference.format(night=night)
    assert main(["stack", str(night / "sub*.fits"), "--report", str(report), "--reference", chosen]) == 0
    content = json.loads(report.read_text())
    assert content["stack"]["reference"].endswith(expected)
    for sub in content["subs"]:
        still = sub["path"].endswith(expected)
        assert np.allclose(sub["shift_px"], 0, atol=0.05) == still


def test_the_best_reference_is_the_sharpest(night: Path) -> None:
    blurred = make_sky(fwhm_px=5.0)
    for number in (0, 1, 3, 4):
        (night / f"sub{number}.fits").write_bytes(blurred.expose(index=number).to_fits())
    report = night / "m.json"
    assert main(["stack", str(night / "sub*.fits"), "--report", str(report), "--reference", "best"]) == 0
    assert json.loads(report.read_text())["stack"]["reference"].endswith("sub2.fits")


def test_nothing_to_stack_is_a_failed_run_with_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.fits").write_text("no picture")
    assert main(["stack", str(tmp_path / "a.fits"), "--report", str(tmp_path / "m.json")]) == 1
    assert "not_a_frame" in capsys.readouterr().err
    assert json.loads((tmp_path / "m.json").read_text())["stack"]["n_subs"] == 0


@pytest.mark.parametrize(
    ("output", "word", "status"),
    [("none/m.fits", "no folder", 1), ("sub3.fits", "inputs", 2), ("dark.fits", "inputs", 2)],
)
def test_an_output_is_examined_before_any_work(
    night: Path, output: str, word: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in night.iterdir()}
    arguments = ["stack", str(night / "sub*.fits"), "--dark", str(night / "dark.fits"), "-o", str(night / output)]
    assert main(arguments) == status
    told = capsys.readouterr()
    assert f"{output}: " in told.err
    assert word in told.err
    assert "accepted" not in told.out
    assert {path.name: path.read_bytes() for path in night.iterdir()} == before


def test_the_result_of_a_stack_that_is_made_again_is_no_input(night: Path) -> None:
    arguments = ["stack", str(night / "sub*.fits"), "-o", str(night / "sub-m.fits"), "--png", str(night / "sub-m.png")]
    assert main(arguments) == main(arguments) == 0
    assert fits.getheader(night / "sub-m.fits")["NCOMBINE"] == 5


def test_the_suffix_decides_the_form(night: Path) -> None:
    assert main(["stack", str(night / "sub*.fits"), "-o", str(night / "m.png"), "--png", str(night / "m.fit")]) == 0
    assert (night / "m.png").read_bytes().startswith(b"\x89PNG")
    assert fits.getheader(night / "m.fit")["NCOMBINE"] == 5


def test_without_a_name_the_result_gets_a_new_one_that_is_told(
    night: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(night)
    for stem in (f"{night.name}-stack", f"{night.name}-stack-2"):
        assert main(["stack", "sub*.fits"]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"no output was named: {stem}.fits and {stem}.png will be written")
        assert shown.endswith(f"{stem}.fits\n{stem}.png\n")
        assert fits.getheader(f"{stem}.fits")["NCOMBINE"] == 5


def test_what_would_take_subs_of_another_exposure_is_told(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fits.setval(night / "sub4.fits", "EXPTIME", value=12.0)
    arguments = ["stack", str(night / "sub*.fits"), "-o", str(night / "m.fits")]
    assert main(arguments) == 0
    assert "drift.on_exposure=scale" in capsys.readouterr().out
    assert main([*arguments, "--set", "drift.on_exposure=scale"]) == 0
    assert fits.getheader(night / "m.fits")["NCOMBINE"] == 5
    assert "drift.on_exposure" not in capsys.readouterr().out


def test_a_branch_does_not_overwrite_a_sub(night: Path) -> None:
    (night / "sub4.fits").rename(night / "m-few.fits")
    arguments = ["stack", str(night / "sub*.fits"), "-o", str(night / "m.fits"), "--branch", "few=mean"]
    assert main(arguments) == 0
    assert "NCOMBINE" not in fits.getheader(night / "m-few.fits")
    assert fits.getheader(night / "m-few-stack.fits")["NCOMBINE"] == 4


def test_a_folder_without_frames_is_told_and_passed_over(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (night / "empty").mkdir()
    inputs = [str(night / "empty"), str(night / "sub*.fits"), str(night / "*.cr2")]
    assert main(["stack", *inputs, "-o", str(night / "m.fits")]) == 0
    told = capsys.readouterr().err
    assert f"{night}/empty: no frames in this folder; passed over" in told
    assert f"{night}/*.cr2: no frames match; passed over" in told
    assert main(["stack", inputs[0], inputs[2], "-o", str(night / "n.fits")]) == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["stack", "{night}/missing.fits"], "missing.fits"),
        (["stack", "{night}/sub0.fits", "--method", "magic"], "stack.method"),
        (["stack", "{night}/sub0.fits", "--set", "drift.limit=far"], "drift.limit"),
        (["stack", "{night}/sub0.fits", "--set", "nothing.at_all=1"], "nothing"),
        (["stack", "{night}/sub0.fits", "--dark", "{night}/missing.fits"], "missing.fits"),
        (["stack", "{night}/sub0.fits", "--config", "{night}/missing.toml"], "missing.toml"),
    ],
)
def test_wrong_usage_is_named(night: Path, arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([argument.format(night=night) for argument in arguments]) == 2
    assert word in capsys.readouterr().err


def test_no_quality_takes_what_would_be_refused(night: Path) -> None:
    arguments = [
        "stack",
        str(night / "sub*.fits"),
        "--report",
        str(night / "m.json"),
        "--set",
        "quality.max_fwhm_px=0.5",
    ]
    assert main(arguments) == 1
    assert main([*arguments, "--no-quality"]) == 0
    assert json.loads((night / "m.json").read_text())["stack"]["n_subs"] == 5


def test_methods_and_config_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods"]) == 0
    shown = capsys.readouterr().out
    for word in ("mean", "asterism", "bilinear", "stf"):
        assert word in shown
    assert main(["config", "--set", "stack.jobs=1"]) == 0
    assert "jobs = 1" in capsys.readouterr().out
