"""What may be said on the command line; light, so that ``--help`` answers at once on a Pi."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from indistack import __version__
from indistack.command_line.livestack_arguments import add_livestack
from indistack.command_line.path_words import file_name, path_of
from indistack.command_line.session_arguments import OUTPUT, add_replay, add_report, add_timelapse, add_unstack
from indistack.command_line.stack_arguments import add_alignment, add_inputs, add_making, add_named_stacks
from indistack.command_line.tell_arguments import add_tell
from indistack.system import log as logs

Options = argparse.Namespace

PAGE = "127.0.0.1:7680"


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; `command` is then the name of the command."""
    parser = argparse.ArgumentParser(prog="indistack", description="Live stacking for people who observe with INDI.")
    parser.add_argument("--version", action="version", version=f"indistack {__version__}")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")

    _add_run(_command(commands, "run", "stack what the camera of an INDI server delivers", "info"))

    watch = _command(commands, "watch", "stack what appears in a folder", "info")
    watch.add_argument("folder", type=path_of, metavar="DIR", help="the folder; it may be made later")
    watch.add_argument("--recursive", action="store_true", help="look into its folders too")
    _add_agent(watch)

    _add_stack(_command(commands, "stack", "stack files, once"))

    add_livestack(
        _command(commands, "livestack", "stack a folder, once or for ever, by the words of LiveStack", "info")
    )

    _add_merge(_command(commands, "merge", "merge stacks of one target: of several nights or telescopes"))
    add_replay(_command(commands, "replay", "make a session's stack again from its raw subs"))
    add_unstack(_command(commands, "unstack", "take subs out of the stack of a session that has ended"))
    add_tell(_command(commands, "tell", "tell a running agent what to do with its stack"))
    _add_web(_command(commands, "web", "serve the page of an output folder: for phones, and to observe with", "info"))

    _add_master(_command(commands, "master", "build a master from raw calibration frames"))
    _add_library(_command(commands, "library", "show the masters of the calibration library"))
    _add_catalogue(_command(commands, "catalogue", "make the catalogue: colours of stars, names for pictures"))
    add_report(_command(commands, "report", "tell of a session's mount, sky and stack: text, JSON, a page"))
    _add_sessions(_command(commands, "sessions", "list sessions and what they take on the disk; remove by a rule"))
    add_timelapse(_command(commands, "timelapse", "make a film of a session's stack as it grew"))

    _add_server(devices := _command(commands, "devices", "show what is on an INDI server"))
    devices.add_argument("--timeout", type=float, default=3.0, metavar="S", help="how long to listen [3]")

    _add_doctor(_command(commands, "doctor", "examine whether this machine is ready"))

    _add_config(_command(commands, "config", "show the effective settings as TOML"))
    _command(commands, "methods", "show what can be chosen")

    _add_demo(_command(commands, "demo", "indiserver, a simulated camera and the agent, together"))
    return parser


def _command(commands: Any, name: str, text: str, log_level: str = "warning") -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=path_of, metavar="FILE", help=f"settings file [{default_config_path()}]")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one setting; repeatable")
    text = f"what is told on the terminal [{log_level}]"
    parser.add_argument("--log-level", choices=logs.LEVELS, help=text)
    parser.set_defaults(default_log_level=log_level)
    return parser


def _add_branches(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--branch", action="append", default=[], metavar="NAME=METHOD", help="a further stack; repeatable"
    )


def _add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="of the INDI server [127.0.0.1]")
    parser.add_argument("--port", type=int, help="of the INDI server [7624]")


def _add_output_dir(parser: argparse.ArgumentParser, default: str = "indistack-output") -> None:
    text = f"where the agent writes stack, pictures and sessions [{default}]"
    parser.add_argument("--output-dir", type=path_of, default=Path(default), metavar="DIR", help=text)


def _add_calibration(parser: argparse.ArgumentParser) -> None:
    for kind in ("dark", "flat", "bias", "darkflat"):
        text = f"master {kind}, or raw {kind} frames to build it from (files, folders, globs)"
        parser.add_argument(f"--{kind}", nargs="+", type=file_name, metavar="FILE", help=text)
    _add_library(parser)


