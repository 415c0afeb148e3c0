"""Numbers of things in words."""

from __future__ import annotations


def counted(n: int, thing: str) -> str:
    """Return how many of a thing there are: ``1 sub``, ``2 subs``."""
    return f"{n} {thing}{'' if n == 1 else 's'}"
