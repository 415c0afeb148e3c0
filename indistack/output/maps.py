"""What is known of every pixel of a stack beside its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from indistack.picture.integration import Integration
from indistack.picture.linear import StackPicture, binning_for
from indistack.session.clipped_map import ClippedMap
from indistack.session.noise_history import typical_weight
from indistack.stack import measure_noise, noise_map
from indistack.values.frame import FloatArray
from indistack.values.grid import Box

NEAR = 0.1
"""Noise is measured where the weight differs from the typical one by less than that share of it."""

COVERAGE_SIDE_PX = 512


def maps_of(stack: Integration) -> dict[str, StackPicture]:
    """Return the maps of a stack by the names of their FITS extensions.

    ``COVERAGE``: subs that reached the pixel. ``WEIGHT``: what they count together, of each colour where these differ.
    ``NOISE``: standard deviation of the value, mean of the colours (ADU): by the scatter of the subs where the method
    keeps it, else the noise that is measured in the picture, more where there is less weight. ``REJECTED``: subs that
    reached the pixel and were rejected there, where the method rejects.
    """
    maps = {
        "COVERAGE": StackPicture(stack.coverage),
        "WEIGHT": StackPicture(stack.weight),
        "NOISE": StackPicture(_noise(stack)),
    }
    return maps if stack.rejected is None else maps | {"REJECTED": StackPicture(stack.rejected)}


def small_coverage(stack: Integration) -> StackPicture:
    """Return how many subs reached a pixel, as means of blocks: so little that every stack's FITS can keep it."""
    coverage = StackPicture(stack.coverage)
    return StackPicture(coverage.binned(binning_for(coverage.shape, COVERAGE_SIDE_PX)))


def clipped_share(stacks: Sequence[tuple[ClippedMap, Integration]], box: Box) -> FloatArray | None:
    """Return which share of the subs was clipped in the cells of a picture of several filters: that of the worst.

    Parameters
    ----------
    stacks : sequence of (ClippedMap, Integration)
        Of each filter; the integration is cut to the box.
    box : (slice, slice)
        Rows and columns of the grid (px).

    Returns
    -------
    array or None
        ``(rows, columns)`` float32, 0 to 1; None where none was clipped.
    """
    shares = [clipped.share(stack.coverage, box) for clipped, stack in stacks]
    known = [share for share in shares if share is not None]
    return np.maximum.reduce(known) if known else None


def _noise(stack: Integration) -> FloatArray:
    measured = noise_map(stack)
    if measured is not None:
        return measured
    weight = stack.weight if stack.weight.ndim == 2 else stack.weight.mean(axis=2)
    typical = typical_weight(stack)
    noise_adu = measure_noise(replace(stack, weight=weight * (np.abs(weight - typical) < NEAR * typical)))
    return np.asarray(noise_adu * np.sqrt(typical / np.where(weight > 0, weight, np.float32(np.nan))), np.float32)
