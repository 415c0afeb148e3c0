"""What the observer's console does beside commands: pointing at a sub, the log, a camera to try; and for whom."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from indistack.agent.mailbox import Mailbox, reply
from indistack.commands import AlignByBox, Answer, Command, MarkComet
from indistack.faces.web.token_file import write_token
from indistack.store.folder_lock import only_one
from tests.conftest import wait_until
from tests.integration.browser import Tab
from tests.integration.test_page_in_browser import TOKEN, add_previews
from tests.integration.web_process import SESSION, WebProcess, publish

pytestmark = pytest.mark.slow

LANGUAGES = ("en", "fr", "de", "es", "it")
SERIOUS = ("serious", "critical")

CUT = """() => [...document.querySelectorAll('button, .chip, h1, h2, h3, label span, legend, dt, dd, summary')]
  .filter((each) => each.clientWidth > 1 && getComputedStyle(each).overflow !== 'visible')
  .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.outerHTML.slice(0, 100))"""
"""Returns whose words do not fit."""


SHOTS = os.environ.get("INDISTACK_SCREENSHOTS", "")
"""A folder that they are put into, for people to look at."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[WebProcess]:
    folder = tmp_path / "out"
    folder.mkdir()
    publish(folder, 2, machine={"memory_free_mb": 512, "disk": {"free_gb": 3.0}}, memory_mb=210)
    add_previews(folder, 2)
    write_token(folder, TOKEN)
    process = WebProcess(folder, wait_until)
    yield process
    process.end()


@contextmanager
def obedient_agent(folder: Path) -> Iterator[list[Command]]:
    """Take commands and answer each; give those that were taken."""
    over, taken = threading.Event(), list[Command]()

    def work() -> None:
        with only_one(folder):
            while not over.wait(0.05):
                for request in Mailbox(folder).collect():
                    taken.append(request.command)
                    reply(request.answer, Answer(said="as told"))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join()


def opened(page: WebProcess, browser: Any, size: str, language: str = "en-GB") -> Tab:
    """Return the console, unlocked, with a sub beside the stack."""
    tab = Tab(browser, size, f"{page.address}/console#token={TOKEN}", language)
    tab.await_true("document.body.classList.contains('open')")
    tab.await_true("document.querySelector('#sub-view').naturalWidth > 0")
    return tab


def place_in_picture(tab: Tab, x: float, y: float) -> tuple[float, float]:
    """Return where on the screen a share of the sub's picture is."""
    box = tab.page.evaluate(
        "(() => { const i = document.querySelector('#sub-view'), b = i.getBoundingClientRect(),"
        " s = Math.min(b.width / i.naturalWidth, b.height / i.naturalHeight);"
        " return [b.x + (b.width - i.naturalWidth * s) / 2, b.y + (b.height - i.naturalHeight * s) / 2,"
        " i.naturalWidth * s, i.naturalHeight * s]; })()"
    )
    return box[0] + x * box[2], box[1] + y * box[3]


def shares(text: str) -> list[float]:
    return [float(word) for word in text.split(",")]


def test_a_comet_is_marked_by_a_tap_in_two_subs(page: WebProcess, browser: Any) -> None:
    with obedient_agent(page.folder) as taken:
        tab = opened(page, browser, "phone")
        tab.page.click("#point-kinds >> text=Mark the comet")
        tab.page.locator("#pointing").scroll_into_view_if_needed()
        tab.page.touchscreen.tap(*place_in_picture(tab, 0.25, 0.75))
        wait_until(lambda: len(taken) == 1, 60)
        tab.page.click("#subs button.thumb >> nth=1")
        tab.await_true("document.querySelector('#sub-said').textContent.startsWith('Sub 1')")
        tab.page.locator("#pointing").scroll_into_view_if_needed()
        tab.page.touchscreen.tap(*place_in_picture(tab, 0.5, 0.5))
        wait_until(lambda: len(taken) == 2, 60)
        assert all(isinstance(each, MarkComet) for each in taken)
        assert [each.number for each in taken] == [2, 1]  # type: ignore[union-attr]
        assert shares(taken[0].place) == pytest.approx([0.25, 0.75], abs=0.01)  # type: ignore[union-attr]
        tab.await_true("document.querySelector('#point-how').textContent.startsWith('2 marks')")
        assert tab.faults == []
        tab.close()


