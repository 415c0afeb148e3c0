"""What may be said to ``indistack stack``: its own words, and those of halostack; light, as all of ``--help``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from indistack.command_line.path_words import file_name, path_of
from indistack.system.log import LEVELS

NAMED_STACKS = {
    "average_stack": ("a", "mean", "average"),
    "min_stack": ("m", "minimum", "minimum"),
    "max_stack": ("M", "maximum", "maximum"),
    "median_stack": ("d", "median", "median"),
    "sigma_stack": ("S", "sigma_clip", "sigma"),
}
"""Option -> its letter, the stacking method, and the name of the stack."""


def add_named_stacks(parser: argparse.ArgumentParser) -> None:
    """Add the options that each name a stack's file, and what belongs to them."""
    group = parser.add_argument_group("several stacks in one run, as halostack names them")
    for option, (letter, _, name) in NAMED_STACKS.items():
        text = f"write the {name} stack; repeatable, for another form of the file"
        long = f"--{option.replace('_', '-')}"
        group.add_argument(f"-{letter}", long, action="append", default=[], type=path_of, metavar="FILE", help=text)
    text = "of the kappa-sigma stack: values further from the others than KAPPA standard deviations are left out"
    group.add_argument("-k", "--kappa-sigma-params", metavar="KAPPA[,ITERATIONS]", help=text)
    text = "write every aligned sub as PREFIXNAME.png, 16 bits"
    group.add_argument("-s", "--save-images", default="", metavar="PREFIX", help=text)
    text = "section of FILE that says what is not said here"
    group.add_argument(
        "-C", "--config-file", "--config_file", type=path_of, metavar="FILE", help="presets: TOML, or halostack's INI"
    )
    group.add_argument("-c", "--config-item", "--config_item", metavar="SECTION", help=text)
    group.add_argument("--preset", metavar="NAME", help="of this program: lucky, halo, halo-noblocker or trails")
    group.add_argument("-p", "--nprocs", dest="jobs", type=int, metavar="N", help="as --jobs")
    text = "as --log-level, in capitals too"
    group.add_argument("-l", "--loglevel", dest="log_level", type=level, metavar="LEVEL", help=text)


