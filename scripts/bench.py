"""Measures how fast indistack is and how much memory it takes.

The way of a sub from file bytes to accumulated, beside the bare OpenCV/NumPy primitives in the same run; the memory of
the whole process; the cost of a sub in a long night (--flat); other stackers (--peers).
"""

from __future__ import annotations

import argparse
import socket
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from comparison.contest import FEWEST_SUBS, format_rows, run_contest
from comparison.latency import measure_latency
from comparison.night import ROTATION_DEG, SIZES_PX, TRACKED_DEG, Night, make_night, make_quiet_night, write_night
from comparison.page import watch_night
from comparison.peers import known_peers
from comparison.peers.base import SAID
from comparison.peers.indistack import Indistack
from comparison.pictures import LIVE_PX, colour_stack, time_operators, time_picture
from comparison.process import run_measured
from comparison.receiving import AS_MEMORY, can_receive, measure_receiving
from comparison.stages import Times, count_energy, median_ms, time_long_night, time_stages
from comparison.table import format_table, number

from indistack.stack import METHODS

CORES = 2
STAGES = ("decode", "calibrate", "stars", "align", "match", "stack", "total")
# What each method is to stay below at 24 MP in colour: its share of the primitives' time, and its memory.
MOST_OF_FLOOR = {"mean": 0.65, "sigma_clip": 0.9}
MOST_OF_FLOOR_TRACKED = {"mean": 0.45, "sigma_clip": 0.7}
MOST_MB = {"mean": 800.0, "sigma_clip": 1200.0}
# A sub late in a long night against an early one: flat, but for the noise of the clock.
MOST_OF_EARLY = 1.1
OUR_MEAN = Indistack("mean").name
# What the mean is to stay below, as a share of the fastest seiza's time for each further sub.
MOST_OF_SEIZA = {(24, "RGGB"): 0.2, (4, "mono"): 0.6}
LONG_NIGHT_SUBS = 1000
WINDOW_SUBS = 50
RECEIVED = 10
MOST_MS_AS_MEMORY = 60.0
LATENCY_MEGAPIXELS, LATENCY_SUBS, MOST_LATENCY_MS = 16, 10, 1000.0
PAGE_MEGAPIXELS, PAGE_SUBS, PAGE_PHONES, MOST_PAGE_MS, MOST_GROWTH = 4, 26, 30, 500.0, 1.1
PAGE_PAUSES_S = 3.0, 0.5  # longer than the shortest time between two pictures; one sub a second or so
WARM_UP_SUBS = 6  # fresh memory, and the first subs that sigma_clip combines anew with each further one


@dataclass(frozen=True, slots=True)
class Limit:
    """A number and what it is to stay below."""

    what: str
    value: float
    most: float


def main() -> int:
    """Run what was asked for, print its tables, and what of it has a limit."""
    options = _parse()
    if options.latency:
        return _latency()
    if options.page:
        return _page()
    if options.receive:
        return _receiving(SIZES_PX[options.megapixels])
    if options.picture:
        return _pictures()
    cfa = "mono" if options.mono else "RGGB"
    methods = [method for method in MOST_OF_FLOOR if method in METHODS]
    rotation_deg = TRACKED_DEG if options.tracked else ROTATION_DEG
    night = make_night(options.megapixels, cfa, options.subs, rotation_deg=rotation_deg)
    size = f"{night.scenario.width_px} x {night.scenario.height_px} {cfa}"
    print(f"{size}, {options.subs} subs, dark and flat, rotation {rotation_deg:g} deg, {CORES} cores")
    if options.energy:
        _energy(night, methods)
        return 0
    limits = [*_stages(night, methods), *_memory(night, methods)]
    if options.megapixels != 24 or options.mono:
        limits = []  # they are about 24 MP in colour
    if options.flat:
        limits += _long_nights(cfa, methods)
    if options.peers:
        limits += _peers(night, options)
    _print_limits(limits)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subs", type=int, default=20, help=f"at least {FEWEST_SUBS}")
    parser.add_argument("--megapixels", type=int, choices=SIZES_PX, default=24)
    parser.add_argument("--mono", action="store_true")
    parser.add_argument("--tracked", action="store_true", help="a mount that hardly lets the field turn")
    parser.add_argument("--energy", action="store_true", help="only CPU milliseconds a megapixel, stage by stage")
    parser.add_argument("--flat", action="store_true", help=f"cost of a sub from the 10th to number {LONG_NIGHT_SUBS}")
    parser.add_argument("--receive", action="store_true", help="a frame from a real indiserver, by TCP and as memory")
    parser.add_argument("--latency", action="store_true", help="from a sub to the new stack at a client of the device")
    parser.add_argument("--page", action="store_true", help="from a sub to its picture on a phone; what phones take")
    parser.add_argument("--picture", action="store_true", help="what the picture for people costs, and each operator")
    parser.add_argument("--peers", action="store_true", help="beside other stackers, whole processes")
    parser.add_argument("--rounds", type=int, default=3, help="of the peers, all in turns")
    return parser.parse_args()


