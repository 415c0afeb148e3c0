"""Stages of a 4 MP colour sub under pytest-benchmark: ``pytest tests/benchmarks --benchmark-enable``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from indistack.align import ALIGNERS
from indistack.calibrate import CalibrateSettings, Calibrator, Masters, NamedMasters
from indistack.config import Config
from indistack.debayer import DEBAYERS
from indistack.decode import decode
from indistack.frame import Blob, Transform
from indistack.stack import METHODS
from indistack.stars import StarFinder
from indistack.tiles import Workers, integrate
from simulators.observatory import Observatory
from simulators.scenario import Scenario
from tests.pipeline.night import blob_of

SIZE = (1760, 2328)


@dataclass
class Bench:
    config: Config
    workers: Workers
    blobs: list[Blob]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    sky = Observatory(Scenario(width_px=SIZE[1], height_px=SIZE[0], n_stars=250, drift_px_per_sub=(2.3, -1.1)))
    with Workers(2) as workers:
        yield Bench(Config(), workers, [blob_of(sky.expose()) for _ in range(2)])


def test_decode(bench: Bench, benchmark: Any) -> None:
    assert benchmark(decode, bench.blobs[0], bench.config.decode, bench.workers).cfa == "RGGB"


def test_calibrate_without_masters(bench: Bench, benchmark: Any) -> None:
    raw = decode(bench.blobs[0], bench.config.decode, bench.workers)
    calibrator = Calibrator(CalibrateSettings(), NamedMasters(Masters()), bench.workers)
    assert benchmark(calibrator.calibrate, raw).pixels.shape == SIZE


def test_find_stars(bench: Bench, benchmark: Any) -> None:
    raw = decode(bench.blobs[0], bench.config.decode, bench.workers)
    frame = Calibrator(CalibrateSettings(), NamedMasters(Masters()), bench.workers).calibrate(raw)
    assert len(benchmark(StarFinder(bench.config.stars, bench.workers).find, frame)) > 50


def test_align(bench: Bench, benchmark: Any) -> None:
    calibrator = Calibrator(CalibrateSettings(), NamedMasters(Masters()), bench.workers)
    finder = StarFinder(bench.config.stars, bench.workers)
    first, second = (
        finder.scene(calibrator.calibrate(decode(blob, bench.config.decode, bench.workers))) for blob in bench.blobs
    )
    transform = benchmark(ALIGNERS.get("asterism")(bench.config.align).register, second, first, None)
    np.testing.assert_allclose(transform.matrix[:2, 2], (-2.3, 1.1), atol=0.1)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_stack(bench: Bench, benchmark: Any, method: str) -> None:
    raw = decode(bench.blobs[0], bench.config.decode, bench.workers)
    frame = Calibrator(CalibrateSettings(), NamedMasters(Masters()), bench.workers).calibrate(raw)
    stack, debayer = METHODS.get(method)(*SIZE, 3), DEBAYERS.get("bilinear")()
    angle = np.deg2rad(0.7)
    turn = Transform(np.array([[np.cos(angle), -np.sin(angle), 9], [np.sin(angle), np.cos(angle), -5], [0, 0, 1]]))
    benchmark(integrate, frame, turn, SIZE, 1.0, debayer, stack.update, bench.workers)
    assert stack.integration().coverage.max() >= 1
