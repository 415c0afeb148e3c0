"""What ``auto`` chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from indistack.align import ALIGNERS, AlignSettings
from indistack.align.auto import Auto
from indistack.values.star_list import Scene, StarList
from tests.unit.align.fields import motion, pair_of
from tests.unit.align.pictures import HEIGHT, WIDTH, Sky, scene_of

FEW_STARS = Sky((0, 0, 0), (0, 0, 0), 0)


def clouds() -> Scene:
    """Wide, bright structure, without any detail."""
    y, x = np.mgrid[: HEIGHT // 2, : WIDTH // 2]
    light = 2000 + 400 * np.sin(x / 31) * np.cos(y / 23) + 300 * np.sin((x + y) / 41)
    return scene_of((light + np.random.default_rng(1).normal(0, 15, light.shape)).astype(np.float32))


def steps_of_grey() -> StarList:
    """What a video's smooth sky shows: round blotches, one step of the grey scale high."""
    stars = pair_of(motion(0, 0, 0)).reference.stars
    return replace(stars, fwhm=np.full(len(stars), 13.0), flux=np.full(len(stars), 1.4 * 1.13 * 13.0**2), noise_adu=0.1)


def planet(diameter_px: float, stars: int = 0) -> Scene:
    """A small disk in a dark sky, in binned pixels, and so many stars a third as bright."""
    y, x = np.mgrid[: HEIGHT // 2, : WIDTH // 2]
    light = np.random.default_rng(1).normal(70, 6, x.shape)
    light += 3000 * np.clip((diameter_px / 2 + 1) / 2 - np.hypot(x - 60, y - 50), 0, 1)
    for number in range(stars):
        light += 1000 * np.exp(-((x - 30 - 25 * number) ** 2 + (y - 80) ** 2) / 3)
    return scene_of(light.astype(np.float32))


@pytest.mark.parametrize(
    ("look", "name", "words"),
    [
        (Sky().look, "disk", "limb"),
        (Sky((0, 0, 0), (0, 0, 0), 6000).look, "ecc", "detail"),
        (FEW_STARS.look, "asterism", "neither"),
        (clouds, "asterism", "neither"),
        (lambda: planet(18), "centroid", "one small bright thing"),
        (lambda: planet(18, stars=3), "asterism", "neither"),  # which of them would it be
        (lambda: planet(60), "disk", "360 degrees"),
        (lambda: replace(planet(18), stars=steps_of_grey()), "centroid", "one small bright thing"),
        (lambda: replace(Sky().look(), stars=pair_of(motion(0, 0, 0)).reference.stars), "asterism", "stars"),
    ],
    ids=["disk", "detail", "nothing", "clouds", "planet", "planets", "large planet", "grey planet", "star field"],
)
def test_the_choice_follows_the_reference_and_tells_why(look: Callable[[], Scene], name: str, words: str) -> None:
    chosen = Auto(AlignSettings(method="auto")).for_reference(look())
    assert ALIGNERS.name_of(chosen) == name
    assert words in chosen.reason


def test_an_aligner_that_is_named_is_taken() -> None:
    disk = ALIGNERS.get("disk")(AlignSettings(method="disk"))
    assert disk.for_reference(clouds()) is disk
    assert disk.reason == "chosen in the settings"
