"""What was found in the pictures before: a live picture moves to what is found now, instead of jumping."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np

from indistack.catalogue import SkyField
from indistack.enhance.base import Measures, MeasuringOperator
from indistack.enhance.sky import Sky, measure_sky
from indistack.values.frame import FloatArray

PATIENCE = 3
"""Pictures in a row must ask for another look, or for another shape, before it is taken."""

MOST_TRUSTED = 8
"""Pictures in a row that are made by the same measures, at most."""

SAME_SIGMA, SAME_NOISE = 0.1, 0.1
"""Nothing is measured anew while the sky's level differs by less than that share of the noise, and the noise by less
than that share of itself: a fifth more subs."""


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
        self._look = ""
        self._asked: dict[Hashable, tuple[Hashable, int]] = {}
        self._seen: tuple[tuple[int, ...], Sky | None] | None = None
        self._trusted = 0
        self._place: tuple[Hashable, SkyField] | None = None

    @property
    def holds(self) -> bool:
        """Whether what was found before serves for the picture that is made now, too."""
        return self._trusted > 0

    @property
    def kept_look(self) -> str:
        """The look of the pictures before, "" where it is to be asked for anew."""
        return self._look if self.holds else ""

    def see(self, picture: FloatArray) -> None:
        """Look whether a picture is much like the one that all was measured in: then it is not measured anew.

        Parameters
        ----------
        picture : array
            ``(h, w)`` or ``(h, w, 3)`` float32, before the first operator; NaN is not covered; unchanged.
        """
        sky = measure_sky(picture)
        if self._trusted < MOST_TRUSTED and self._seen is not None and self._seen[0] == picture.shape:
            self._trusted = self._trusted + 1 if _alike(self._seen[1], sky) else 0
        else:
            self._trusted = 0
        if not self.holds:
            self._seen = picture.shape, sky

    def look(self, seen: str) -> str:
        """Return the look to take where one is seen: the one before, until another is seen some times in a row."""
        if self._is_insistent("look", seen) or not self._look:
            self._look = seen
        return self._look

    def measured(self, place: int, operator: MeasuringOperator, picture: FloatArray) -> Measures:
        """Return the measures to go by, of this picture or of the last one that was measured.

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
        if self.holds and known is not None:
            return known
        return self.eased(place, operator, operator.measure(picture))

    def located(self, sky: SkyField, shape: tuple[int, ...], find: Callable[[], SkyField]) -> SkyField:
        """Return the true place of a picture of that shape on the sky: the one found before while that may serve."""
        wcs = sky.wcs
        key = shape[:2], wcs.ra_deg, wcs.dec_deg, wcs.pixel, wcs.cd.tobytes()
        if self._place is None or self._place[0] != key or not self.holds:
            self._place = key, find()
        return self._place[1]

    def eased(self, place: int, operator: MeasuringOperator, found: Measures) -> Measures:
        """Return the measures to go by, given the operator's place in the chain and what it has found now."""
        key = place, type(operator)
        before = self._measures.get(key, ())
        if operator.reshapes and not self._is_insistent(key, tuple(part.tobytes() for part in found)) and before:
            return before
        if [part.shape for part in before] == [part.shape for part in found]:
            pairs = zip(operator.eased, before, found, strict=True) if found else ()
            found = tuple(old + self._share * (new - old) if ease else new for ease, old, new in pairs)
        self._measures[key] = found
        return found

    def _is_insistent(self, what: Hashable, wanted: Hashable) -> bool:
        """Tell whether the same has been asked for some times in a row."""
        other, times = self._asked.get(what, (None, 0))
        self._asked[what] = wanted, times + 1 if wanted == other else 1
        return self._asked[what][1] >= PATIENCE


def _alike(before: Sky | None, now: Sky | None) -> bool:
    """Tell whether two skies hardly differ."""
    if before is None or now is None:
        return False
    same_level = np.abs(now.level - before.level) <= SAME_SIGMA * before.noise
    same_noise = np.abs(now.noise - before.noise) <= SAME_NOISE * before.noise
    return bool((same_level & same_noise).all())


class KeptLook(LookMemory):
    """What a picture was made by, so that it can be made the same at another resolution; nothing is learnt.

    Parameters
    ----------
    before : LookMemory
        Of that picture.
    cut_only : bool
        Of another picture of the same place, which is cut and turned as that one was, and measured by itself.
    """

    def __init__(self, before: LookMemory, cut_only: bool = False) -> None:
        super().__init__(1.0)
        kept = before._measures.items()
        self._measures = {key: measures for key, measures in kept if key[1].reshapes or not cut_only}
        self._look = before._look
        self._trusted = 1

    def see(self, picture: FloatArray) -> None:
        """Learn nothing of a picture ``(h, w)`` or ``(h, w, 3)``."""

    def look(self, seen: str) -> str:
        """Return the look that the picture has."""
        return self._look or seen


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
