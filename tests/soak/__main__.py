"""Repeats what may happen to an agent, in bounded time, and prints what came of it; see scripts/soak."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.soak import damage, device, disks, hostile, kills, many, memory_table, receivers
from tests.soak.figures import HEADS, Clock, Figures

PARTS: dict[str, tuple[float, Callable[[Path, Clock], Figures]]] = {
    "kills": (0.15, kills.soak),
    "receivers": (0.1, receivers.soak),
    "damage": (0.15, damage.soak),
    "disks": (0.1, disks.soak),
    "memory": (0.25, memory_table.soak),
    "servers": (0.05, hostile.servers),
    "files": (0.05, hostile.files),
    "many": (0.15, many.soak),
    "device": (0.3, device.soak),
}
"""Share of the time that each has."""


def main() -> int:
    """Run the parts that were asked for; 1 where one of them found a fault."""
    options = _parse()
    logging.disable(logging.CRITICAL)
    chosen = options.parts or list(PARTS)
    total = sum(PARTS[name][0] for name in chosen)
    found = []
    print(HEADS, flush=True)
    with tempfile.TemporaryDirectory(prefix="soak-", dir=options.folder) as folder:
        for name in chosen:
            share, part = PARTS[name]
            place = Path(folder) / name
            place.mkdir()
            figures = part(place, Clock(60.0 * options.minutes * share / total))
            found.append(figures)
            print(figures.row(), flush=True)
    faults = [f"{figures.part}: {fault}" for figures in found for fault in figures.faults]
    for fault in faults:
        print(f"FAULT {fault}")
    lost = sum(figures.delivered - figures.lines for figures in found)
    print(
        f"{sum(figures.delivered for figures in found)} frames delivered, {lost} without a line, {len(faults)} faults"
    )
    return 1 if faults or lost else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=f"of {', '.join(PARTS)}; all")
    parser.add_argument("--minutes", type=float, default=4.0, help="for all parts together, about (4)")
    parser.add_argument("--folder", type=Path, help="where to work; by default the system's folder for temporary files")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
