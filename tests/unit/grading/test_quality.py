"""Is a sub good enough, and what does it weigh."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indistack.errors import FrameError
from indistack.grading.quality import Judge, elongation
from indistack.grading.quality_settings import QualitySettings
from indistack.values.star_list import Measures, PhotometricMatch

GOOD = Measures(
    stars=100, fwhm_px=3.0, hfr_px=1.5, eccentricity=0.4, trailing=0.3, trail_deg=10.0, shape_scatter=0.05,
    background_adu=200.0, noise_adu=10.0, saturated=0.1, snr=50.0,
)  # fmt: skip
NAN = float("nan")


def judge(history: int = 0, sub: Measures = GOOD, transparency: float = 1.0, **settings: object) -> Judge:
    """Return a judge who has accepted so many subs."""
    made = Judge(QualitySettings(**settings), GOOD)  # type: ignore[arg-type]
    for _ in range(history):
        made.remember(sub, PhotometricMatch(transparency=transparency))
    return made


def reason(judge: Judge, match: PhotometricMatch = PhotometricMatch(transparency=1.0), **changes: object) -> str:  # noqa: B008
    sub = replace(GOOD, **changes)  # type: ignore[arg-type]
    try:
        judge.check(sub, 1000.0, fits=lambda: False)
        judge.check_match(match)
    except FrameError as error:
        return error.reason if "limit" in error.numbers else "no limit told"
    return ""


@pytest.mark.parametrize(
    ("settings", "good", "bad", "expected"),
    [
        ({"min_stars": 8}, {"stars": 8}, {"stars": 7}, "too_few_stars"),
        ({"max_shape_scatter": 0.1}, {"shape_scatter": 0.09}, {"shape_scatter": 0.11}, "clouds"),
        ({"max_fwhm_px": 4.0}, {"fwhm_px": 3.9}, {"fwhm_px": 4.1}, "fwhm_too_large"),
        ({"max_eccentricity": 0.7}, {"trailing": 0.6}, {"trailing": 0.8}, "trailed"),
        ({"max_doubled": 0.6}, {"doubled": 0.6}, {"doubled": 0.7, "apart_px": 9.0}, "trailed"),
        ({"max_background": 0.5}, {"background_adu": 499.0}, {"background_adu": 501.0}, "background_too_high"),
        ({"max_saturated": 0.5}, {"saturated": 0.5}, {"saturated": 0.6}, "saturated"),
    ],
)
def test_absolute_limits_hold_from_the_first_sub(
    settings: dict[str, object], good: dict[str, object], bad: dict[str, object], expected: str
) -> None:
    assert reason(judge(**settings), **good) == ""
    assert reason(judge(**settings), **bad) == expected
    assert reason(judge(enabled=False, **settings), **bad) == ""


def test_a_sub_of_which_a_part_is_hidden_is_refused() -> None:
    some, many = PhotometricMatch(transparency=1.0, hidden=0.1), PhotometricMatch(hidden=0.2)
    assert reason(judge(), some) == ""
    assert reason(judge(), many) == "obstructed"
    assert reason(judge(max_hidden=0.3), many) == ""
    assert reason(judge(max_hidden=None), many) == ""
    assert reason(judge(enabled=False), many) == ""


def test_a_blurred_sub_among_the_first_ones_is_refused() -> None:
    assert reason(judge(1), fwhm_px=2.4 * GOOD.fwhm_px) == ""  # 2.0 * 1.25 while little is known
    assert reason(judge(1), fwhm_px=2.6 * GOOD.fwhm_px) == "fwhm_too_large"
    assert reason(judge(1, max_fwhm_ratio=None), fwhm_px=2.6 * GOOD.fwhm_px) == ""
    assert reason(judge(), fwhm_px=2.6 * GOOD.fwhm_px) == ""


def test_where_all_that_follow_are_wide_they_are_believed() -> None:
    few = judge(2)
    assert [reason(few, fwhm_px=3 * GOOD.fwhm_px) for _ in range(5)] == ["fwhm_too_large"] * 3 + [""] * 2


def test_two_that_are_much_sharper_than_the_first_one_contradict_it() -> None:
    sharp = replace(GOOD, fwhm_px=GOOD.fwhm_px / 3)
    strict, lenient = judge(), judge(max_fwhm_ratio=3.0)
    told = [strict.contradicts(sharp, PhotometricMatch(transparency=1.0)) for _ in range(2)]
    assert told == ["", "the stars of the first sub are 3 times as wide as those that follow"]
    assert [lenient.contradicts(sharp, PhotometricMatch(transparency=1.0)) for _ in range(2)] == ["", ""]


def test_two_that_show_more_than_the_first_one_contradict_it() -> None:
    bare, other = PhotometricMatch(transparency=1.0, bare=0.4), replace(GOOD, stars=99)
    strict, lenient = judge(), judge(max_hidden=0.5)
    assert [strict.contradicts(other, bare) for _ in range(2)] == [
        "",
        "the first sub shows no stars in 40% of the picture",
    ]
    assert [lenient.contradicts(other, bare) for _ in range(2)] == ["", ""]


@pytest.mark.parametrize(
    ("settings", "good", "bad", "expected"),
    [
        ({"min_star_ratio": 0.5}, {"stars": 51}, {"stars": 49}, "too_few_stars"),
        ({"max_fwhm_ratio": 1.5}, {"fwhm_px": 4.4}, {"fwhm_px": 4.6}, "fwhm_too_large"),
        ({"max_background_ratio": 2.0}, {"background_adu": 390.0}, {"background_adu": 410.0}, "background_too_high"),
        # axes 1.05 : 1 in the subs before, so 1.57 : 1 is the limit, which is an eccentricity of 0.77
        ({"max_elongation_ratio": 1.5}, {"trailing": 0.76}, {"trailing": 0.78}, "trailed"),
    ],
)
def test_limits_relative_to_the_running_median_need_a_history(
    settings: dict[str, object], good: dict[str, object], bad: dict[str, object], expected: str
) -> None:
    assert reason(judge(history=4, **settings), **bad) == ""
    assert reason(judge(history=5, **settings), **bad) == expected
    assert reason(judge(history=5, **settings), **good) == ""


def test_a_field_that_is_always_trailed_goes_on() -> None:
    poor = replace(GOOD, trailing=0.8, eccentricity=0.85)
    assert reason(judge(history=20, sub=poor), trailing=0.8, eccentricity=0.85) == ""


def test_few_stars_under_a_sky_that_has_risen_are_clouds() -> None:
    assert reason(judge(history=5), stars=5, background_adu=251.0) == "clouds"
    assert reason(judge(history=5), stars=5, background_adu=249.0) == "too_few_stars"


def test_what_cannot_be_measured_is_no_reason() -> None:
    unknown = {"trailing": NAN, "shape_scatter": NAN, "fwhm_px": NAN, "eccentricity": NAN}
    assert reason(judge(history=10, min_stars=0), **unknown) == ""


@pytest.mark.parametrize(("transparency", "expected"), [(0.61, ""), (0.59, "clouds"), (None, "")])
def test_min_transparency(transparency: float | None, expected: str) -> None:
    assert reason(judge(history=3, min_transparency=0.6), PhotometricMatch(transparency=transparency)) == expected
    assert reason(judge(history=1, min_transparency=None), PhotometricMatch(transparency=transparency)) == ""


def test_a_first_sub_through_clouds_does_not_lower_the_limit_for_good() -> None:
    made = judge(history=1, min_transparency=0.5)
    assert reason(made, PhotometricMatch(transparency=1.0)) == ""
    for _ in range(5):
        made.remember(GOOD, PhotometricMatch(transparency=4.0))
    assert reason(made, PhotometricMatch(transparency=0.95)) == "clouds"
    assert reason(made, PhotometricMatch(transparency=1.0)) == ""  # a limit above 1 would refuse the reference itself


@pytest.mark.parametrize(("place", "refused"), [(0, 3), (1, 0), (4, 0)])
def test_one_sub_that_seems_three_times_as_clear_sets_no_limit(place: int, refused: int) -> None:
    made, words = judge(history=0, min_transparency=0.5), []
    for number in range(10):
        match = PhotometricMatch(transparency=3.0 if number == place else 1.0)
        words.append(reason(made, match))
        if not words[-1]:
            made.remember(GOOD, match)
    assert words == [""] * min(place + 1, 10 - refused) + ["clouds"] * refused + [""] * (9 - place - refused)
    assert reason(made, PhotometricMatch(transparency=0.9)) == ""
    assert reason(made, PhotometricMatch(transparency=0.45)) == "clouds"


def test_light_that_no_sky_makes_is_told_of() -> None:
    made = judge(history=5)
    assert made.doubt(GOOD, PhotometricMatch(transparency=2.9)) == ""
    assert made.doubt(GOOD, PhotometricMatch(transparency=None)) == ""
    told = made.doubt(GOOD, PhotometricMatch(transparency=202.0))
    assert told.startswith("its stars are 202 times as bright as the others': another gain, exposure or depth")
    with pytest.raises(FrameError, match="another gain, exposure or depth than its header says"):
        made.check_match(PhotometricMatch(transparency=1 / 257))
    with pytest.raises(FrameError, match=r"transparency: 0\.2, at least"):
        made.check_match(PhotometricMatch(transparency=0.2))


def test_a_sub_that_seems_far_too_quiet_counts_like_the_others() -> None:
    made = judge(history=5)
    clipped = replace(GOOD, noise_adu=GOOD.noise_adu / 100)
    usual = made.weigh(GOOD, PhotometricMatch())
    noisy = made.weigh(replace(GOOD, noise_adu=2 * GOOD.noise_adu), PhotometricMatch())
    assert made.weigh(clipped, PhotometricMatch()) == usual
    assert noisy == pytest.approx(usual / 4)
    better = replace(GOOD, noise_adu=GOOD.noise_adu / 1.5)
    assert made.weigh(better, PhotometricMatch()) == pytest.approx(2.25 * usual)


def test_a_sub_in_a_clearer_sky_may_be_that_good() -> None:
    made, clear = judge(history=3), replace(GOOD, noise_adu=GOOD.noise_adu / 2.5)
    for _ in range(3):
        made.remember(GOOD, PhotometricMatch(transparency=1.0))
    assert made.weigh(clear, PhotometricMatch(transparency=2.2)) == pytest.approx(6.25)
    assert made.weigh(clear, PhotometricMatch(transparency=1.1)) == 1.0


def test_a_night_that_becomes_clear_is_believed_in_the_end() -> None:
    made, clear = judge(history=3), replace(GOOD, noise_adu=GOOD.noise_adu / 3)
    for _ in range(5):
        made.remember(clear, PhotometricMatch())
    assert made.weigh(clear, PhotometricMatch()) == pytest.approx(9.0)


def test_weights_are_not_relative_to_an_odd_reference() -> None:
    quiet = replace(GOOD, noise_adu=GOOD.noise_adu / 10)
    made = Judge(QualitySettings(), quiet)
    counted = []
    for sub in (quiet, GOOD, GOOD, replace(GOOD, noise_adu=2 * GOOD.noise_adu), GOOD):
        counted.append(made.weigh(sub, PhotometricMatch(transparency=1.0)))
        made.remember(sub, PhotometricMatch(transparency=1.0))
    assert counted == pytest.approx([1.0, 0.01, 1.0, 0.25, 1.0])


def test_a_clearer_reference_may_be_that_good() -> None:
    made = Judge(QualitySettings(), GOOD)
    made.remember(GOOD, PhotometricMatch(transparency=1.0))
    for _ in range(4):
        thin = PhotometricMatch(scale=2.0, transparency=0.5)
        assert made.weigh(GOOD, thin) == pytest.approx(0.25)
        made.remember(GOOD, thin)


def weight(match: PhotometricMatch, *, weight: str = "noise", **changes: object) -> float:
    return judge(weight=weight).weigh(replace(GOOD, **changes), match)  # type: ignore[arg-type]


def test_noise_weighs_by_inverse_variance_of_what_enters_the_stack() -> None:
    assert weight(PhotometricMatch()) == 1
    assert weight(PhotometricMatch(), noise_adu=20.0) == pytest.approx(0.25)
    assert weight(PhotometricMatch(scale=2.0, brightness=1.0)) == pytest.approx(0.25)  # scaled by 2, the noise is 20
    assert weight(PhotometricMatch(scale=1.0, brightness=0.5)) == pytest.approx(0.5)  # not scaled: t / sigma^2
    assert weight(PhotometricMatch(), fwhm_px=6.0) == 1


def test_a_sky_that_is_lit_unevenly_counts_as_noise() -> None:
    assert weight(PhotometricMatch(uneven_sigma=4.9)) == 1
    assert weight(PhotometricMatch(uneven_sigma=20.0)) == pytest.approx(1 / 16)


def test_no_sky_is_many_times_as_clear() -> None:
    made = judge(history=5)
    assert made.weigh(replace(GOOD, noise_adu=1.0), PhotometricMatch(transparency=40.0)) == 1


def test_quality_weighs_sharp_stars_more() -> None:
    assert weight(PhotometricMatch(), weight="quality", fwhm_px=6.0) == pytest.approx(0.25)
    assert weight(PhotometricMatch(), weight="quality", fwhm_px=NAN) == 1


def test_equal_weighs_all_alike() -> None:
    assert weight(PhotometricMatch(scale=2.0), weight="equal", noise_adu=20.0) == 1


def test_a_sky_without_noise_weighs_one() -> None:
    assert weight(PhotometricMatch(), noise_adu=0.0) == 1


def test_the_best_weight_gives_the_best_snr() -> None:
    """Two subs, one with 0.5 of the light and 1.2 of the noise, both brought to the same scale."""
    signal, noise = 1.0, (1.0, 1.2 / 0.5)
    w = (1.0, weight(PhotometricMatch(scale=2.0), noise_adu=12.0))

    def snr(share: float) -> float:
        return signal * (1 + share) / (noise[0] ** 2 + (share * noise[1]) ** 2) ** 0.5

    assert snr(w[1]) >= max(snr(0.9 * w[1]), snr(1.1 * w[1]))


def test_elongation_by_hand() -> None:
    assert elongation(0.8) == pytest.approx(1 / 0.6)


def test_odd_shapes_are_forgiven_to_a_sub_that_fits_and_nobody_else_is_asked() -> None:
    asked = []

    def fits() -> bool:
        asked.append("sub")
        return True

    judge().check(replace(GOOD, shape_scatter=0.5), 1000.0, fits)
    judge().check(GOOD, 1000.0, fits)
    assert asked == ["sub"]
