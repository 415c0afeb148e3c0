"""The agent, and what hands it frames, are killed at random instants."""

from __future__ import annotations

from pathlib import Path

from tests.pipeline.night import make_sky
from tests.pipeline.test_power_cuts import NIGHTS, crash, lines_of
from tests.soak.figures import Clock, Figures

KILLS, SUBS = 25, 10


def frames(folder: Path) -> Path:
    """Write some subs, one of them no picture."""
    folder.mkdir()
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    for number in range(SUBS):
        data = sky.expose().to_fits()
        (folder / f"{number:02d}.fits").write_bytes(data if number != 2 else data[:3000])
    return folder


def soak(folder: Path, clock: Clock) -> Figures:
    """Kill an agent again and again until it has stacked a folder; each round another kind of stack."""
    figures, subs = Figures("agent killed at random"), frames(folder / "frames")
    kinds = list(NIGHTS)
    rounds = 0
    while not clock.is_over():
        out = folder / f"{rounds}"
        try:
            figures.tries += crash(subs, out, KILLS, rounds, *NIGHTS[kinds[rounds % len(kinds)]])
        except AssertionError as error:
            figures.faults.append(str(error)[-400:])
        rounds += 1
        figures.delivered += SUBS
        lines = [line["number"] for line in lines_of(out)] if list(out.glob("sessions/*/ledger.jsonl")) else []
        figures.lines += len(set(lines))
        if lines != list(range(1, SUBS + 1)):
            figures.faults.append(f"round {rounds}: lines {lines}")
    figures.note = f"{rounds} sessions, {len(kinds)} kinds of stacks"
    return figures
