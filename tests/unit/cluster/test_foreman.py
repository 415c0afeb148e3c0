"""Work that is shared out gives what one process gives, by every method; the workers are this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from indistack import batch
from indistack.cluster import bench
from indistack.cluster.bench import Part, Setup, Share, Sight
from indistack.cluster.crew import as_by_many
from indistack.cluster.foreman import Foreman, Hands
from indistack.config import Config
from indistack.output import snapshots
from indistack.pipeline.calibrators import calibrator_factory
from indistack.raster.tiles import SIDE_PX
from indistack.settings import load
from indistack.sources import read_blob
from indistack.stack import METHODS
from indistack.system.workers import Workers
from indistack.values.frame import DoubleArray, FloatArray
from indistack.values.outcome import Refused
from tests.pipeline.night import make_sky

SUBS = 6


class FakeHands(Hands):
    """Three workers that this process is one after the other."""

    def __init__(self, config: Config, files: Sequence[Path]) -> None:
        self.setup = Setup(config.model_dump_json(), tuple(files))
        self.shares: list[Share] = []

    def sight(self, path: Path) -> Sight | Refused:
        return bench.outline(bench.see(self.setup, path))

    def levels(self, path: Path, xy: DoubleArray) -> DoubleArray:
        sight = bench.see(self.setup, path)
        assert isinstance(sight, Sight)
        return bench.levels(sight, xy)

    def integrate(self, shares: Sequence[Share]) -> Iterator[dict[str, Part]]:
        self.shares += shares
        return (bench.integrate(self.setup, share) for share in shares)

    def count(self) -> int:
        return 3


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("night")
    sky = make_sky(width_px=400, height_px=300, drift_px_per_sub=(2.5, 1.5), rotation_deg_per_sub=0.1)
    files = [folder / f"{number}.fits" for number in range(SUBS)]
    for path in files:
        path.write_bytes(sky.expose().to_fits())
    return files


def config_of(method: str) -> Config:
    words = [f"stack.method={method}", "stack.jobs=2", "calibrate.hot_pixels=false", "calibrate.library="]
    return batch.one_picture(as_by_many(load(Config, None, words)))


def alone(config: Config, files: Sequence[Path]) -> FloatArray:
    with Workers(2) as workers:
        return stacked(batch.Alone(calibrator_factory(config)).pipeline(config, workers), files)


def stacked(pipeline: batch.Pipeline, files: Sequence[Path]) -> FloatArray:
    for path in files:
        assert pipeline.process(read_blob(path, "test")).word == "accepted"
    assert pipeline.session is not None
    pipeline.session.complete()
    assert pipeline.session.n_subs == len(files)
    return snapshots.snapshot(pipeline.session).picture.rows(slice(None))


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(set(METHODS) - {"comet"}))  # that one must be told how the comet moves
def test_every_method_gives_the_same_picture(night: list[Path], method: str) -> None:
    config = config_of(method)
    hands = FakeHands(config, night)
    with Workers(2) as workers:
        picture = stacked(Foreman(config, workers, hands), night)
    expected = alone(config, night)
    if all(len(share.entries) == SUBS for share in hands.shares):  # bands
        np.testing.assert_array_equal(picture, expected)
    else:
        np.testing.assert_allclose(picture, expected, rtol=1e-5, atol=1e-3)


def test_stacks_that_can_be_merged_are_shared_out_by_subs_and_others_by_bands_of_whole_tiles(night: list[Path]) -> None:
    for method, by_subs in (("mean", True), ("sigma_clip", False)):
        config = config_of(method)
        hands = FakeHands(config, night)
        with Workers(2) as workers:
            stacked(Foreman(config, workers, hands), night)
        assert len(hands.shares) > 1
        heights = [share.grid.height for share in hands.shares]
        if by_subs:
            assert sum(len(share.entries) for share in hands.shares) == SUBS
            assert set(heights) == {300}
        else:
            assert sum(heights) == 300
            assert all(height % SIDE_PX == 0 for height in heights[:-1])


def test_a_sub_is_calibrated_alike_however_often_and_after_whatever(night: list[Path]) -> None:
    noisy = load(Config, None, ["calibrate.hot_pixels=true", "calibrate.library="])
    setup = Setup(noisy.model_dump_json(), tuple(night[:3]))
    first = bench.see(setup, night[4])
    for path in night:
        bench.see(setup, path)
    again = bench.see(setup, night[4])
    assert isinstance(first, Sight)
    assert isinstance(again, Sight)
    assert first.seen is not None
    assert again.seen is not None
    np.testing.assert_array_equal(first.seen.frame.pixels, again.seen.frame.pixels)
    np.testing.assert_array_equal(first.seen.frame.mended, again.seen.frame.mended)
