"""What a picture for people costs, from a full stack to the bytes of a JPEG, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np

from indistack.enhance import OPERATORS, LookMemory, PictureSettings, operator_of, render
from indistack.enhance.base import MeasuringOperator
from indistack.enhance.looks import DEEP_SKY
from indistack.enhance.render import rounded, words_for
from indistack.picture.linear import StackPicture
from indistack.sinks.jpeg import QUALITY, encoded, restart_blocks
from indistack.values.frame import FloatArray

T = TypeVar("T")

HEIGHT, WIDTH, STARS = 4000, 6000, 3000
ROUNDS = 5
LIVE_PX = (3000, 1600)
"""Longest sides: the live picture's, and a small view's."""

Costs = dict[str, tuple[float, float]]
"""Step -> wall and processor time (ms), the least of some rounds: other work on the machine only adds."""


def colour_stack() -> StackPicture:
    """Return a 24 MP colour stack of a star field with a gradient."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(0, 20, (HEIGHT, WIDTH, 3)).astype(np.float32) + np.array([300, 900, 600], np.float32)
    pixels += np.linspace(0, 60, WIDTH, dtype=np.float32)[:, np.newaxis]
    y, x = np.mgrid[-8:9, -8:9]
    star = np.exp(-(x**2 + y**2) / 8).astype(np.float32)[..., np.newaxis]
    places = rng.integers(20, (HEIGHT - 20, WIDTH - 20), (STARS, 2))
    for (row, column), flux in zip(places, 10 ** rng.uniform(2.5, 4.7, STARS), strict=True):
        pixels[row - 8 : row + 9, column - 8 : column + 9] += np.float32(flux) * star
    return StackPicture(pixels, np.ones((HEIGHT, WIDTH), np.float32))


def time_picture(stack: StackPicture, side_px: int) -> Costs:
    """Time each step of the default picture of a stack."""
    costs: Costs = {}
    kept = _timed(costs, "copy, binned", lambda: stack.copy(side_px))
    picture = kept.binned(1)
    settings = PictureSettings(max_side_px=side_px)
    fits: Costs = {}
    _timed(fits, "fit: look", lambda: words_for(settings, picture))
    _timed(costs, "is the fit kept", lambda: LookMemory(1).see(picture))
    for word in DEEP_SKY:
        operator = operator_of(word)
        assert isinstance(operator, MeasuringOperator)
        found = _timed(fits, f"fit: {word}", partial(operator.measure, picture))
        picture = _timed(costs, word, partial(operator.applied, picture, found))
    levels = _timed(costs, "8 bits", lambda: rounded(picture, np.uint8))
    _timed(costs, "JPEG", lambda: encoded(levels, QUALITY, restart_blocks(levels.shape)))
    together = _time_together(stack, settings)
    return {**costs, "all, the fit kept": _sum(costs), **together, **fits, "all": _sum({**costs, **fits})}


def _time_together(stack: StackPicture, settings: PictureSettings) -> Costs:
    """Time all steps one after the other, as they are for a live picture: each has the memory of those before it."""
    costs: Costs = {}
    memory = LookMemory(1)

    def publish() -> None:
        levels = render(stack.copy(settings.max_side_px), settings, memory=memory).pixels
        encoded(levels, QUALITY, restart_blocks(levels.shape))

    publish()  # all is measured
    _timed(costs, "together, the fit kept", publish)
    return costs


def _sum(costs: Costs) -> tuple[float, float]:
    return sum(wall for wall, _ in costs.values()), sum(cpu for _, cpu in costs.values())


def time_operators(picture: FloatArray) -> Costs:
    """Time each operator on a stretched picture."""
    costs: Costs = {}
    shown = operator_of("stretch")(picture)
    for name in OPERATORS:
        _timed(costs, name, lambda name=name: operator_of(name)(shown))  # type: ignore[misc]
    return costs


def _timed(costs: Costs, step: str, work: Callable[[], T]) -> T:
    times = []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    costs[step] = 1000 * min(wall for wall, _ in times), 1000 * min(cpu for _, cpu in times)
    return result
