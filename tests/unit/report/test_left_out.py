"""Subs that were left out: on a contact sheet, and on the report's page."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.cli import main
from indistack.errors import IndistackError
from indistack.report import as_page, read_session, summarise
from indistack.report.contact_sheet import CELL_PX, MOST, LeftOut, sheet
from indistack.report.left_out import SHOWN, left_out
from tests.unit.report.nights import line, refused, write_ledger


def preview(session: Path, number: int, grey: int) -> None:
    (session / "previews").mkdir(exist_ok=True)
    cv2.imwrite(str(session / "previews" / f"{number:06d}.jpg"), np.full((60, 80, 3), grey, np.uint8))


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = write_ledger(
        tmp_path / "night", line(1), refused(2, "clouds", path="/subs/L_2.fits"), line(3),
        refused(4, "too_few_stars", detail="3 stars, 5 are wanted"),
    )  # fmt: skip
    for number, grey in ((1, 30), (2, 90), (3, 150)):
        preview(folder, number, grey)
    return folder


def test_each_has_its_number_its_file_its_reason_and_its_picture(session: Path) -> None:
    clouds, few = left_out(read_session(session))
    assert (clouds.title, clouds.why) == ("2  L_2.fits", "clouds: clouds <&>")
    assert (few.title, few.why) == ("4", "too few stars: 3 stars, 5 are wanted")
    assert clouds.picture is not None
    assert abs(int(clouds.picture.mean()) - 90) < 3
    assert few.picture is None


@pytest.mark.parametrize(("count", "cells"), [(1, (1, 1)), (4, (4, 1)), (5, (4, 2)), (MOST + 7, (4, MOST // 4))])
def test_a_sheet_has_a_cell_for_each(count: int, cells: tuple[int, int]) -> None:
    found = sheet([LeftOut(str(n), "clouds", np.full((9, 16), 200, np.uint8)) for n in range(count)])
    assert found.shape == (cells[1] * CELL_PX[1], cells[0] * CELL_PX[0], 3)
    bright = (found == 200).all(axis=2)
    assert bright.sum() == min(count, MOST) * 304 * 171  # 16 : 9, as wide as the cell's picture


def test_titles_and_reasons_are_written_and_stay_in_their_cell() -> None:
    long = "a reason " * 40
    two = sheet([LeftOut("1", "", None), LeftOut("n" * 200, long, None)])
    words = two[240:] > 100
    assert words[:, :40].any()
    assert words[:, CELL_PX[0] :].sum() > words[:, : CELL_PX[0]].sum()
    assert not words[:, -4:].any()


def test_no_sub_left_out_makes_no_sheet() -> None:
    with pytest.raises(IndistackError, match="no sub was left out"):
        sheet([])


def test_the_page_shows_them_and_needs_nothing_else(session: Path) -> None:
    page = as_page(summarise(read_session(session)))
    assert page.count("<img") == 1
    assert re.search(r'src="data:image/jpeg;base64,[^"]+" alt=""><figcaption>2  L_2.fits</figcaption>', page)
    assert "<small>clouds: clouds &lt;&amp;&gt;</small>" in page


def test_a_bad_night_makes_no_endless_page(tmp_path: Path) -> None:
    folder = write_ledger(tmp_path / "night", line(1), *(refused(n, "clouds") for n in range(2, SHOWN + 10)))
    for number in range(2, SHOWN + 10):
        preview(folder, number, 90)
    page = as_page(summarise(read_session(folder)))
    assert page.count("<img") == SHOWN
    assert f"the last {SHOWN} of {SHOWN + 8}" in page


def test_the_command_writes_it(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = session.parent / "sheet.png"
    assert main(["report", str(session), "--left-out", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(path)
    found = cv2.imread(str(path))
    assert found is not None
    assert found.shape == (CELL_PX[1], 2 * CELL_PX[0], 3)
    assert main(["report", str(session), "--left-out", str(session.parent / "sheet.fits")]) == 2
    assert "written as .jpg, .png, .webp" in capsys.readouterr().err


def test_long_names_that_differ_at_their_ends_stay_apart() -> None:
    first, second = (
        sheet([LeftOut(f"Light_NGC_7000_North_America_300s_gain100_2026-01-01_{n:04d}.fits", "clouds", None)])
        for n in (17, 48)
    )
    assert np.any(first != second)
