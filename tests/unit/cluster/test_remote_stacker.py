"""Work that is shared out gives what one process gives, by every method; the workers are this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack import batch
from indistack.cluster import tasks
from indistack.cluster.base import CalibratedSub, Cluster, Memory, PartialStack, SeenSub, StackTask
from indistack.cluster.dask_cluster import as_by_many
from indistack.cluster.remote_preparer import RemotePreparer
from indistack.cluster.remote_stacker import RemoteStacker
from indistack.config import Config
from indistack.output import snapshots
from indistack.pipeline.calibrators import calibrator_factory
from indistack.pipeline.processing import LocalProcessing
from indistack.raster.boxes import SIDE_PX
from indistack.settings import load
from indistack.sources import read_blob
from indistack.stack import METHODS
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, DoubleArray, FloatArray
from indistack.values.outcome import Refused
from tests.pipeline.night import make_sky

SUBS, HEIGHT_PX = 6, SIDE_PX + 60
HOT: dict[str, Any] = {"hot_pixel_fraction": 0.001, "hot_pixel_e_per_s": 400.0}


class FakeCluster(Cluster):
    """Three workers that this process is one after the other."""

    def __init__(self, config: Config) -> None:
        self.settings = config.model_dump_json()
        self.memory: Memory | None = None
        self.subs: dict[Path, SeenSub] = {}
        self.tasks: list[StackTask] = []

    def seen(self, path: Path) -> SeenSub | Refused:
        sub = tasks.calibrate(self.settings, tasks.read(self.settings, path), self.memory)
        self.memory = tasks.memory_after(sub, self.memory)
        seen = tasks.see(self.settings, sub)
        assert isinstance(seen, SeenSub)
        self.subs[path] = seen
        return tasks.outline(seen)

    def sky(self, path: Path, xy: DoubleArray) -> DoubleArray:
        return tasks.sky(self.subs[path], xy)

    def stack(self, wanted: Sequence[StackTask]) -> Iterator[dict[str, PartialStack]]:
        self.tasks += wanted
        return (tasks.stack(self.settings, task, self.memory) for task in wanted)

    def n_workers(self) -> int:
        return 3


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("night")
    sky = make_sky(width_px=300, height_px=HEIGHT_PX, drift_px_per_sub=(2.5, 1.5), rotation_deg_per_sub=0.1, **HOT)
    files = [folder / f"{number}.fits" for number in range(SUBS)]
    for path in files:
        path.write_bytes(sky.expose().to_fits())
    return files


def config_of(method: str) -> Config:
    words = [f"stack.method={method}", "stack.jobs=2", "calibrate.hot_pixels=true", "calibrate.library="]
    return batch.for_one_picture(as_by_many(load(Config, None, words)))


def alone(config: Config, files: Sequence[Path]) -> FloatArray:
    with Workers(2) as workers:
        return stacked(LocalProcessing(calibrator_factory(config)).pipeline(config, workers), files)


def stacked(pipeline: batch.Pipeline, files: Sequence[Path]) -> FloatArray:
    for path in files:
        assert pipeline.process(read_blob(path, "test")).word == "accepted"
    assert pipeline.session is not None
    pipeline.session.complete()
    assert pipeline.session.n_subs == len(files)
    return snapshots.snapshot(pipeline.session).picture.rows(slice(None))


def by_cluster(config: Config, cluster: Cluster, files: Sequence[Path]) -> FloatArray:
    new_stacker = partial(RemoteStacker, cluster)
    with Workers(2) as workers:
        unused = calibrator_factory(config)(workers)
        options = {"preparer": RemotePreparer(cluster), "new_stacker": new_stacker}
        return stacked(batch.Pipeline(config, workers, unused, lambda _: None, skip_repeats=False, **options), files)


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(set(METHODS) - {"comet"}))  # that one must be told how the comet moves
def test_every_method_gives_the_same_picture(night: list[Path], method: str) -> None:
    config = config_of(method)
    cluster = FakeCluster(config)
    picture = by_cluster(config, cluster, night)
    expected = alone(config, night)
    if all(len(task.subs) == SUBS for task in cluster.tasks):  # bands
        np.testing.assert_array_equal(picture, expected)
    else:
        np.testing.assert_allclose(picture, expected, rtol=1e-5, atol=1e-3)


def test_subs_that_are_too_few_for_the_opening_are_all_combined(night: list[Path]) -> None:
    config, few = config_of("sigma_clip"), night[:3]
    np.testing.assert_array_equal(by_cluster(config, FakeCluster(config), few), alone(config, few))


def test_stacks_that_can_be_merged_are_shared_out_by_subs_and_others_by_bands_of_whole_tiles(night: list[Path]) -> None:
    for method, by_subs in (("mean", True), ("sigma_clip", False)):
        config = config_of(method)
        cluster = FakeCluster(config)
        by_cluster(config, cluster, night)
        assert len(cluster.tasks) > 1
        heights = [task.grid.height for task in cluster.tasks]
        if by_subs:
            assert sum(len(task.subs) for task in cluster.tasks) == SUBS
            assert set(heights) == {HEIGHT_PX}
        else:
            assert sum(heights) == HEIGHT_PX
            assert all(height % SIDE_PX == 0 for height in heights[:-1])


def test_subs_with_the_same_bad_pixels_share_one_array(night: list[Path]) -> None:
    config = load(Config, None, ["calibrate.hot_pixels=false", "calibrate.library=", "align.grow_reference=false"])
    cluster = FakeCluster(config)
    by_cluster(config, cluster, night)
    assert len({id(sub.mended) for task in cluster.tasks for sub in task.subs}) == 1


def test_a_sub_is_calibrated_alike_however_often_and_after_whatever(night: list[Path]) -> None:
    settings = load(Config, None, ["calibrate.hot_pixels=true", "calibrate.library="]).model_dump_json()
    memory = None
    for path in night[:3]:
        memory = tasks.memory_after(tasks.calibrate(settings, tasks.read(settings, path), memory), memory)
    raw = tasks.read(settings, night[4])
    first = tasks.calibrate(settings, raw, memory)
    for path in night:
        tasks.calibrate(settings, tasks.read(settings, path), None)
    again = tasks.calibrate(settings, raw, memory)
    frames = [sub.frame for sub in (first, again) if isinstance(sub, CalibratedSub)]
    one, other = (frame for frame in frames if isinstance(frame, CalibratedFrame))
    assert one.mended.size > 0
    np.testing.assert_array_equal(one.pixels, other.pixels)
    np.testing.assert_array_equal(one.mended, other.mended)


def test_what_is_no_frame_is_passed_on_and_teaches_nothing(tmp_path: Path) -> None:
    settings = Config().model_dump_json()
    path = tmp_path / "sub.fits"
    path.write_text("no picture")
    sub = tasks.calibrate(settings, tasks.read(settings, path), None)
    seen = tasks.outline(tasks.see(settings, sub))
    assert isinstance(seen, Refused)
    assert seen.reason == "not_a_frame"
    memory: Memory = ({"scales": []}, {})
    assert tasks.memory_after(sub, memory) is memory
