"""Where a published picture is on the sky, and what the catalogue knows there."""

from __future__ import annotations

import math

import numpy as np

from indistack.catalogue import Catalogue, SkyField, around, catalogue_path
from indistack.enhance import PictureSettings
from indistack.enhance.places import binned_places
from indistack.fits_header import Wcs, read_wcs
from indistack.sinks import Snapshot

STEP_DEG = 0.1
"""Places are rounded to that: a stack that grows asks for the same part of the sky."""

WIDEST_DEG = 80.0


def sky_of(snapshot: Snapshot, settings: PictureSettings) -> SkyField | None:
    """Return where the pixels of a snapshot's picture are on the sky; None where nobody knows.

    Parameters
    ----------
    snapshot : Snapshot
        Its header tells of the whole stack; its picture may be binned.
    settings : PictureSettings
        Tell where the catalogue is.
    """
    wcs = read_wcs(snapshot.cards)
    if wcs is None:
        return None
    shape = snapshot.picture.shape
    factor = max(1, round(max(snapshot.size) / max(shape[:2]))) if snapshot.size else 1
    wcs = wcs.moved(binned_places(factor)) if factor > 1 else wcs
    path = catalogue_path(settings.catalogue)
    return SkyField(wcs, Catalogue() if path is None else around(path, *_circle(wcs, shape)))


def _circle(wcs: Wcs, shape: tuple[int, ...]) -> tuple[tuple[float, float], float]:
    """Return centre and radius (deg) of a circle around a picture, rounded outwards."""
    height, width = shape[:2]
    ra_deg, dec_deg = wcs.to_sky(np.array([[(width - 1) / 2, (height - 1) / 2]]))[0] / STEP_DEG
    radius_deg = math.hypot(height, width) / 2 * wcs.scale_arcsec_px / 3600
    steps = math.ceil(min(radius_deg, WIDEST_DEG) / STEP_DEG) + 1
    return (round(float(ra_deg)) * STEP_DEG, round(float(dec_deg)) * STEP_DEG), steps * STEP_DEG
