"""A live picture moves to what is found, instead of jumping."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from indistack.enhance import KeptLook, LookMemory, PictureSettings, operator_of, render
from indistack.enhance.base import MeasuringOperator
from indistack.enhance.memory import MOST_TRUSTED, PATIENCE
from indistack.picture.linear import StackPicture
from indistack.values.frame import FloatArray


def value(number: float) -> tuple[FloatArray, ...]:
    return tuple(np.array([number], np.float32) for _ in range(4))


def stretch() -> MeasuringOperator:
    operator = operator_of("stretch")
    assert isinstance(operator, MeasuringOperator)
    return operator


def test_each_picture_takes_on_a_share_of_the_change() -> None:
    memory = LookMemory(0.25)
    assert memory.eased(0, stretch(), value(8)) == value(8)
    level, noise, white, _ = memory.eased(0, stretch(), value(16))
    assert (level, noise, white) == (16, 10, 10), "the sky's level follows at once"
    assert memory.eased(0, stretch(), value(16))[1] == 11.5
    assert memory.eased(1, stretch(), value(16)) == value(16), "another place in the chain is another thing"


def test_what_has_another_shape_is_taken_as_it_is() -> None:
    memory = LookMemory(0.5)
    memory.eased(0, stretch(), value(8))
    assert memory.eased(0, stretch(), ()) == ()
    assert memory.eased(0, stretch(), value(4)) == value(4)


def test_another_look_is_taken_when_it_has_been_seen_some_times() -> None:
    memory = LookMemory(0.5)
    assert memory.look("deepsky") == "deepsky"
    assert [memory.look("planet") for _ in range(PATIENCE)] == ["deepsky"] * (PATIENCE - 1) + ["planet"]
    assert memory.look("deepsky") == "planet"


@pytest.mark.parametrize("n_subs", [3, 8, 32])
def test_the_sky_stays_where_it_is_while_the_noise_falls(n_subs: int) -> None:
    memory, rng = LookMemory(0.5), np.random.default_rng(1)
    for subs in range(1, n_subs + 1):
        picture = rng.normal(1000, 50 / subs**0.5, (150, 200)).astype(np.float32)
        picture[::25, ::25] += 3000
        shown = render(StackPicture(picture), PictureSettings(), memory=memory)
    assert np.median(shown.pixels) / 255 == pytest.approx(0.12, abs=0.02)


def test_a_kept_look_makes_the_same_picture_at_another_resolution() -> None:
    rng, memory, settings = np.random.default_rng(2), LookMemory(0.5), PictureSettings(max_side_px=200)
    picture = rng.normal(1000, 60, (300, 400)).astype(np.float32)
    picture[10:-10:40, 10:-10:40] += 9000
    picture[:24] += rng.normal(0, 300, (24, 400)).astype(np.float32)  # a noisy rim
    small = render(StackPicture(picture), settings, memory=memory)
    whole = settings.model_copy(update={"max_side_px": 0})
    full = render(StackPicture(picture), whole, memory=KeptLook(memory))
    again = render(StackPicture(picture), settings, memory=memory)
    assert [2 * size for size in small.pixels.shape] == list(full.pixels.shape)
    assert abs(np.median(full.pixels) - np.median(small.pixels)) <= 2
    np.testing.assert_array_equal(again.pixels, small.pixels)  # the memory has learnt nothing of the other one
    alone = render(StackPicture(picture), whole).pixels
    assert alone.std() != pytest.approx(full.pixels.std(), rel=0.05)


def sky(seed: int, sigma: float = 10, level: float = 1000) -> FloatArray:
    picture = np.random.default_rng(seed).normal(level, sigma, (150, 200)).astype(np.float32)
    picture[::25, ::25] += 3000
    return picture


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every measure that is taken."""
    taken: list[str] = []
    measure = type(stretch()).measure
    monkeypatch.setattr(type(stretch()), "measure", lambda self, picture: taken.append("one") or measure(self, picture))
    return taken


def test_nothing_is_measured_anew_while_the_picture_hardly_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, memory = counted(monkeypatch), LookMemory(0.5)
    for seed in range(MOST_TRUSTED + 1):
        render(StackPicture(sky(seed)), PictureSettings(), memory=memory)
    assert len(taken) == 1
    render(StackPicture(sky(99)), PictureSettings(), memory=memory)
    assert len(taken) == 2, "for all that it looks the same"


@pytest.mark.parametrize(("sigma", "level"), [(8, 1000), (10, 1003)])
def test_a_changed_sky_is_measured_anew(monkeypatch: pytest.MonkeyPatch, sigma: float, level: float) -> None:
    taken, memory = counted(monkeypatch), LookMemory(0.5)
    for picture in (sky(1), sky(2, sigma, level)):
        render(StackPicture(picture), PictureSettings(), memory=memory)
    assert len(taken) == 2


def test_one_odd_sub_does_not_make_the_picture_jump() -> None:
    memory, rng = LookMemory(0.5), np.random.default_rng(4)
    mean = np.zeros((150, 200), np.float32)
    stars = np.zeros_like(mean)
    stars[::25, ::25] = 3000
    x = np.linspace(0, 1, 200, dtype=np.float32)
    shown: list[FloatArray] = []
    for n_subs in range(1, 33):
        sub = rng.normal(1000, 40, mean.shape).astype(np.float32) + stars
        if n_subs == 20:
            sub += 400 * x  # a lamp beside the telescope
        mean += (sub - mean) / n_subs
        shown.append(render(StackPicture(mean.copy()), PictureSettings(), memory=memory).pixels / np.float32(255))
    levels = [float(np.median(picture)) for picture in shown[2:]]
    assert max(levels) - min(levels) < 0.02
    inside = [picture[20:120, 20:180] for picture in shown[2:]]
    assert max(abs(float(np.mean(after - before))) for before, after in pairwise(inside)) < 0.02


def test_the_rim_that_is_cut_off_stays_until_it_has_been_asked_for_some_times() -> None:
    memory, trim = LookMemory(0.5), operator_of("trim")
    assert isinstance(trim, MeasuringOperator)
    none, some = (np.zeros(4, np.float32),), (np.array([0.1, 0, 0, 0], np.float32),)
    asked = [none, some, none, some, some, some]
    assert [float(memory.eased(0, trim, found)[0][0]) > 0 for found in asked] == [False] * 5 + [True]
