"""``indistack stack`` as halostack's users type it: several outputs of one reading, operators, boxes, lists."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from indistack.enhance import operator_of

DRIFT_PX = 3
BLOCKER = (90, 60)


@pytest.fixture
def halo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six pictures of a blue sky with a ring round something dark that drifts; a bird in one of them."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:120, :180]
    for number in range(6):
        radius = np.hypot(x - BLOCKER[0] - DRIFT_PX * number, y - BLOCKER[1])
        ring = 20 * np.exp(-(((radius - 40) / 4) ** 2))
        sub = np.stack([150 + ring, 120 + ring, 90 + 1.2 * ring], axis=2)
        sub[radius < 12] = 10
        if number == 3:
            sub[100:110, 20:30] = 0
        sub += rng.normal(0, 2, sub.shape)
        cv2.imwrite(f"h{number}.png", np.clip(sub, 0, 255).astype(np.uint8))
    return tmp_path


BOXES = ["--reference-box", "90,60,20", "--search-box", "97,60,40"]


def test_several_outputs_of_one_reading(halo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (halo / "notes.txt").write_text("clouds")
    stacks = [
        "-a",
        "a.png",
        "-a",
        "a.fits",
        "-m",
        "m.fits",
        "-M",
        "x.fits",
        "-d",
        "d.fits",
        "-S",
        "s.fits",
        "-k",
        "2,3",
    ]
    assert main(["stack", "h*.png", "notes.txt", "-n", *stacks, "--set", "match.background=off"]) == 0
    cube = np.stack([cv2.imread(f"h{number}.png")[..., ::-1] for number in range(6)]).astype(np.float32)
    made = {name: np.moveaxis(fits.getdata(f"{name}.fits"), 0, -1) for name in "amxds"}
    np.testing.assert_allclose(made["a"], cube.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(made["d"], np.median(cube, axis=0), atol=0.01)
    np.testing.assert_allclose(made["m"].mean(axis=2), cube.mean(axis=3).min(axis=0), atol=0.01)
    np.testing.assert_allclose(made["x"].mean(axis=2), cube.mean(axis=3).max(axis=0), atol=0.01)
    assert made["s"][105, 25].mean() > made["a"][105, 25].mean() + 15  # without the bird
    assert (halo / "a.png").exists()
    assert not (halo / "m.png").exists()
    said = capsys.readouterr().out
    assert "skipped: 1 of 7 files\n  notes.txt  not a frame" in said


def test_a_box_is_followed(halo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "h*.png", *BOXES, "-a", "a.fits", "--naive", "--shifts", "-"]) == 0
    table = [line.split(",") for line in capsys.readouterr().out.splitlines() if line.startswith("h") and "," in line]
    shifts = [float(row[1]) for row in table]
    np.testing.assert_allclose(shifts, [-DRIFT_PX * number for number in range(6)], atol=0.1)
    aligned, naive = (np.moveaxis(fits.getdata(name), 0, -1) for name in ("a.fits", "a-naive.fits"))
    assert aligned[60, 80].mean() == pytest.approx(10, abs=3)
    assert naive[60, 80].mean() > 20  # the blocker has gone on
    # where the search box does not reach the blocker there is none
    assert main(["stack", "h*.png", *BOXES[:2], "--search-box", "30,30,28", "-a", "b.fits"]) == 1
    assert "no_match" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--reference-box", "900,60,20"], "of the box of 40 x 40 px at 880,40 too little lies in the reference"),
        (["--search-box", "90,60,20"], "no more than the 60 x 40 px that are looked for"),
        ([*BOXES[:2], "--search-box", "300,60,40"], "of the box of 80 x 80 px at 260,20 in the sub lie 0 x 80 px"),
    ],
)
@pytest.mark.usefixtures("halo")
def test_a_box_that_cannot_be_followed_is_told(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "h*.png", *words, "-a", "a.fits"]) == 1
    assert said in capsys.readouterr().out


def test_operators_on_subs_change_the_stack_and_keep_their_order(halo: Path) -> None:
    words = ["br:2", "blur:3"]
    run = ["stack", "h*.png", "-n", "--set", "match.background=off", "-a", "br.fits"]
    assert main([*run, *(part for word in words for part in ("-e", word))]) == 0
    expected = np.zeros((120, 180))
    for number in range(6):
        picture = cv2.imread(f"h{number}.png")[..., ::-1].astype(np.float32)
        for word in words:
            picture = operator_of(word)(picture)
        expected += picture / 6
    np.testing.assert_allclose(fits.getdata("br.fits"), expected, atol=0.01)


def test_aligned_subs_are_saved(halo: Path) -> None:
    (halo / "out").mkdir()
    assert main(["stack", "h*.png", *BOXES, "-s", "out/a_"]) == 0
    saved = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted((halo / "out").iterdir())]
    assert [path.name for path in sorted((halo / "out").iterdir())] == [f"a_h{number}.png" for number in range(6)]
    assert all(picture.dtype == np.uint16 and picture.shape == (120, 180, 3) for picture in saved)
    assert all(picture[60, 90].mean() < 0.2 * picture[60, 140].mean() for picture in saved)  # the blocker stands still


def test_one_image_is_enhanced(halo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "h0.png", "-E", "usm:10,4", "-a", "usm.png"]) == 0
    assert "it is enhanced" in capsys.readouterr().out
    before, after = cv2.imread("h0.png"), cv2.imread("usm.png")
    assert after.shape == before.shape
    edges = [cv2.Laplacian(picture, cv2.CV_64F).std() / picture.std() for picture in (before, after)]
    assert edges[1] > 1.5 * edges[0]


def test_one_image_is_judged_unless_it_is_to_be_enhanced(halo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(1).normal(90, 6, (120, 180, 3))
    cv2.imwrite("clouds.png", cv2.GaussianBlur(noise, (0, 0), 3).astype(np.uint8))
    (halo / "two").mkdir()
    for name in ("two/a.png", "two/b.png"):
        cv2.imwrite(name, noise.astype(np.uint8))
    assert main(["stack", "clouds.png", "-E", "usm:3,1", "-o", "c.png"]) == 0
    assert "it is enhanced" in capsys.readouterr().out
    assert cv2.imread("c.png").shape == (120, 180, 3)
    for judged in ("clouds.png", "two"):
        assert main(["stack", judged, "-o", "t.png"]) == 1


def test_edges_are_cut_off_the_results(halo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "h*.png", "-n", "-o", "c.fits", "--crop", "10,20,5,15"]) == 0
    cut = fits.getdata("c.fits")
    assert cut.shape == (3, 100, 150)
    assert main(["stack", "h*.png", "-n", "-o", "w.fits"]) == 0
    np.testing.assert_array_equal(cut, fits.getdata("w.fits")[:, 5:105, 10:160])
    capsys.readouterr()
    assert main(["stack", "h*.png", "-n", "-o", "n.fits", "--crop", "90,90,0,0"]) == 2
    said = capsys.readouterr()
    assert "--crop (publish.crop) = 90,90,0,0: nothing is left of 180 x 120" in said.err
    assert "h0.png" in said.out
    assert "h1.png" not in said.out  # not when all are stacked


def test_a_table_tells_when_subs_were_taken(halo: Path) -> None:
    rows = [f"h{number}.png,2026-10-14T20:00:{10 * number:02d}+02:00" for number in range(6)]
    (halo / "times.csv").write_text("\n".join(["file,time", *reversed(rows)]))
    (halo / "h.txt").write_text("h5.png\nh1.png\nh3.png\n")
    words = ["--list", "h.txt", "--times", "times.csv", "--order", "time", "--report", "r.json"]
    assert main(["stack", *words, "-n", "-o", "t.fits"]) == 0
    assert fits.getheader("t.fits")["DATE-OBS"].startswith("2026-10-14T18:00:10")
    assert [Path(sub["path"]).name for sub in json.loads((halo / "r.json").read_text())["subs"]] == [
        "h1.png", "h3.png", "h5.png"
    ]  # fmt: skip


def test_a_halostack_file_runs_all(halo: Path) -> None:
    text = "[sky]\nfname_in = h0.png h1.png\nmax_stack_file = m.png\nno_alignment = true\nloglevel = INFO\n"
    (halo / "p.ini").write_text(text + "enhance_stacks = percentile:0,100\n")
    assert main(["stack", "--config_file", "p.ini", "--config_item", "sky", "-l", "ERROR"]) == 0
    assert cv2.imread("m.png").shape == (120, 180, 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-e", "br", "-e", "rotate:90"], "sub_operators: rotate makes, or turns"),
        (["-e", "halo"], "halo makes, or turns"),
        (["-E", "nothing"], "picture.operators"),
        (["-s", "h"], None),
        (["-s", "./"], "is one of the subs"),
        (["--shifts", "s.txt"], "--shifts s.txt"),
        (["-a", "h0.png"], "is one of the inputs"),
        (["-a", "x.gif"], "x.gif"),
        (["-a", "x.png", "-M", "x.png"], "is named for two outputs"),
        (["-a", "x.png", "--best", "50", "--cluster", "local"], "by a cluster"),
    ],
)
@pytest.mark.usefixtures("halo")
def test_wrong_usage_is_named(words: list[str], said: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "h0.png", "h1.png", "-n", *words]) == (0 if said is None else 2)
    assert said is None or said in capsys.readouterr().err


def test_the_sharpest_are_taken(halo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2, 4):
        cv2.imwrite(f"h{number}.png", cv2.GaussianBlur(cv2.imread(f"h{number}.png"), (0, 0), 3))
    (halo / "h9.png").write_text("none")
    words = ["--best", "50", "--reference", "best", "--set", "quality.enabled=false", "--report", "r.json"]
    assert main(["stack", "h*.png", "-n", "-a", "a.fits", *words]) == 0
    said = capsys.readouterr().out
    assert "3 of 7 subs" in said
    assert [name for name in ("h1", "h2", "h4") if f"  {name}.png  less sharp" in said] == ["h1", "h2", "h4"]
    assert "h9.png  not a frame" in said
    assert fits.getheader("a.fits")["NCOMBINE"] == 3