def _pictures() -> int:
    stack = colour_stack()
    costs = {side_px: time_picture(stack, side_px) for side_px in LIVE_PX}
    heads = ["24 MP, ms", *(f"{side_px} px: {what}" for side_px in LIVE_PX for what in ("wall", "CPU"))]
    steps = list(costs[LIVE_PX[0]])
    print(
        format_table(
            heads, [[step, *(number(ms, 1) for side in LIVE_PX for ms in costs[side][step])] for step in steps]
        )
    )
    operators = time_operators(stack.copy(LIVE_PX[0]).binned(1))
    rows = [[name, number(wall, 1), number(cpu, 1)] for name, (wall, cpu) in operators.items()]
    print(format_table([f"operators at {LIVE_PX[0]} px, ms", "wall", "CPU"], rows))
    return 0


def _stages(night: Night, methods: Sequence[str]) -> list[Limit]:
    medians = _medians(time_stages(night.uneventful(), methods, CORES))
    floor = medians["floor"]
    heads = ["ms a sub", "floor", *(head for method in methods for head in (method, "ratio")), ""]
    rows = []
    for stage in STAGES:
        cells = [text for method in methods for text in _beside(medians[method][stage], floor[stage])]
        rows.append([stage, number(floor[stage], 1), *cells, ""])
    print(format_table(heads, rows))
    turned = night.scenario.rotation_deg_per_sub * (night.n_subs - 1) > TRACKED_DEG
    return [
        Limit(f"{method}: time of a sub, of the primitives'", medians[method]["total"] / floor["total"], most)
        for method, most in (MOST_OF_FLOOR if turned else MOST_OF_FLOOR_TRACKED).items()
        if method in methods
    ]


def _energy(night: Night, methods: Sequence[str]) -> None:
    """Print how long processors are busy for a megapixel, whatever the size of a sub and the number of cores."""
    medians = _medians(count_energy(night.uneventful(), methods, CORES))
    megapixels = night.scenario.width_px * night.scenario.height_px / 1e6
    rows = [[stage, *(number(stages[stage] / megapixels, 2) for stages in medians.values()), ""] for stage in STAGES]
    print(format_table(["CPU ms a megapixel", *medians, ""], rows))


def _medians(times: Mapping[str, Times]) -> dict[str, dict[str, float]]:
    """The later subs' medians, by side and stage."""
    return {side: {stage: median_ms(ms, stage, WARM_UP_SUBS) for stage in STAGES} for side, ms in times.items()}


def _beside(ms: float, floor_ms: float) -> list[str]:
    return [number(ms, 1), number(ms / floor_ms, 2)]


def _memory(night: Night, methods: Sequence[str]) -> list[Limit]:
    """Stack files with the command, as a user would."""
    limits = []
    with tempfile.TemporaryDirectory(prefix="night-") as name:
        folder = Path(name)
        files = write_night(night, folder)
        for method in methods:
            usage = run_measured(Indistack(method, CORES).command(files, folder), folder / SAID)
            print(f"{method}: whole process {usage.wall_s:.1f} s, {usage.cpu_s:.1f} s CPU, {usage.peak_mb:.0f} MB")
            limits.append(Limit(f"{method}: memory of the process, MB", usage.peak_mb, MOST_MB[method]))
    return limits


def _long_nights(cfa: str, methods: Sequence[str]) -> list[Limit]:
    limits = []
    night = make_quiet_night(1, cfa, LONG_NIGHT_SUBS)
    for method in methods:
        ms = time_long_night(night, method, CORES)
        early, late = (statistics.median(window) for window in (ms[9 : 9 + WINDOW_SUBS], ms[-WINDOW_SUBS:]))
        print(f"{method}, 1 MP: {early:.1f} ms a sub from the 10th on, {late:.1f} ms at number {LONG_NIGHT_SUBS}")
        limits.append(Limit(f"{method}: sub {LONG_NIGHT_SUBS}, of the 10th's time", late / early, MOST_OF_EARLY))
    return limits