def add_alignment(parser: argparse.ArgumentParser) -> None:
    """Add what is said of alignment."""
    group = parser.add_argument_group("alignment")
    group.add_argument("--align", metavar="NAME", help="see 'indistack methods'")
    group.add_argument("-n", "--no-alignment", action="store_true", help="as --align none")
    text = "what to look for: middle and half the side, in pixels of the first sub (--align template)"
    group.add_argument("--reference-box", type=box, metavar="X,Y,R", help=text)
    text = "where to look for it in every sub"
    group.add_argument("--search-box", type=box, metavar="X,Y,R", help=text)
    text = "mark both boxes in a window, by two clicks each on the first sub (needs a display and Python's tkinter)"
    group.add_argument("--click", action="store_true", help=text)
    text = "least correlation, as the square of r, with which it is found [0.49]"
    group.add_argument("-t", "--correlation-threshold", type=share, metavar="SHARE", help=text)
    group.add_argument("--star", type=numbers(2), metavar="X,Y", help="the star to follow (--align centroid)")
    group.add_argument("--search", type=float, metavar="PX", help="side of the box in which it is looked for [100]")
    group.add_argument("--reference", default="first", metavar="first|best|PATH", help="what to align to [first]")
    group.add_argument("--naive", action="store_true", help="make the same without alignment, too: OUT-naive")
    text = "write how far each sub was moved, as CSV; '-' prints it"
    group.add_argument("--shifts", metavar="FILE.csv", help=text)


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add which subs are taken, and in which order."""
    group = parser.add_argument_group("subs")
    group.add_argument("files", nargs="*", type=file_name, metavar="FILES", help="files, folders or globs")
    text = "a text with a file, folder or glob on every line; paths are as seen from its folder"
    group.add_argument("--list", type=path_of, metavar="FILE", help=text)
    text = "CSV of name and time (UTC) for subs that tell no time"
    group.add_argument("--times", type=path_of, metavar="FILE", help=text)
    text = "by name, by time, or as given [given: folders and globs by name]"
    group.add_argument("--order", choices=("given", "name", "time"), default="given", help=text)
    group.add_argument("--every", type=number_from_one, metavar="K", help="every K-th sub only")
    text = "the sharpest N percent only, by the detail in the picture"
    group.add_argument("--best", type=percent, metavar="N", help=text)


def add_making(parser: argparse.ArgumentParser) -> None:
    """Add how stacks and pictures are made."""
    maps = "add coverage, weight, noise and rejected subs of every pixel to OUT.fits"
    parser.add_argument("--maps", action="store_const", const=True, help=maps)
    operator = "operator of the picture (usm:20,2), in place of picture.operators; repeatable, in this order"
    add = partial(parser.add_argument, action="append", default=[], metavar="WORD")
    add("-E", "--enhance", "--enhance-stacks", help=operator)
    add("-e", "--enhance-images", help="operator of every sub before it is stacked (br:2); repeatable, in this order")
    text = "pixels that are cut off the results' edges: left, right, top, bottom"
    parser.add_argument("--crop", type=numbers(4), metavar="L,R,T,B", help=text)
    text = "combine all subs at once where the method can; the median of files always is"
    parser.add_argument("--exact", action="store_const", const=True, help=text)
    parser.add_argument(
        "--debayer", metavar="NAME", help="how colours are made of a Bayer matrix; see 'indistack methods'"
    )
    text = "have the workers of a Dask cluster do it: its scheduler's address, or 'local'"
    parser.add_argument("--cluster", default="", metavar="ADDRESS|local", help=text)
    parser.add_argument("--no-quality", action="store_true", help="refuse no sub for its quality")
    text = "of the picture in the window of --click; below 1 it is brighter"
    parser.add_argument("-g", "--view-gamma", type=gamma, metavar="GAMMA", help=text)


def numbers(count: int) -> Callable[[str], list[float]]:
    """Return what reads so many numbers, separated by commas."""

    def read(word: str) -> list[float]:
        try:
            values = [float(part) for part in word.split(",")]
        except ValueError:
            values = []
        if len(values) != count or not all(abs(value) < 1e9 for value in values):
            raise argparse.ArgumentTypeError(f"{word!r}: {count} numbers are wanted, with commas between them")
        return values

    return read


def box(word: str) -> list[float]:
    """Read the middle and half the side of a square."""
    values = numbers(3)(word)
    if values[2] <= 0:
        raise argparse.ArgumentTypeError(f"{word!r}: the third number, half the side, is to be above 0")
    return values


def number_from_one(word: str) -> int:
    """Read a whole number above 0."""
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r}: a whole number from 1 up is wanted")
    return int(word)


def percent(word: str) -> float:
    """Read a percentage above 0, with its sign or without."""
    return _within(word.removesuffix("%"), 100.0, "a percentage above 0 and up to 100")


def share(word: str) -> float:
    """Read a share above 0 and below 1."""
    value = _within(word, 1.0, "a number above 0 and below 1")
    if value == 1:
        raise argparse.ArgumentTypeError(f"{word!r}: a number above 0 and below 1 is wanted")
    return value


def level(word: str) -> str:
    """Read from which level on something is told."""
    if word.lower() not in LEVELS:
        raise argparse.ArgumentTypeError(f"{word!r}: one of {', '.join(LEVELS)} is wanted")
    return word.lower()


def gamma(word: str) -> float:
    """Read an exponent."""
    return _within(word, 100.0, "a number above 0 and up to 100")


def _within(word: str, most: float, wanted: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise argparse.ArgumentTypeError(f"{word!r}: {wanted} is wanted")
    return value
