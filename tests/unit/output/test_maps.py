"""What is known of every pixel of a stack."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.output.maps import COVERAGE_SIDE_PX, maps_of, small_coverage
from indistack.picture.integration import Integration
from indistack.raster.tiles import Cube, Tile
from indistack.session.noise_history import NoiseHistory
from indistack.stack import METHODS, Extent, MethodSettings, StackMethod

SHAPE = (200, 300)
WHOLE = (slice(0, 200), slice(0, 300))
SIGMA_ADU = 6.0


def subs(n: int) -> list[np.ndarray]:
    """Noise, and one pixel of the last sub that does not belong there; the right third is covered by half of them."""
    rng = np.random.default_rng(2)
    pictures = [rng.normal(500, SIGMA_ADU, SHAPE).astype(np.float32) for _ in range(n)]
    pictures[-1][50, 60] = 9000
    for picture in pictures[1::2]:
        picture[:, 200:] = np.nan
    return pictures


def stack_of(method: str, pictures: list[np.ndarray]) -> StackMethod:
    stack = METHODS.get(method)(Extent(*SHAPE), MethodSettings())
    opening = pictures[: stack.opening]
    if opening:
        cube = np.stack(opening)
        stack.combine(Cube(*WHOLE, np.nan_to_num(cube), np.isfinite(cube).astype(np.float32)))
        for _ in opening:
            stack.count(1.0)
    for picture in pictures[stack.opening :]:
        stack.update(Tile(*WHOLE, picture.copy(), 1.0))
        stack.count(1.0)
    return stack


@pytest.mark.parametrize("method", ["mean", "sigma_clip"])
def test_maps_tell_what_reached_a_pixel_and_how_noisy_it_is(method: str) -> None:
    maps = {name: plane.rows(slice(None)) for name, plane in maps_of(stack_of(method, subs(16)).integration()).items()}
    assert maps["COVERAGE"][10, 10] == maps["WEIGHT"][10, 10] == 16
    assert maps["COVERAGE"][10, 250] == maps["WEIGHT"][10, 250] == 8
    assert np.median(maps["NOISE"][:, :200]) == pytest.approx(SIGMA_ADU / 4, rel=0.1)
    assert np.median(maps["NOISE"][:, 200:]) == pytest.approx(SIGMA_ADU / np.sqrt(8), rel=0.1)
    assert ("REJECTED" in maps) == (method == "sigma_clip")


def test_a_rejected_value_is_on_the_map() -> None:
    rejected = maps_of(stack_of("sigma_clip", subs(16)).integration())["REJECTED"].rows(slice(None))
    assert rejected[50, 60] == 1
    assert rejected.mean() < 0.15


def test_where_nothing_covers_the_noise_is_not_known() -> None:
    pictures = subs(4)
    for picture in pictures:
        picture[:20] = np.nan
    noise = maps_of(stack_of("mean", pictures).integration())["NOISE"].rows(slice(None))
    assert np.isnan(noise[:20]).all()
    assert np.isfinite(noise[20:]).all()


def test_the_noise_falls_with_the_root_of_the_subs() -> None:
    growth, stack = NoiseHistory(), METHODS.get("mean")(Extent(*SHAPE), MethodSettings())
    for n, picture in enumerate(subs(9), 1):
        stack.update(Tile(*WHOLE, np.nan_to_num(picture, nan=500), 2.0))
        stack.count(1.0)
        growth.look(stack.integration())
        told = growth.numbers()
        assert told["snr_gain_ideal"] == pytest.approx(np.sqrt(n))
        assert told["stack_noise_adu"] > 0
    assert 3 < told["snr_gain"] < 3.8  # a third of the later pictures has no noise


def test_nothing_is_told_of_the_growth_without_a_first_sub() -> None:
    growth = NoiseHistory()
    growth.look(stack_of("mean", subs(3)).integration())
    told = growth.numbers()
    assert told["stack_noise_adu"] > 0
    assert np.isnan([told["snr_gain"], told["snr_gain_ideal"]]).all()


@pytest.mark.parametrize("shape", [(300, 400), (1300, 1100)])
def test_the_small_coverage_is_the_mean_of_blocks(shape: tuple[int, int]) -> None:
    coverage = np.full(shape, 4, np.uint16)
    coverage[:, : shape[1] // 2] = 2
    stack = Integration(np.zeros(shape, np.float32), coverage.astype(np.float32), coverage, 4, 40.0)
    small = small_coverage(stack)
    coverage[:] = 9  # what is published does not change any more
    plane = small.rows(slice(None))
    factor = -(-max(shape) // COVERAGE_SIDE_PX)
    assert plane.shape == (shape[0] // factor, shape[1] // factor)
    assert plane[0, 0] == 2
    assert plane[-1, -1] == 4
