"""What was found in the pictures before: a live picture moves to what is found now, instead of jumping."""

from __future__ import annotations

import numpy as np

from indistack.enhance.base import Measures, MeasuringOperator
from indistack.values.frame import FloatArray

PATIENCE = 3
"""Pictures in a row must ask for another look before it is taken."""


class LookMemory:
    """The looks and the measures of one picture that grows.

    Parameters
    ----------
    share : float
        Of a change that each picture takes on, above 0; 1 = all.
    """

    def __init__(self, share: float) -> None:
        self._share = np.float32(share)
        self._measures: dict[tuple[int, type[MeasuringOperator]], Measures] = {}
        self._look, self._other, self._times = "", "", 0

    def look(self, seen: str) -> str:
        """Return the look to take where one is seen: the one before, until another is seen some times in a row."""
        self._times = self._times + 1 if seen == self._other else 1
        self._other = seen
        if not self._look or self._times >= PATIENCE:
            self._look = seen
        return self._look

    def measured(self, place: int, operator: MeasuringOperator, picture: FloatArray) -> Measures:
        """Look at a picture and return the measures to go by.

        Parameters
        ----------
        place : int
            Of the operator in the chain.
        operator : MeasuringOperator
            What asks.
        picture : array
            ``(h, w)`` or ``(h, w, 3)`` float32; NaN is not covered; unchanged.

        Returns
        -------
        Measures
            As the operator's `measure` returns them.
        """
        return self.eased(place, operator, operator.measure(picture))

    def eased(self, place: int, operator: MeasuringOperator, found: Measures) -> Measures:
        """Return the measures to go by, given the operator's place in the chain and what it has found now."""
        key = place, type(operator)
        before = self._measures.get(key, ())
        if [part.shape for part in before] == [part.shape for part in found]:
            pairs = zip(operator.eased, before, found, strict=True) if found else ()
            found = tuple(old + self._share * (new - old) if ease else new for ease, old, new in pairs)
        self._measures[key] = found
        return found


class KeptLook(LookMemory):
    """What a picture was made by, so that it can be made the same at another resolution; nothing is learnt.

    Parameters
    ----------
    before : LookMemory
        Of that picture.
    """

    def __init__(self, before: LookMemory) -> None:
        super().__init__(1.0)
        self._measures, self._look = dict(before._measures), before._look

    def look(self, seen: str) -> str:
        """Return the look that the picture has."""
        return self._look or seen

    def measured(self, place: int, operator: MeasuringOperator, picture: FloatArray) -> Measures:
        """Return what was found before; what is found now where nothing was.

        Parameters
        ----------
        place : int
            Of the operator in the chain.
        operator : MeasuringOperator
            What asks.
        picture : array
            ``(h, w)`` or ``(h, w, 3)`` float32; NaN is not covered; unchanged.

        Returns
        -------
        Measures
            As the operator's `measure` returns them.
        """
        known = self._measures.get((place, type(operator)))
        return operator.measure(picture) if known is None else known


class LookMemories:
    """A memory for each picture of a session, by its name.

    Parameters
    ----------
    share : float
        See `LookMemory`.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._memories: dict[str, LookMemory] = {}

    def of(self, name: str) -> LookMemory:
        """Return the memory of one picture, a new one where there is none."""
        return self._memories.setdefault(name, LookMemory(self._share))
