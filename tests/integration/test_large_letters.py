"""The page for those who have their browser show large letters."""

from __future__ import annotations

import pytest

from tests.integration.browser import Tab, chromium
from tests.integration.test_page_in_browser import FITS, SHOWN
from tests.integration.web_process import WebProcess

pytestmark = pytest.mark.slow

LARGE_LETTERS = "--blink-settings=defaultFontSize=32"
"""As a reader chooses them in the browser's settings."""
SLIDERS = "[...document.querySelectorAll('#sheet input')].map((each) => each.getBoundingClientRect().width)"
COVERED = """() => {
  const [bar, sheet] = ['#bar', '#sheet'].map((each) => document.querySelector(each).getBoundingClientRect());
  return sheet.bottom > bar.top + 1 && sheet.right > bar.left + 1;
}"""
"""Whether the sheet lies on the bar."""


def test_large_letters_leave_room_for_what_is_touched(page: WebProcess) -> None:
    with chromium(LARGE_LETTERS) as browser:
        for size in ("phone", "phone turned", "tablet", "desktop"):
            tab = Tab(browser, size, page.address, "de-DE")
            tab.await_true(SHOWN)
            for name in ("share", "adjust", "more", "postcard", "grow"):
                tab.page.evaluate(f"page.open('{name}')")
                assert tab.page.evaluate(FITS) == [], (size, name)
                assert not tab.page.evaluate(COVERED), (size, name)
                assert all(width > 100 for width in tab.page.evaluate(SLIDERS)), (size, name)
                assert tab.page.locator("#sheet").bounding_box()["y"] >= 0
            assert tab.faults == []
            tab.close()
