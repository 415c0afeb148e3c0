"""Recognises a frame that arrives twice, by two ways."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime

from indistack.values.frame import RawFrame

REMEMBERED_SUBS = 500
"""Fingerprints kept to recognise a frame that arrives twice, by two ways."""


class RecentFrames:
    """Recognises an exposure that arrives again: same pixels, and no other time of exposure."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime | None] = {}
        self._order: deque[str] = deque()

    def is_repeat(self, raw: RawFrame) -> bool:
        """Return whether this exposure was remembered before."""
        if raw.fingerprint not in self._seen:
            return False
        before, now = self._seen[raw.fingerprint], raw.info.date_obs
        return before is None or now is None or before == now

    def remember(self, raw: RawFrame) -> None:
        """Remember an exposure; the oldest of many is forgotten."""
        self._remember(raw.fingerprint, raw.info.date_obs)

    def _remember(self, word: str, seen: datetime | None) -> None:
        if word not in self._seen:
            self._order.append(word)
            if len(self._order) > REMEMBERED_SUBS:
                del self._seen[self._order.popleft()]
        self._seen[word] = seen

    def memory(self) -> list[list[str | None]]:
        """Return what is remembered as plain values, oldest first."""
        return [[word, seen.isoformat() if (seen := self._seen[word]) else None] for word in self._order]

    def recall(self, memory: Iterable[Sequence[str | None]]) -> None:
        """Remember what another did."""
        for word, seen in memory:
            if word:
                self._remember(word, datetime.fromisoformat(seen) if seen else None)
