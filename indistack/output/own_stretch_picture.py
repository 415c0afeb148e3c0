"""The main stack for those who stretch it on their own phone: small, with steps that are fine in the dark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from indistack.enhance import PictureSettings
from indistack.output import snapshots
from indistack.output.wanted_picture import WantedPicture
from indistack.picture.linear import binning_for
from indistack.session.session import Session
from indistack.sinks.jpeg import JpegSink, encoded_within
from indistack.store.wanted import OWN_STRETCH
from indistack.system.atomic import atomic_file
from indistack.values.own_files import OwnFiles

DUTY = 0.15
"""Largest share of the time that making it may take."""

MAX_SIDE_PX = 1024
MOST_BYTES = 250_000
"""What a phone loads with every update."""

STEEPNESS = 2000
"""Of the compander: 256 steps of asinh(STEEPNESS * x), x of 0 to 1, are as fine in the dark as 1 / 67,000 of the white,
a fraction of the noise. The page has the same number, and undoes it."""

OPERATORS = ["neutral", f"asinh:{STEEPNESS},0.1,100"]

QUALITIES = (88, 75, 60, 45, 30)


class OwnStretchPicture(WantedPicture):
    """Keeps that picture up to date.

    Parameters
    ----------
    folder : Path
        The agent's output folder.
    own_files : OwnFiles
        Is told of the file before it is written.
    """

    goes_first = False

    def __init__(self, folder: Path, own_files: OwnFiles) -> None:
        super().__init__(folder / OWN_STRETCH, own_files, DUTY)

    def _make(self, session: Session) -> None:
        snapshot = snapshots.snapshot(session, binning=lambda shape: binning_for(shape, MAX_SIDE_PX))
        plain = PictureSettings(operators=OPERATORS, max_side_px=MAX_SIDE_PX)
        preview = snapshots.with_preview(replace(snapshot, operators=None), plain, [JpegSink()]).preview
        if preview is None:
            raise snapshots.NoPictureError("there is nothing to be shown")
        with atomic_file(self._path) as file:
            file.write(encoded_within(preview.pixels, QUALITIES, MOST_BYTES))