def _peers(night: Night, options: argparse.Namespace) -> list[Limit]:
    rows = run_contest(night, known_peers(not options.mono), options.rounds, lambda name: print(f"... {name}"))
    print(format_rows(rows))
    sub_s = {row.name: row.cost.sub_s for row in rows if row.cost is not None}
    seiza_s = min((value for name, value in sub_s.items() if name.startswith("seiza")), default=None)
    most = MOST_OF_SEIZA.get((options.megapixels, night.scenario.cfa))
    if most is None or seiza_s is None or OUR_MEAN not in sub_s:
        return []
    return [Limit("mean: each further sub, of the faster seiza's", sub_s[OUR_MEAN] / seiza_s, most)]


def _receiving(size_px: tuple[int, int]) -> int:
    """Receive from a server of our own."""
    if not can_receive():
        print("skipped: needs indiserver and its simulators (Debian's indi-bin)")
        return 0
    with tempfile.TemporaryDirectory(prefix="server-") as name, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        costs = measure_receiving(Path(name), port, size_px, RECEIVED)
    heads = [f"{size_px[0]} x {size_px[1]}, 16 bits", "our CPU ms", "server's CPU ms", "s a frame", ""]
    print(
        format_table(
            heads, [[c.way, number(c.ours_ms, 0), number(c.server_ms, 0), number(c.wall_s, 2), ""] for c in costs]
        )
    )
    as_memory = next(cost for cost in costs if cost.way == AS_MEMORY)
    _print_limits([Limit("CPU ms to receive a frame as memory", as_memory.ours_ms, MOST_MS_AS_MEMORY)])
    return 0


def _latency() -> int:
    """Take a picture of the device after each sub of 16 MP in colour."""
    if not can_receive():
        print("skipped: needs indiserver (Debian's indi-bin)")
        return 0
    with tempfile.TemporaryDirectory(prefix="device-") as name, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        night = make_night(LATENCY_MEGAPIXELS, "RGGB", LATENCY_SUBS).uneventful()
        (folder := Path(name, "night")).mkdir()
        rows = measure_latency(Path(name), port, write_night(night, folder).subs)
    heads = ["sub, 16 MP RGGB", "ms until a client has the stack", "driver's CPU ms", "server's CPU ms", ""]
    print(format_table(heads, [[str(r.sub), *(number(ms, 0) for ms in r[1:]), ""] for r in rows]))
    later = [row.ms for row in rows[WARM_UP_SUBS:]]
    _print_limits([Limit("slowest after the first, ms", max(later), MOST_LATENCY_MS)])
    return 0


def _page() -> int:
    """Have phones look at subs of 4 MP in colour as they are stacked."""
    with tempfile.TemporaryDirectory(prefix="page-") as name:
        night = make_night(PAGE_MEGAPIXELS, "RGGB", PAGE_SUBS).uneventful()
        (folder := Path(name, "night")).mkdir()
        files = write_night(night, folder).subs
        slow, quick = PAGE_PAUSES_S
        rows = watch_night(Path(name, "one"), files, 1, WARM_UP_SUBS, slow).subs
        agent_ms = [watch_night(Path(name, str(n)), files, n, WARM_UP_SUBS, quick).agent_ms for n in (0, PAGE_PHONES)]
    heads = ["sub, 4 MP RGGB", "ms until a phone has the picture", "of them loading", "bytes", ""]
    print(format_table(heads, [[str(row.sub), *(number(value, 0) for value in row[1:]), ""] for row in rows]))
    print(f"agent: {agent_ms[0]:.0f} CPU ms a sub, {agent_ms[1]:.0f} while {PAGE_PHONES} phones look on")
    _print_limits(
        [
            Limit("median after the first, ms", statistics.median(row.ms for row in rows), MOST_PAGE_MS),
            Limit("agent's time while phones look on", agent_ms[1] / agent_ms[0], MOST_GROWTH),
        ]
    )
    return 0


def _print_limits(limits: Sequence[Limit]) -> None:
    verdicts = [(limit, "held" if limit.value <= limit.most else "MISSED") for limit in limits]
    rows = [[limit.what, f"{limit.value:.2f}", f"{limit.most:g}", verdict] for limit, verdict in verdicts]
    if rows:
        print(format_table(["limits", "is", "at most", ""], rows))


if __name__ == "__main__":
    sys.exit(main())
