"""What ``auto`` chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from indistack.align import ALIGNERS, AlignSettings
from indistack.align.auto import Auto
from indistack.values.star_list import Scene
from tests.unit.align.fields import motion, pair_of
from tests.unit.align.pictures import HEIGHT, WIDTH, Sky, scene_of

FEW_STARS = Sky((0, 0, 0), (0, 0, 0), 0)


def clouds() -> Scene:
    """Wide, bright structure, without any detail."""
    y, x = np.mgrid[: HEIGHT // 2, : WIDTH // 2]
    light = 2000 + 400 * np.sin(x / 31) * np.cos(y / 23) + 300 * np.sin((x + y) / 41)
    return scene_of((light + np.random.default_rng(1).normal(0, 15, light.shape)).astype(np.float32))


@pytest.mark.parametrize(
    ("look", "name", "words"),
    [
        (Sky().look, "disk", "limb"),
        (Sky((0, 0, 0), (0, 0, 0), 6000).look, "ecc", "detail"),
        (FEW_STARS.look, "asterism", "neither"),
        (clouds, "asterism", "neither"),
        (lambda: replace(Sky().look(), stars=pair_of(motion(0, 0, 0)).reference.stars), "asterism", "stars"),
    ],
    ids=["disk", "detail", "nothing", "clouds", "star field"],
)
def test_the_choice_follows_the_reference_and_tells_why(look: Callable[[], Scene], name: str, words: str) -> None:
    chosen = Auto(AlignSettings(method="auto")).for_reference(look())
    assert ALIGNERS.name_of(chosen) == name
    assert words in chosen.reason


def test_an_aligner_that_is_named_is_taken() -> None:
    disk = ALIGNERS.get("disk")(AlignSettings(method="disk"))
    assert disk.for_reference(clouds()) is disk
    assert disk.reason == "chosen in the settings"
