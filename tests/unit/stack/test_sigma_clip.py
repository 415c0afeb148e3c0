"""What rejection takes out, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.raster.tiles import Cube, Tile
from indistack.stack import METHODS, Extent, MethodSettings
from tests.unit.stack.scenes import (
    COLS,
    NOISE,
    ROWS,
    SIDE,
    SKY,
    WHOLE,
    combined,
    line,
    live,
    noise_only,
    star,
    with_light,
)

N = 12


def left_of(light: np.ndarray, where: int, n: int = N, channels: int = 3, **settings: float) -> float:
    """What a light that one sub has leaves, as a share of what it leaves in a plain mean."""
    clean = noise_only(n, channels)
    subs = [with_light(sub, light) if number == where else sub for number, sub in enumerate(clean)]
    near = light > light.max() / 1000
    lit, dark = (live("sigma_clip", each, **settings).integration().pixels[near] for each in (subs, clean))
    return float((lit - dark).mean() / (light[near].mean() / n))


def tile(pixels: np.ndarray, weight: float | np.ndarray = 1.0) -> Tile:
    return Tile(*WHOLE, pixels.astype(np.float32), weight)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("where", [0, 1, 2, 5, N - 1])
@pytest.mark.parametrize("peak_sigma", [5, 20, 300])
def test_a_trail_is_gone_wherever_it_comes(where: int, peak_sigma: float, channels: int) -> None:
    noise = NOISE / np.sqrt(channels)
    assert abs(left_of(line(peak_sigma * noise), where, channels=channels)) < 0.05


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_a_trail_is_gone_from_the_first_subs_on(n: int) -> None:
    for where in range(n):
        assert abs(left_of(line(20 * NOISE), where, n)) < 0.05


def test_wide_glow_goes_with_its_faint_wings() -> None:
    glow = line(40.0, fwhm_px=14.0)
    for blink in range(8, SIDE, 24):
        glow = np.maximum(glow, star(blink, SIDE / 2 + (blink - SIDE / 2) * np.tan(np.deg2rad(30)), 1e5, 6.0))
    assert abs(left_of(glow, 8)) < 0.05


def test_of_two_subs_the_brighter_goes_where_they_clearly_differ() -> None:
    subs = noise_only(2)
    subs[0][40, 50] += 500
    subs[1][80, 20] += 500
    stack = combined("sigma_clip", subs)
    result = stack.integration()
    assert result.rejected is not None
    assert result.pixels[40, 50] == subs[1][40, 50]
    assert result.pixels[80, 20] == subs[0][80, 20]
    assert result.rejected.mean() < 0.02


def test_single_pixels_that_are_bright_once_are_gone() -> None:
    subs, rng = noise_only(N, 3), np.random.default_rng(3)
    spots = [(rng.integers(0, SIDE, 30), rng.integers(0, SIDE, 30)) for _ in subs]
    struck = [sub.copy() for sub in subs]
    for sub, spot in zip(struck, spots, strict=True):
        sub[spot] += rng.uniform(200, 40000, (30, 1)).astype(np.float32)
    difference = live("sigma_clip", struck).integration().pixels - live("sigma_clip", subs).integration().pixels
    plain = np.mean(struck, axis=0) - np.mean(subs, axis=0)
    assert difference.mean() < 0.02 * plain.mean()


@pytest.mark.parametrize("seed", [0, 1])
def test_a_value_that_is_left_alone_is_no_outlier_for_being_rounded(seed: int) -> None:
    subs = noise_only(3, seed=seed)
    exact, rounded = (combined("sigma_clip", subs, [weight] * 3).integration().rejected for weight in (1.0, 0.977))
    assert exact is not None
    assert rounded is not None
    assert np.count_nonzero(exact != rounded) < 10  # a few lie on the very limit


@pytest.mark.parametrize(("channels", "worst"), [(1, 1.04), (3, 1.02)])
def test_noise_is_that_of_the_mean_within_a_few_percent(channels: int, worst: float) -> None:
    subs = noise_only(20, channels)
    for stack in (live("sigma_clip", subs), combined("sigma_clip", subs)):
        assert stack.integration().pixels.std() < worst * np.mean(subs, axis=0).std()
        assert stack.integration().pixels.mean() == pytest.approx(np.mean(subs), abs=0.02)


@pytest.mark.parametrize("seeing", ["random", "worse", "one"])
def test_stars_keep_their_light_when_the_seeing_changes_and_the_mount_trembles(seeing: str) -> None:
    rng = np.random.default_rng(6)
    widths = {
        "random": rng.uniform(2.5, 4.0, 20),
        "worse": np.where(np.arange(20) < 10, 2.5, 4.0),
        "one": np.where(np.arange(20) == 1, 4.0, 2.6),
    }[seeing]
    subs = noise_only(20, 3)
    places = [(x, y, flux) for x in (24, 64, 104) for y, flux in ((24, 3e3), (64, 3e4), (104, 3e5))]
    for number, width in enumerate(widths):
        dx, dy = rng.normal(0, 0.3, 2)
        light = sum(star(x + dx, y + dy, flux, width) for x, y, flux in places)
        subs[number] = with_light(subs[number], light)
    for n in (5, 20):
        clipped = live("sigma_clip", subs[:n]).integration().pixels.mean(axis=2) - SKY
        mean = np.mean(subs[:n], axis=0).mean(axis=2) - SKY
        for x, y, _ in places:
            inside = (COLS - x) ** 2 + (ROWS - y) ** 2 < 12**2
            assert clipped[inside].sum() == pytest.approx(mean[inside].sum(), rel=0.01)


@pytest.mark.parametrize("sharp", [0, 4, 7])
def test_a_core_that_falls_on_one_pixel_in_one_sub_stays(sharp: int) -> None:
    subs = noise_only(8)
    for number, sub in enumerate(subs):
        subs[number] = with_light(sub, star(64, 64, 6e3, 1.7 if number == sharp else 2.6))
    core = (slice(63, 66), slice(63, 66))
    clipped, mean = live("sigma_clip", subs).integration().pixels, np.mean(subs, axis=0)
    assert (clipped[core] - SKY).sum() == pytest.approx((mean[core] - SKY).sum(), rel=0.01)


@pytest.mark.parametrize("where", [1, 9])
@pytest.mark.parametrize("weight", [1 / 9, 1.0])
def test_a_noisier_sub_loses_no_more_pixels_than_others(where: int, weight: float) -> None:
    subs, weights = noise_only(N), [1.0] * N
    subs[where], weights[where] = noise_only(1, seed=99, sigma=3 * NOISE)[0] + 5, weight
    counts = [SIDE**2] * N
    stack = combined("sigma_clip", subs[:5], weights[:5])
    counts[:5] = combined_counts(subs[:5], weights[:5])
    for number in range(5, N):
        counts[number] = stack.update(tile(subs[number], weights[number]))
    assert counts[where] < 0.02 * SIDE**2


def combined_counts(subs: list[np.ndarray], weights: list[float]) -> list[int]:
    planes = [np.full((SIDE, SIDE), weight, np.float32) for weight in weights]
    stack = METHODS.get("sigma_clip")(Extent(SIDE, SIDE), MethodSettings())
    return [int(count) for count in stack.combine(Cube(*WHOLE, np.stack(subs), np.stack(planes)))]


def test_rejected_pixels_are_counted_by_sub_and_by_pixel() -> None:
    subs = noise_only(8)
    subs[3][10:20, 10:20] += 1000
    subs[6][50:60, 50:60] += 1000
    counts = combined_counts(subs[:5], [1.0] * 5)
    stack = combined("sigma_clip", subs[:5])
    counts += [stack.update(tile(sub)) for sub in subs[5:]]
    result = stack.integration()
    assert result.rejected is not None
    assert (result.rejected[10:20, 10:20] >= 1).all()
    assert (result.rejected[50:60, 50:60] >= 1).all()
    assert result.rejected.sum() == sum(counts)
    assert min(counts[3], counts[6]) > 100 > max(counts[n] for n in (0, 1, 2, 4)) / 2
    assert (result.coverage == 8).all()
    np.testing.assert_array_equal(result.weight, 8 - result.rejected)


def test_the_variance_is_that_of_one_sub_of_weight_one() -> None:
    subs = noise_only(30, 3)
    for number in range(0, 30, 2):
        subs[number] = (SKY + (subs[number] - SKY) / 2).astype(np.float32)
    result = live("sigma_clip", subs, [4.0, 1.0] * 15).integration()
    assert result.variance is not None
    assert result.variance.shape == (SIDE, SIDE)
    assert result.variance.mean() == pytest.approx(NOISE**2 / 3, rel=0.03)


def test_what_is_there_for_good_is_taken_in_the_end() -> None:
    subs = noise_only(40)
    for sub in subs[6:]:
        sub[40:60, 40:60] += 500
    result = live("sigma_clip", subs).integration()
    assert result.pixels[40:60, 40:60].mean() > SKY + 200


def test_a_black_sky_that_is_clipped_at_zero_keeps_its_faint_light() -> None:
    rng = np.random.default_rng(2)
    subs = [(rng.random((SIDE, SIDE)) < 0.1).astype(np.float32) for _ in range(30)]
    result = live("sigma_clip", subs).integration()
    assert result.pixels.mean() == pytest.approx(np.mean(subs), rel=0.05)


@pytest.mark.parametrize(("setting", "light"), [("kappa_high", 60.0), ("kappa_low", -60.0)])
def test_kappa_is_the_limit(setting: str, light: float) -> None:
    subs = noise_only(9)
    subs[2][30, 30] = subs[7][90, 90] = SKY + light
    taken = live("sigma_clip", subs, **{setting: 9.0}).integration().rejected
    rejected = live("sigma_clip", subs, **{setting: 4.0}).integration().rejected
    assert taken is not None
    assert rejected is not None
    assert (taken[30, 30], taken[90, 90]) == (0, 0)
    assert (rejected[30, 30], rejected[90, 90]) == (1, 1)


def test_opening_says_how_many_subs_are_combined_at_once() -> None:
    assert [METHODS.get("sigma_clip")(Extent(4, 4), MethodSettings(opening=n)).opening for n in (3, 9)] == [3, 9]


@pytest.mark.parametrize("where", [2, 10])
def test_winsorized_outliers_are_moved_to_the_limit_and_count(where: int) -> None:
    subs = noise_only(N, 3)
    clean = live("sigma_clip", subs, winsorize=True).integration()
    subs[where] = with_light(subs[where], line(1000.0))
    result = live("sigma_clip", subs, winsorize=True).integration()
    trail = line(1.0) > 0.5
    left = (result.pixels - clean.pixels)[trail].mean()
    noise = NOISE / np.sqrt(3)
    assert 1.5 * noise / N < left < 4.5 * noise / N  # three standard deviations, of which each value had some
    assert (result.weight == N).all()
    assert result.rejected is not None
    assert (result.rejected[trail] >= 1).all()
    assert result.pixels.std() < 1.2 * np.mean(noise_only(N, 3), axis=0).std()


def test_a_tile_with_few_pixels_is_taken_as_it_is() -> None:
    stack = METHODS.get("sigma_clip")(Extent(3, 3), MethodSettings())
    pixels = np.random.default_rng(1).normal(SKY, NOISE, (5, 3, 3)).astype(np.float32)
    stack.combine(Cube(slice(0, 3), slice(0, 3), pixels.copy(), np.ones((5, 3, 3), np.float32)))
    stack.update(Tile(slice(0, 3), slice(0, 3), np.full((3, 3), 9e4, np.float32), 1.0))
    np.testing.assert_allclose(stack.integration().pixels, (pixels.sum(axis=0) + 9e4) / 6, rtol=1e-5)
