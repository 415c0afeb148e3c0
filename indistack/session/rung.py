"""How fine a stack is made, where memory or time is short: the rungs of a ladder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

FULL, HALF, QUARTER = WORDS = ("full", "half", "quarter")

WITHOUT = " without "


@dataclass(frozen=True, slots=True)
class Rung:
    """Where on the ladder a stack is.

    Attributes
    ----------
    word : str
        Its resolution, one of `WORDS`.
    without : tuple of str
        Further stacks that are not made.
    why : str
        What is short, "" where nothing is.
    """

    word: str = FULL
    without: tuple[str, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        """Return it for people, as status, ledger and FITS header tell it."""
        left_out = WITHOUT + ", ".join(self.without) if self.without else ""
        return f"{self.word}{left_out}" + (f": {self.why}" if self.why else "")

    @staticmethod
    def parse(text: str) -> Rung:
        """Return what stands in a ledger or a checkpoint."""
        place, _, why = text.partition(": ")
        word, _, left_out = place.partition(WITHOUT)
        return Rung(word if word in WORDS else FULL, tuple(left_out.split(", ")) if left_out else (), why)

    def down(self, branches: Sequence[str]) -> Iterator[Rung]:
        """Yield this rung and those below it: half, a quarter, then without one further stack after the other."""
        yield self
        for word in WORDS[WORDS.index(self.word) + 1 :]:
            yield replace(self, word=word)
        left = [name for name in branches if name not in self.without]
        for count in range(1, len(left) + 1):
            yield replace(self, word=QUARTER, without=(*self.without, *left[-count:]))


FINEST = Rung()
"""Where nothing is short."""
