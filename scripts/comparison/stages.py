"""Times the pipeline in this process, stage by stage, in turns with the bare primitives."""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import cv2

from comparison.floor import Floor
from comparison.night import Files, Night, write_night
from indistack.config import Config
from indistack.pipeline.calibrators import calibrator_factory
from indistack.pipeline.pipeline import Pipeline
from indistack.settings import load
from indistack.system.workers import Workers
from indistack.values.blob import Blob, Content
from indistack.values.outcome import Refused
from indistack.values.sub_report import SubReport

Times = dict[str, list[float]]


class TimedPipeline:
    """The pipeline with one stack method.

    Attributes
    ----------
    ms : dict of list
        Milliseconds by stage, and in all under ``"total"``, one number for each sub.
    """

    def __init__(self, method: str, files: Files, workers: Workers) -> None:
        overrides = [f'stack.method="{method}"', f'calibrate.dark=["{files.dark}"]', f'calibrate.flat=["{files.flat}"]']
        config = load(Config, None, overrides)
        self._pipeline = Pipeline(config, workers, calibrator_factory(config)(workers), lambda _: None)
        self.ms: Times = defaultdict(list)

    def take(self, data: bytes) -> SubReport:
        """Stack one sub; return its report.

        Raises
        ------
        RuntimeError
            The sub was refused: there is nothing to time.
        """
        blob = Blob(Content(data), ".fits", "simulator", "simulator.CCD1", datetime.now(UTC))
        begin_s = time.perf_counter()
        outcome = self._pipeline.process(blob)
        self.ms["total"].append(1e3 * (time.perf_counter() - begin_s))
        if isinstance(outcome, Refused):
            raise RuntimeError(f"a sub was refused: {outcome.reason} {outcome.detail}")
        for stage, ms in outcome.report.times.items():
            self.ms[stage].append(ms)
        return outcome.report


def time_stages(night: Night, methods: Sequence[str], cores: int) -> dict[str, Times]:
    """Return the times of each method and, under ``"floor"``, of the primitives; all take each sub in turns.

    The subs are read from files before the clock starts: what is measured goes from bytes to the sum.
    """
    with tempfile.TemporaryDirectory(prefix="night-") as name, Workers(cores) as workers:
        files = write_night(night, Path(name))
        pipelines = {method: TimedPipeline(method, files, workers) for method in methods}
        floor = Floor(files, night.scenario.cfa)
        for path in files.subs:
            data = path.read_bytes()
            cv2.setNumThreads(1)
            for pipeline in pipelines.values():
                place = pipeline.take(data).place
            cv2.setNumThreads(cores)
            assert place is not None
            floor.take(data, place.transform.matrix)
    return {"floor": floor.ms} | {method: pipeline.ms for method, pipeline in pipelines.items()}


def count_energy(night: Night, methods: Sequence[str], cores: int) -> dict[str, Times]:
    """Return what `time_stages` does in CPU milliseconds, those of all threads: what a computer is busy for a sub."""
    with mock.patch.object(time, "perf_counter", time.process_time):
        return time_stages(night, methods, cores)


def time_long_night(night: Night, method: str, cores: int) -> list[float]:
    """Return the milliseconds of every sub of a night too long for the disk."""
    with tempfile.TemporaryDirectory(prefix="night-") as name, Workers(cores) as workers:
        files = write_night(night.shortened(0), Path(name))
        cv2.setNumThreads(1)
        pipeline = TimedPipeline(method, files, workers)
        for index in range(night.n_subs):
            pipeline.take(night.observatory.expose(index=index).to_fits())
    return pipeline.ms["total"]


def median_ms(times: Times, stage: str, after: int) -> float:
    """Return the median of a stage, without the first subs, which pay for fresh memory; NaN if it never ran."""
    values = times.get(stage, [])[after:]
    return statistics.median(values) if values else math.nan
