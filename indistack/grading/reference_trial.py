"""Whether the sub that a stack began with is one that others can be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_NOISE = 3.0
"""Times the variance of the sky that others may have, or the reference: beyond, it has been clipped or smoothed, or was
taken in twilight."""

MOST_LIGHT = 2.0
"""Times the starlight that others may have, or lack."""

AS_GOOD = 0.5
"""Weight beside the reference's of a sub that is dimmer by another gain or exposure: clouds let the noise stay."""

ALIKE = 3.0
"""Factor within which two subs have the same noise and light beside the reference's."""


class ReferenceTrial:
    """Asks the first subs of a stack what they say of its reference; it is over when one of them agrees with it.

    Two in a row that contradict it alike are right, and it is wrong: they are independent, and it is one.
    """

    def __init__(self) -> None:
        self._over = False
        self._before: tuple[float, float] | None = None

    def ask(self, weight: float, transparency: float | None, bare: float = 0.0, wider: float = 0.0) -> str:
        """Say how this sub and the one before it contradict the reference alike, "" where they do not.

        Parameters
        ----------
        weight : float
            Of the sub by its noise, the reference's being 1.
        transparency : float or None
            Its starlight per second and electron, the reference's being 1; a sub that does not tell tells nothing.
        bare : float
            Share of the picture in which it shows stars and the reference none, 0 where that is little.
        wider : float
            How many times wider the reference's stars are, 0 where that is little.
        """
        if self._over or not transparency:
            return ""
        why = f"the first sub shows no stars in {bare:.0%} of the picture" if bare else ""
        why = why or (f"the stars of the first sub are {wider:.2g} times as wide as those that follow" if wider else "")
        why = why or contradiction(weight, transparency)
        before, self._before = self._before, (weight, transparency)
        self._over = not why
        return why if before is not None and _alike(self._before, before) else ""

    def memory(self) -> dict[str, Any]:
        """Return what is remembered as plain values."""
        return {"over": self._over, "before": self._before}

    def recall(self, memory: Mapping[str, Any] | None) -> None:
        """Go on as the trial would whose memory this is; without one it is over."""
        self._over = memory is None or memory["over"]
        self._before = tuple(memory["before"]) if memory and memory["before"] else None


def contradiction(weight: float, transparency: float) -> str:
    """Say how a sub contradicts the reference, "" where both may be of one night; see `ReferenceTrial.ask`."""
    if transparency > MOST_LIGHT:
        return f"the first sub shows {1 / transparency:.2g} of the starlight of those that follow"
    if transparency < 1 / MOST_LIGHT:
        bright = f"the first sub is {1 / transparency:.2g} times as bright as those that follow"
        return bright if weight > AS_GOOD else ""
    variance = transparency**2 / weight
    if 1 / MOST_NOISE <= variance <= MOST_NOISE:
        return ""
    return f"the sky of those that follow has {variance:.3g} times the variance of the first sub's"


def _alike(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(1 / ALIKE < ours / theirs < ALIKE for ours, theirs in zip(one, other, strict=True))
