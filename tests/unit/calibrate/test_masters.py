"""Masters from raw frames, worked out by hand, and their way through a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from astropy.io import fits

from indistack.calibrate import CalibrateSettings, Master, Workshop, combine, load_master, load_masters, write_master
from indistack.calibrate.combine import clipped_mean, livestack_dark
from indistack.errors import CalibrationError, DecodeError, SettingsError
from indistack.fits_header import frame_info
from indistack.system.workers import Workers
from indistack.values.frame import FrameInfo, Kind, RawFrame


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def frames_of(*planes: Any, cfa: Any = None, **facts: Any) -> list[RawFrame]:
    return [RawFrame(np.asarray(plane), cfa, FrameInfo(**facts)) for plane in planes]


def build(kind: Kind, frames: list[RawFrame], workers: Workers, **options: Any) -> Any:
    return combine.combine(kind, iter(frames), len(frames), "test", workers, **options)


class Shelf:
    """A folder of files whose content is known without decoding."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.frames: dict[Path, RawFrame] = {}

    def put(self, name: str, frame: RawFrame) -> Path:
        path = self.folder / name
        path.write_bytes(b"")
        self.frames[path] = frame
        return path

    def decode(self, path: Path) -> RawFrame:
        return self.frames[path]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


class TestCombining:
    def test_one_is_taken_and_two_are_averaged(self, workers: Workers) -> None:
        one, two = np.full((8, 8), 100, np.uint16), np.full((8, 8), 200, np.uint16)
        np.testing.assert_array_equal(build("dark", frames_of(one), workers).pixels, 100)
        master = build("dark", frames_of(one, two), workers)
        np.testing.assert_array_equal(master.pixels, 150)
        assert (master.kind, master.n_frames, master.pixels.dtype) == ("dark", 2, np.float32)

    @pytest.mark.parametrize("count", [3, 5, 10, 30])
    def test_a_cosmic_ray_leaves_no_trace(self, workers: Workers, count: int) -> None:
        rng = np.random.default_rng(count)
        planes = [rng.normal(1000, 10, (40, 60)).round().astype(np.uint16) for _ in range(count)]
        planes[1][7, 8] = 50000
        master = build("dark", frames_of(*planes), workers)
        assert master.pixels[7, 8] == pytest.approx(1000, abs=4 * 10 / (count - 1) ** 0.5)

    @pytest.mark.parametrize("count", [5, 10, 30])
    def test_the_noise_is_that_of_a_mean(self, workers: Workers, count: int) -> None:
        rng = np.random.default_rng(count)
        planes = [rng.normal(1000, 10, (100, 100)).astype(np.float32) for _ in range(count)]
        master = build("dark", frames_of(*planes), workers)
        assert master.pixels.std() == pytest.approx(10 / count**0.5, rel=0.06)
        assert master.pixels.mean() == pytest.approx(1000, abs=0.2)

    @pytest.mark.parametrize(("count", "most"), [(5, 1.045), (10, 1.014)])
    def test_rejection_costs_little_of_what_is_no_outlier(self, count: int, most: float) -> None:
        rng = np.random.default_rng(count)
        values = [rng.normal(1000, 10, (200, 200)) for _ in range(count)]
        assert clipped_mean(values, 3.0).std() < most * 10 / count**0.5

    def test_each_strip_has_its_own_part_of_what_is_taken_off(
        self, workers: Workers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(combine, "STRIP_BYTES", 3 * 8 * 20 * 3)  # three rows of three frames
        bias = np.repeat(np.arange(20.0, dtype=np.float32)[:, np.newaxis] * 100, 20, axis=1)
        planes = [(bias + level).astype(np.float32) for level in (5000, 6000, 7000)]
        np.testing.assert_allclose(build("flat", frames_of(*planes), workers, subtract=bias).pixels, 1.0, rtol=1e-6)

    def test_nan_is_left_out(self) -> None:
        values = [np.array([[1.0, np.nan]]), np.array([[3.0, np.nan]]), np.array([[np.nan, np.nan]])]
        np.testing.assert_array_equal(clipped_mean(values, 3.0), [[2.0, np.nan]])

    def test_flats_of_different_light_count_alike(self, workers: Workers) -> None:
        shape = np.linspace(0.8, 1.2, 400).reshape(20, 20)
        shape /= np.median(shape)
        planes = [(shape * level + 100).astype(np.float32) for level in (5000, 20000, 40000)]
        master = build("flat", frames_of(*planes), workers, subtract=np.full((20, 20), 100.0, np.float32))
        np.testing.assert_allclose(master.pixels, shape, rtol=1e-5)

    def test_flats_are_levelled_per_colour(self, workers: Workers) -> None:
        plane = np.empty((20, 20), np.uint16)
        plane[::2, ::2], plane[1::2, ::2], plane[::2, 1::2], plane[1::2, 1::2] = 100, 200, 200, 50
        master = build("flat", frames_of(plane, plane, plane, cfa="RGGB"), workers)
        np.testing.assert_allclose(master.pixels, 1.0)

    def test_frames_that_do_not_belong_together(self, workers: Workers) -> None:
        with pytest.raises(CalibrationError, match="master_mismatch: dark: size 9 x 8, the frame 8 x 8"):
            build("dark", frames_of(np.zeros((8, 8)), np.zeros((8, 9))), workers)
        with pytest.raises(CalibrationError, match="bad_flat"):
            build("flat", frames_of(np.zeros((8, 8))), workers)

    def test_many_frames_go_through_a_file(self, workers: Workers, monkeypatch: Any) -> None:
        planes = [np.full((30, 20), value, np.uint16) for value in (10, 20, 30, 40)]
        expected = build("dark", frames_of(*planes), workers).pixels
        monkeypatch.setattr(combine, "IN_MEMORY_BYTES", 0)
        np.testing.assert_array_equal(build("dark", frames_of(*planes), workers).pixels, expected)


class TestLoading:
    def test_raw_frames_and_a_finished_master(self, shelf: Shelf, workers: Workers) -> None:
        for number in range(3):
            shelf.put(f"d{number}.fits", frames_of(np.full((8, 8), 100 + number, np.uint16), exposure_s=60.0)[0])
        shelf.put("flat.fits", frames_of(np.full((8, 8), 0.5, np.float32))[0])
        settings = CalibrateSettings(dark=[str(shelf.folder / "d*.fits")], flat=[str(shelf.folder / "flat.fits")])
        told: list[Any] = []
        masters = load_masters(Workshop(shelf.decode, workers, settings, lambda *step: told.append(step)))
        assert masters.dark is not None
        assert masters.flat is not None
        assert masters.dark.describe() == "dark 3 x 60 s (d0.fits ... d2.fits)"
        np.testing.assert_array_equal(masters.dark.pixels, 101)
        np.testing.assert_array_equal(masters.flat.pixels, 0.5)
        assert masters.bias is None
        assert told == [("dark", 1, 3), ("dark", 2, 3), ("dark", 3, 3)]

    @pytest.mark.parametrize("names", [("bias",), ("darkflat",), ("bias", "darkflat")])
    def test_raw_flats_lose_their_darkflat_or_else_their_bias(self, shelf: Shelf, workers: Workers, names: Any) -> None:
        plane = np.full((8, 8), 1000, np.uint16)
        plane[0, 0] = 600
        shelf.put("flat.fits", frames_of(plane)[0])
        levels = {"bias": 200, "darkflat": 400}
        paths = {}
        for name in names:
            paths[name] = [str(shelf.put(name, frames_of(np.full((8, 8), levels[name], np.uint16))[0]))]
        settings = CalibrateSettings(flat=[str(shelf.folder / "flat.fits")], **paths)
        flat = load_masters(Workshop(shelf.decode, workers, settings)).flat
        assert flat is not None
        base = 400 if "darkflat" in names else 200
        assert flat.pixels[0, 0] == pytest.approx((600 - base) / (1000 - base))

    def test_the_known_black_level_counts_as_bias_of_a_flat(self, shelf: Shelf, workers: Workers) -> None:
        plane = np.full((8, 8), 3000, np.uint16)
        plane[0, 0] = 2500
        path = shelf.put("flat.dng", frames_of(plane, black_adu=2000.0)[0])
        assert load_master("flat", [path], Workshop(shelf.decode, workers)).pixels[0, 0] == pytest.approx(0.5)

    def test_names_that_match_nothing_are_all_told(self, shelf: Shelf, workers: Workers) -> None:
        settings = CalibrateSettings(dark=["/nowhere/d.fits", str(shelf.folder / "x*.fits")])
        with pytest.raises(SettingsError) as caught:
            load_masters(Workshop(shelf.decode, workers, settings))
        assert len(caught.value.faults) == 2
        assert all(fault.startswith("calibrate.dark: no file matches") for fault in caught.value.faults)

    def test_a_folder_means_its_files(self, shelf: Shelf, workers: Workers) -> None:
        shelf.put("b.fits", frames_of(np.full((8, 8), 2, np.uint16))[0])
        shelf.put("a.fits", frames_of(np.full((8, 8), 4, np.uint16))[0])
        (shelf.folder / ".hidden").write_text("no frame")
        masters = load_masters(Workshop(shelf.decode, workers, CalibrateSettings(bias=[str(shelf.folder)])))
        assert masters.bias is not None
        assert masters.bias.source == "a.fits ... b.fits"


class TestBelonging:
    """Which raw frames make one master; told is what a person reads."""

    @pytest.fixture
    def told(self) -> list[str]:
        return []

    @pytest.fixture
    def shop(self, shelf: Shelf, workers: Workers, told: list[str]) -> Workshop:
        return Workshop(shelf.decode, workers, tell=told.append)

    def put(self, shelf: Shelf, name: str, level: int = 100, **facts: Any) -> Path:
        (frame,) = frames_of(np.full((8, 8), level, np.uint16), **{"kind": "dark", "exposure_s": 60.0} | facts)
        return shelf.put(name, frame)

    @pytest.mark.parametrize(
        ("odd", "reason"),
        [
            ({"exposure_s": 120.0}, "exposure 120 s, the first 60 s"),
            ({"gain_setting": 200.0}, "gain 200, the first 100"),
            ({"offset_setting": 10.0}, "offset 10, the first 50"),
            ({"camera": "ASI183MM"}, "camera ASI183MM, the first ZWO CCD ASI294MC"),
            ({"readout_mode": "Fast"}, "readout mode Fast, the first Slow"),
        ],
    )
    def test_a_frame_of_another_master_is_named(
        self, shelf: Shelf, shop: Workshop, odd: dict[str, Any], reason: str
    ) -> None:
        same = {"gain_setting": 100.0, "offset_setting": 50.0, "camera": "ZWO CCD ASI294MC", "readout_mode": "Slow"}
        files = [self.put(shelf, "a.fits", **same), self.put(shelf, "b.fits", **same | odd)]
        with pytest.raises(CalibrationError, match=f"master_mismatch: b.fits belongs to another master dark: {reason}"):
            load_master("dark", files, shop)
        assert load_master("dark", files, replace(shop, force=True)).n_frames == 2

    def test_another_size_is_an_error_even_by_force(self, shelf: Shelf, shop: Workshop) -> None:
        wide = shelf.put("b.fits", frames_of(np.zeros((8, 9), np.uint16), kind="dark")[0])
        with pytest.raises(CalibrationError, match=r"b\.fits: dark: size 9 x 8, the frame 8 x 8"):
            load_master("dark", [self.put(shelf, "a.fits"), wide], replace(shop, force=True))

    def test_numbers_of_another_type_are_not_rounded(self, shelf: Shelf, shop: Workshop) -> None:
        fractions = shelf.put("b.fits", frames_of(np.full((8, 8), 0.5, np.float32), kind="dark")[0])
        with pytest.raises(CalibrationError, match="float32"):
            load_master("dark", [self.put(shelf, "a.fits"), fractions], shop)

    def test_a_temperature_that_drifts_is_told(self, shelf: Shelf, shop: Workshop, told: list[str]) -> None:
        files = [self.put(shelf, f"{c}.fits", temperature_c=float(c)) for c in (20, 21, 25)]
        assert load_master("dark", files, shop).n_frames == 3
        assert told == ["25.fits was taken at 25 C, the first dark at 20 C"]

    def test_flats_may_differ_in_exposure(self, shelf: Shelf, shop: Workshop) -> None:
        files = [self.put(shelf, f"{s}.fits", 5000, kind="flat", exposure_s=float(s)) for s in (1, 2, 4)]
        assert load_master("flat", files, shop).n_frames == 3

    def test_what_is_no_dark_is_left_out_with_its_reason(self, shelf: Shelf, shop: Workshop, told: list[str]) -> None:
        files = [self.put(shelf, "a.fits", 100), self.put(shelf, "flat.fits", 9000, kind="flat")]
        labelled = (("IMAGETYP", "Light Frame", ""),)
        files += [self.put(shelf, "light.fits", 900, kind="light", header=labelled)]
        files += [self.put(shelf, "silent.fits", 300, kind="light"), self.put(shelf, "old.fits", 50, header=COUNTED)]
        master = load_master("dark", files, shop)
        assert (master.n_frames, master.source) == (2, "a.fits ... silent.fits")
        np.testing.assert_array_equal(master.pixels, 200)
        assert told == [
            "flat.fits is left out: its header says that it is a flat",
            "light.fits is left out: its header says that it is a light",
            "old.fits is left out: a master of 20 frames, not a raw frame",
        ]

    def test_darks_serve_as_darkflats(self, shelf: Shelf, shop: Workshop, told: list[str]) -> None:
        assert load_master("darkflat", [self.put(shelf, name) for name in "abc"], shop).n_frames == 3
        assert told == []

    def test_a_damaged_file_is_left_out_and_all_of_them_are_an_error(
        self, shelf: Shelf, shop: Workshop, told: list[str]
    ) -> None:
        def decode(path: Path) -> RawFrame:
            if path.name.startswith("bad"):
                raise DecodeError("truncated", "too short")
            return shelf.decode(path)

        files = [self.put(shelf, name) for name in ("a.fits", "bad1.fits", "bad2.fits")]
        assert load_master("dark", files, replace(shop, decode=decode)).n_frames == 1
        assert told == ["bad1.fits is left out: too short", "bad2.fits is left out: too short"]
        with pytest.raises(CalibrationError, match="no_frames: none of 2 files is a usable dark: too short"):
            load_master("dark", files[1:], replace(shop, decode=decode))

    def test_flats_without_anything_to_take_off_are_told(self, shelf: Shelf, shop: Workshop, told: list[str]) -> None:
        load_master("flat", [self.put(shelf, "f.fits", 5000, kind="flat", black_adu=100.0)], shop)
        assert told == []
        load_master("flat", [self.put(shelf, "f.fits", 5000, kind="flat")], shop)
        assert told == ["flat: without a dark-flat, a bias or a known black level it corrects too little"]

    def test_a_master_under_another_name_is_told(self, shelf: Shelf, shop: Workshop, told: list[str]) -> None:
        load_master("dark", [self.put(shelf, "m.fits", kind="flat", header=COUNTED)], shop)
        assert told == ["m.fits is used as a dark, but its header says that it is a flat"]

    @pytest.mark.parametrize(
        ("pixels", "said"), [(np.full((70, 80), np.nan), "no numbers"), (np.full((70, 80), 3e20), "3e")]
    )
    def test_a_damaged_master_is_refused(self, shelf: Shelf, shop: Workshop, pixels: Any, said: str) -> None:
        path = shelf.put("m.fits", RawFrame(pixels.astype(np.float32), None, FrameInfo(kind="dark", header=COUNTED)))
        with pytest.raises(CalibrationError, match=f"damaged: .*{said}"):
            load_master("dark", [path], shop)


COUNTED = (("NCOMBINE", 20, ""),)


class TestLivestackRule:
    def test_worked_out_by_hand(self) -> None:
        """100; 110 is above: 105; 90 is not; 109 is above: 107."""
        values = [np.array([[value]], np.uint16) for value in (100, 110, 90, 109)]
        assert livestack_dark(values).tolist() == [[107.0]]

    def test_the_bias_that_it_is_known_for(self, workers: Workers) -> None:
        rng = np.random.default_rng(2)
        planes = [rng.normal(100, 10, (100, 100)).astype(np.float32) for _ in range(20)]
        settings = CalibrateSettings(rule="livestack")
        assert build("dark", frames_of(*planes), workers, settings=settings).pixels.mean() == pytest.approx(114, abs=1)
        assert build("bias", frames_of(*planes), workers, settings=settings).pixels.mean() == pytest.approx(100, abs=1)


def test_a_star_in_one_of_two_flats_is_none_in_the_master(workers: Workers) -> None:
    y, x = np.indices((200, 240))
    rng, shape = np.random.default_rng(4), 1 - 0.3 * np.hypot(y - 100, x - 120) / 150
    starlight = 0.8 * np.exp(-(np.hypot(y - 60, x - 90) ** 2) / 8)
    gradients = 1 + 0.04 * x / 240, 1 - 0.04 * x / 240  # which turns with the sky
    planes = [20000 * shape * (one + light) for one, light in zip(gradients, (starlight, 0), strict=True)]
    frames = frames_of(*(rng.normal(plane, 80).astype(np.uint16) for plane in planes))
    master = build("flat", frames, workers).pixels
    off = master / (shape / np.median(shape)) - 1
    assert np.abs(off[52:69, 82:99]).max() < 0.02  # a fifth of noise, and of the light that hides in it; 0.4 before
    assert np.abs(cv2.blur(off, (15, 15))).max() < 0.005  # no step where one flat is the brighter one
    alone = build("flat", frames[1:], workers).pixels
    assert master[100:, :].std() / shape[100:, :].std() < alone[100:, :].std() / shape[100:, :].std()


def test_the_rejection_is_a_setting(workers: Workers) -> None:
    planes = [np.full((40, 60), value, np.float32) for value in (10, 10, 11, 9, 10, 12, 8)]
    planes[0][0, 0] = 20
    loose = build("dark", frames_of(*planes), workers, settings=CalibrateSettings(reject_sigma=20)).pixels[0, 0]
    strict = build("dark", frames_of(*planes), workers, settings=CalibrateSettings(reject_sigma=2)).pixels[0, 0]
    assert (loose, strict) == (pytest.approx(80 / 7), pytest.approx(10))


def test_a_master_comes_back_from_its_file(workers: Workers) -> None:
    header = {"EXPTIME": 60.0, "FRAME": "Dark", "BAYERPAT": "BGGR", "YBAYROFF": 1, "GAIN": 5}
    info = frame_info(tuple((keyword, value, "") for keyword, value in header.items()))
    pixels = np.random.default_rng(0).normal(100, 5, (10, 12)).astype(np.float32)
    written = io.BytesIO()
    write_master(written, Master(pixels, "dark", "GRBG", info, 7, "seven files"))
    with fits.open(io.BytesIO(written.getvalue())) as units:
        units.verify("exception")
        np.testing.assert_array_equal(units[0].data, pixels)
        told = units[0].header
    assert (told["IMAGETYP"], told["NCOMBINE"], told["EXPTIME"], told["GAIN"]) == ("Master Dark", 7, 60.0, 5)
    assert told["BAYERPAT"] == "GRBG"
    assert "YBAYROFF" not in told

    def decode(_: Path) -> RawFrame:
        return RawFrame(pixels, "GRBG", frame_info(tuple((card.keyword, card.value, "") for card in told.cards)))

    again = load_master("dark", [Path("master.fits")], Workshop(decode, workers))
    assert (again.n_frames, again.info.exposure_s, again.info.kind) == (7, 60.0, "dark")
