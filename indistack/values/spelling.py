"""When two names are one, spelled differently."""

from __future__ import annotations

import re
import unicodedata


def plain(name: str) -> str:
    """Return a name without what is spelling: case, blanks, hyphens, accents, and alpha for a Greek letter.

    ``"Ha"``, ``"H-alpha"`` and ``"h_Alpha"`` are one filter, ``"M31"`` and ``"m 31"`` one target.
    """
    told = unicodedata.normalize("NFKD", name.replace("\u03b1", "alpha").replace("\u03b2", "beta")).casefold()
    words = re.sub(r"[\W_]+|[\u0300-\u036f]", "", told)
    return {"halpha": "ha", "hbeta": "hb"}.get(words, words) or told.strip()


def is_same(name: str, other: str) -> bool:
    """Tell whether two names are one."""
    return plain(name) == plain(other)
