"""Stars as Stellarium keeps them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from indistack.catalogue.contents import EPOCH_YEAR
from indistack.catalogue.stellarium import HEADER, MAGIC, files_in, stars_of_file

LEVEL = 1
ZONES = 80


def record(x: int, y: int, dx: int, dy: int, b_v: int, mag: int) -> bytes:
    """Return a star in 80 bits, the first field lowest."""
    bits, at = 0, 0
    for value, size in ((x, 20), (y, 20), (dx, 14), (dy, 14), (b_v, 7), (mag, 5)):
        bits |= (value % 2**size) << at
        at += size
    return bits.to_bytes(10, "little")


def star_file(folder: Path, records: dict[int, bytes], mark: int = MAGIC, name: str = "stars_3_1v0_4.cat") -> Path:
    counts = [len(records.get(zone, b"")) // 10 for zone in range(ZONES)]
    content = HEADER.pack(mark, 1, 0, 4, LEVEL, 9000, 1500, 30) + struct.pack(f"<{ZONES}I", *counts)
    path = folder / name
    path.write_bytes(content + b"".join(records[zone] for zone in sorted(records)))
    return path


def test_colour_and_magnitude_are_in_steps(tmp_path: Path) -> None:
    stars = stars_of_file(star_file(tmp_path, {0: record(0, 0, 0, 0, 36, 10), 5: record(0, 0, 0, 0, 16, 29)}))
    assert stars is not None
    np.testing.assert_allclose(stars.v_mag, [9.5, 10.45])
    np.testing.assert_allclose(stars.b_v, [36 * 4 / 127 - 0.5, 16 * 4 / 127 - 0.5])


def test_middles_of_all_triangles_are_spread_over_the_sky(tmp_path: Path) -> None:
    stars = stars_of_file(star_file(tmp_path, {zone: record(0, 0, 0, 0, 36, 10) for zone in range(ZONES)}))
    assert stars is not None
    ra, dec = np.radians(stars.ra_deg), np.radians(stars.dec_deg)
    places = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    np.testing.assert_allclose(places.mean(axis=0), 0, atol=1e-9)
    apart = np.degrees(np.arccos(np.clip(places @ places.T, -1, 1))) + 360 * np.eye(ZONES)
    assert apart.min() > 15


def test_east_and_north_are_where_they_are_on_the_sky(tmp_path: Path) -> None:
    still, east, north = record(0, 0, 0, 0, 36, 1), record(9000, 0, 0, 0, 36, 2), record(0, -9000, 0, 0, 36, 3)
    stars = stars_of_file(star_file(tmp_path, {3: still + east + north}))
    assert stars is not None
    assert stars.ra_deg[1] > stars.ra_deg[0]
    assert stars.dec_deg[1] == pytest.approx(stars.dec_deg[0], abs=0.02)
    assert stars.dec_deg[2] < stars.dec_deg[0]
    assert stars.ra_deg[2] == pytest.approx(stars.ra_deg[0], abs=1e-6)


def test_stars_move(tmp_path: Path) -> None:
    stars = stars_of_file(star_file(tmp_path, {3: record(0, 0, 0, 0, 36, 1) + record(0, 0, 0, -5000, 36, 2)}))
    assert stars is not None
    moved_arcsec = (stars.dec_deg[1] - stars.dec_deg[0]) * 3600
    assert moved_arcsec == pytest.approx(-0.5 * (EPOCH_YEAR - 2000), rel=1e-3)


def test_other_versions_are_left(tmp_path: Path) -> None:
    assert stars_of_file(star_file(tmp_path, {0: record(0, 0, 0, 0, 36, 10)}, mark=7)) is None
    path = star_file(tmp_path, {0: record(0, 0, 0, 0, 36, 10)})
    assert stars_of_file(path) is not None
    path.write_bytes(path.read_bytes() + b"\0")
    assert stars_of_file(path) is None
    path.write_bytes(b"short")
    assert stars_of_file(path) is None


def test_the_users_own_file_goes_first(tmp_path: Path) -> None:
    own, system = tmp_path / "own", tmp_path / "system"
    for folder in (own, system):
        folder.mkdir()
        star_file(folder, {})
    deeper = star_file(own, {}, name="stars_4_1v0_2.cat")
    star_file(system, {}, name="stars_2_0v0_8.cat")
    assert files_in([own, system]) == [own / "stars_3_1v0_4.cat", deeper]
