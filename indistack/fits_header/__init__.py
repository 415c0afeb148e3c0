"""Every FITS keyword that is read or written, in one table, and what is made of it."""

from indistack.fits_header.facts import camera_key, frame_info, index, number, text_fact, with_device_facts
from indistack.fits_header.keywords import READ, STALE, STRUCTURAL
from indistack.fits_header.output import StackFacts, output_cards
from indistack.fits_header.text import BLOCK, CARD, header_bytes, parse_cards, value_of

__all__ = [
    "BLOCK", "CARD", "READ", "STALE", "STRUCTURAL", "StackFacts", "camera_key", "frame_info", "header_bytes", "index",
    "number", "output_cards", "parse_cards", "text_fact", "value_of", "with_device_facts",
]  # fmt: skip
