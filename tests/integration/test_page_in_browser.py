"""The page as visitors and the observer see it, in a real browser."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.agent.mailbox import Mailbox, reply
from indistack.commands import Answer, Pause, Remove, Set
from indistack.faces.web.token_file import write_token
from indistack.store.folder_lock import only_one
from indistack.store.wanted import FULL_PICTURE, is_wanted
from tests.conftest import wait_until
from tests.integration.browser import SIZES, Tab
from tests.integration.web_process import SESSION, WebProcess, publish

pytestmark = pytest.mark.slow

SHOWN = "document.querySelector('#picture').classList.contains('there')"
TOKEN = "7KQD-2MXA-PV9C"

FITS = """() => {
  const wide = document.documentElement.scrollWidth > innerWidth;
  const small = [...document.querySelectorAll('button, a, input, select')].filter((each) => {
    const box = each.getBoundingClientRect();
    return box.width && (box.height < 44 || box.width < 44) && !['checkbox', 'range'].includes(each.type);
  });
  const out = [...document.querySelectorAll('#bar button, #caption h1, #light')].filter((each) => {
    const box = each.getBoundingClientRect();
    return box.width && (box.left < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1);
  });
  return [wide ? 'wider than the window' : '', ...small.map((each) => 'small: ' + each.outerHTML.slice(0, 80)),
          ...out.map((each) => 'outside: ' + each.outerHTML.slice(0, 80))].filter(Boolean);
}"""
"""Returns what a finger cannot hit, or what does not fit."""


WHOLE = """(() => {
  const bar = document.querySelector('#bar').getBoundingClientRect(), { width, height } = page.viewer.box;
  return height === innerHeight && width === (bar.height === innerHeight ? bar.left : innerWidth);
})()"""
"""Whether the picture has all the room that the bar leaves."""

MOVE_SKY = """() => {
  const handle = document.querySelector('.handle.sky input');
  handle.value = '0.3';
  for (const told of ['input', 'change']) handle.dispatchEvent(new Event(told));
}"""
"""Drags the handle of the sky."""


def grow(page: WebProcess, n_subs: int) -> None:
    """Publish, and wait until the page tells of it."""
    publish(page.folder, n_subs)
    wait_until(lambda: page.told("/api/v1/status")["pictures"][-1]["n_subs"] == n_subs, 60)


def test_the_picture_is_there_at_every_size_and_fits(page: WebProcess, browser: Any) -> None:
    for size in SIZES:
        tab = Tab(browser, size, page.address)
        tab.await_true(SHOWN)
        assert tab.text("#target") == "M 27"
        assert tab.text("#light") == "1 photo · 10 seconds of light"
        assert tab.page.evaluate(FITS) == []
        for name in ("share", "adjust", "more", "postcard", "grow"):
            tab.page.evaluate(f"page.open('{name}')")
            assert tab.page.is_visible("#sheet")
            assert tab.page.evaluate(FITS) == [], name
        assert tab.faults == []
        assert all(url.startswith((page.address, "blob:", "data:")) for url in tab.asked)
        tab.close()


def test_the_first_view_is_small(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    loaded = tab.page.evaluate(
        "performance.getEntriesByType('resource').reduce((sum, each) => sum + each.transferSize, 0)"
    )
    picture = len((page.folder / "stack.jpg").read_bytes())
    assert 10_000 < loaded - picture < 60_000
    tab.close()


def test_a_new_picture_comes_by_itself_unless_one_stays_with_another(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    grow(page, 5)
    tab.await_true("document.querySelector('#light').textContent.startsWith('5 photos')")
    tab.page.click("[data-do=more]")
    tab.page.click("text=Stay with this picture")
    grow(page, 9)
    tab.page.wait_for_selector("#show-newer")
    assert tab.text("#light").startswith("5 photos")
    tab.page.click("#show-newer")
    tab.await_true("document.querySelector('#light').textContent.startsWith('9 photos')")
    tab.page.click("[data-do=compare]")
    tab.page.wait_for_selector("#divider")
    assert (tab.text("#side-left"), tab.text("#side-right")) == ("1 photo", "9 photos together")
    tab.page.focus("#divider")
    tab.page.keyboard.press("Home")
    assert tab.page.get_attribute("#divider", "aria-valuenow") == "0"
    assert tab.faults == []
    tab.close()


def test_the_picture_is_enlarged_by_fingers_and_keys_and_comes_back(page: WebProcess, browser: Any) -> None:
    publish(page.folder, 3, side_px=600)
    wait_until(lambda: page.told("/api/v1/status")["n_subs"] == 3, 60)
    tab = Tab(browser, "desktop", page.address)
    tab.await_true(SHOWN)
    fit = tab.page.evaluate("page.viewer.scale")
    tab.page.dblclick("#stage", position={"x": 600, "y": 400})
    tab.await_true("page.viewer.zoomed")
    wait_until(lambda: is_wanted(page.folder, FULL_PICTURE), 60)  # nothing finer is published yet
    tab.page.click("#zoom-out")
    assert tab.page.evaluate("page.viewer.scale") == fit
    tab.page.focus("#stage")
    tab.page.keyboard.press("+")
    assert tab.page.evaluate("page.viewer.scale") > fit
    before = tab.page.evaluate("page.viewer.x")
    tab.page.keyboard.press("ArrowRight")
    assert tab.page.evaluate("page.viewer.x") < before
    tab.page.keyboard.press("0")
    assert tab.page.evaluate("page.viewer.scale") == fit
    assert tab.faults == []
    tab.close()


def test_looked_at_closely_the_picture_is_loaded_in_tiles_and_follows(page: WebProcess, browser: Any) -> None:
    publish(page.folder, 2, side_px=1600, view_step=4)
    wait_until(lambda: page.told("/api/v1/status")["n_subs"] == 2, 60)
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    assert not [url for url in tab.asked if "/tiles/" in url]
    assert not tab.page.is_visible("#close")
    tab.page.evaluate("page.viewer.toggle(200, 370)")
    tab.await_true("page.tiles.complete")
    assert tab.page.is_visible("#close")
    assert tab.text("#zoom-out").startswith("100 %")
    asked = [url for url in tab.asked if "/tiles/" in url]
    assert 2 <= len(asked) <= 6  # 360 x 740 of 2400 x 1600 pixels
    assert not any(f"/{other}.jpg" in url for other in ("0-0", "4-3") for url in asked)
    tab.page.evaluate("page.tiles.takenAt = 0")
    publish(page.folder, 8, side_px=1600, view_step=4)
    tab.await_true("document.querySelector('#light').textContent.startsWith('8')")
    tab.await_true("page.tiles.whole.tiles === page.state.whole.tiles && page.tiles.complete")
    tab.page.click("#zoom-out")
    assert not tab.page.is_visible("#close")
    assert tab.faults == []
    tab.close()


def test_every_language_speaks_and_stays_chosen(page: WebProcess, browser: Any) -> None:
    said = set()
    for language in ("en-GB", "de-DE", "fr-FR", "es-ES", "it-IT"):
        tab = Tab(browser, "phone", page.address, language)
        tab.await_true(SHOWN)
        said.add(tab.text("#light"))
        assert tab.page.get_attribute("html", "lang") == language[:2]
        assert tab.page.evaluate(FITS) == []
        assert tab.faults == []
        tab.close()
    assert len(said) == 5
    tab = Tab(browser, "phone", page.address, "ja-JP")
    tab.await_true(SHOWN)
    assert tab.text("#light") == "1 photo · 10 seconds of light"
    tab.page.click("[data-do=more]")
    tab.page.click("text=Deutsch")
    tab.await_true("document.querySelector('#light').textContent === '1 Aufnahme · 10 Sekunden Licht'")
    tab.page.reload()
    tab.await_true("document.querySelector('#light').textContent === '1 Aufnahme · 10 Sekunden Licht'")
    tab.close()


def test_a_beginner_is_told_what_is_missing(page: WebProcess, browser: Any) -> None:
    for path in (page.folder / "stack.jpg", page.folder / "status.json"):
        path.unlink()
    tab = Tab(browser, "phone", page.address)
    tab.page.wait_for_selector("#welcome")
    tab.await_true("document.querySelector('#live-text').textContent.includes('not running')")
    camera = {"connected": True, "device": "ZWO ASI", "server": "127.0.0.1:7624", "frames": 0}
    with only_one(page.folder):
        publish(page.folder, 0, state="running", sources=[{**camera, "device": ""}])
        (page.folder / "stack.jpg").unlink()
        tab.await_true("document.querySelector('#welcome-title').textContent === 'Looking for the camera'")
        publish(page.folder, 0, state="running", sources=[camera])
        (page.folder / "stack.jpg").unlink()
        tab.await_true("document.querySelector('#steps').textContent.includes('ZWO ASI')")
        clouds = [{"number": 9 + number, "outcome": "refused", "reason": "clouds"} for number in range(3)]
        publish(page.folder, 4, state="running", sources=[camera], lines=clouds)
        tab.await_true("document.querySelector('#notice').textContent.includes('clouds are passing')")
        assert not tab.page.is_visible("#welcome")
    assert tab.faults == []
    tab.close()


ODD_NAMES = {
    "<img src=x onerror=alert(1)>M 27": "<img src=x onerror=alert(1)>M 27",
    "\u202eM 27\n": "?M 27 ",  # written backwards
    "مجرة المرأة المسلسلة": "مجرة المرأة المسلسلة",
    "🌌 星雲 M 27": "🌌 星雲 M 27",
    "N" * 290: "N" * 290,
}
"""What a header tells, and how it is shown."""


def test_odd_names_from_headers_are_text_on_page_and_postcard(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    for target, shown in ODD_NAMES.items():
        publish(page.folder, 2, last={"target": target})
        tab.await_true(f"document.querySelector('#target').textContent === {json.dumps(shown)}")
        assert tab.page.locator("#target img").count() == 0
        assert tab.page.evaluate(FITS) == []
        assert tab.page.evaluate("document.querySelector('#target').clientHeight < innerHeight / 5"), shown
        tab.page.evaluate("page.open('postcard')")
        assert tab.page.get_attribute("#sheet-body canvas", "aria-label").startswith(shown.strip())
        tab.page.evaluate("page.close()")
    assert tab.faults == []
    tab.close()


def test_red_light_leaves_the_dark_dark(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    tab.page.evaluate("page.night(true)")
    tab.page.wait_for_timeout(600)  # the picture fades in
    pixels = cv2.imdecode(np.frombuffer(tab.page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels[..., :2].mean() < 12
    assert pixels[200, :, 2].mean() < 30  # above the picture
    assert pixels[540, :, 2].mean() < 30  # below it
    tab.close()


def test_what_changes_the_picture_does_not_cover_it(page: WebProcess, browser: Any) -> None:
    for size in SIZES:
        tab = Tab(browser, size, page.address)
        tab.await_true(SHOWN)
        for name in ("adjust", "grow"):
            tab.page.evaluate(f"page.open('{name}')")
            sheet, picture = (
                tab.page.evaluate(
                    f"JSON.parse(JSON.stringify(document.querySelector('{each}').getBoundingClientRect()))"
                )
                for each in ("#sheet", "#picture")
            )
            assert picture["bottom"] <= sheet["top"] + 1 or picture["right"] <= sheet["left"] + 1, (size, name)
            assert picture["width"] > 200, (size, name, picture, sheet)
        assert tab.page.evaluate("document.activeElement.id") == "sheet"
        tab.page.keyboard.press("Escape")
        assert tab.page.evaluate("document.activeElement.dataset.do") == "grow"
        tab.await_true(WHOLE)
        tab.close()


def test_large_text_still_fits(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    tab.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert tab.page.evaluate(FITS) == []
    for name in ("share", "adjust", "more", "postcard", "grow"):
        tab.page.evaluate(f"page.open('{name}')")
        assert tab.page.evaluate(FITS) == [], name
        box = tab.page.locator("#sheet").bounding_box()
        assert box["y"] >= 0
        assert box["x"] >= 0
    tab.close()


def test_red_light_and_projector(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "projector", page.address)
    tab.await_true(SHOWN)
    tab.page.click("[data-do=more]")
    tab.page.click("text=Red light")
    colours = (
        "[...document.querySelectorAll('#target, #bar button, #live')].map((each) => getComputedStyle(each).color)"
    )
    for colour in tab.page.evaluate(colours):
        red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(", "))
        assert red > 2 * green
        assert red > 2 * blue
    tab.page.click("text=Full screen")
    assert not tab.page.is_visible("#bar")
    tab.page.click("#stage")
    tab.page.wait_for_selector("#bar")
    tab.page.reload()
    tab.await_true(SHOWN)
    assert "night" in (tab.page.get_attribute("html", "class") or "")
    tab.close()


def test_a_page_that_was_cut_off_comes_back_by_itself(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    page.end()
    tab.await_true("document.querySelector('#live-text').textContent.startsWith('Connection lost')")
    assert tab.page.is_visible("#picture")
    publish(page.folder, 7)
    page.restart()
    tab.await_true("document.querySelector('#light').textContent.startsWith('7 photos')")
    tab.await_true("!document.querySelector('#live-text').textContent.startsWith('Connection lost')")
    tab.close()


def readers(page: WebProcess) -> int:
    """Return how many pages listen."""
    lines = page.ask("/api/v1/metrics").data.decode().splitlines()  # type: ignore[attr-defined]
    return int(next(line for line in lines if line.startswith("indistack_page_readers ")).split()[1])


def test_a_stream_that_is_silent_is_given_up_and_opened_again(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    page.process.send_signal(signal.SIGSTOP)  # connected, and nothing comes any more
    try:
        tab.page.evaluate("page.feed.heard -= 21000")  # as after so long a silence
        tab.await_true("document.querySelector('#live-text').textContent.startsWith('Connection lost')")
    finally:
        page.process.send_signal(signal.SIGCONT)
    tab.await_true("!document.querySelector('#live-text').textContent.startsWith('Connection lost')")
    grow(page, 4)
    tab.await_true("document.querySelector('#light').textContent.startsWith('4 photos')")
    tab.close()


def test_a_page_that_nobody_sees_listens_to_nothing_and_catches_up(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    wait_until(lambda: readers(page) == 1, 60)
    hide = """(hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    tab.page.evaluate(hide, True)
    grow(page, 6)
    wait_until(lambda: readers(page) == 0, 60)
    assert tab.text("#light").startswith("1 photo ")
    tab.page.evaluate(hide, False)
    tab.await_true("document.querySelector('#light').textContent.startsWith('6 photos')")
    wait_until(lambda: readers(page) == 1, 60)
    tab.close()


def test_a_network_that_was_away_is_back(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    tab.context.set_offline(True)
    tab.page.evaluate("page.feed.heard -= 21000")
    tab.await_true("document.querySelector('#live-text').textContent.startsWith('Connection lost')")
    grow(page, 5)
    tab.context.set_offline(False)
    tab.await_true("document.querySelector('#light').textContent.startsWith('5 photos')")
    tab.await_true("!document.querySelector('#live-text').textContent.startsWith('Connection lost')")
    tab.close()


def test_a_postcard_is_saved(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", page.address)
    tab.await_true(SHOWN)
    tab.page.click("[data-do=more]")
    tab.page.click("#sheet-body >> text=Postcard")
    with tab.page.expect_download() as download:
        tab.page.click("text=Save the postcard")
    assert download.value.suggested_filename == "M-27.jpg"
    assert Path(download.value.path()).read_bytes()[:2] == b"\xff\xd8"
    tab.close()


def add_previews(folder: Path, n_subs: int) -> None:
    """Add small pictures of subs to the session."""
    previews = folder / "sessions" / SESSION / "previews"
    previews.mkdir()
    for number in range(1, n_subs + 1):
        (previews / f"{number:06d}.jpg").write_bytes((folder / "stack.jpg").read_bytes())


def test_the_observer_unlocks_and_commands(page: WebProcess, browser: Any) -> None:
    write_token(page.folder, TOKEN)
    add_previews(page.folder, 1)
    over, taken = threading.Event(), []

    def agent() -> None:
        with only_one(page.folder):
            while not over.wait(0.05):
                for request in Mailbox(page.folder).collect():
                    taken.append(request.command)
                    reply(request.answer, Answer(said="as told"))

    thread = threading.Thread(target=agent)
    thread.start()
    try:
        tab = Tab(browser, "desktop", f"{page.address}/console")
        tab.page.wait_for_selector("#subs tr")
        assert tab.page.is_disabled("#commands >> text=Pause")
        tab.page.click("#key")
        tab.page.fill("#token", TOKEN)
        tab.page.click("text=Unlock >> nth=-1")
        tab.page.click("#commands >> text=Pause")
        tab.await_true("document.querySelector('#answer').textContent === 'as told'")
        tab.page.click("#subs >> text=Remove")
        wait_until(lambda: len(taken) == 2, 60)
        assert taken == [Pause(), Remove(1)]
        tab.await_true("document.querySelector('#view').src.startsWith('blob:')")
        tab.page.evaluate(MOVE_SKY)
        tab.await_true("document.querySelector('#answer').textContent === 'as told'")
        tab.page.click("#look >> text=Take back")
        wait_until(lambda: len(taken) == 4, 60)
        assert taken[2:] == [Set("picture.sky", 0.3), Set("picture.sky", None)]
        assert tab.page.evaluate(FITS) == []
        assert tab.faults == []
        tab.close()
    finally:
        over.set()
        thread.join()


def test_the_token_of_the_qr_code_opens_the_console_and_leaves_the_address(page: WebProcess, browser: Any) -> None:
    write_token(page.folder, TOKEN)
    add_previews(page.folder, 1)
    tab = Tab(browser, "phone", f"{page.address}/console#token={TOKEN}")
    tab.await_true("document.body.classList.contains('open')")
    assert TOKEN not in tab.page.url
    assert not any(TOKEN in url for url in tab.asked)
    assert tab.page.evaluate(FITS) == []
    tab.close()


def test_the_console_shows_the_last_sub_its_hints_and_what_the_machine_is_like(page: WebProcess, browser: Any) -> None:
    add_previews(page.folder, 2)
    hint = {"kind": "refocus", "since": 2, "text": "stars have become wider since sub 2: refocus?"}
    publish(page.folder, 2, hints=[hint], machine={"memory_free_mb": 512}, last={"masters": ["/x/dark.fits"]})
    for size, language in (("phone", "de-DE"), ("tablet", "fr-FR"), ("desktop", "en-GB")):
        tab = Tab(browser, size, f"{page.address}/console", language)
        tab.await_true("document.querySelector('#sub-view').naturalWidth > 0")
        tab.await_true("document.querySelector('#hints').textContent.includes('2')")
        assert "dark.fits" in tab.text("#calibration")
        assert "512" in tab.text("#machine")
        assert tab.page.evaluate(FITS) == []
        assert tab.faults == []
        tab.close()
