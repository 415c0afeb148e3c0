"""The console beside real programs: a simulated camera by one click, and one state for all who look on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from indistack.commands import Set, read_state, tell
from indistack.faces.web.token_file import write_token
from indistack.store.folder_lock import is_at_work
from tests.conftest import IndiServer, wait_until
from tests.integration.browser import Tab
from tests.integration.test_indi_device import STACK, Night
from tests.integration.test_page_in_browser import TOKEN
from tests.integration.web_process import WebProcess

pytestmark = pytest.mark.slow

LONG_S = 120.0

LIMIT = """() => [...document.querySelectorAll('#settings label')]
  .find((each) => each.textContent.startsWith('Drift limit')).querySelector('input')"""
"""The control of a setting."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[WebProcess]:
    folder = tmp_path / "out"
    folder.mkdir()
    write_token(folder, TOKEN)
    process = WebProcess(folder, wait_until)
    yield process
    process.end()


def post(page: WebProcess, path: str, body: object) -> Any:
    return page.ask(path, "POST", body, authorization=f"Bearer {TOKEN}")


@pytest.mark.skipif(shutil.which("indiserver") is None, reason="indiserver is not installed")
def test_a_simulated_camera_comes_by_one_click_and_its_session_is_gone_on_with(page: WebProcess, browser: Any) -> None:
    tab = Tab(browser, "phone", f"{page.address}/console#token={TOKEN}")
    tab.await_true("document.body.classList.contains('open')")
    tab.page.click("#simulator >> text=Try it with a simulated camera")
    wait_until(lambda: read_state(page.folder).n_subs >= 2, LONG_S, "subs are stacked")
    tab.page.click("#simulator >> text=End the simulated camera")
    wait_until(lambda: not is_at_work(page.folder), LONG_S, "it has ended")
    tab.await_true("document.querySelector('#sessions summary') !== null")
    n_subs = read_state(page.folder).n_subs
    tab.page.click("#sessions summary")
    tab.page.click("#sessions >> text=Go on with it")
    try:
        tab.await_true("document.querySelector('#simulator').textContent.includes('End the agent')")
        wait_until(lambda: page.told("/api/v1/status")["n_subs"] >= n_subs, LONG_S, "the stack is there again")
        assert post(page, "/api/v1/sessions/nonsense/continue", {}).status == 404
        (name,) = [session["name"] for session in page.told("/api/v1/sessions")["sessions"]]
        assert post(page, f"/api/v1/sessions/{name}/continue", {}).status == 409  # one is at work
    finally:
        assert post(page, "/api/v1/agent/end", {}).status == 200
    assert not is_at_work(page.folder)
    assert [fault for fault in tab.faults if "404" not in fault] == []  # a preview may come after its sub is told of
    tab.close()


def test_a_camera_is_started_for_nobody_without_the_token(page: WebProcess) -> None:
    for path in ("/api/v1/simulator", "/api/v1/agent/end", "/api/v1/merge", "/api/v1/sessions/x/continue"):
        assert page.ask(path, "POST", {"on": True}).status == 401, path
    assert post(page, "/api/v1/simulator", {"on": "yes"}).status == 422
    assert post(page, "/api/v1/simulator", {"on": False}).status == 409
    assert post(page, "/api/v1/merge", {"sessions": ["one"]}).status == 422
    assert post(page, "/api/v1/merge", {"sessions": ["../x", "../y"]}).status == 404


@pytest.fixture
def night(tmp_path: Path, indiserver: Callable[..., IndiServer]) -> Iterator[Night]:
    made = Night(tmp_path, indiserver, wait_until)
    yield made
    made.end()


def test_what_is_changed_anywhere_shows_everywhere(night: Night, browser: Any) -> None:
    night.connect()
    write_token(night.output, TOKEN)
    page = WebProcess(night.output, wait_until)
    try:
        tabs = [Tab(browser, size, f"{page.address}/console#token={TOKEN}") for size in ("desktop", "phone")]
        for tab in tabs:
            tab.await_true("document.body.classList.contains('open')")

        def shown_by_all(limit: str) -> None:
            for tab in tabs:
                tab.await_true(f"({LIMIT})().value === '{limit}'")
            wait_until(lambda: night.get(f"{STACK}.DRIFT_LIMIT.VALUE") == limit, LONG_S, "INDI tells it")
            assert page.told("/api/v1/status")["settings"]["drift.limit"] == limit
            assert read_state(night.output).settings["drift.limit"] == limit

        night.set(f"{STACK}.DRIFT_LIMIT.VALUE=11 px")
        shown_by_all("11 px")
        tell(night.output, Set("drift.limit", "12 px"))
        shown_by_all("12 px")
        control = tabs[0].page.evaluate_handle(LIMIT).as_element()
        control.fill("13 px")
        control.press("Tab")
        shown_by_all("13 px")
        before = page.told("/api/v1/status")["number"]
        tell(night.output, Set("drift.limit", "14 px"))
        shown_by_all("14 px")
        assert page.told("/api/v1/status")["number"] > before
        assert [tab.faults for tab in tabs] == [[], []]
    finally:
        page.end()
