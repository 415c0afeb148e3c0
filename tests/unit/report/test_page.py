"""The page: whole, self-contained, safe."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from indistack.errors import IndistackError
from indistack.report import as_page, as_text, read_session, summarise, write_report
from tests.unit.report.nights import line, refused, write_ledger


class Tags(HTMLParser):
    """Checks that tags are closed in order, and collects them."""

    VOID = ("meta", "path", "rect")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.append(tag)
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.names.append(tag)


def page_of(tmp_path: Path, *lines: dict[str, object]) -> str:
    return as_page(summarise(read_session(write_ledger(tmp_path, *lines))))


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    page = page_of(tmp_path, *(line(n, x=0.1 * n) for n in range(1, 40)), refused(40, "clouds"))
    tags = Tags(page).names
    assert tags.count("svg") == 11  # the strip, three of the mount, seven of sky and stack
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert not re.search(r"https?://|url\(|@import", page)
    assert "prefers-color-scheme:dark" in page


def test_what_a_header_says_is_text_and_no_markup(tmp_path: Path) -> None:
    page = page_of(tmp_path, line(1, target="<script>alert(1)</script>"), refused(2, "<b>odd", detail="<i>"))
    assert "script" not in Tags(page).names
    assert "&lt;script&gt;" in page


def test_nothing_that_a_ledger_holds_acts_where_it_is_read(tmp_path: Path) -> None:
    odd = "a\x1b[2Jb\nc\u202ed\udcff"
    lines = line(1, target=odd), refused(2, "odd" + odd, detail=odd)
    page, text = page_of(tmp_path, *lines), as_text(summarise(read_session(tmp_path)))
    assert "a?[2Jb c?d?" in page
    assert "a?[2Jb c?d?" in text
    assert all(each.isprintable() for each in text.splitlines())
    assert not re.search("[\x1b\u202e\udcff]", page)


def test_a_night_without_a_registered_sub_has_a_page(tmp_path: Path) -> None:
    page = page_of(tmp_path, *(refused(n, "clouds", stars=None, fwhm_px=None, hfr_px=None) for n in range(1, 5)))
    assert Tags(page).names.count("svg") == 8
    assert "No sub was registered" in page


def test_more_reasons_than_colours_and_a_long_table(tmp_path: Path) -> None:
    lines = [refused(2 * n, f"reason_{n % 9}") for n in range(1, 100)]
    page = page_of(tmp_path, *(one for n, r in enumerate(lines) for one in (line(2 * n + 1), r)))
    assert "and 39 more" in page
    assert page.count('class="r6"') > page.count('class="r1"')


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    summary = summarise(read_session(write_ledger(tmp_path, line(1))))
    with pytest.raises(IndistackError, match=r"ledger\.jsonl"):
        write_report(summary, tmp_path / "ledger.jsonl")
