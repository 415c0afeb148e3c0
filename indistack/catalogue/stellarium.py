"""Stars that Stellarium has on the disk: 10 bytes each, by the triangles of a geodesic grid."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indistack.catalogue.contents import EPOCH_YEAR, Stars
from indistack.values.frame import DoubleArray

SYSTEM = Path("/usr/share/stellarium/stars/default")
"""Where Debian's package ``stellarium-data`` puts them."""

DEEPEST_LEVEL = 4
"""Files of finer grids hold fainter stars, whose colours are less certain."""

LICENCE = "Stellarium: Hipparcos and Tycho-2 catalogues (ESA), free for use with their source named; files GPL-2+"

HEADER = struct.Struct("<8I")
MAGIC, TYPE = 0x835F040A, 1
"""Words before the stars: mark, type, version (2), level, brightest (0.001 mag), range, steps."""

RECORD = np.dtype([("low", "<u8"), ("high", "<u2")])

POSITION_BITS, MOTION_BITS = 20, 14
MOST_STEPS = 2 ** (POSITION_BITS - 1) - 1
"""From the middle of the largest triangle to its farthest corner."""
MOTION_ARCSEC = 1e-4
"""A year."""

BLUEST, B_V_STEP = -0.5, 4 / 127

G = (1 + 5**0.5) / 2
CORNERS = np.array(
    [(G, -1, 0), (G, 1, 0), (-G, 1, 0), (-G, -1, 0), (0, G, -1), (0, G, 1),
     (0, -G, 1), (0, -G, -1), (-1, 0, G), (1, 0, G), (1, 0, -G), (-1, 0, -G)]
) / np.hypot(G, 1)  # fmt: skip
FACES = np.array(
    [(1, 0, 10), (0, 1, 9), (0, 9, 6), (9, 8, 6), (0, 7, 10), (6, 7, 0), (7, 6, 3), (6, 8, 3), (11, 10, 7), (7, 3, 11),
     (3, 2, 11), (2, 3, 8), (10, 11, 4), (2, 4, 11), (5, 4, 2), (2, 8, 5), (4, 1, 10), (4, 5, 1), (5, 9, 1), (8, 9, 5)]
)  # fmt: skip
"""The icosahedron that the grid begins with."""

Integers = npt.NDArray[np.int64]


def files_in(places: Sequence[Path]) -> list[Path]:
    """Return the files of folders that may be read, the brightest stars first; one of each name."""
    found = {path.name: path for place in reversed(places) for path in place.glob("stars_[34]_*.cat")}
    return [found[name] for name in sorted(found)]


def stars_of_file(path: Path) -> Stars | None:
    """Read the stars of a file; None where it is of a version that is not understood."""
    content = path.read_bytes()
    if len(content) < HEADER.size:
        return None
    mark, kind, _, _, level, brightest, mag_range, steps = HEADER.unpack_from(content)
    if mark != MAGIC or kind != TYPE or level > DEEPEST_LEVEL or steps == 0:
        return None
    zones = len(FACES) * 4**level
    begin = HEADER.size + 4 * zones
    counts = np.frombuffer(content[HEADER.size : begin], "<u4").astype(np.int64)
    if len(content) != begin + RECORD.itemsize * int(counts.sum()):
        return None
    fields = _fields(np.frombuffer(content, RECORD, offset=begin))
    along, across = (fields[n] + fields[n + 2] * (EPOCH_YEAR - 2000) * _per_step(level) for n in (0, 1))
    ra_deg, dec_deg = _placed(level, np.repeat(np.arange(zones), counts), along, across)
    v_mag = np.asarray((brightest + fields[5] * mag_range / steps) / 1000, np.float64)
    b_v = np.asarray(BLUEST + fields[4] * B_V_STEP, np.float64)
    return Stars(ra_deg, dec_deg, v_mag, b_v).known()


def _fields(records: npt.NDArray[np.void]) -> list[Integers]:
    """Return two coordinates, two motions, colour and magnitude of each record, as whole numbers."""
    low, high = records["low"].astype(np.uint64), records["high"].astype(np.uint64)
    position, motion = (np.uint64(2**bits - 1) for bits in (POSITION_BITS, MOTION_BITS))
    raw = [low & position, low >> np.uint64(20) & position, low >> np.uint64(40) & motion]
    raw += [low >> np.uint64(54) | (high & np.uint64(15)) << np.uint64(10)]
    signed = [_signed(one, bits) for one, bits in zip(raw, 2 * [POSITION_BITS] + 2 * [MOTION_BITS], strict=True)]
    return [*signed, (high >> np.uint64(4) & np.uint64(127)).astype(np.int64), (high >> np.uint64(11)).astype(np.int64)]


def _signed(raw: npt.NDArray[np.uint64], bits: int) -> Integers:
    number = raw.astype(np.int64)
    return np.asarray(np.where(number >= 2 ** (bits - 1), number - 2**bits, number), np.int64)


def _triangles(level: int) -> DoubleArray:
    """Return the corners of the grid's triangles in their order, ``(n, 3, 3)``: each is divided into four."""
    triangles = CORNERS[FACES]
    for _ in range(level):
        middles = np.stack([triangles[:, one] + triangles[:, other] for one, other in ((1, 2), (2, 0), (0, 1))], axis=1)
        middles /= np.linalg.norm(middles, axis=2, keepdims=True)
        (a, b, c), (near_a, near_b, near_c) = triangles.swapaxes(0, 1), middles.swapaxes(0, 1)
        four = [(a, near_c, near_b), (near_c, b, near_a), (near_b, near_a, c), (near_a, near_b, near_c)]
        triangles = np.stack([np.stack(one, axis=1) for one in four], axis=1).reshape(-1, 3, 3)
    return np.asarray(triangles, np.float64)


def _axes(level: int) -> tuple[DoubleArray, DoubleArray, DoubleArray, float]:
    """Return the middle of each triangle, its axes to east and north, ``(n, 3)`` each, and the largest coordinate."""
    triangles = _triangles(level)
    middle = triangles.sum(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    east = np.cross((0.0, 0.0, 1.0), middle)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    north = np.cross(middle, east)
    seen = np.stack([np.einsum("nij,nj->ni", triangles - middle[:, np.newaxis], axis) for axis in (east, north)])
    largest = np.abs(seen / np.sqrt(1 - (seen**2).sum(axis=0))).max()
    return middle, east, north, float(largest)


def _per_step(level: int) -> float:
    """Return the motion of a year, in steps of a position, for one step of motion."""
    return float(np.radians(MOTION_ARCSEC / 3600) * MOST_STEPS / _axes(level)[3])


def _placed(level: int, zone: Integers, along: DoubleArray, across: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Return RA and Dec (deg) of stars, given their triangle and steps along its axes."""
    middle, east, north, largest = _axes(level)
    step = largest / MOST_STEPS
    place = middle[zone] + step * (along[:, np.newaxis] * east[zone] + across[:, np.newaxis] * north[zone])
    x, y, z = place.T
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))
