"""Names of what is on a picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from indistack.catalogue import Catalogue, NamedPlaces, SkyField
from indistack.fits_header import Wcs
from indistack.output import sky_names
from indistack.output.sky_names import MOST_NAMES, write_names
from indistack.picture.captions import Ink, extent_of

HEIGHT, WIDTH, LETTER_PX = 600, 800, 12
WCS = Wcs(50.0, 10.0, (400.0, 300.0), np.array([[-1 / 1800, 0], [0, -1 / 1800]]))

Place = tuple[str, float, float, float, float]
"""Name, x, y, magnitude, size (arcmin); 30 px an arcmin."""

Written = list[tuple[str, tuple[int, int], tuple[int, int]]]
"""Name, left and base, width and height of each."""


def sky(*places: Place) -> SkyField:
    names, x, y, mag, size = zip(*places, strict=True)
    ra_deg, dec_deg = WCS.to_sky(np.column_stack([x, y]).astype(np.float64)).T
    table = NamedPlaces(np.array(names, "U48"), ra_deg, dec_deg, np.array(mag, float), np.array(size, float))
    return SkyField(WCS, Catalogue(places=table))


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Written, Ink]]:
    def write_them(*places: Place, before: Ink | None = None) -> tuple[Written, Ink]:
        written: Written = []

        def note(ink: Ink, text: str, at: tuple[int, int], letter_px: float) -> None:
            written.append((text, at, extent_of(ink, text, letter_px)))
            sky_names_write(ink, text, at, letter_px)

        ink = np.zeros((HEIGHT, WIDTH), np.uint8) if before is None else before
        monkeypatch.setattr(sky_names, "write", note)
        write_names(ink, sky(*places), LETTER_PX)
        return written, ink

    sky_names_write = sky_names.write
    return write_them


Named = Callable[..., tuple[Written, Ink]]


def test_a_name_stands_right_of_its_star_which_stays_free(named: Named) -> None:
    ((text, (left, base), (_, height)),), ink = named(("Vega", 300, 200, 0.0, 0))
    assert text == "Vega"
    assert 300 < left < 300 + 2 * LETTER_PX
    assert base - height < 200 < base
    assert not ink[195:206, 295:306].any()


def test_an_object_has_a_ring_of_its_size(named: Named) -> None:
    written, ink = named(("M 27 Dumbbell Nebula", 300, 200, 7.0, 4.0))
    assert [text for text, *_ in written] == ["M 27 Dumbbell Nebula"]
    rows = np.flatnonzero(ink[:, 300])
    assert (rows.min(), rows.max()) == pytest.approx((140, 260), abs=2)
    assert written[0][1][0] > 360


def test_what_is_larger_than_the_picture_has_no_ring(named: Named) -> None:
    written, ink = named(("M 31 Andromeda", 400, 300, 3.0, 17.0))
    assert len(written) == 1
    (_, (left, base), (width, height)), *_ = written
    ink[base - height - 2 : base + 6, left - 2 : left + width + 2] = 0
    assert not ink.any()


def test_names_do_not_cover_each_other_nor_leave_the_picture(named: Named) -> None:
    rng = np.random.default_rng(3)
    places = [(f"NGC {n} Cloud", *rng.uniform((5, 5), (WIDTH - 5, HEIGHT - 5)), 9.0 + n / 9, 1.0) for n in range(60)]
    written, _ = named(*places)
    assert 10 <= len(written) <= MOST_NAMES
    cover = np.zeros((HEIGHT, WIDTH), int)
    for _, (left, base), (width, height) in written:
        assert left >= 0
        assert base - height >= 0
        assert left + width <= WIDTH
        assert base <= HEIGHT
        cover[base - height : base, left : left + width] += 1
    assert cover.max() == 1


def test_what_is_written_already_stays_readable(named: Named) -> None:
    before = np.zeros((HEIGHT, WIDTH), np.uint8)
    before[180:220, 305:500] = 255
    kept = before.copy()
    ((_, (left, _), _),), ink = named(("Vega", 300, 200, 0.0, 0), before=before)
    assert left < 300
    np.testing.assert_array_equal(ink[180:220, 305:500], kept[180:220, 305:500])


def test_the_most_prominent_come_first_and_faint_numbers_not_at_all(named: Named) -> None:
    places = [("IC 4000", 100, 100, 15.5, 0.5), ("IC 4001", 100, 200, np.nan, 2.0), ("NGC 1", 100, 300, 12.0, 0.5)]
    written, _ = named(
        *places, ("M 27", 100, 400, 7.0, 1.0), ("Vega", 100, 500, 0.0, 0), ("NGC 2 Cloud", 400, 300, 15.0, 0)
    )
    assert [text for text, *_ in written] == ["M 27", "Vega", "NGC 1", "NGC 2 Cloud", "IC 4001"]


def test_nothing_is_written_where_nothing_is_known() -> None:
    ink = np.zeros((HEIGHT, WIDTH), np.uint8)
    write_names(ink, SkyField(WCS), LETTER_PX)
    assert not ink.any()
