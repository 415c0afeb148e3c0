"""Pictures beside a stack's own: one sub beside the stack, and what was left out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.cli import main
from tests.pipeline.night import make_sky


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    sky = make_sky()
    for number in range(3):
        (tmp_path / f"L_{number}.fits").write_bytes(sky.expose().to_fits())
    return tmp_path


def stack(*words: str, more: tuple[str, ...] = ()) -> int:
    return main(["stack", "L_0.fits", "L_1.fits", "L_2.fits", *more, "-o", "out.fits", *words])


def test_the_halves_show_the_same_sky_and_the_stack_is_smoother(folder: Path) -> None:
    assert stack("--png", "out.png", "--beside", "pair.png", "-E", "stf") == 0
    alone, pair = (cv2.imread(name, cv2.IMREAD_COLOR) for name in ("out.png", "pair.png"))
    assert alone is not None
    assert pair is not None
    height, width = alone.shape[:2]
    assert pair.shape[0] == height
    assert 2 * width < pair.shape[1] < 2.1 * width
    left, right = pair[:, :width].astype(float), pair[:, -width:].astype(float)
    np.testing.assert_array_equal(right, alone)
    steps = [np.median(abs(np.diff(half[..., 1], axis=1))) for half in (left, right)]
    assert steps[0] > 1.2 * steps[1]
    assert np.corrcoef(left.ravel(), right.ravel())[0, 1] > 0.5


@pytest.mark.parametrize("reference", ["first", "L_2.fits"])
def test_the_halves_are_cut_alike_whatever_sub_the_others_were_laid_on(tmp_path: Path, reference: str) -> None:
    sky = make_sky(drift_px_per_sub=(14.0, 6.0))
    names = [tmp_path / f"L_{number}.fits" for number in range(3)]
    for name in names:
        name.write_bytes(sky.expose().to_fits())
    chosen = reference if reference == "first" else str(tmp_path / reference)
    words = ["stack", *map(str, names), "--reference", chosen, "-o", str(tmp_path / "o.fits")]
    assert main([*words, "--png", str(tmp_path / "o.png"), "--beside", str(tmp_path / "pair.png")]) == 0
    alone, pair = (cv2.imread(str(tmp_path / name), cv2.IMREAD_GRAYSCALE) for name in ("o.png", "pair.png"))
    assert alone is not None
    assert pair is not None
    width = alone.shape[1]
    assert 2 * width < pair.shape[1] < 2.1 * width
    left, right = pair[:, :width].astype(float), pair[:, -width:].astype(float)
    (shift, _), (unmoved, _) = (cv2.phaseCorrelate(half, right) for half in (left, right))  # half a pixel at odd sizes
    np.testing.assert_allclose(shift, unmoved, atol=0.5)


def test_files_that_were_left_out_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite("grey.png", np.full((30, 40), 200, np.uint8))
    (folder / "no.png").write_bytes(b"nothing")
    assert stack("--left-out", "sheet.png", more=("grey.png", "no.png")) == 0
    found = cv2.imread("sheet.png")
    assert found is not None
    assert found.shape == (300, 640, 3)
    assert stack("--left-out", "none.png") == 0
    assert "no sub was left out" in capsys.readouterr().out
    assert not Path("none.png").exists()


def test_files_are_shown_and_listed_where_nothing_could_be_stacked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "no.png").write_bytes(b"nothing")
    (folder / "none.fits").write_bytes(b"")
    assert main(["stack", "no.png", "none.fits", "-o", "out.fits", "--left-out", "sheet.png"]) == 1
    assert cv2.imread("sheet.png") is not None
    said = capsys.readouterr()
    assert "skipped: 2 of 2 files\n  no.png  not a frame" in said.out
    assert "  none.fits  empty: no bytes\nsheet.png" in said.out
    assert "none of 2 files" in said.err


@pytest.mark.parametrize("option", ["--beside", "--left-out"])
def test_what_cannot_be_written_is_told_before_any_work(
    folder: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stack(option, "pair.fits") == 2
    assert stack(option, "none/pair.png") == 1
    assert "pair.fits: such a picture is written as" in capsys.readouterr().err
    assert not Path("out.fits").exists()
