"""What really happened in each frame, as values and as JSON lines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Truth:
    """One frame as it was made.

    Attributes
    ----------
    frame : int
        Counts the frames of this kind from 0.
    kind : str
        ``light``, ``dark``, ``bias`` or ``flat``.
    transform : 3x3 rows
        Maps this sub's pixel (x, y) to the pixel of the first light of the same target, both as delivered with the
        same binning and the same region; pixel centres, first pixel's centre at (0, 0). Identity for other kinds.
    fwhm_px : float
        Of the seeing, in delivered pixels, before integration over pixels; 0 for other kinds.
    background_adu : float
        Sky light alone, mean over the colours, at the frame's centre.
    pedestal_adu : float
        What offset and dark current add to it.
    exposure_s, gain_setting, e_per_adu : float
        As used for this frame.
    events : tuple of str
        Words of the scenario's events that touch this frame.
    path : str
        Where the file was written, or empty.
    """

    frame: int
    kind: str
    date_obs: str
    transform: Rows
    fwhm_px: float
    transparency: float
    background_adu: float
    pedestal_adu: float
    exposure_s: float
    gain_setting: float
    e_per_adu: float
    events: tuple[str, ...]
    target: str
    path: str = ""

    @property
    def matrix(self) -> Floats:
        """The transform as a 3x3 array."""
        return np.array(self.transform)

    def at_path(self, path: str) -> Truth:
        """Return the same truth with the file's path."""
        return replace(self, path=path)

    def to_json(self) -> str:
        """Return one line of JSON without its line feed."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class StarTruth:
    """The stars inside one light.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        Centres in this sub's delivered pixels.
    flux_adu : ndarray, shape (n, 3)
        Flux through red, green and blue: the sum over the star's image if every pixel had that filter and full
        response, through this sub's clouds. For a mono camera all three are what passes its filter.
    b_minus_v : ndarray, shape (n,)
    """

    x: Floats
    y: Floats
    flux_adu: Floats
    b_minus_v: Floats

    def __len__(self) -> int:
        return len(self.x)


def as_rows(matrix: Floats) -> Rows:
    """Return a 3x3 array as nested tuples."""
    a, b, c = (tuple(float(value) for value in row) for row in matrix)
    return a, b, c  # type: ignore[return-value]


def append_truth(path: str | Path, truth: Truth) -> None:
    """Append one line; a reader sees whole lines only."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(truth.to_json() + "\n")


def read_truth(path: str | Path) -> list[Truth]:
    """Return the frames of a truth file in order."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [_from_json(line) for line in lines]


def _from_json(line: str) -> Truth:
    values = json.loads(line)
    values["events"] = tuple(values["events"])
    values["transform"] = as_rows(np.array(values["transform"]))
    return Truth(**values)
