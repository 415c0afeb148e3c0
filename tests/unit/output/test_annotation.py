"""What is written on a picture."""

import numpy as np
import numpy.typing as npt
import pytest

from indistack.enhance import PictureSettings
from indistack.output.annotation import annotated
from indistack.picture.integration import Preview
from indistack.picture.linear import StackPicture
from indistack.sinks import Snapshot
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


def drawn(cards: tuple[Card, ...], bottom_up: bool = False, **settings: object) -> npt.NDArray[np.bool_]:
    """Tell which pixels have letters on them."""
    stack = StackPicture(np.zeros((HEIGHT, WIDTH), np.float32))
    preview = Preview(np.full((HEIGHT, WIDTH, 3), LEVEL, np.uint8))
    shown = annotated(preview, Snapshot(stack, cards, bottom_up), PictureSettings.model_validate(settings))
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


def test_no_compass_where_somebody_turned_the_picture() -> None:
    cards = solved((0, -1), (-1, 0))
    assert drawn(cards)[COMPASS].any()
    assert not drawn(cards, operators=["auto", "rotate:90"])[COMPASS].any()


def test_both_depths_are_written_on_and_the_given_picture_is_left() -> None:
    pixels, fine = np.full((HEIGHT, WIDTH), LEVEL, np.uint8), np.full((HEIGHT, WIDTH), 257 * LEVEL, np.uint16)
    snapshot = Snapshot(StackPicture(np.zeros((HEIGHT, WIDTH), np.float32)), FACTS, False)
    shown = annotated(Preview(pixels, fine), snapshot, PictureSettings())
    assert shown.fine is not None
    np.testing.assert_allclose(shown.fine / 257, shown.pixels, atol=1)
    assert (pixels == LEVEL).all()
    assert (fine == 257 * LEVEL).all()