def _add_library(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--library", metavar="DIR", help="calibration library; '' = none")


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    _add_server(parser)
    _add_output_dir(parser)
    parser.add_argument("--bundle", type=path_of, metavar="FILE.zip", help="collect what helps to find a fault")


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--explain", default="", metavar="NAME", help="tell what a setting, or a table, is for")


def _add_sessions(parser: argparse.ArgumentParser) -> None:
    _add_output_dir(parser)
    parser.add_argument("named", nargs="?", type=path_of, metavar="DIR", help="as --output-dir")
    text = "remove raw subs and checkpoints (raw) or whole sessions (all); never of one that has not ended"
    parser.add_argument("--prune", choices=("raw", "all"), help=text)
    parser.add_argument("--older-than", type=_days, metavar="DAYS", help="of sessions unchanged for so long")
    parser.add_argument("--keep", type=_count, metavar="N", help="of all but the N newest sessions")
    parser.add_argument("--dry-run", action="store_true", help="tell only what would go")


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stacks", nargs="+", type=path_of, metavar="STACK", help="FITS file, or a session's folder")
    parser.add_argument("-o", "--output", type=path_of, metavar="OUT.fits", help=OUTPUT)
    parser.add_argument("--png", type=path_of, metavar="OUT.png", help="picture for people, too")
    parser.add_argument("--grid", type=int, default=1, metavar="N", help="whose pixels and light the result has [1]")


def _add_master(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=("dark", "flat", "bias", "darkflat"))
    parser.add_argument("files", nargs="+", type=file_name, metavar="FILES", help="raw frames: files, folders or globs")
    parser.add_argument("-o", "--output", type=path_of, metavar="OUT.fits", help=OUTPUT)
    for kind in ("darkflat", "dark", "bias"):
        text = f"{kind} to take off the flats"
        parser.add_argument(f"--{kind}", nargs="+", type=file_name, metavar="FILE", help=text)
    parser.add_argument("--force", action="store_true", help="combine what is given, whatever it seems to be")


def _add_catalogue(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", type=path_of, metavar="FILE", help="where [as picture.catalogue says]")
    text = "KStars' data: a folder, or its stars.dat; repeatable [where KStars keeps them]"
    parser.add_argument("--kstars", action="append", default=[], type=path_of, metavar="DIR", help=text)
    text = "Stellarium's stars, a folder; repeatable [where Stellarium keeps them]"
    parser.add_argument("--stellarium", action="append", default=[], type=path_of, metavar="DIR", help=text)
    text = "further stars: a table with RA, Dec, BT and VT, .csv or .csv.gz; repeatable"
    parser.add_argument("--tycho2", action="append", default=[], type=path_of, metavar="TABLE", help=text)


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_server(parser)
    parser.add_argument(
        "--device", help="the camera's INDI name; by default the one that is connected and does not guide"
    )
    text = "stack what Ekos' hook has announced while no agent ran, and end; the hook itself starts this"
    parser.add_argument("--announced", action="store_true", help=text)
    _add_agent(parser)


def _add_agent(parser: argparse.ArgumentParser) -> None:
    _add_output_dir(parser)
    parser.add_argument("--listen", metavar="HOST:PORT", help=f"where the page is served, or 'off' [{PAGE}]")
    parser.add_argument("--max-subs", type=_count, default=0, metavar="N", help="stop after N subs")
    session = parser.add_mutually_exclusive_group()
    session.add_argument("--new", action="store_true", help="begin a new stack, although there is one of this night")
    text = "go on with a session that has ended: its name or path, or 'last'"
    session.add_argument("--continue", dest="goes_on", default="", metavar="SESSION", help=text)
    text, how = "as --set stack.method=NAME; see 'indistack methods'", "stack.method={}".format
    parser.add_argument("--method", dest="set", action="append", type=how, metavar="NAME", help=text)
    text = "refuse calibration frames"
    parser.add_argument("--no-learn", dest="learn", action="store_const", const=False, help=text)
    _add_branches(parser)
    _add_limits(parser)
    _add_calibration(parser)


def _add_web(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output_dir", type=path_of, metavar="DIR", help="an agent's output folder")
    parser.add_argument("--listen", metavar="HOST:PORT", help=f"where [{PAGE}]; 0.0.0.0:7680 shows it to the network")
    parser.add_argument("--new-token", action="store_true", help="show a new token; the one of before ends")


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--subs", type=_count, default=20, metavar="N", help="stop after N subs; 0 = until CTRL-C [20]")
    _add_output_dir(parser, "demo-output")
    parser.add_argument("--camera", type=_count, default=0, metavar="PORT", help="the camera only, for an agent")
    parser.add_argument("--listen", metavar="HOST:PORT", help=f"where the page is served, or 'off' [{PAGE}]")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=int, metavar="N", help="threads [one per core]")
    parser.add_argument("--max-memory", type=float, metavar="MB", help="of the whole process [what the machine has]")


def _add_stack(parser: argparse.ArgumentParser) -> None:
    add_inputs(parser)
    parser.add_argument("-o", "--output", type=path_of, metavar="OUT.fits", help=OUTPUT)
    parser.add_argument("--png", type=path_of, metavar="OUT.png", help="picture for people, too")
    parser.add_argument(
        "--report", type=path_of, metavar="OUT.json", help="what became of every sub, and how it was stacked"
    )
    text = "write target, subs, exposure and date on the picture; where it is solved, scale, compass, names"
    parser.add_argument("--annotate", action="store_const", const=True, help=text)
    text = "one sub at the left, the stack at the right, shown in the same way"
    parser.add_argument("--beside", type=path_of, metavar="PAIR.jpg", help=text)
    text = "contact sheet: every sub that was left out, small, with its reason"
    parser.add_argument("--left-out", type=path_of, metavar="SHEET.jpg", help=text)
    parser.add_argument("--png-bits", type=int, choices=(8, 16), help="of a channel in PNG files [8]")
    _add_calibration(parser)
    parser.add_argument("--method", metavar="NAME", help="stacking method; see 'indistack methods'")
    _add_branches(parser)
    add_named_stacks(parser)
    add_alignment(parser)
    add_making(parser)
    _add_limits(parser)


def default_config_path() -> Path:
    """Return where the settings file is looked for when none is named."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "indistack" / "indistack.toml"


def _days(word: str) -> float:
    number = float(word) if word.replace(".", "", 1).isdecimal() else -1.0
    if not 0 <= number <= 36500:
        raise argparse.ArgumentTypeError(f"{word!r}: a number of days is wanted, from 0 to 36500")
    return number


def _count(word: str) -> int:
    """Read a number of things."""
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r}: a whole number from 0 up is wanted")
    return int(word)
