"""Compares indistack with its peers: `stack` one night with every stacker, `align` pairs of fields with every matcher.

Peers that are not installed are skipped with the reason: seiza and astroalign come with requirements/bench.txt, Siril
with `apt-get install siril`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from comparison.alignment import Score, compare_matchers, format_scores
from comparison.contest import FEWEST_SUBS, Row, format_rows, run_contest
from comparison.matchers import Astroalign, Indistack, Seiza
from comparison.night import SATELLITE_PLACES, SIZES_PX, make_night
from comparison.pairs import HEIGHT_PX, WIDTH_PX
from comparison.peers import UNSCRIPTED, known_peers

from indistack.system.workers import Workers

CORES = 2


def main() -> int:
    """Run one comparison and print its table."""
    options = _parse()
    rows = options.compare(options)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    stack = commands.add_parser("stack", help="one night, every stacker")
    stack.set_defaults(compare=_stack)
    stack.add_argument("--subs", type=int, default=10, help=f"at least {FEWEST_SUBS}")
    stack.add_argument("--megapixels", type=int, choices=SIZES_PX, default=24)
    stack.add_argument("--mono", action="store_true")
    stack.add_argument("--satellite-in", choices=SATELLITE_PLACES, default="middle", help="the sub with the trail")
    stack.add_argument("--rounds", type=int, default=3, help="medians are taken over so many runs, all in turns")
    stack.add_argument("--only", nargs="+", metavar="NAME", help="stackers whose names begin so")
    align = commands.add_parser("align", help="many pairs of fields, every matcher")
    align.set_defaults(compare=_align)
    align.add_argument("--pairs", type=int, default=260)
    for command in (stack, align):
        command.add_argument("--json", type=Path, metavar="FILE", help="the table as data")
    return parser.parse_args()


def _stack(options: argparse.Namespace) -> list[Row]:
    cfa = "mono" if options.mono else "RGGB"
    night = make_night(options.megapixels, cfa, options.subs, options.satellite_in)
    chosen = tuple(options.only or [""])
    peers = [peer for peer in known_peers(not options.mono) if peer.name.startswith(chosen)]
    rows = run_contest(night, peers, options.rounds, lambda name: print(f"... {name}", file=sys.stderr))
    rows += [Row(name, note=f"skipped: {reason}") for name, reason in UNSCRIPTED.items() if name.startswith(chosen)]
    size = f"{night.scenario.width_px} x {night.scenario.height_px} {cfa}"
    print(f"{size}, {options.subs} subs, dark and flat, satellite in the {options.satellite_in} sub")
    print(format_rows(rows))
    return rows


def _align(options: argparse.Namespace) -> list[Score]:
    with Workers(CORES) as workers:
        scores = compare_matchers([Indistack(workers), Astroalign(), Seiza()], options.pairs)
    print(f"{options.pairs} pairs of {WIDTH_PX} x {HEIGHT_PX} px")
    print(format_scores(scores))
    return scores


if __name__ == "__main__":
    sys.exit(main())
