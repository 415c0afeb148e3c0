"""What is written on a picture."""

import numpy as np
import numpy.typing as npt
import pytest

from indistack.catalogue import SkyField
from indistack.enhance import PictureFacts, PictureSettings, render
from indistack.fits_header import read_wcs
from indistack.output.annotation import annotated
from indistack.picture.integration import Preview
from indistack.picture.linear import StackPicture
from indistack.values.frame import Card

HEIGHT, WIDTH = 600, 800
FACTS: tuple[Card, ...] = (
    ("OBJECT", "M 27", ""),
    ("STACKCNT", 6, ""),
    ("LIVETIME", 36.0, ""),
    ("DATE-OBS", "2018-09-07T22:31:45", ""),
)
LEVEL = 40


def solved(north: tuple[float, float], east: tuple[float, float], scale_arcsec: float = 2.0) -> tuple[Card, ...]:
    """Cards of a WCS whose north and east lie along these ways of stored columns and rows."""
    step = scale_arcsec / 3600
    values = {"CD1_1": east[0], "CD1_2": east[1], "CD2_1": north[0], "CD2_2": north[1]}
    cards: list[Card] = [(key, step * value, "") for key, value in values.items()]
    place: list[Card] = [("CRVAL1", 10.0, ""), ("CRVAL2", 41.0, ""), ("CRPIX1", 400.0, ""), ("CRPIX2", 300.0, "")]
    return (*FACTS, ("CTYPE1", "RA---TAN", ""), ("CTYPE2", "DEC--TAN", ""), *cards, *place)


def seen(cards: tuple[Card, ...], bottom_up: bool = False, *operators: str) -> Preview:
    """Return a picture as those operators make it, of one grey."""
    wcs = read_wcs(cards)
    facts = PictureFacts(bottom_up, sky=None if wcs is None else SkyField(wcs))
    stack = StackPicture(np.full((HEIGHT, WIDTH, 3), LEVEL / 255, np.float32))
    return render(stack, PictureSettings(operators=list(operators)), facts)


def drawn(cards: tuple[Card, ...], bottom_up: bool = False, *operators: str) -> npt.NDArray[np.bool_]:
    """Tell which pixels have letters on them."""
    shown = annotated(seen(cards, bottom_up, *operators), cards)
    return np.asarray((shown.pixels > LEVEL + 40).all(axis=2))


LEFT, RIGHT = np.s_[HEIGHT // 2 :, : WIDTH // 2], np.s_[HEIGHT // 2 :, WIDTH // 2 :]
COMPASS = np.s_[: HEIGHT // 3, 2 * WIDTH // 3 :]


def test_facts_stand_at_the_lower_left_and_nothing_elsewhere() -> None:
    ink = drawn(FACTS)
    assert ink[LEFT].any()
    assert not ink[RIGHT].any()
    assert not ink[: HEIGHT // 2].any()


def test_nothing_is_written_of_a_stack_that_nothing_is_known_of() -> None:
    assert not drawn(()).any()


def test_a_target_that_nobody_has_named_is_no_title() -> None:
    assert not drawn((("OBJECT", "Unknown", ""),)).any()


def test_bar_has_the_length_that_it_says() -> None:
    # 2 arcsec a pixel: a quarter of 800 px are 400 arcsec, so that 5 minutes are the longest, 150 px
    row = drawn(solved((0, -1), (-1, 0)))[RIGHT].sum(axis=1).max()
    assert row == pytest.approx(150, abs=3)


@pytest.mark.parametrize(
    ("north", "bottom_up", "rises"), [((0, -1), False, True), ((0, 1), False, False), ((0, 1), True, True)]
)
def test_north_is_where_the_header_says(north: tuple[float, float], bottom_up: bool, rises: bool) -> None:
    ink = drawn(solved(north, (-1, 0)), bottom_up)[COMPASS]
    middle = round(6.5 * 11)  # letters of 11 px
    above, below = ink[: middle - 8].sum(), ink[middle + 12 :].sum()
    assert (above > 3 * below) == rises


def test_the_compass_turns_with_the_picture() -> None:
    ink = drawn(solved((0, -1), (-1, 0)), False, "rotate:90")
    assert ink.shape == (WIDTH, HEIGHT)
    middle = round(6.5 * 11)
    compass = ink[: 2 * middle, HEIGHT - 2 * middle :]
    beside, above, below = compass[:, : middle - 8], compass[: middle - 8], compass[middle + 12 :]
    assert min(beside.sum(), below.sum()) > 3 * above.sum()  # north is left, east is below


def test_the_scale_is_that_of_what_is_shown() -> None:
    # binned by 2: 4 arcsec a pixel, and a quarter of 400 px are 400 arcsec again
    cards = solved((0, -1), (-1, 0))
    wcs = read_wcs(cards)
    assert wcs is not None
    stack = StackPicture(np.full((HEIGHT, WIDTH, 3), LEVEL / 255, np.float32))
    preview = render(stack, PictureSettings(operators=[], max_side_px=400), PictureFacts(sky=SkyField(wcs)))
    ink = (annotated(preview, cards).pixels > LEVEL + 40).all(axis=2)
    assert ink[HEIGHT // 4 :, WIDTH // 4 :].sum(axis=1).max() == pytest.approx(75, abs=3)


def test_both_depths_are_written_on_and_the_given_picture_is_left() -> None:
    pixels, fine = np.full((HEIGHT, WIDTH), LEVEL, np.uint8), np.full((HEIGHT, WIDTH), 257 * LEVEL, np.uint16)
    shown = annotated(Preview(pixels, fine), FACTS)
    assert shown.fine is not None
    np.testing.assert_allclose(shown.fine / 257, shown.pixels, atol=1)
    assert (pixels == LEVEL).all()
    assert (fine == 257 * LEVEL).all()
