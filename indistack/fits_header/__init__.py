"""Every FITS keyword that is read or written, in one table, and what is made of it."""

from indistack.fits_header.facts import frame_info, index, number, text_fact
from indistack.fits_header.keywords import READ, STALE, STRUCTURAL
from indistack.fits_header.output import StackFacts, output_cards
from indistack.fits_header.text import BLOCK, CARD, header_bytes, parse_cards

__all__ = [
    "BLOCK", "CARD", "READ", "STALE", "STRUCTURAL", "StackFacts", "frame_info", "header_bytes", "index", "number",
    "output_cards", "parse_cards", "text_fact",
]  # fmt: skip
