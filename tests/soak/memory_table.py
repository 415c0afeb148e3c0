"""How fine stacks are made in so much memory, and how much of it they take: a table of method, stacks and bound."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import sys
from pathlib import Path

from tests.pipeline.night import make_sky
from tests.soak.figures import Clock, Figures
from tests.soak.memory_group import run, why_not

CAMERAS = {"24 MP RGGB": (6000, 4000, "RGGB"), "4 MP mono": (2328, 1760, "mono")}
METHODS, STACKS, BOUNDS_MB = ("mean", "sigma_clip", "median", "maximum"), (1, 2, 3, 4), (1000, 500, 2000, 300, 700)
SUBS, MOST_OF_BOUND = 6, 1.1


def soak(folder: Path, clock: Clock) -> Figures:
    """Stack a folder in a control group again and again; where there is none, with `--max-memory`."""
    figures, rows, by_group = Figures("memory held"), list[str](), not why_not()
    cases = list(itertools.product(BOUNDS_MB, METHODS, STACKS, CAMERAS))
    random.Random(1).shuffle(cases)  # a short soak sees a bit of all
    for bound_mb, method, stacks, camera in cases:
        if clock.is_over():
            break
        out = folder / "out"
        command = _command(_frames(folder, camera), out, method, stacks)
        bound = [] if by_group else ["--max-memory", str(bound_mb)]
        usage = run([*command, *bound], bound_mb * 1_000_000 if by_group else 0)
        row = f"{camera:<11} {method:<11} x{stacks} in {bound_mb:>5} MB: {usage.peak_mb:>5.0f} MB, {_told(out)}"
        rows.append(f"  {row}")
        figures.tries += 1
        if usage.status or usage.peak_mb > MOST_OF_BOUND * bound_mb:
            figures.faults.append(f"{row}, status {usage.status}: {usage.errors[-300:]}")
        shutil.rmtree(out, ignore_errors=True)
    means = "control groups" if by_group else "--max-memory"
    figures.note = "\n".join([f"{figures.tries} of {len(cases)} cases, by {means}", *rows])
    return figures


def _frames(folder: Path, camera: str) -> Path:
    frames = folder / camera.replace(" ", "-")
    if frames.exists():
        return frames
    frames.mkdir()
    width, height, cfa = CAMERAS[camera]
    sky = make_sky(width_px=width, height_px=height, cfa=cfa, n_stars=1000, mag_max=12.0, drift_px_per_sub=(3.3, -2.1))
    for number in range(SUBS):
        (frames / f"{number}.fits").write_bytes(sky.expose().to_fits())
    return frames


def _command(frames: Path, out: Path, method: str, stacks: int) -> list[str | Path]:
    settings = [
        f"stack.method={method}", "stack.opening=4", "stack.keep_up=false", "spool.min_free_gb=0",
        "publish.interval_s=0", *(f"branches.b{number}.method={method}" for number in range(1, stacks)),
    ]  # fmt: skip
    words = [word for setting in settings for word in ("--set", setting)]
    watch = [
        sys.executable,
        "-m",
        "indistack",
        "watch",
        frames,
        "--output-dir",
        out,
        "--max-subs",
        str(SUBS),
        "--listen",
        "off",
    ]
    return [*watch, *words]


def _told(out: Path) -> str:
    try:
        status = json.loads((out / "status.json").read_text())
    except (OSError, ValueError):
        return "no status"
    return f"{status['n_subs']} of {SUBS} subs, {status['rung'] or status['refusals']}"
