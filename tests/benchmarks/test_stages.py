"""Stages of a 4 MP colour sub under pytest-benchmark: ``pytest tests/benchmarks --benchmark-enable``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.align import ALIGNERS
from indistack.calibrate import CalibrateSettings, Calibrator, Master, Masters, NamedMasters
from indistack.config import Config
from indistack.debayer import DEBAYERS
from indistack.decode import decode
from indistack.raster.tiles import Sampling, integrate
from indistack.stack import METHODS, Extent
from indistack.stars import StarFinder
from indistack.system.workers import Workers
from indistack.values.blob import Blob
from indistack.values.frame import FrameInfo, RawFrame
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.transform import Transform
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


def calibrator_of(masters: Masters, bench: Bench) -> Calibrator:
    settings = CalibrateSettings()
    return Calibrator(settings, NamedMasters(masters, settings), bench.workers)


def test_decode(bench: Bench, benchmark: Any) -> None:
    assert benchmark(decode, bench.blobs[0], bench.config.decode, bench.workers).cfa == "RGGB"


def test_calibrate_without_masters(bench: Bench, benchmark: Any) -> None:
    raw = decode(bench.blobs[0], bench.config.decode, bench.workers)
    calibrator = calibrator_of(Masters(), bench)
    assert benchmark(calibrator.calibrate, raw).pixels.shape == SIZE


@pytest.mark.parametrize("cfa", ["RGGB", None])
def test_calibrate_with_dark_flat_and_defects(bench: Bench, benchmark: Any, cfa: Any) -> None:
    rng = np.random.default_rng(3)
    dark, flat = (rng.normal(level, 20, SIZE).astype(np.float32) for level in (300, 20_000))
    dark.reshape(-1)[rng.choice(dark.size, 4000)] += 5000
    masters = Masters(*(Master(p, k, cfa, FrameInfo(), 20, k) for p, k in ((dark, "dark"), (flat, "flat"))))
    calibrator = calibrator_of(masters, bench)
    raw = RawFrame(rng.normal(1500, 30, SIZE).astype(np.uint16), cfa, FrameInfo())
    assert benchmark(calibrator.calibrate, raw).pixels.shape == SIZE


def test_bare_subtract_and_multiply(bench: Bench, benchmark: Any) -> None:
    """What the calibration with dark and flat is compared with."""
    plane, dark = np.full(SIZE, 1500, np.float32), np.zeros(SIZE, np.float32)
    gain = np.ones(SIZE, np.float32)

    def strip(rows: slice) -> None:
        cv2.subtract(plane[rows], dark[rows], dst=plane[rows])
        cv2.multiply(plane[rows], gain[rows], dst=plane[rows])

    benchmark(bench.workers.strips, strip, SIZE[0], 64)


def test_find_stars(bench: Bench, benchmark: Any) -> None:
    raw = decode(bench.blobs[0], bench.config.decode, bench.workers)
    frame = calibrator_of(Masters(), bench).calibrate(raw)
    assert len(benchmark(StarFinder(bench.config.stars, bench.workers).find, frame)) > 50


def test_align(bench: Bench, benchmark: Any) -> None:
    calibrator = calibrator_of(Masters(), bench)
    finder = StarFinder(bench.config.stars, bench.workers)
    first, second = (
        finder.scene(calibrator.calibrate(decode(blob, bench.config.decode, bench.workers))) for blob in bench.blobs
    )
    transform = benchmark(ALIGNERS.get("asterism")(bench.config.align).register, second, first, None)
    np.testing.assert_allclose(transform.matrix[:2, 2], (-2.3, 1.1), atol=0.1)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_stack(bench: Bench, benchmark: Any, method: str) -> None:
    raw = decode(bench.blobs[0], bench.config.decode, bench.workers)
    frame = calibrator_of(Masters(), bench).calibrate(raw)
    stack = METHODS.get(method)(Extent(*SIZE, 3), bench.config.stack)
    angle = np.deg2rad(0.7)
    turn = Transform(np.array([[np.cos(angle), -np.sin(angle), 9], [np.sin(angle), np.cos(angle), -5], [0, 0, 1]]))
    sampling = Sampling(DEBAYERS.get("bilinear")())
    benchmark(integrate, PlacedSub(frame, turn), StackGrid.over(*SIZE), sampling, stack.update, bench.workers)
    assert stack.integration().coverage.max() >= 1
