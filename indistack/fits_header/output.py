"""The header of a stack: the reference's own, with what changed made true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import takewhile

from indistack.fits_header.keywords import READ, STALE, STRUCTURAL
from indistack.fits_header.tangent import Wcs
from indistack.fits_header.text import CARD
from indistack.fits_header.wcs import moved_cards, with_wcs, without_half_wcs
from indistack.values.frame import Card, DoubleArray, FrameInfo

PROGRAM = "indistack"

OF_A_FILTER = (*READ["filter_name"], *READ["gain_setting"], *READ["offset_setting"], *READ["e_per_adu"])
"""Keywords of what may differ between the filters of one session."""


NUMBER = "STATENUM"
"""Keyword of the number of the publication that a file shows."""


@dataclass(frozen=True, slots=True)
class StackFacts:
    """What is true of a stack and not of its reference sub.

    Attributes
    ----------
    exposure_s : float
        Summed exposure.
    n_subs : int
        Subs added.
    method : str
        Name of the stacking method.
    version : str
        Of this program.
    date_first, date_end : datetime or None
        Start of the first sub, end of the last (UTC).
    masters : sequence of str
        Calibration applied.
    history : sequence of str
        Further lines: settings, versions.
    """

    exposure_s: float
    n_subs: int
    method: str
    version: str
    date_first: datetime | None = None
    date_end: datetime | None = None
    masters: Sequence[str] = ()
    history: Sequence[str] = ()


def output_cards(
    reference: FrameInfo, stack: StackFacts, grid: DoubleArray | None = None, wcs: Wcs | None = None
) -> tuple[Card, ...]:
    """Return the reference's header carried over (pointing and WCS too), with the stack's own facts made true.

    Parameters
    ----------
    reference : FrameInfo
        The reference.
    stack : StackFacts
        The stack's own facts.
    grid : array, optional
        ``(3, 3)`` affine, reference ``(x, y, 1)`` -> stack ``(x, y, 1)``, where the grids differ.
    wcs : Wcs, optional
        Of the reference's pixels; takes the place of the header's own.
    """
    kept = tuple(
        card for card in reference.header if not STRUCTURAL.fullmatch(card[0]) and not STALE.fullmatch(card[0])
    )
    if wcs is not None:
        kept = with_wcs(kept, wcs)
    kept = without_half_wcs(kept)
    if grid is not None:
        kept = moved_cards(kept, grid)
    program = f"{PROGRAM} {stack.version}"
    exposures: list[Card] = [  # 0: no sub tells its exposure
        (keyword, float(stack.exposure_s), "[s] summed exposure of all subs")
        for keyword in ("EXPTIME", "LIVETIME", "TOTALEXP")
        if stack.exposure_s > 0
    ]
    cards: list[Card] = [
        *exposures,
        ("NCOMBINE", stack.n_subs, "subs in the stack"),
        ("STACKCNT", stack.n_subs, "subs in the stack"),
        ("STACKMTD", stack.method, "stacking method"),
        ("SWCREATE", program, "program that wrote this file"),
        ("CREATOR", program, "program that wrote this file"),
    ]
    if reference.exposure_s is not None:
        cards.insert(1, ("SUBEXP", float(reference.exposure_s), "[s] exposure of the reference sub"))
    if stack.date_end is not None:
        cards.insert(0, ("DATE-END", _stamp(stack.date_end), "UTC, end of the last sub"))
    if stack.date_first is not None:
        cards.insert(0, ("DATE-OBS", _stamp(stack.date_first), "UTC, start of the first sub"))
    lines = [*(f"master: {name}" for name in stack.masters), *stack.history]
    return (*kept, *cards, *(("HISTORY", line, "") for line in lines))


def is_stack(head: bytes) -> bool:
    """Tell whether a FITS file that begins so is a stack that this program has made, of whatever name."""
    cards = [head[at : at + CARD] for at in range(0, len(head), CARD)]
    header = {card[:10]: card[10:] for card in takewhile(lambda card: not card.startswith(b"END "), cards)}
    return b"STACKMTD= " in header and header.get(b"SWCREATE= ", b"").startswith(f"'{PROGRAM} ".encode())


def numbered(cards: Sequence[Card], number: int) -> tuple[Card, ...]:
    """Return a stack's header with the number of its publication."""
    return (*cards, (NUMBER, number, "number of this publication"))


def with_own_filter(reference: FrameInfo, own: FrameInfo) -> FrameInfo:
    """Return the reference's facts with another frame's filter, gain and exposure: header of one filter's stack."""
    if own is reference:
        return reference
    kept = [card for card in reference.header if card[0] not in OF_A_FILTER]
    kept += [card for card in own.header if card[0] in OF_A_FILTER]
    return replace(reference, header=tuple(kept), exposure_s=own.exposure_s)


def with_target(info: FrameInfo, name: str) -> FrameInfo:
    """Return a frame's facts with another name of what is seen; "" leaves it."""
    if not name:
        return info
    kept = [card for card in info.header if card[0] != "OBJECT"]
    return replace(info, header=(*kept, ("OBJECT", name, "as told by a person")), target=name)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
