"""A real browser for the tests of the page: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.conftest import wait_until

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

SIZES = {
    "phone": (360, 740), "phone turned": (740, 360), "large phone turned": (932, 430), "tablet": (820, 1180),
    "desktop": (1366, 800), "projector": (1920, 1080),
}  # fmt: skip


@contextmanager
def chromium(*more: str) -> Iterator[Any]:
    """Give a browser, started with more options; skip the test where there is none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("there is no Chromium here (Debian's package: chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as tools:
        options = ["--no-sandbox", "--disable-dev-shm-usage", *more]
        browser = tools.chromium.launch(executable_path=program, args=options, env=dict(os.environ), timeout=120_000)
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """A page in a window of some size; whatever its scripts complain of fails the test that asks `faults`."""

    def __init__(self, browser: Any, size: str, address: str, language: str = "en-GB", **more: Any) -> None:
        width, height = SIZES[size]
        touch = "phone" in size or size == "tablet"
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch, locale=language, **more
        )  # fmt: skip
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)

    def await_true(self, expression: str) -> None:
        """Wait for what is true: asked again and again, as the page's policy lets nobody else run scripts in it."""
        wait_until(lambda: bool(self.page.evaluate(expression)), 60, expression)

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def close(self) -> None:
        self.context.close()
