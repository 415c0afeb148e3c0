"""Catalogues that others have made."""

from __future__ import annotations

import gzip
import sqlite3
import struct
from pathlib import Path

import numpy as np
import pytest

from indistack.catalogue import kstars
from indistack.catalogue.contents import EPOCH_YEAR
from indistack.catalogue.tycho2 import stars_of_table
from indistack.errors import SettingsError

HEAD = "# a star a line\n#  RA  DEC\n"


def line(place: str, motion: str, mag: str, b_v: str, names: str = "") -> str:
    return f"{place} {motion}00010.0 {mag}{b_v}A0 0{names}\n"


STILL = "+000000.0+000000.0"
VEGA = line("183656.34 +384701.3", STILL, "00.03", "-0.00", "            , alp Lyr, Vega")
SOUTH = line("120000.00 -603000.0", STILL, "04.50", "01.20", "            , del Cru")
FAINT = line("030000.00 +103000.0", STILL, "08.50", "00.60", "            , 17  Ari")
FAST = line("060000.00 +600000.0", "+001000.0-002000.0", "07.00", "00.70")


def text_file(folder: Path, *lines: str) -> Path:
    path = folder / kstars.STARS
    path.write_text(HEAD + "".join(lines), "latin-1")
    return path


def test_stars_and_their_names_are_read_from_text(tmp_path: Path) -> None:
    stars, places = kstars.stars_of_text(text_file(tmp_path, VEGA, SOUTH, FAINT))
    np.testing.assert_allclose(stars.ra_deg, [279.23475, 180.0, 45.0], atol=1e-5)
    np.testing.assert_allclose(stars.dec_deg, [38.783694, -60.5, 10.5], atol=1e-5)
    np.testing.assert_allclose(stars.v_mag, [0.03, 4.5, 8.5])
    np.testing.assert_allclose(stars.b_v, [0, 1.2, 0.6], atol=1e-9)
    assert places.name.tolist() == ["Vega", "del Cru"]  # and no faint star by its number
    np.testing.assert_allclose(places.dec_deg, [38.783694, -60.5], atol=1e-5)


def test_packed_text_is_the_same(tmp_path: Path) -> None:
    plain = text_file(tmp_path, VEGA, SOUTH)
    packed = tmp_path / "stars.dat.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    np.testing.assert_array_equal(kstars.stars_of_text(packed)[0].ra_deg, kstars.stars_of_text(plain)[0].ra_deg)


def test_stars_stand_where_they_have_moved(tmp_path: Path) -> None:
    stars, _ = kstars.stars_of_text(text_file(tmp_path, FAST))
    years = EPOCH_YEAR - 2000
    assert (stars.ra_deg[0] - 90) * 3600 * 0.5 == pytest.approx(1.0 * years, abs=0.01)  # the cosine of 60 deg
    assert (stars.dec_deg[0] - 60) * 3600 == pytest.approx(-2.0 * years, abs=0.01)


@pytest.mark.parametrize("content", [b"no star at all, but a long line of text that goes on\n", b"\x1f\x8b"])
def test_a_text_that_is_no_catalogue_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("stars.dat.gz" if content[:1] == b"\x1f" else "stars.dat")
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"stars\.dat.*not as KStars writes it"):
        kstars.stars_of_text(path)


FIELDS = (("RA", 4, 1_000_000), ("Dec", 4, 100_000), ("dRA", 2, 10), ("dDec", 2, 10), ("B", 2, 1000), ("V", 2, 1000))


def binary_file(folder: Path, *records: tuple[int, ...]) -> Path:
    described = b"".join(struct.pack("<10sBBi", name.encode(), size, 3, scale) for name, size, scale in FIELDS)
    begin = kstars.HEADER + 5 + len(described) + 4 + 12 + 5
    index = struct.pack("<I", 1) + struct.pack("<III", 0, begin, len(records))
    content = b"stars".ljust(kstars.HEADER, b"\0") + struct.pack("<HBH", kstars.BYTE_ORDER, 1, len(FIELDS))
    content += described + index + bytes(5) + b"".join(struct.pack("<iihhhh", *record) for record in records)
    path = folder / kstars.DEEP_STARS
    path.write_bytes(content)
    return path


