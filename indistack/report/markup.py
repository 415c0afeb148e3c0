"""Text of ledgers as part of a page: neither markup nor anything else that acts."""

from __future__ import annotations

from html import escape

from indistack.system.harmless import harmless


def markup(text: str) -> str:
    """Return a text as it stands in HTML, in attributes too."""
    return escape(harmless(text))
