"""The first subs of a stack together, as coarse as somebody looks at them, until they are combined as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from indistack.picture.integration import Integration
from indistack.raster.tiles import integrate_all
from indistack.session.stack_setup import StackSetup
from indistack.stack import METHODS, BranchSettings, Extent, Tally
from indistack.system.workers import shared_workers
from indistack.values.grid import PlacedSub


class OpeningView:
    """Combines first subs coarsely, in the threads that make pictures: no sub waits for it.

    Parameters
    ----------
    settings : BranchSettings
        How they are combined.
    """

    def __init__(self, settings: BranchSettings) -> None:
        self._settings = settings
        self._making = threading.Lock()
        self._made: dict[Extent, Integration] = {}

    def at_hand(self, n_subs: int, coarse: StackSetup) -> Integration | None:
        """Return the stack of so many subs as coarsely as that; None where it has not been made."""
        made = self._made.get(coarse.extent)
        return made if made is not None and made.n_subs == n_subs else None

    def preparation(self, subs: Sequence[PlacedSub], tally: Tally, coarse: StackSetup) -> Callable[[], None] | None:
        """Return what makes that stack of these subs, whatever comes meanwhile; None where it is at hand."""
        if self.at_hand(tally.n_subs, coarse) is not None:
            return None
        return partial(self._make, tuple(subs), replace(tally), coarse)

    def forget(self) -> None:
        """Give back its memory: all subs have been combined."""
        self._made = {}

    def _make(self, subs: Sequence[PlacedSub], tally: Tally, coarse: StackSetup) -> None:
        with self._making:
            if self.at_hand(tally.n_subs, coarse) is not None:
                return  # somebody else has looked
            method = METHODS.get(self._settings.method)(coarse.extent, self._settings)
            integrate_all(subs, coarse.grid, coarse.sampling, method.combine, shared_workers())
            method.tally = tally
            self._made[coarse.extent] = method.integration()
