"""How anything is said on a terminal: nothing of what names and headers hold acts there."""

from __future__ import annotations

import sys

from indistack.system.harmless import harmless_lines


def say(text: object) -> None:
    """Print lines for people."""
    print(harmless_lines(str(text)))


def complain(text: object) -> None:
    """Print why something is not done, to standard error."""
    print(f"indistack: {harmless_lines(str(text))}", file=sys.stderr)
