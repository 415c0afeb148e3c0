"""What may be said to ``indistack livestack``: the words of the LiveStack script; light, as all of ``--help``."""

from __future__ import annotations

import argparse

from indistack.command_line.path_words import path_of

CLASSIC = ("ADD", "ADD2", "ADDMAX", "ADDMAX2", "ADDMEAN", "ADDCOMP")
ALL, ONCE, LOOP, EACH = "ALL", "1", "LOOP", "*"


def add_livestack(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("-input_dir", type=path_of, required=True, metavar="DIR", help="frames: FITS, JPEG, camera raw and others")
    text = "gets pictures, FITS and what is kept of the stack"
    add("-output_dir", type=path_of, required=True, metavar="DIR", help=text)
    add("-dark_dir", type=path_of, metavar="DIR", help="raw darks, or a master")
    add("-flat_dir", type=path_of, metavar="DIR", help="raw flats, or a master")
    text = "name of the picture, whose suffix decides the form [.jpg]; * is the method's name [*]"
    add("-output_image", default=EACH, metavar="NAME|*", help=text)
    add("-method", type=str.upper, choices=(ALL, *CLASSIC), default="ADDCOMP", metavar="METHOD", help=(
        f"{ALL} or one of {', '.join(CLASSIC)} [ADDCOMP]"))  # fmt: skip
    text = "1: what is there now; LOOP: go on with every new file, until CTRL-C [1]"
    add("-mode", type=str.upper, choices=(ONCE, LOOP), default=ONCE, metavar="1|LOOP", help=text)
    text = "only the last N files, by name, of those that are there; 0 = all [0]"
    add("-number", type=_count, default=0, metavar="N", help=text)
    parser.set_defaults(max_subs=0)
    text = "YES: go on with the stack of the run before, and add only the newest file, if it is not in it [NO]"
    add("-reload", type=str.upper, choices=("YES", "NO"), default="NO", metavar="YES|NO", help=text)


def _count(word: str) -> int:
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r}: a whole number from 0 up is wanted")
    return int(word)
