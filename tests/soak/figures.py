"""What a soak counts, and its table."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    """What one part has counted.

    Attributes
    ----------
    part : str
        What was done to the agent.
    tries : int
        How often.
    delivered, lines : int
        Frames that a source handed over; lines of these in ledgers.
    faults : list of str
        What went wrong: a frame without a line, a start that died, memory beyond its bound.
    note : str
        What else is to be seen; why it was left out.
    """

    part: str
    tries: int = 0
    delivered: int = 0
    lines: int = 0
    faults: list[str] = field(default_factory=list)
    note: str = ""

    def row(self) -> str:
        """Return it as a row of the table."""
        lost = self.delivered - self.lines
        numbers = f"{self.tries:>6} {self.delivered:>9} {self.lines:>6} {lost:>4} {len(self.faults):>6}"
        return f"{self.part:<30} {numbers}  {self.note}"


HEADS = f"{'part':<30} {'tries':>6} {'delivered':>9} {'lines':>6} {'lost':>4} {'faults':>6}  note"


class Clock:
    """Tells whether a part's time is over.

    Parameters
    ----------
    seconds : float
        That it has.
    """

    def __init__(self, seconds: float) -> None:
        self._end_s = time.monotonic() + seconds

    def is_over(self) -> bool:
        """Tell whether it is."""
        return time.monotonic() >= self._end_s
