"""Fields whose stars no single sub shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from indistack.align import FaintSubs
from indistack.errors import FrameError
from indistack.values.frame import FrameInfo
from indistack.values.star_list import Scene
from tests.unit.align.fields import Array, star_list

WIDTH, HEIGHT, MARGIN = 640, 480, 30
NOISE_ADU, FWHM_PX = 10.0, 3.0
SIGMA_PX = FWHM_PX / 2.3548
START = datetime(2024, 8, 10, 21, tzinfo=UTC)


@dataclass(frozen=True)
class Field:
    """A drifting field under noise, on a sensor with faults.

    Attributes
    ----------
    snr : float
        Of a star in one sub, behind the filter that matches it.
    drift : (float, float)
        Px per sub.
    hot : int
        Hot and warm pixels, 10 to 10,000 ADU.
    banding_adu : float
        Scatter of whole rows.
    """

    stars: int = 30
    snr: float = 3.0
    drift: tuple[float, float] = (0.8, -0.6)
    hot: int = 0
    banding_adu: float = 0.0
    seed: int = 1

    def places(self, number: float) -> Array:
        """Where the stars lie in a sub."""
        rng = np.random.default_rng([self.seed, 0])
        middle = rng.uniform(MARGIN, [WIDTH - MARGIN, HEIGHT - MARGIN], (self.stars, 2))
        return np.asarray(middle + np.multiply(self.drift, number))

    def sub(self, number: int) -> Scene:
        """The luminance of a sub, and no stars."""
        rng, sensor = np.random.default_rng([self.seed, 1, number]), np.random.default_rng([self.seed, 2])
        picture = 300 + rng.normal(0, NOISE_ADU, (HEIGHT, WIDTH)) + rng.normal(0, self.banding_adu, (HEIGHT, 1))
        picture += np.linspace(-40, 60, WIDTH)
        rows, columns = sensor.integers(0, HEIGHT, self.hot), sensor.integers(0, WIDTH, self.hot)
        picture[rows, columns] += 10 ** sensor.uniform(1, 4, self.hot)
        flux = self.snr * NOISE_ADU * 2 * np.pi**0.5 * SIGMA_PX
        for x, y in self.places(number):
            self._draw(picture, x, y, flux)
        binned = picture.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3)).astype(np.float32)
        stars = replace(star_list(np.zeros((0, 2))), noise_adu=NOISE_ADU, background_adu=300.0)
        return Scene(stars, WIDTH, HEIGHT, binned)

    @staticmethod
    def _draw(picture: Array, x: float, y: float, flux: float) -> None:
        row, column = round(y), round(x)
        box = np.s_[max(0, row - 7) : row + 8, max(0, column - 7) : column + 8]
        rows, columns = np.mgrid[box[0], box[1]][:, : HEIGHT - box[0].start, : WIDTH - box[1].start]
        profile = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * SIGMA_PX**2)) / (2 * np.pi * SIGMA_PX**2)
        picture[box] += flux * profile[: picture[box].shape[0], : picture[box].shape[1]]


def together(field: Field, subs: int = 5, faint: FaintSubs | None = None, first: int = 0, **facts: Any) -> Scene:
    """The last of some subs with the stars that they show together."""
    faint = faint or FaintSubs(subs)
    for number in range(first, first + subs - 1):
        refusal(faint, field.sub(number), **facts)
    return faint.take(field.sub(first + subs - 1), FrameInfo(**facts))


def refusal(faint: FaintSubs, sub: Scene, **facts: Any) -> FrameError:
    with pytest.raises(FrameError) as caught:
        faint.take(sub, FrameInfo(**facts))
    return caught.value


def off_px(scene: Scene, true: Array) -> Array:
    """How far each star of a list lies from the nearest true one, x and y; those that are near one."""
    apart = scene.stars.xy[:, None] - true
    nearest = np.hypot(apart[..., 0], apart[..., 1]).argmin(axis=1)
    off = apart[np.arange(len(apart)), nearest]
    return np.asarray(off[np.hypot(*off.T) < 2.5])


@pytest.mark.parametrize("drift", [(0.0, 0.0), (0.8, -0.6), (-2.4, 1.8)], ids=["still", "1 px", "3 px"])
@pytest.mark.parametrize("faults", [{}, {"hot": 200, "banding_adu": 4.0}], ids=["clean", "hot pixels and bands"])
def test_stars_that_no_sub_shows_are_found_where_the_newest_has_them(
    drift: tuple[float, float], faults: dict[str, Any]
) -> None:
    field = Field(drift=drift, **faults)
    found = together(field)
    off = off_px(found, field.places(4))
    assert len(off) >= 16
    assert len(found.stars) - len(off) <= 5
    assert np.hypot(*np.median(off, axis=0)) < 0.35


def test_the_list_tells_light_and_width_of_the_stars() -> None:
    stars = together(Field(drift=(0.0, 0.0), stars=40, snr=4.0)).stars
    assert np.median(stars.flux) == pytest.approx(4 * NOISE_ADU * 2 * np.pi**0.5 * SIGMA_PX, rel=0.2)
    assert stars.fwhm[0] == pytest.approx(FWHM_PX, rel=0.2)
    assert (stars.noise_adu, stars.background_adu) == (NOISE_ADU, 300.0)
    assert (np.diff(stars.flux) <= 0).all()


def test_the_first_subs_wait_and_say_so() -> None:
    faint, field = FaintSubs(3), Field()
    for number in (1, 2):
        error = refusal(faint, field.sub(number))
        assert error.reason == "too_few_stars"
        assert f"{number} of 3" in error.detail


def test_every_further_sub_is_tried_with_those_before_it() -> None:
    faint, field = FaintSubs(5), Field()
    together(field, faint=faint)
    off = off_px(faint.take(field.sub(5), FrameInfo()), field.places(5))
    assert len(off) >= 16
    assert np.hypot(*np.median(off, axis=0)) < 0.35


def test_a_sub_that_is_missing_changes_nothing() -> None:
    """The drift is one in time; a dark frame was taken between."""
    faint, field = FaintSubs(5), Field(drift=(2.4, 1.8))
    minutes = [0, 1, 4, 5]
    for number in minutes:
        refusal(faint, field.sub(number), date_obs=START + timedelta(minutes=number))
    found = faint.take(field.sub(6), FrameInfo(date_obs=START + timedelta(minutes=6)))
    assert len(off_px(found, field.places(6))) >= 16


@pytest.mark.parametrize("change", [{"exposure_s": 20.0}, {"filter_name": "R"}, {"gain_setting": 100.0}])
def test_subs_of_another_kind_are_not_tried_together(change: dict[str, Any]) -> None:
    faint, field = FaintSubs(2), Field()
    refusal(faint, field.sub(0))
    assert "1 of 2" in refusal(faint, field.sub(1), **change).detail


def test_what_is_forgotten_is_not_tried() -> None:
    faint, field = FaintSubs(2), Field()
    refusal(faint, field.sub(0))
    faint.forget()
    assert "1 of 2" in refusal(faint, field.sub(1)).detail


@pytest.mark.parametrize("seed", range(6))
def test_noise_alone_shows_no_stars(seed: int) -> None:
    """Nor do hot pixels and bands: what is found is fewer than any aligner takes."""
    faint = FaintSubs(5)
    try:
        found = together(Field(stars=0, hot=200 * (seed % 2), banding_adu=4.0, seed=seed), faint=faint)
    except FrameError as error:
        assert error.reason in ("too_few_stars", "fixed_pattern")  # noqa: PT017
    else:
        assert len(found.stars) < 6


def test_points_that_stand_still_and_are_sharp_are_a_fixed_pattern() -> None:
    """Warm pixels that leak into the next one: no lone ones, and yet no stars."""
    faint, sensor = FaintSubs(5), np.random.default_rng(3)
    rows, columns = sensor.integers(10, HEIGHT // 2 - 10, 40), sensor.integers(10, WIDTH // 2 - 10, 40)

    def warm(number: int) -> Scene:
        scene = Field(stars=0).sub(number)
        assert scene.luminance is not None
        plane = scene.luminance.copy()
        plane[rows, columns] += 4.5 * NOISE_ADU / 2
        plane[rows + 1, columns] += 0.35 * 4.5 * NOISE_ADU / 2
        return replace(scene, luminance=plane)

    for number in range(4):
        refusal(faint, warm(number))
    assert refusal(faint, warm(4)).reason == "fixed_pattern"


def test_what_waits_can_be_carried_over() -> None:
    before, after, field = FaintSubs(5), FaintSubs(5), Field()
    for number in range(4):
        refusal(before, field.sub(number))
    after.waiting = before.waiting
    ours, theirs = (faint.take(field.sub(4), FrameInfo()).stars for faint in (before, after))
    np.testing.assert_array_equal(ours.xy, theirs.xy)


@pytest.mark.parametrize("drift", [(0.6, 0.0), (-2.4, 1.8)], ids=["0.6 px", "3 px"])
def test_stars_that_each_sub_shows_count_once_and_lie_where_the_newest_has_them(drift: tuple[float, float]) -> None:
    field = Field(stars=5, snr=40.0, drift=drift)
    found = together(field)
    assert len(found.stars) == 5
    assert np.abs(off_px(found, field.places(4))).max() < 0.5


def test_what_one_sub_alone_shows_is_no_star() -> None:
    field, faint = Field(stars=30, snr=5.0), FaintSubs(5)
    for number in range(5):
        sub = field.sub(number)
        if number == 2:
            sub.luminance[100:103, 150:153] += 300.0
        if number < 4:
            refusal(faint, sub)
    stars = faint.take(sub, FrameInfo()).stars
    x, y = np.subtract([301.5, 202.5], np.multiply(field.drift, -2))
    assert np.hypot(*(stars.xy - [x, y]).T).min() > 6
