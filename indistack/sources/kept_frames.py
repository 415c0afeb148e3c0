"""Frames of cameras of which one will be chosen in a moment: kept until it is clear whose are meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from indistack.indi.events import FrameBlob, PathSaved
from indistack.system.resources import available_bytes
from indistack.values.counted import counted

Delivery = FrameBlob | PathSaved

LEAST_BYTES = 100_000_000
"""So much is kept wherever it is; more where a quarter of the memory that is left is more."""


class KeptFrames:
    """Keeps them in the order of their arrival, and counts those that memory has no room for.

    Parameters
    ----------
    spare_bytes : callable, optional
        How much memory the machine has left.
    """

    def __init__(self, spare_bytes: Callable[[], int] = available_bytes) -> None:
        self._spare_bytes = spare_bytes
        self._kept: list[Delivery] = []
        self._bytes = 0
        self._limit_bytes = 0
        self._lost: Counter[str] = Counter()

    def add(self, delivery: Delivery) -> None:
        """Keep one more."""
        n_bytes = delivery.data.nbytes if isinstance(delivery, FrameBlob) else 0
        if not self._kept:
            self._limit_bytes = max(LEAST_BYTES, self._spare_bytes() // 4)
        if self._bytes + n_bytes > self._limit_bytes:
            self._lost[delivery.device] += 1
            return
        self._bytes += n_bytes
        self._kept.append(delivery)

    def words(self) -> str:
        """Return what is kept, for people; "" for nothing."""
        return _words(Counter(each.device for each in self._kept))

    def give(self, device: str) -> tuple[list[Delivery], str]:
        """Return what a camera has delivered, and in words what is let go of; forget all."""
        wanted = [each for each in self._kept if each.device == device]
        left = Counter(each.device for each in self._kept if each.device != device)
        told = (
            [f"{_words(left)} came before it was clear which camera is meant, and will not be stacked"] if left else []
        )
        if self._lost:
            told.append(f"{_words(self._lost)} found no room in memory before it was clear which camera is meant: lost")
        self._kept, self._bytes, self._lost = [], 0, Counter()
        return wanted, "; ".join(told)


def _words(counts: Counter[str]) -> str:
    return " and ".join(f"{counted(n, 'frame')} of {device!r}" for device, n in sorted(counts.items()))
