"""Whether a mosaic lies in the pixels as that of the sub before it did, whatever the headers say."""

from __future__ import annotations

import itertools

import numpy as np

from indistack.values.frame import CfaPattern, DoubleArray
from indistack.values.mosaic import MosaicLevels, shifted

SIGNIFICANT = 6.0
"""Standard errors by which the sky's colours differ, and by which they contradict those before, at least."""

BETTER = 10.0
"""Times as near to what was before, if not within the errors, must the levels be in another place than in theirs."""


def seen_pattern(cfa: CfaPattern, now: MosaicLevels, before: MosaicLevels) -> CfaPattern:
    """Return the pattern that a frame has, judged by the colours of the sky in another one.

    A readout that begins a row or a column earlier or later moves the mosaic. The sky keeps its colours from one sub
    to the next: then its levels are found again, with the photosites interchanged.

    Parameters
    ----------
    cfa : str
        What the frame is said to have; this is returned where the levels decide nothing.
    now, before : MosaicLevels
        The frame's, and those of one whose pattern is known.
    """
    ours, theirs = np.array(now.adu), np.array(before.adu)
    error = SIGNIFICANT * float(np.hypot(now.error_adu, before.error_adu))
    if float(np.abs(theirs).max()) < error:
        return cfa
    misfits = {step: _misfit(ours, theirs, *step) for step in itertools.product((0, 1), repeat=2)}
    best = min(misfits, key=misfits.__getitem__)
    moved = misfits[0, 0] > error and misfits[best] < max(error, misfits[0, 0] / BETTER)
    brighter_adu = abs(now.mean_adu - before.mean_adu)
    if best == (1, 1) and brighter_adu > misfits[0, 0]:  # dusk or the Moon: red and blue have changed, and all the sky
        return cfa
    return shifted(cfa, *best) if moved else cfa


def _misfit(ours: DoubleArray, theirs: DoubleArray, x: int, y: int) -> float:
    """What is left of the levels when the others', moved and made as bright, are taken off."""
    moved = theirs[[place ^ (2 * y + x) for place in range(4)]]
    scale = max(0.0, float(ours @ moved / (moved @ moved)))
    return float(np.abs(ours - scale * moved).max())
