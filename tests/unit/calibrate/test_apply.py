"""The calibrator, with numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from indistack.calibrate import CalibrateSettings, Calibrator, Master, Masters, NamedMasters
from indistack.calibrate import apply as module
from indistack.errors import CalibrationError
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, CfaPattern, FrameInfo, Kind, RawFrame

OFF = CalibrateSettings(hot_pixels=False)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as threads:
        yield threads


def raw_of(pixels: Any, cfa: CfaPattern | None = None, **facts: Any) -> RawFrame:
    return RawFrame(np.asarray(pixels), cfa, FrameInfo(**facts))


def master(kind: Kind, pixels: Any, cfa: CfaPattern | None = None, **facts: Any) -> Master:
    return Master(np.asarray(pixels, np.float32), kind, cfa, FrameInfo(**facts), 10, f"{kind}.fits")


def calibrator_of(masters: Masters, workers: Workers, settings: CalibrateSettings = OFF) -> Calibrator:
    return Calibrator(settings, NamedMasters(masters, settings), workers)


def adu(frame: CalibratedFrame) -> Any:
    return (frame.pixels.astype(np.float64) - frame.zero) * frame.step_adu


def sky(height: int = 64, width: int = 96, level: float = 1000, noise: float = 30, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(level, noise, (height, width)).round().astype(np.uint16)


class TestFormula:
    def test_mono_light_minus_dark_over_flat(self, workers: Workers) -> None:
        raw = raw_of(np.full((20, 20), 1100, np.uint16), exposure_s=10.0)
        flat = np.full((20, 20), 5000.0)
        flat[:, 0] = 2500.0  # half as bright: the light there counts twice
        masters = Masters(master("dark", np.full((20, 20), 100.0), exposure_s=10.0), master("flat", flat))
        frame = calibrator_of(masters, workers).calibrate(raw)
        assert frame.pixels.dtype == np.float32
        assert (frame.zero, frame.step_adu) == (0, 1)
        np.testing.assert_allclose(frame.pixels[:, 0], 2000.0)  # (1100 - 100) / 0.5
        np.testing.assert_allclose(frame.pixels[:, 1:], 1000.0)

    def test_a_flat_does_not_change_the_colour_balance(self, workers: Workers) -> None:
        raw = np.empty((32, 32), np.uint16)
        flat = np.empty((32, 32))
        for (j, i), level, light in (
            ((0, 0), 9000, 300), ((0, 1), 20000, 800), ((1, 0), 20000, 800), ((1, 1), 4000, 400),
        ):  # fmt: skip
            raw[j::2, i::2], flat[j::2, i::2] = light, level
        frame = calibrator_of(Masters(flat=master("flat", flat)), workers).calibrate(raw_of(raw, "RGGB"))
        np.testing.assert_allclose(adu(frame), raw, atol=frame.step_adu)

    def test_bias_alone_and_known_black_level(self, workers: Workers) -> None:
        pixels = sky()
        biased = calibrator_of(Masters(bias=master("bias", np.full(pixels.shape, 300.0))), workers)
        np.testing.assert_allclose(adu(biased.calibrate(raw_of(pixels, "RGGB"))), pixels - 300.0, atol=0.5)
        frame = calibrator_of(Masters(), workers).calibrate(raw_of(pixels, None, black_adu=200.0))
        np.testing.assert_allclose(frame.pixels, pixels - 200.0)
        frame = calibrator_of(Masters(), workers).calibrate(raw_of(pixels, "RGGB", black_adu=200.0))
        np.testing.assert_allclose(adu(frame), pixels - 200.0)
        assert frame.info.black_adu == 0

    def test_a_dark_is_never_subtracted_together_with_a_bias(self, workers: Workers) -> None:
        dark = master("dark", np.full((20, 20), 130.0), exposure_s=60.0)
        masters = Masters(dark=dark, bias=master("bias", np.full((20, 20), 100.0)))
        raw = raw_of(np.full((20, 20), 500, np.uint16), exposure_s=60.0)
        frame = calibrator_of(masters, workers).calibrate(raw)
        np.testing.assert_allclose(frame.pixels, 370.0)
        assert frame.masters == ("dark 10 x 60 s (dark.fits)",)
        assert frame.set_aside == ("bias 10 x (bias.fits): the dark holds the bias already",)

    def test_a_dark_of_another_exposure_is_scaled_when_the_bias_is_known(self, workers: Workers) -> None:
        dark = master("dark", np.full((20, 20), 130.0), exposure_s=60.0)
        bias = master("bias", np.full((20, 20), 100.0))
        raw = raw_of(np.full((20, 20), 500, np.uint16), exposure_s=120.0)
        calibrator = calibrator_of(Masters(dark=dark, bias=bias), workers)
        frame = calibrator.calibrate(raw)
        np.testing.assert_allclose(frame.pixels, 500 - (100 + 2 * 30))
        assert "dark scaled by 2" in frame.masters
        again = calibrator.calibrate(raw_of(raw.pixels, exposure_s=60.0))
        np.testing.assert_allclose(again.pixels, 370.0)

    @pytest.mark.parametrize(("scale_dark", "level", "words"), [(True, 340, "dark scaled by 2"), (False, 370, "")])
    def test_named_darks_are_scaled_where_that_is_wanted(
        self, workers: Workers, scale_dark: bool, level: float, words: str
    ) -> None:
        dark = master("dark", np.full((20, 20), 130.0), exposure_s=60.0)
        masters = Masters(dark=dark, bias=master("bias", np.full((20, 20), 100.0)))
        settings = CalibrateSettings(hot_pixels=False, scale_dark=scale_dark)
        raw = raw_of(np.full((20, 20), 500, np.uint16), exposure_s=120.0)
        frame = calibrator_of(masters, workers, settings).calibrate(raw)
        np.testing.assert_allclose(frame.pixels, level)  # 500 - (100 + 2 * 30), or 500 - 130
        assert (words in frame.masters) is scale_dark
        told = () if scale_dark else ("dark is not scaled: the frame's exposure is 2 times the dark's",)
        assert frame.warnings == told
        assert len(frame.set_aside) == (not scale_dark)

    def test_without_bias_the_dark_is_not_scaled_and_that_is_said(self, workers: Workers) -> None:
        dark = master("dark", np.full((20, 20), 130.0), exposure_s=60.0)
        raw = raw_of(np.full((20, 20), 500, np.uint16), exposure_s=120.0)
        calibrator = calibrator_of(Masters(dark=dark), workers)
        frame = calibrator.calibrate(raw)
        np.testing.assert_allclose(frame.pixels, 370.0)
        assert frame.warnings == ("dark is not scaled: the frame's exposure is 2 times the dark's",)

    def test_rgb(self, workers: Workers) -> None:
        pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
        dark = master("dark", np.full(pixels.shape, 5.0))
        frame = calibrator_of(Masters(dark=dark), workers).calibrate(raw_of(pixels))
        np.testing.assert_allclose(frame.pixels, pixels - 5.0)


class TestStorage:
    def test_without_masters_a_cfa_frame_passes_unchanged(self, workers: Workers) -> None:
        raw = raw_of(sky(), "RGGB", saturation_adu=65535)
        frame = calibrator_of(Masters(), workers).calibrate(raw)
        np.testing.assert_array_equal(frame.pixels, raw.pixels)
        assert (frame.zero, frame.step_adu) == (0, 1)

    @pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 4095)])
    def test_few_bits_are_spread_over_many(self, workers: Workers, dtype: Any, top: int) -> None:
        pixels = sky(level=100, noise=2).astype(dtype)
        frame = calibrator_of(Masters(), workers).calibrate(raw_of(pixels, "GBRG", saturation_adu=top))
        assert frame.pixels.dtype == np.uint16
        assert frame.step_adu <= 0.1 * 2 * 12**0.5
        np.testing.assert_array_equal(adu(frame), pixels)

    def test_rounding_is_below_a_tenth_of_the_noise_and_saturation_fits(self, workers: Workers) -> None:
        pixels = sky(noise=40)
        pixels[5, 5] = 65535
        flat = np.random.default_rng(3).normal(20000, 200, pixels.shape)
        masters = Masters(master("dark", np.full(pixels.shape, 300.4)), master("flat", flat))
        frame = calibrator_of(masters, workers).calibrate(raw_of(pixels, "RGGB", saturation_adu=65535))
        exact = (pixels - np.float32(300.4)) / (flat / np.median(flat))
        error = adu(frame) - exact
        error[5, 5] = 0
        assert error.std() < 4.0
        assert abs(error.mean()) < 0.1
        assert adu(frame)[5, 5] >= 0.98 * exact[5, 5]
        assert frame.info.saturation_adu == pytest.approx(65535 - 300, rel=0.04)

    def test_noise_below_zero_is_kept(self, workers: Workers) -> None:
        pixels = sky(level=300, noise=20)
        masters = Masters(master("dark", np.full(pixels.shape, 300.0)))
        frame = calibrator_of(masters, workers).calibrate(raw_of(pixels, "RGGB"))
        assert adu(frame).min() < -50
        np.testing.assert_allclose(adu(frame), pixels - 300.0, atol=0.6)

    @pytest.mark.parametrize("cfa", [None, "RGGB"])
    def test_what_is_taken_off_is_taken_off_where_it_clips(self, workers: Workers, cfa: CfaPattern | None) -> None:
        """The lowest level at which a pixel may be clipped: that of the half with the stronger dark."""
        dark = np.full((64, 64), 100.0)
        dark[:, 32:] = 1100
        masters = Masters(dark=master("dark", dark, exposure_s=10.0))
        calibrator = calibrator_of(masters, workers)
        for said in (4095, 3000):  # the second is no plan of the first
            raw = raw_of(sky(64, 64, 1500), cfa, exposure_s=10.0, saturation_adu=said)
            assert calibrator.calibrate(raw).info.saturation_adu == pytest.approx(said - 1100, abs=1)

    def test_where_it_clips_is_divided_by_the_flat(self, workers: Workers) -> None:
        flat = np.full((64, 64), 1000.0)
        flat[:, 48:] = 2000  # what clips there at 4000 was half as bright
        frame = calibrator_of(Masters(flat=master("flat", flat)), workers).calibrate(
            raw_of(sky(64, 64), saturation_adu=4000)
        )
        assert frame.info.saturation_adu == pytest.approx(2000, rel=0.01)
        assert frame.info.black_adu == 0

    def test_all_subs_share_one_scale(self, workers: Workers) -> None:
        calibrator = calibrator_of(Masters(master("dark", np.full((64, 96), 300.0))), workers)
        first = calibrator.calibrate(raw_of(sky(), "RGGB", saturation_adu=65535))
        later = calibrator.calibrate(raw_of(sky(level=9000, noise=200), "RGGB", saturation_adu=65535))
        assert (first.zero, first.step_adu) == (later.zero, later.step_adu)

    def test_float_mosaics_in_unit_range(self, workers: Workers) -> None:
        pixels = (sky() / 65535).astype(np.float32)
        frame = calibrator_of(Masters(), workers).calibrate(raw_of(pixels, "BGGR"))
        assert frame.pixels.dtype == np.uint16
        np.testing.assert_allclose(adu(frame), pixels, atol=0.1 * 30 / 65535)

    @pytest.mark.parametrize("cfa", ["RGGB", None])
    @pytest.mark.parametrize("masters", [True, False])
    def test_the_raw_frame_is_never_changed(self, workers: Workers, cfa: Any, masters: bool) -> None:
        pixels = sky()
        pixels[20, 20] = 60000
        pixels.flags.writeable = False
        dark = master("dark", np.full(pixels.shape, 100.0)) if masters else None
        calibrator = calibrator_of(Masters(dark=dark), workers, CalibrateSettings(hot_pixels=True))
        frame = calibrator.calibrate(raw_of(pixels, cfa))
        assert pixels[20, 20] == 60000
        assert not np.shares_memory(frame.pixels, pixels)
        assert adu(frame)[20, 20] < 2000

    @pytest.mark.parametrize("banding", ["off", "both"])
    @pytest.mark.parametrize("masters", [True, False])
    def test_what_nobody_needs_any_more_is_calibrated_where_it_is(
        self, workers: Workers, masters: bool, banding: Any
    ) -> None:
        pixels = sky()
        pixels[20, 20] = 60000
        settings = CalibrateSettings(hot_pixels=True, banding=banding)
        given = Masters(master("dark", sky(level=100, seed=2)), master("flat", sky(level=9000, seed=3)))
        raw, apart = raw_of(pixels.copy(), "RGGB"), raw_of(pixels, "RGGB")
        here, there = (calibrator_of(given if masters else Masters(), workers, settings) for _ in range(2))
        frame = here.calibrate(raw, in_place=True)
        assert frame.pixels is raw.pixels
        np.testing.assert_array_equal(frame.pixels, there.calibrate(apart).pixels)
        assert not np.array_equal(frame.pixels, pixels)

    @pytest.mark.parametrize(
        ("cfa", "dtype", "writable"),
        [(None, np.uint16, True), (None, np.float32, True), ("RGGB", np.float32, True), ("RGGB", np.uint16, False)],
    )
    def test_planes_of_another_type_and_what_is_only_to_be_read_need_memory_of_their_own(
        self, workers: Workers, cfa: Any, dtype: Any, writable: bool
    ) -> None:
        raw = raw_of(sky().astype(dtype), cfa)
        raw.pixels.flags.writeable = writable
        assert not np.shares_memory(calibrator_of(Masters(), workers).calibrate(raw, in_place=True).pixels, raw.pixels)


class TestBadPixels:
    def test_not_a_number_becomes_bad_and_finite(self, workers: Workers) -> None:
        pixels = sky().astype(np.float32)
        pixels[3, 4], pixels[5, 6] = np.nan, np.inf
        frame = calibrator_of(Masters(), workers).calibrate(raw_of(pixels))
        assert frame.bad is not None
        assert list(zip(*np.nonzero(frame.bad), strict=True)) == [(3, 4), (5, 6)]
        assert np.isfinite(frame.pixels).all()
        assert frame.pixels[3, 4] == pytest.approx(1000, abs=10)

    def test_a_pixel_that_lacks_one_colour_is_bad(self, workers: Workers) -> None:
        pixels = np.full((20, 30, 3), 1000, np.float32)
        pixels[3, 4, 1] = np.nan
        frame = calibrator_of(Masters(), workers).calibrate(raw_of(pixels))
        assert frame.bad is not None
        assert list(zip(*np.nonzero(frame.bad), strict=True)) == [(3, 4)]
        assert frame.pixels[3, 4].tolist() == [1000, 1000, 1000]

    def test_hot_pixels_of_the_dark_are_repaired_from_their_colour(self, workers: Workers) -> None:
        pixels = sky(noise=5)
        pixels[0::2, 1::2] += 500  # one of the greens
        dark = np.random.default_rng(2).normal(100, 3, pixels.shape)
        dark[20, 21], pixels[20, 21] = 20000, 33000
        calibrator = calibrator_of(Masters(master("dark", dark)), workers, CalibrateSettings())
        frame = calibrator.calibrate(raw_of(pixels, "RGGB"))
        assert adu(frame)[20, 21] == pytest.approx(1400, abs=15)
        assert frame.bad is None

    def test_a_dark_pixel_that_is_no_number_is_repaired(self, workers: Workers) -> None:
        dark = np.full((64, 96), 100.0)
        dark[10, 10] = np.nan
        frame = calibrator_of(Masters(master("dark", dark)), workers).calibrate(raw_of(sky(noise=5)))
        assert frame.pixels[10, 10] == pytest.approx(900, abs=15)

    def test_a_blind_flat_pixel_is_repaired(self, workers: Workers) -> None:
        flat = np.full((64, 96), 1000.0)
        flat[10, 10] = 0.0
        frame = calibrator_of(Masters(flat=master("flat", flat)), workers).calibrate(raw_of(sky(noise=5)))
        assert frame.pixels[10, 10] == pytest.approx(1000, abs=15)

    def test_a_hole_too_large_to_repair_is_bad(self, workers: Workers) -> None:
        dark = np.random.default_rng(2).normal(100, 3, (64, 96))
        dark[20:30, 20:30] = 60000
        frame = calibrator_of(Masters(master("dark", dark)), workers, CalibrateSettings()).calibrate(raw_of(sky()))
        assert frame.bad is not None
        assert frame.bad.sum() == 64  # the outermost ring of the 10 x 10 has good neighbours


class TestBanding:
    @pytest.mark.parametrize(
        ("banding", "rows", "columns"),
        [("off", 10, 10), ("rows", 2, 10), ("columns", 10, 2), ("both", 2, 2)],
    )
    @pytest.mark.parametrize("cfa", ["RGGB", None])
    def test_it_is_an_option(self, workers: Workers, banding: Any, rows: float, columns: float, cfa: Any) -> None:
        rng = np.random.default_rng(6)
        bands = rng.normal(0, 10, (400, 1)) + rng.normal(0, 10, 600)
        pixels = rng.normal(1000 + bands, 3).round().astype(np.uint16)
        pixels.flags.writeable = False
        settings = CalibrateSettings(hot_pixels=False, banding=banding)
        frame = calibrator_of(Masters(), workers, settings).calibrate(raw_of(pixels, cfa))
        assert adu(frame).mean(axis=1).std() == pytest.approx(rows, abs=2)
        assert adu(frame).mean(axis=0).std() == pytest.approx(columns, abs=2)

    def test_colours_are_not_levelled_with_each_other(self, workers: Workers) -> None:
        pixels = sky(200, 300, 1000, 3)
        pixels[::2, ::2] += 500
        pixels[1::2, 1::2] += 3000
        settings = CalibrateSettings(hot_pixels=False, banding="both")
        levelled = adu(calibrator_of(Masters(), workers, settings).calibrate(raw_of(pixels, "RGGB")))
        for j, i, level in ((0, 0, 1500), (0, 1, 1000), (1, 0, 1000), (1, 1, 4000)):
            assert np.median(levelled[j::2, i::2]) == pytest.approx(level, abs=2)


class TestPlans:
    """What is made of masters for one kind of frame takes seconds to make, and memory to keep."""

    @pytest.mark.parametrize(("plan_bytes", "made"), [(10**9, "ABC"), (40_000, "ABC"), (20_000, "ABACA"), (1, "ABACA")])
    def test_those_used_last_are_kept_as_long_as_there_is_room(
        self, workers: Workers, monkeypatch: pytest.MonkeyPatch, plan_bytes: int, made: str
    ) -> None:
        """A plan takes 64 x 64 x 4 bytes for its dark."""
        clips = {"A": 3000, "B": 4000, "C": 5000}
        names, make = [], module.make_plan

        def watched(raw: RawFrame, *given: Any) -> Any:
            names.append(next(name for name, said in clips.items() if said == raw.info.saturation_adu))
            return make(raw, *given)

        monkeypatch.setattr(module, "make_plan", watched)
        monkeypatch.setattr(module, "PLAN_BYTES", plan_bytes)
        dark = master("dark", sky(64, 64, 100, 3), exposure_s=10.0)
        calibrator = calibrator_of(Masters(dark=dark), workers)
        for name in "ABACA":
            calibrator.calibrate(raw_of(sky(64, 64), exposure_s=10.0, saturation_adu=clips[name]))
        assert "".join(names) == made


class TestFit:
    @pytest.mark.parametrize(
        ("dark", "said"),
        [
            (master("dark", np.zeros((10, 10))), "master dark: size 10 x 10, the frame 96 x 64"),
            (master("dark", np.zeros((64, 96)), "GBRG"), "GBRG"),
            (master("dark", np.zeros((64, 96)), binning=(2, 2)), "binning 2x2"),
        ],
    )
    def test_mismatch_is_refused(self, workers: Workers, dark: Master, said: str) -> None:
        with pytest.raises(CalibrationError, match=said) as caught:
            calibrator_of(Masters(dark), workers).calibrate(raw_of(sky(), "RGGB"))
        assert caught.value.reason == "master_mismatch"
        assert caught.value.numbers

    def test_doubts_are_said(self, workers: Workers) -> None:
        dark = master("dark", np.zeros((64, 96)), gain_setting=100.0, temperature_c=-10.0)
        raw = raw_of(sky(), "RGGB", gain_setting=200.0, temperature_c=5.0)
        told = " ".join(calibrator_of(Masters(dark), workers).calibrate(raw).warnings)
        assert "gain 100, the frame 200" in told
        assert "temperature -10 C, the frame 5 C" in told

    def test_how_far_an_exposure_may_be_off_is_a_setting(self, workers: Workers) -> None:
        masters = Masters(master("dark", np.full((64, 96), 200.0), exposure_s=60.0))
        raw = raw_of(sky(), "RGGB", exposure_s=63.0)
        told = calibrator_of(masters, workers).calibrate(raw).warnings
        assert told == ("dark is not scaled: the frame's exposure is 1.05 times the dark's",)
        loose = CalibrateSettings(hot_pixels=False, exposure_tolerance=0.1)
        assert calibrator_of(masters, workers, loose).calibrate(raw).warnings == ()

    @pytest.mark.parametrize("cfa", [None, "RGGB"])
    def test_a_dark_brighter_than_the_frame_is_said(self, workers: Workers, cfa: Any) -> None:
        weak = raw_of(sky(level=500, noise=30), cfa)
        for level, warnings in ((500.0, ()), (650.0, ("dark 10 x (dark.fits): brighter than the frame itself",))):
            masters = Masters(master("dark", np.full((64, 96), level), cfa))
            assert calibrator_of(masters, workers).calibrate(weak).warnings == warnings

    def test_a_dark_brighter_than_one_colour_is_said(self, workers: Workers) -> None:
        pixels = sky(level=900)
        pixels[1::2, 1::2] = 200
        frame = calibrator_of(Masters(bias=master("bias", np.full((64, 96), 400.0))), workers).calibrate(
            raw_of(pixels, "RGGB")
        )
        assert frame.warnings == ("bias 10 x (bias.fits): brighter than the frame itself",)

    def test_the_frames_own_warnings_come_first(self, workers: Workers) -> None:
        dark = master("dark", np.zeros((64, 96)), gain_setting=100.0)
        raw = RawFrame(sky(), "RGGB", FrameInfo(gain_setting=200.0), warnings=("strange header",))
        told = calibrator_of(Masters(dark), workers).calibrate(raw).warnings
        assert told == ("strange header", "dark dark.fits is used in spite of gain 100, the frame 200")

    def test_another_pattern_makes_another_plan(self, workers: Workers) -> None:
        flat = np.full((64, 96), 1000.0)
        flat[0::2, 0::2] = 500.0  # the reds of RGGB, the greens of GRBG
        calibrator = calibrator_of(Masters(flat=master("flat", flat)), workers)
        for _ in range(2):
            even = calibrator.calibrate(raw_of(sky(noise=5), "RGGB"))
            assert adu(even)[0::2, 0::2].mean() == pytest.approx(1000, rel=0.01)
            assert adu(calibrator.calibrate(raw_of(sky(noise=5), "GRBG")))[0::2, 0::2].mean() > 1300

    def test_a_black_level_that_changes_between_frames_is_followed(self, workers: Workers) -> None:
        calibrator = calibrator_of(Masters(), workers)
        for black_adu in (200.0, 210.0, 200.0):
            frame = calibrator.calibrate(raw_of(np.full((20, 20), 1000, np.uint16), black_adu=black_adu))
            np.testing.assert_allclose(frame.pixels, 1000 - black_adu)

    def test_other_sizes_go_through_without_masters(self, workers: Workers) -> None:
        calibrator = calibrator_of(Masters(), workers)
        for shape in ((64, 96), (50, 40), (64, 96)):
            assert calibrator.calibrate(raw_of(sky(*shape), "RGGB")).pixels.shape == shape


class TestMemory:
    def test_frames_are_stored_on_the_scale_that_is_remembered(self, workers: Workers) -> None:
        masters = Masters(flat=master("flat", np.ones((64, 96)), "RGGB"))
        one, other = calibrator_of(masters, workers), calibrator_of(masters, workers)
        quiet, noisy = (raw_of(sky(noise=noise), "RGGB", saturation_adu=60000.0) for noise in (2.0, 300.0))
        own = one.calibrate(quiet)
        other.calibrate(noisy)
        one.remember(*other.memory())
        assert one.calibrate(quiet).step_adu == other.calibrate(quiet).step_adu != own.step_adu

    def test_planes_that_serve_the_remembered_scale_are_kept(
        self, workers: Workers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calibrator = calibrator_of(Masters(flat=master("flat", np.ones((64, 96)), "RGGB")), workers)
        raw = raw_of(sky(), "RGGB", saturation_adu=60000.0)
        before = calibrator.calibrate(raw)
        calibrator.remember(*calibrator.memory())
        monkeypatch.setattr("indistack.calibrate.apply.make_plan", lambda *_: 1 / 0)
        np.testing.assert_array_equal(calibrator.calibrate(raw).pixels, before.pixels)
