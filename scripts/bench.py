"""Times the way of one sub, file bytes to accumulated, beside the bare OpenCV/NumPy primitives in the same run.

The floor is what anyone would write with whole frames: decode, subtract and divide, demosaic, cubic warp, weighted
mean, and sep's background and extraction on the 2x2-binned plane. Both sides take turns, sub by sub, so that a noisy
machine hits them alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from indistack.calibration import calibrator_factory
from indistack.config import Config
from indistack.frame import Blob, Refused
from indistack.pipeline import Pipeline
from indistack.settings import load
from indistack.workers import Workers
from simulators.observatory import Observatory
from simulators.scenario import Scenario

CORES = 2


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subs", type=int, default=10)
    parser.add_argument("--megapixels", type=int, choices=(4, 24), default=24)
    parser.add_argument("--mono", action="store_true")
    options = parser.parse_args()
    scenario = _scenario(options.megapixels, options.mono)
    _compare(scenario, options.subs)
    _print_memory(scenario, options.subs)
    return 0


def _scenario(megapixels: int, mono: bool) -> Scenario:
    width, height = {4: (2328, 1760), 24: (6000, 4000)}[megapixels]
    return Scenario(
        width_px=width,
        height_px=height,
        cfa="mono" if mono else "RGGB",
        n_stars=1500 * megapixels // 24,
        drift_px_per_sub=(2.3, -1.1),
        rotation_deg_per_sub=0.15,
        seed=7,
    )


def _blob(data: bytes) -> Blob:
    return Blob(data, ".fits", "simulator", "simulator.CCD1", datetime.now(UTC))


def _masters(observatory: Observatory, folder: Path) -> dict[str, Path]:
    """Write one dark and one flat as files."""
    exposure_s = observatory.expose().truth.exposure_s
    frames = {"dark": observatory.expose("dark", exposure_s=exposure_s), "flat": observatory.expose("flat")}
    paths = {kind: folder / f"{kind}.fits" for kind in frames}
    for kind, path in paths.items():
        path.write_bytes(frames[kind].to_fits())
    return paths


def _pipeline(masters: dict[str, Path], workers: Workers) -> Pipeline:
    config = load(Config, None, [f'calibrate.{kind}=["{path}"]' for kind, path in masters.items()])
    return Pipeline(config, workers, calibrator_factory(config)(workers), lambda _: None)


def _compare(scenario: Scenario, n_subs: int) -> None:
    observatory = Observatory(scenario)
    with tempfile.TemporaryDirectory() as name, Workers(CORES) as workers:
        masters = _masters(observatory, Path(name))
        pipeline = _pipeline(masters, workers)
        floor = Floor(masters, scenario.cfa)
        ours: dict[str, list[float]] = defaultdict(list)
        for number in range(n_subs + 1):
            data = observatory.expose().to_fits()
            cv2.setNumThreads(1)
            begin = time.perf_counter()
            outcome = pipeline.process(_blob(data))
            total = 1e3 * (time.perf_counter() - begin)
            if isinstance(outcome, Refused):
                raise SystemExit(f"sub {number} was refused: {outcome.reason} {outcome.detail}")
            if number:  # the first sub of each side pays for fresh memory
                ours["total"].append(total)
                for stage, ms in outcome.numbers["stage_ms"].items():
                    ours[stage].append(ms)
            cv2.setNumThreads(CORES)
            floor.take(data, np.array(outcome.numbers["transform"]), count=number > 0)
        _print_table(ours, floor.ms, scenario, n_subs)


class Floor:
    """The bare primitives on whole frames."""

    def __init__(self, masters: dict[str, Path], cfa: str) -> None:
        import sep

        sep.set_extract_pixstack(3_000_000)
        self._sep = sep
        self._cfa = None if cfa == "mono" else cfa
        self._dark = self._decode(masters["dark"].read_bytes()).astype(np.float32)
        flat = self._decode(masters["flat"].read_bytes()).astype(np.float32)
        self._inverse_flat = (flat.mean() / flat).astype(np.float32)
        self._mean: np.ndarray | None = None
        self._n = 0
        self.ms: dict[str, list[float]] = defaultdict(list)

    def take(self, data: bytes, transform: np.ndarray, count: bool) -> None:
        """One sub, timed by stages."""
        ms: dict[str, float] = {}
        raw = self._timed(ms, "decode", lambda: self._decode(data))
        plane = self._timed(ms, "calibrate", lambda: (raw - self._dark) * self._inverse_flat)
        self._timed(ms, "stars", lambda: self._stars(plane))
        self._timed(ms, "stack", lambda: self._stack(plane, transform))
        ms["total"] = sum(ms.values())
        if count:
            for stage, value in ms.items():
                self.ms[stage].append(value)

    def _decode(self, data: bytes) -> np.ndarray:
        header = data[: data.index(b"END" + b" " * 77)].decode("ascii")
        cards = {header[i : i + 8].strip(): header[i + 10 : i + 30].strip() for i in range(0, len(header), 80)}
        start = -(-(len(header) + 80) // 2880) * 2880
        width, height = int(cards["NAXIS1"]), int(cards["NAXIS2"])
        stored = np.frombuffer(data, ">i2", width * height, start).reshape(height, width)
        return (stored.astype(np.int16) ^ np.int16(-32768)).view(np.uint16)

    def _stars(self, plane: np.ndarray) -> None:
        height, width = plane.shape
        half = cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        background = self._sep.Background(half)
        self._sep.extract(half - background.back(), 5.0, err=background.globalrms)

    def _stack(self, plane: np.ndarray, transform: np.ndarray) -> None:
        if self._cfa:
            stored = cv2.add(plane, 500.0, dtype=cv2.CV_16U)
            picture = cv2.cvtColor(stored, getattr(cv2, f"COLOR_Bayer{self._cfa}2RGB")).astype(np.float32)
        else:
            picture = plane
        size = (plane.shape[1], plane.shape[0])
        warped = cv2.warpAffine(picture, transform[:2], size, flags=cv2.INTER_CUBIC)
        if self._mean is None:
            self._mean = np.zeros_like(warped)
        self._n += 1
        cv2.accumulateWeighted(warped, self._mean, 1 / self._n)

    @staticmethod
    def _timed(ms: dict[str, float], stage: str, work: Callable[[], np.ndarray | None]) -> np.ndarray:
        begin = time.perf_counter()
        result = work()
        ms[stage] = 1e3 * (time.perf_counter() - begin)
        return result  # type: ignore[return-value]


def _print_memory(scenario: Scenario, n_subs: int) -> None:
    """Stack files with the command, as a user would, and print its peak memory."""
    observatory = Observatory(scenario)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        masters = _masters(observatory, folder)
        for number in range(n_subs):
            (folder / f"sub-{number:03d}.fits").write_bytes(observatory.expose().to_fits())
        command = [sys.executable, "-m", "indistack", "stack", str(folder / "sub-*.fits")]
        command += ["--report", str(folder / "report.json"), "--jobs", str(CORES)]
        command += [word for kind, path in masters.items() for word in (f"--{kind}", str(path))]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        stack = json.loads((folder / "report.json").read_text())["stack"]
    print(f"peak memory of the whole process, {stack['n_subs']} subs: {stack['peak_rss_mb']:.0f} MB")


def _print_table(ours: dict[str, list[float]], floor: dict[str, list[float]], scenario: Scenario, n_subs: int) -> None:
    size = f"{scenario.width_px} x {scenario.height_px} {scenario.cfa}"
    print(f"{size}, dark and flat, median of {n_subs} subs, ms")
    print(f"{'stage':12s}{'indistack':>12s}{'floor':>12s}{'ratio':>8s}")
    for stage in ("decode", "calibrate", "stars", "align", "stack", "total"):
        mine = statistics.median(ours[stage]) if ours.get(stage) else float("nan")
        bare = statistics.median(floor[stage]) if floor.get(stage) else float("nan")
        print(f"{stage:12s}{mine:12.1f}{bare:12.1f}{mine / bare:8.2f}")


if __name__ == "__main__":
    sys.exit(main())
