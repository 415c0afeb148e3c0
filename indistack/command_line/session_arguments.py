"""What may be said to the commands that work on a session that is there; light, as all of ``--help``."""

from __future__ import annotations

import argparse

from indistack.command_line.path_words import path_of

OUTPUT = "its suffix decides the form; by default a new name beside the inputs"


def add_session(parser: argparse.ArgumentParser) -> None:
    """Add which session is meant."""
    text = "a session's folder or ledger, or an output folder: its newest session"
    parser.add_argument("session", type=path_of, metavar="SESSION", help=text)


def add_replay(parser: argparse.ArgumentParser) -> None:
    """Add what is said to ``replay``."""
    add_session(parser)
    parser.add_argument("-o", "--output", type=path_of, metavar="OUT.fits", help=OUTPUT)
    parser.add_argument("--png", type=path_of, metavar="OUT.png", help="picture for people, too")
    parser.add_argument(
        "--report", type=path_of, metavar="OUT.json", help="what became of every sub, and how it was stacked"
    )
    parser.add_argument("--method", metavar="NAME", help="stacking method; see 'indistack methods'")
    parser.add_argument("--exact", action="store_true", help="combine all subs at once where the method can")


def add_unstack(parser: argparse.ArgumentParser) -> None:
    """Add what is said to ``unstack``."""
    add_session(parser)
    parser.add_argument("numbers", nargs="+", type=int, metavar="NUMBER", help="of the subs, in the ledger")
    parser.add_argument("--put-back", action="store_true", help="put them back instead")


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add what is said to ``report``."""
    add_session(parser)
    parser.add_argument("--output-dir", type=path_of, metavar="DIR", help="gets report.json and report.html [SESSION]")
    text = "contact sheet: every sub that was left out, small, with its reason"
    parser.add_argument("--left-out", type=path_of, metavar="SHEET.jpg", help=text)


def add_timelapse(parser: argparse.ArgumentParser) -> None:
    """Add what is said to ``timelapse``."""
    add_session(parser)
    text = "the film: .mp4, .webm or .gif [SESSION.mp4]"
    parser.add_argument("-o", "--output", type=path_of, metavar="OUT.mp4", help=text)
    parser.add_argument("--seconds", type=_seconds, default=12.0, metavar="S", help="how long it lasts [12]")


def _seconds(word: str) -> float:
    number = float(word)
    if not 0.1 <= number <= 3600:
        raise argparse.ArgumentTypeError(f"{word}: seconds from 0.1 to 3600 are wanted")
    return number
