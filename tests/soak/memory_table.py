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
METHODS = {
    "mean": (),
    "sigma_clip": (),
    "median": (),
    "maximum": (),
    "drizzle": ("stack.drizzle=1",),
    "drizzle 2": ("stack.drizzle=2",),
}
"""Settings of each beside its name, which is that of a stacking method, or a mean is made."""
STACKS, BOUNDS_MB = (1, 2, 3, 4), (1000, 400, 2000, 300, 700, 1500)
SUBS, MOST_OF_BOUND = 6, 1.1
GROUP, ASKED = "group", "asked"
"""How memory is bounded: by a control group, whose kernel kills, or by `--max-memory`, which only the agent knows."""


def soak(folder: Path, clock: Clock) -> Figures:
    """Stack a folder in control groups, where there are any, and with `--max-memory`, again and again."""
    figures, rows, ways = Figures("memory held"), list[str](), [ASKED] if why_not() else [GROUP, ASKED]
    cases = list(itertools.product(BOUNDS_MB, METHODS, STACKS, CAMERAS, ways))
    random.Random(1).shuffle(cases)  # a short soak sees a bit of all
    for bound_mb, method, stacks, camera, way in cases:
        if clock.is_over():
            break
        out = folder / "out"
        command = _command(_frames(folder, camera), out, method, stacks)
        bound = ["--max-memory", str(bound_mb)] if way == ASKED else []
        usage = run([*command, *bound], bound_mb * 1_000_000 if way == GROUP else 0)
        row = f"{camera:<11} {method:<10} x{stacks} {way} {bound_mb:>5} MB: {usage.peak_mb:>5.0f} MB, {_told(out)}"
        rows.append(f"  {row}")
        figures.tries += 1
        if usage.status or usage.peak_mb > MOST_OF_BOUND * bound_mb:
            figures.faults.append(f"{row}, status {usage.status}: {usage.errors[-300:]}")
        shutil.rmtree(out, ignore_errors=True)
    figures.note = "\n".join([f"{figures.tries} of {len(cases)} cases, by {', '.join(ways)}", *rows])
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


def _command(frames: Path, out: Path, name: str, stacks: int) -> list[str | Path]:
    method = name.split()[0].replace("drizzle", "mean")
    settings = [
        f"stack.method={method}", "stack.opening=4", "stack.keep_up=false", "spool.min_free_gb=0", *METHODS[name],
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
