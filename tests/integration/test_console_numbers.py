"""The console tells of what is on its screen, and takes no number that is none."""

from __future__ import annotations

from typing import Any

import pytest

from indistack.faces.web.token_file import write_token
from tests.conftest import wait_until
from tests.integration.browser import Tab
from tests.integration.test_page_in_browser import TOKEN, grow
from tests.integration.web_process import SESSION, WebProcess, publish

pytestmark = pytest.mark.slow


def opened(page: WebProcess, browser: Any) -> Tab:
    """Return the console, unlocked."""
    write_token(page.folder, TOKEN)
    tab = Tab(browser, "desktop", f"{page.address}/console#token={TOKEN}")
    tab.page.wait_for_selector("body.open")
    return tab


def says(selector: str, start: str) -> str:
    """Return an expression: does the text of an element begin so?"""
    return f"document.querySelector('{selector}').textContent.startsWith('{start}')"


def add_preview(page: WebProcess, number: int) -> None:
    """Write a small picture of a sub."""
    previews = page.folder / "sessions" / SESSION / "previews"
    previews.mkdir(exist_ok=True)
    (previews / f"{number:06d}.jpg").write_bytes((page.folder / "stack.jpg").read_bytes())


def test_numbers_are_those_of_the_picture_on_the_screen(page: WebProcess, browser: Any) -> None:
    tab = opened(page, browser)
    tab.await_true(says("#view-said", "Stack of 1 sub"))
    held: list[Any] = []
    tab.page.route("**/api/v1/pictures/*", lambda route: held.append(route))
    for n_subs in (3, 5):
        grow(page, n_subs)
        tab.await_true(f"document.querySelectorAll('#subs tr').length === {n_subs}")
    assert tab.text("#view-said") == "Stack of 1 sub"
    assert tab.text("#facts dd") == "1"
    assert len(held) == 1
    held[0].continue_()
    tab.await_true(says("#view-said", "Stack of 3 subs"))
    assert tab.text("#facts dd") == "3"
    wait_until(lambda: tab.page.evaluate("true") and len(held) == 2, 60)
    held[1].continue_()
    tab.await_true(says("#view-said", "Stack of 5 subs"))
    tab.close()


def test_the_last_sub_is_listed_though_it_was_told_of_while_others_were_asked_for(
    page: WebProcess, browser: Any
) -> None:
    tab = opened(page, browser)
    tab.await_true("document.querySelectorAll('#subs tr').length === 1")
    held: list[Any] = []
    tab.page.route("**/api/v1/subs?after=1", lambda route: held.extend([route.fetch(), route]), times=1)
    grow(page, 2)
    wait_until(lambda: tab.page.evaluate("true") and len(held) == 2, 60)
    grow(page, 4)
    tab.await_true("document.querySelector('#view-said').textContent === 'Stack of 4 subs'")
    held[1].fulfill(response=held[0])
    tab.await_true("document.querySelectorAll('#subs tr').length === 4")
    tab.close()


def test_a_sub_is_told_of_when_it_is_seen_and_stays_while_it_is_pointed_at(page: WebProcess, browser: Any) -> None:
    add_preview(page, 1)
    tab = opened(page, browser)
    tab.await_true(says("#sub-said", "Last sub, 1"))
    held: list[Any] = []
    tab.page.route("**/subs/2/preview", lambda route: held.append(route))
    add_preview(page, 2)
    grow(page, 2)
    wait_until(lambda: tab.page.evaluate("true") and held, 60)
    assert tab.text("#sub-said").startswith("Last sub, 1")
    for route in held:
        route.continue_()
    tab.page.unroute("**/subs/2/preview")
    tab.await_true(says("#sub-said", "Last sub, 2"))
    tab.page.click("text=Mark the comet")
    add_preview(page, 3)
    grow(page, 3)
    tab.await_true("document.querySelectorAll('#subs tr').length === 3")
    tab.await_true(says("#sub-said", "Sub 2"))
    tab.page.click("#sub-newest")
    tab.await_true(says("#sub-said", "Last sub, 3"))
    tab.close()


def test_what_is_no_number_is_not_sent_and_what_is_refused_does_not_stay(page: WebProcess, browser: Any) -> None:
    publish(page.folder, 1, settings={"quality.min_stars": 6, "goal.snr": 80.0})
    tab = opened(page, browser)
    told: list[str] = []
    tab.page.on("request", lambda request: told.append(request.url) if request.method == "POST" else None)
    stars, goal = tab.page.get_by_label("Least stars"), tab.page.get_by_label("Target SNR")
    wait_until(lambda: stars.input_value() == "6", 60)
    for wrong in ("", "six", "1e999"):
        stars.fill(wrong)
        stars.press("Enter")
        assert tab.text("#answer") == f"Not changed: “{wrong}” is no number."
        assert stars.input_value() == "6"
    assert told == []
    stars.fill("-5")
    stars.press("Enter")
    wait_until(lambda: "wanted is a whole number" in tab.text("#answer"), 60)
    assert stars.input_value() == "6"
    with tab.page.expect_request(lambda request: request.method == "POST" and "commands" in request.url) as asked:
        goal.fill("")
        goal.press("Enter")  # no target is a target that is off
    assert asked.value.post_data_json == {"command": "set", "name": "goal.snr", "value": None}
    tab.close()