def test_deep_stars_are_read_as_their_header_describes_them(tmp_path: Path) -> None:
    path = binary_file(tmp_path, (12_500_000, -4_550_000, 0, 0, 11_500, 10_800), (1, 1, 0, 0, 30_000, 11_000))
    stars = kstars.stars_of_binary(path)
    assert len(stars) == 1  # the other one's B is not known
    assert (stars.ra_deg[0], stars.dec_deg[0]) == pytest.approx((187.5, -45.5))
    assert (stars.v_mag[0], stars.b_v[0]) == pytest.approx((10.8, 0.7))


@pytest.mark.parametrize("content", [b"", b"short", bytes(400)])
def test_a_binary_that_is_no_catalogue_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / kstars.DEEP_STARS
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="not as KStars writes it"):
        kstars.stars_of_binary(path)


def object_file(folder: Path, *rows: tuple[object, ...]) -> Path:
    path = folder / kstars.OBJECTS
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE cat (type, name, long_name, ra, dec, magnitude, major_axis)")
        base.executemany("INSERT INTO cat VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    base.close()
    return path


def test_objects_have_their_number_and_what_they_are_called(tmp_path: Path) -> None:
    path = object_file(
        tmp_path,
        (6, "M 27", "NGC 6853, Dumbbell Nebula", 299.9, 22.72, 7.1, 6.7),
        (8, "NGC 205", "PGC 2429, UGC 426", 10.1, 41.7, None, None),
        (0, "NGC 1", "", 1.0, 2.0, 9.0, None),
        (17, "M 40", "Winnecke 4", 185.5, 58.1, 8.4, None),
    )
    places = kstars.objects_of(path)
    assert places.name.tolist() == ["M 27 Dumbbell Nebula", "NGC 205", "M 40 Winnecke 4"]
    np.testing.assert_allclose(places.size_arcmin, [6.7, 0, 0])
    np.testing.assert_array_equal(np.isfinite(places.mag), [True, False, True])


def test_a_base_that_is_no_catalogue_is_told(tmp_path: Path) -> None:
    path = tmp_path / kstars.OBJECTS
    path.write_bytes(b"no base")
    with pytest.raises(SettingsError, match="not as KStars writes it"):
        kstars.objects_of(path)


TABLES = {
    "csv": "RA,Dec,BTmag,VTmag\n10.5,-20.25,9.0,8.0\n11,3,,8.5\n",
    "other words and signs": "# from an archive\nTYC|_RAJ2000|_DEJ2000|BT mag|VT mag\n1-2-1|10.5|-20.25|9.0|8.0\n",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_tycho_gives_johnson_colours(tmp_path: Path, kind: str, packed: bool) -> None:
    path = tmp_path / ("t.csv.gz" if packed else "t.csv")
    path.write_bytes(gzip.compress(TABLES[kind].encode()) if packed else TABLES[kind].encode())
    stars = stars_of_table(path)
    assert len(stars) == 1  # one without BT has no colour
    assert (stars.ra_deg[0], stars.dec_deg[0]) == pytest.approx((10.5, -20.25))
    assert (stars.v_mag[0], stars.b_v[0]) == pytest.approx((8.0 - 0.090, 0.850))


def test_a_table_without_bt_has_no_stars_with_colours(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ra_deg,dec_deg,vt_mag\n10.5,-20.25,9.0\n")
    assert len(stars_of_table(path)) == 0


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "ra,dec,bt,vt\n10:00:00,+20,1,2\n"])
def test_another_table_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"t\.csv"):
        stars_of_table(path)


@pytest.mark.skipif(not kstars.SYSTEM.is_dir(), reason="KStars' data is not installed")
def test_what_debian_ships_is_read() -> None:
    objects = kstars.objects_of(kstars.SYSTEM / kstars.OBJECTS)
    assert "M 27 Dumbbell Nebula" in objects.name
    deep = kstars.SYSTEM / "unnamedstars.dat"
    dtype, scales, _ = kstars._layout(deep.read_bytes())
    assert dtype.itemsize == 32
    assert scales["RA"] == 1_000_000
