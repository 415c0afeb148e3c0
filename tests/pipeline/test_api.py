"""What other programs may call."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import indistack
from indistack.cli import main
from indistack.errors import DecodeError, FrameError, SettingsError, SinkError
from tests.conftest import ROOT
from tests.pipeline.night import make_sky

EXAMPLES = re.findall(r"^## (.*?)$.*?^```python\n(.*?)^```", (ROOT / "docs/api.md").read_text(), re.M | re.S)


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six subs and three darks in the current folder."""
    sky = make_sky(drift_px_per_sub=(2.5, 1.5), cfa="mono")
    for number in range(6):
        (tmp_path / f"light{number}.fits").write_bytes(sky.expose().to_fits())
    for number in range(3):
        (tmp_path / f"dark{number}.fits").write_bytes(sky.expose("dark", index=number, exposure_s=10.0).to_fits())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("title", "code"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_the_examples_of_the_documentation_run(night: Path, title: str, code: str) -> None:
    exec(compile(code, title, "exec"), {})


def test_every_part_of_the_interface_is_documented() -> None:
    text = (ROOT / "docs/api.md").read_text()
    for name in indistack.__all__:
        assert f"`{name}`" in text
        assert getattr(indistack, name).__doc__
    with pytest.raises(AttributeError, match="magic"):
        indistack.magic  # noqa: B018


def test_importing_the_package_loads_nothing_but_the_package() -> None:
    code = "import sys; before = set(sys.modules); import indistack; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not re.findall(r"numpy|astropy|cv2|pydantic|indistack\.", done.stdout)


def test_the_command_gives_the_same_picture(night: Path) -> None:
    assert main(["stack", "light*.fits", "-o", "cli.fits"]) == 0
    np.testing.assert_array_equal(indistack.stack_files(["light*.fits"]).picture, fits.getdata("cli.fits"))


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.float32, np.float64, np.int32])
def test_frames_in_memory_give_the_picture_of_the_files(night: Path, dtype: Any) -> None:
    with indistack.Session() as session:
        for number in range(6):
            pixels = indistack.open_frame(f"light{number}.fits").pixels
            outcome = session.add(pixels.astype(dtype), exposure_s=10.0, date_obs=datetime(2024, 8, 10, tzinfo=UTC))
            assert outcome.word == "accepted", outcome
    expected = indistack.stack_files(["light*.fits"]).picture
    difference = np.abs(session.picture - expected) / np.nanstd(expected)
    assert np.nanquantile(difference, 0.9999) < 0.05
    assert np.nanmax(difference) < 0.2  # where a kernel is held within its neighbours, a rounding may tip the scale
    assert (session.n_subs, session.result().header["EXPTIME"]) == (6, 60.0)


def test_a_session_takes_files_and_their_bytes_and_refuses_what_belongs_elsewhere(night: Path) -> None:
    with indistack.Session() as session:
        assert session.add("light0.fits").word == "accepted"
        assert session.add(Path("light1.fits").read_bytes()).word == "accepted"
        wide = session.add(np.zeros((100, 200), np.uint16) + np.arange(200, dtype=np.uint16))
        assert (wide.word, session.n_subs) == ("refused", 2)
        with pytest.raises(DecodeError, match="not_a_frame"):
            session.add(np.zeros((5, 5, 4), np.uint8))


def test_colours_of_an_array_are_told(night: Path) -> None:
    colour = make_sky().expose()
    with indistack.Session() as session:
        session.add(colour.pixels, exposure_s=10.0, cfa="RGGB")
    assert session.picture.shape == (480, 640, 3)
    with indistack.Session() as rgb:
        rgb.add(np.stack([colour.pixels] * 3, axis=2), exposure_s=10.0)
    assert rgb.picture.shape == (480, 640, 3)


def test_a_picture_that_was_taken_out_stays_as_it_was(night: Path) -> None:
    with indistack.Session() as session:
        session.add("light0.fits")
        before = session.picture
        kept = before.copy()
        session.add("light1.fits")
        np.testing.assert_array_equal(before, kept)
        assert not np.array_equal(session.picture, kept, equal_nan=True)


def test_wrong_use_is_told(night: Path) -> None:
    with pytest.raises(SettingsError, match=r"stack\.method"):
        indistack.stack_files(["light*.fits"], {"stack": {"method": "magic"}})
    with pytest.raises(SettingsError, match=r"none\*"):
        indistack.stack_files(["none*.fits"])
    with pytest.raises(SettingsError, match="for flats"):
        indistack.build_master("dark", ["dark*.fits"], "m.fits", {"calibrate": {"bias": ["dark0.fits"]}})
    with pytest.raises(SettingsError, match="grid 3"):
        indistack.merge_stacks(["light0.fits", "light1.fits"], grid=3)
    with pytest.raises(SinkError, match="gif"):
        indistack.stack_files(["light0.fits"]).save("a.gif")
    with pytest.raises(FrameError, match=r"no_match|too_few"):
        indistack.register(indistack.open_frame("dark0.fits"), indistack.open_frame("light0.fits"))


def test_merge_is_a_command(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "light[0-2].fits", "-o", "a.fits"]) == 0
    assert main(["stack", "light[3-5].fits", "-o", "b.fits"]) == 0
    assert main(["merge", "a.fits", "b.fits", "-o", "both.fits", "--png", "both.png"]) == 0
    header = fits.getheader("both.fits")
    assert (header["NCOMBINE"], header["EXPTIME"]) == (6, 60.0)
    assert Path("both.png").read_bytes().startswith(b"\x89PNG")
    assert main(["merge", "a.fits", "-o", "c.fits"]) == 2
    capsys.readouterr()
    assert main(["merge", "a.fits", "missing.fits", "-o", "c.fits"]) == 1
    assert "missing.fits" in capsys.readouterr().err
