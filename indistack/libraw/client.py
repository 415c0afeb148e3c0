"""The agent's end of the processes of LibRaw."""

from __future__ import annotations

import sys
from typing import Any

from indistack.libraw.facts import SensorFacts
from indistack.system.helpers import Helpers
from indistack.values.frame import PixelArray

WORKER = (sys.executable, "-P", "-m", "indistack.libraw.worker")

SPARE_BYTES, SPARE_PER_BYTE = 400_000_000, 20
"""Memory that LibRaw may take for a file, and for each of its bytes; lossless files are a half to a third of their
pixels."""

LEAST_BYTES, PER_PIXEL = 100_000_000, 16
"""But no more than for the most pixels that are allowed: in three colours it holds 14 bytes of each."""


class LibRaw(Helpers):
    """Processes of LibRaw.

    Parameters
    ----------
    worker : tuple of str
        The command of a process; tests put another in its place.
    """

    def __init__(self, worker: tuple[str, ...] = WORKER) -> None:
        super().__init__("LibRaw", worker)

    def read(self, data: memoryview, max_megapixels: float) -> tuple[PixelArray, SensorFacts]:
        """Return visible pixels and facts of a raw file; see `indistack.libraw.reader.read`.

        Raises
        ------
        DecodeError
            `too_large`, `truncated`, `unsupported`; `damaged` also when LibRaw dies of the file or takes too long.
        HelperBugError
            A line of ours is wrong.
        """
        most_bytes = LEAST_BYTES + int(PER_PIXEL * 1e6 * max_megapixels)
        spare_bytes = min(SPARE_BYTES + SPARE_PER_BYTE * len(data), most_bytes)
        answer, pixels = self.ask({"max_megapixels": max_megapixels, "spare_bytes": spare_bytes}, data)
        return pixels, _facts(answer["facts"])


def _facts(told: dict[str, Any]) -> SensorFacts:
    balance = told["white_balance"]
    return SensorFacts(**told | {"white_balance": balance and tuple(balance)})