def test_boxes_are_drawn_on_the_sub_and_begin_a_stack(page: WebProcess, browser: Any) -> None:
    with obedient_agent(page.folder) as taken:
        tab = opened(page, browser, "desktop")
        tab.page.click("#point-kinds >> text=Box for Moon or Sun")
        tab.page.locator("#pointing").scroll_into_view_if_needed()
        for (x1, y1), (x2, y2) in (((0.3, 0.2), (0.5, 0.6)), ((0.1, 0.1), (0.9, 0.9))):
            tab.page.mouse.move(*place_in_picture(tab, x1, y1))
            tab.page.mouse.down()
            tab.page.mouse.move(*place_in_picture(tab, x2, y2), steps=4)
            tab.page.mouse.up()
        tab.page.click("#point-send")
        assert taken == []  # asked twice
        tab.page.click("#point-send")
        wait_until(lambda: len(taken) == 1, 60)
        (command,) = taken
        assert isinstance(command, AlignByBox)
        assert shares(command.box) == pytest.approx([0.3, 0.2, 0.2, 0.4], abs=0.01)
        assert shares(command.search) == pytest.approx([0.1, 0.1, 0.8, 0.8], abs=0.01)
        assert tab.faults == []
        tab.close()


def test_the_log_is_shown_by_level_as_text_and_with_the_token_only(page: WebProcess, browser: Any) -> None:
    said = [("info", "hello"), ("warning", "<img src=x onerror=alert(1)>"), ("error", "the disk\u202e is full")]
    lines = [json.dumps({"time": "2026-01-01T22:00:00+00:00", "level": level, "text": text}) for level, text in said]
    (page.folder / "log.jsonl").write_text("\n".join([*lines, "torn {"]))
    assert page.ask("/api/v1/log").status == 401
    tab = opened(page, browser, "phone")
    tab.page.click("#log summary")
    tab.await_true("document.querySelectorAll('#log-lines li').length === 3")
    assert "<img src=x" in tab.text("#log-lines")
    assert tab.page.query_selector("#log-lines img") is None
    tab.page.select_option("#log-level select", "error")
    tab.await_true("document.querySelectorAll('#log-lines li').length === 1")
    assert "the disk" in tab.text("#log-lines")
    assert "\u202e" not in tab.text("#log-lines")
    assert tab.faults == []
    tab.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_left_out_and_no_words_are_cut(page: WebProcess, browser: Any, language: str) -> None:
    axe_tool = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
    hint = {"kind": "refocus", "since": 2, "text": "stars have become wider since sub 2: refocus?"}
    publish(page.folder, 2, hints=[hint], warnings=["a warning"], lines=[refused(3)])
    (page.folder / "sessions" / SESSION / "previews" / "000003.jpg").write_bytes(
        (page.folder / "stack.jpg").read_bytes()
    )
    for size, night in (("phone", True), ("desktop", False)):
        tab = opened(page, browser, size, language)
        if night:
            tab.page.click("#night")
        tab.page.click("#log summary")
        tab.page.click("#sessions summary")
        tab.await_true("document.querySelectorAll('#log-lines li').length > 0")
        if SHOTS:
            tab.page.screenshot(path=f"{SHOTS}/{language}-{size}.png", full_page=True)
        tab.page.evaluate(axe_tool.AXE_FILE_PATH.read_text())
        found = tab.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        told = [
            (each["id"], node["html"][:160]) for each in found if each["impact"] in SERIOUS for node in each["nodes"]
        ]
        assert told == [], f"{language} {size}"
        assert tab.page.evaluate(CUT) == [], f"{language} {size}"
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{language} {size}"
        tab.close()


def refused(number: int) -> dict[str, Any]:
    return {
        "number": number,
        "time": "2026-01-01T22:01:00+00:00",
        "outcome": "refused",
        "reason": "clouds",
        "detail": "",
    }
