"""What guests do with the page besides looking: on a slow network, by the way back, in red light."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from tests.conftest import wait_until
from tests.integration.browser import Tab
from tests.integration.test_page_in_browser import SHOWN, TOKEN, add_previews, grow
from tests.integration.web_process import WebProcess

pytestmark = pytest.mark.slow


def test_a_picture_is_seen_where_the_network_is_slower_than_the_camera(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    held: list[Any] = []
    tab.page.route("**/api/v1/pictures/*", lambda route: held.append(route))
    for n_subs in (3, 5, 7):
        grow(page, n_subs)
        tab.await_true(f"page.state.n_subs === {n_subs}")
    assert len(held) == 1  # what is under way is not given up, and has the network for itself
    assert tab.text("#light").startswith("1 photo ")
    held[0].continue_()
    tab.await_true("document.querySelector('#light').textContent.startsWith('3 photos')")
    wait_until(lambda: tab.page.evaluate("page.pictures.coming") and len(held) == 2, 60)  # the newest is next
    held[1].continue_()
    tab.await_true("document.querySelector('#light').textContent.startsWith('7 photos')")
    assert not tab.page.evaluate("page.pictures.coming")
    assert len(held) == 2
    assert tab.faults == []
    tab.close()


def test_a_picture_that_did_not_come_is_asked_for_again(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    tab.page.route("**/api/v1/pictures/*", lambda route: route.abort(), times=1)
    grow(page, 6)
    tab.await_true("document.querySelector('#light').textContent.startsWith('6 photos')")
    tab.close()


def test_the_way_back_closes_what_is_open_and_no_more(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", f"{page.address}/static/code.html")
    tab.page.goto(page.address)
    tab.await_true(SHOWN)
    tab.page.click("[data-do=adjust]")
    tab.page.click("[data-do=more]")
    tab.page.go_back()
    tab.await_true("document.querySelector('#sheet').hidden")
    assert tab.page.evaluate("location.pathname") == "/"
    tab.page.click("[data-do=more]")
    tab.page.click("#sheet-close")
    tab.await_true("!history.state")  # it needs no second step to leave
    tab.page.go_back()
    assert tab.page.evaluate("location.pathname") == "/static/code.html"
    assert tab.faults == []
    tab.close()


def test_red_light_shows_no_other_colour_on_the_console(page: WebProcess, browser: Any) -> None:
    add_previews(page.folder, 1)
    tab = Tab(browser, "desktop", f"{page.address}/console#token={TOKEN}")
    tab.page.click("#night")
    tab.await_true("document.querySelector('#view').naturalWidth > 0")
    pixels = cv2.imdecode(np.frombuffer(tab.page.locator("#view").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels[..., 2].mean() > 20
    assert pixels[..., :2].mean() < 0.1 * pixels[..., 2].mean()
    tab.close()
