"""What the device told of an exposure lies under what its file says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.config import Config, to_toml
from indistack.fits_header import camera_key
from indistack.settings import load
from indistack.values.frame import Card
from tests.unit.decode.files import fits_file, read

PIXELS = np.arange(240, dtype=np.uint16).reshape(12, 20)
TOLD: dict[str, Any] = {
    "INSTRUME": "Canon DSLR EOS 600D", "FRAME": "Dark", "EXPTIME": 30.0, "ISOSPEED": 800, "FILTER": "Ha",
    "CCD-TEMP": -10.0, "XPIXSZ": 4.3, "FOCALLEN": 600.0, "RA": 80.0, "DEC": 20.0, "READOUTM": "Fast", "ROTATANG": 12.5,
    "BAYERPAT": "RGGB", "XBINNING": 2.0, "YBINNING": 2.0,
}  # fmt: skip
CARDS: tuple[Card, ...] = tuple((keyword, value, "") for keyword, value in TOLD.items())


def jpeg() -> bytes:
    picture = np.random.default_rng(0).integers(0, 255, (16, 24, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", picture)[1].tobytes()


def test_they_fill_what_a_jpeg_cannot_say() -> None:
    frame = read(jpeg(), ".jpg", CARDS)
    info = frame.info
    assert (info.kind, info.exposure_s, info.gain_setting, info.filter_name) == ("dark", 30.0, 800.0, "Ha")
    assert (info.temperature_c, info.camera, info.readout_mode) == (-10.0, "Canon DSLR EOS 600D", "Fast")
    assert (info.ra_deg, info.dec_deg, info.rotator_deg) == (80.0, 20.0, 12.5)
    assert info.scale_arcsec_px == pytest.approx(206.265 * 4.3 / 600, rel=1e-4)
    assert ("FILTER", "Ha", "") in info.header
    assert frame.cfa is None


@pytest.mark.parametrize(
    ("header", "scale_arcsec_px"),
    [
        ({"FOCALLEN": 300.0}, 4.3 / 300),  # the pixels are the device's, the focal length is the file's
        ({"XPIXSZ": 6.45, "FOCALLEN": 0.0}, 6.45 / 600),
        ({"PIXSIZE1": 3.0, "XBINNING": 2, "YBINNING": 2}, 6.0 / 600),
        ({"XPIXSZ": 6.45, "FOCALLEN": 300.0}, 6.45 / 300),
    ],
)
def test_file_and_device_make_the_plate_scale_together(header: dict[str, float], scale_arcsec_px: float) -> None:
    info = read(fits_file(PIXELS, header), cards=CARDS).info
    assert info.scale_arcsec_px == pytest.approx(206.265 * scale_arcsec_px, rel=1e-4)


def test_the_file_wins() -> None:
    header = {"IMAGETYP": "Light Frame", "EXPTIME": 5.0, "ISO": 100, "FILTER": "R", "INSTRUME": "Mine", "CCD-TEMP": 1.0}
    info = read(fits_file(PIXELS, header), cards=CARDS).info
    assert (info.kind, info.exposure_s, info.gain_setting, info.filter_name) == ("light", 5.0, 100.0, "R")
    assert (info.camera, info.temperature_c) == ("Mine", 1.0)
    assert info.readout_mode == "Fast"


def test_binning_and_colours_are_the_files_own_matter() -> None:
    frame = read(fits_file(PIXELS), cards=CARDS)
    assert frame.info.binning == (1, 1)
    assert frame.cfa is None
    assert not {"BAYERPAT", "XBINNING"} & {keyword for keyword, *_ in frame.info.header}


def test_without_a_device_nothing_changes() -> None:
    assert read(fits_file(PIXELS)).info.kind == "light"
    assert read(fits_file(PIXELS)).info.exposure_s is None


class TestCamerasNames:
    @pytest.mark.parametrize(
        "name",
        ["ZWO CCD ASI294MC Pro", "ZWO ASI294MC Pro", "ASI294MC Pro", "ZWO ASI294MC Pro(1)", "zwo asi294mc  pro camera"],
    )
    def test_one_camera_one_key(self, name: str) -> None:
        assert camera_key(name) == "asi294mcpro"

    def test_other_cameras_have_other_keys(self) -> None:
        names = ["ZWO ASI294MC Pro", "ZWO ASI294MM Pro", "Canon EOS 600D", "SBIG STL-1001 3 CCD Camera", "CCD", ""]
        assert len({camera_key(name) for name in names}) == len(names)

    def test_dslrs(self) -> None:
        assert camera_key("Canon DSLR EOS 600D") == camera_key("Canon EOS 600D") == "eos600d"


class TestBayerOfACamera:
    def test_counts_for_that_camera_only(self) -> None:
        data = fits_file(PIXELS, {"INSTRUME": "ZWO CCD ASI294MC Pro", "BAYERPAT": "BGGR"})
        assert read(data, bayer_of={"ZWO ASI294MC Pro": "RGGB"}).cfa == "RGGB"
        assert read(data, bayer_of={"another": "RGGB"}).cfa == "BGGR"
        assert read(data, bayer_of={"ZWO ASI294MC Pro": "none"}, bayer="GRBG").cfa is None
        assert read(data, bayer_of={"another": "RGGB"}, bayer="GRBG").cfa == "GRBG"

    def test_it_is_the_pattern_of_the_file_before_it_is_cut(self) -> None:
        data = fits_file(PIXELS, {"INSTRUME": "Cam", "TRIMSEC": "[2:20,1:12]"})
        assert read(data, bayer_of={"Cam": "RGGB"}).cfa == "GRBG"

    def test_a_mosaic_of_other_colours_can_be_overruled(self) -> None:
        data = fits_file(PIXELS, {"INSTRUME": "Cam", "BAYERPAT": "CYGM"})
        assert read(data, bayer_of={"Cam": "none"}).cfa is None

    def test_the_settings_file_can_say_it(self, tmp_path: Path) -> None:
        path = tmp_path / "settings.toml"
        path.write_text('[decode.bayer_of]\n"ZWO ASI294MC Pro" = "RGGB"\n')
        config = load(Config, path)
        assert config.decode.bayer_of == {"ZWO ASI294MC Pro": "RGGB"}
        path.write_text(to_toml(config))
        assert load(Config, path) == config
        by_hand = load(Config, None, ["decode.bayer_of={'My cam' = 'GRBG'}"])
        assert by_hand.decode.bayer_of == {"My cam": "GRBG"}
