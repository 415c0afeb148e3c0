"""Masters as files: how one is recognised, and how ours are written."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from indistack import __version__
from indistack.calibrate.base import Master
from indistack.fits_header import BLOCK, READ, StackFacts, header_bytes, index, number, output_cards
from indistack.values.frame import RawFrame

_REWRITTEN = ("FRAME", "IMAGETYP", "ROWORDER")
"""ROWORDER goes because BAYERPAT is then read from the first stored row, as it is written here."""

ROWS = 256


def count_of(frame: RawFrame) -> int:
    """Return how many frames were combined into this one as far as its header tells; 1 when unknown.

    Parameters
    ----------
    frame : RawFrame
        Only its header counts.
    """
    table = index(frame.info.header)
    counts = (number(table.get(keyword)) for keyword in ("NCOMBINE", "STACKCNT", "NFRAMES"))
    return max(1, *(int(count) for count in counts if count is not None), 1)


def is_master(frame: RawFrame, name: str) -> bool:
    """Return whether a file is a finished master: a count above one, float pixels, or the word in header or name.

    Parameters
    ----------
    frame : RawFrame
        Only its header and dtype count.
    name : str
        Of the file.
    """
    table = index(frame.info.header)
    words = " ".join(str(table.get(keyword, "")) for keyword in READ["kind"])
    named = re.search(r"master", f"{words} {name}", re.IGNORECASE) is not None
    integers = number(table.get("BITPIX")) in (8, 16)  # a camera's, of which overscan or pedestal made floats
    return count_of(frame) > 1 or (frame.pixels.dtype.kind == "f" and not integers) or named


def write_master(file: BinaryIO, master: Master) -> None:
    """Write a master as a float32 FITS file, with count, kind and the facts of its first frame."""
    info = replace(master.info, header=tuple(card for card in master.info.header if card[0] not in _REWRITTEN))
    facts = StackFacts(master.info.exposure_s or 0.0, master.n_frames, "mean", __version__, master.info.date_obs)
    untrue = ("LIVETIME", "TOTALEXP", "SUBEXP", "" if master.info.exposure_s is not None else "EXPTIME")
    cards = [
        ("IMAGETYP", f"Master {master.kind.title()}", "kind of master"),
        ("BUNIT", "adu", "unit of the pixels"),
        *(card for card in output_cards(info, facts) if card[0] not in (*untrue, "BUNIT")),
        ("HISTORY", f"from {master.source}", ""),
    ]
    if master.cfa is not None:
        cards.insert(1, ("BAYERPAT", master.cfa, "colours at the first stored row and column"))
    pixels = master.pixels
    file.write(header_bytes(cards, -32, pixels.shape if pixels.ndim == 2 else (pixels.shape[2], *pixels.shape[:2])))
    for plane in (pixels,) if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0):
        for top in range(0, len(plane), ROWS):  # a 24 MP master in one piece would take its memory twice more
            file.write(plane[top : top + ROWS].astype(">f4").tobytes())
    file.write(bytes(-pixels.size * 4 % BLOCK))
