"""Star trails over a landscape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.errors import SettingsError, StackError
from indistack.raster.tiles import Tile
from indistack.stack import StackMethod
from tests.unit.stack.scenes import make

ALL = (slice(0, 10), slice(0, 6))


def stack_of(*values: float, **settings: Any) -> StackMethod:
    stack = make("trails", np.zeros((10, 6)), **settings)
    for value in values:
        stack.update(Tile(*ALL, np.full((10, 6), value, np.float32), 1.0))
        stack.count(1.0)
    return stack


def test_maximum_above_the_line_and_mean_below() -> None:
    pixels = stack_of(10, 40, 20, 30, ground_line=0.7).integration().pixels
    assert (pixels[:7] == 40).all()
    np.testing.assert_allclose(pixels[7:], 25)


def test_the_ground_is_shown_brighter() -> None:
    pixels = stack_of(10, 40, ground_line=0.7, ground_scale=1.5).integration().pixels
    assert (pixels[:7] == 40).all()
    np.testing.assert_allclose(pixels[7:], 37.5)


def test_a_mask_says_where_the_ground_is_at_any_size(tmp_path: Path) -> None:
    mask = np.zeros((20, 12), np.uint8)
    mask[:, 6:] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    pixels = stack_of(10, 40, ground_mask=tmp_path / "mask.png").integration().pixels
    assert (pixels[:, :3] == 40).all()
    np.testing.assert_allclose(pixels[:, 3:], 25)


def test_a_mask_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ground_mask.*nothing\.png"):
        stack_of(ground_mask=tmp_path / "nothing.png")


def test_ground_that_a_sub_does_not_reach_keeps_its_mean() -> None:
    stack = stack_of(10, 40, ground_line=0.0)
    weight = np.ones((10, 6), np.float32)
    weight[:5] = 0
    stack.update(Tile(*ALL, np.full((10, 6), 100, np.float32), weight))
    pixels = stack.integration().pixels
    np.testing.assert_allclose(pixels[:5], 25)
    np.testing.assert_allclose(pixels[5:], 50)


def test_two_landscapes_are_merged_by_how_many_subs_they_hold() -> None:
    stack, other = stack_of(10, 40, 40, ground_line=0.5), stack_of(90, ground_line=0.5)
    stack.merge(other)
    pixels = stack.integration().pixels
    assert (pixels[:5] == 90).all()
    np.testing.assert_allclose(pixels[5:], 45)


def test_a_trail_fades_over_the_sky_and_the_ground_does_not() -> None:
    pixels = stack_of(10, 110, 10, 20, ground_line=0.7, fade=0.5).integration().pixels
    np.testing.assert_allclose(pixels[:7], 40)  # 110, (10 + 50), 20 + (60 - 20) / 2
    np.testing.assert_allclose(pixels[7:], 37.5)
    with pytest.raises(StackError, match="faded"):
        stack_of(1, fade=0.5).merge(stack_of(2, fade=0.5))
