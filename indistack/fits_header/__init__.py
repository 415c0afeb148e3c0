"""Every FITS keyword that is read or written, in one table, and what is made of it."""

from indistack.fits_header.facts import camera_key, frame_info, text_fact, with_device_facts
from indistack.fits_header.keywords import READ, STALE, STRUCTURAL
from indistack.fits_header.output import (
    NUMBER,
    StackFacts,
    is_stack,
    numbered,
    output_cards,
    with_own_filter,
    with_target,
)
from indistack.fits_header.stacked import frames_within, require_single
from indistack.fits_header.tangent import Wcs, deproject, project
from indistack.fits_header.text import BLOCK, CARD, MAX_TEXT, header_bytes, parse_cards, value_of
from indistack.fits_header.values import index, number
from indistack.fits_header.wcs import is_celestial, linear_part, moved_cards, read_wcs, with_wcs

__all__ = [
    "BLOCK", "CARD", "MAX_TEXT", "NUMBER", "READ", "STALE", "STRUCTURAL", "StackFacts", "Wcs", "camera_key",
    "deproject", "frame_info", "frames_within", "header_bytes", "index", "is_celestial", "is_stack", "linear_part",
    "moved_cards", "number", "numbered", "output_cards", "parse_cards", "project", "read_wcs", "require_single",
    "text_fact", "value_of", "with_device_facts", "with_own_filter", "with_target", "with_wcs",
]  # fmt: skip
