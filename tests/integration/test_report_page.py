"""The report's page in a real browser, offline, on a desk and on a phone, by day and by night."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.report import read_session, summarise, write_report
from tests.unit.report.nights import line, refused, write_ledger

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium is installed (Debian package chromium)")
    return found


def screenshot(browser: str, page: Path, size: tuple[int, int], *options: str) -> np.ndarray:
    """Open a page and return what is seen, ``(h, w, 3)`` uint8 BGR; nothing may be fetched from anywhere."""
    picture = page.with_suffix(".png")
    offline = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1",
        f"--user-data-dir={page.parent / 'profile'}", f"--window-size={size[0]},{size[1]}",
        f"--screenshot={picture}", *offline, *options, page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return np.asarray(cv2.imread(str(picture)))


def has_colour(picture: np.ndarray, red: int, green: int, blue: int) -> bool:
    """Whether at least 20 pixels have this colour."""
    return int((np.abs(picture.astype(int) - (blue, green, red)).max(axis=2) < 12).sum()) > 20


def write_page(folder: Path) -> Path:
    rng = np.random.default_rng(1)
    lines = [line(n, x=0.3 * n + rng.normal(0, 0.2), y=rng.normal(0, 0.2)) for n in range(1, 60)]
    lines += [refused(n, "clouds") for n in range(60, 70)] + [line(n, x=0.3 * n) for n in range(70, 90)]
    summary = summarise(read_session(write_ledger(folder, *lines)))
    return write_report(summary, folder)[1]


def test_charts_strip_and_words_are_seen(browser: str, tmp_path: Path) -> None:
    picture = screenshot(browser, write_page(tmp_path), (1300, 1800))
    assert np.median(picture) == 255
    assert has_colour(picture, 0x2E, 0x8B, 0x57)  # the strip: used subs, green
    assert has_colour(picture, 0xD9, 0x77, 0x06)  # refused ones, amber
    assert has_colour(picture, 0x0B, 0x66, 0xC3)  # points of the charts
    rows = (picture != 255).any(axis=(1, 2))
    assert rows[:1200].mean() > 0.5


def test_the_stack_s_picture_is_seen(browser: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "stack.png"), np.full((300, 400, 3), (40, 60, 200), np.uint8))
    picture = screenshot(browser, write_page(tmp_path), (1300, 1800))
    assert (np.abs(picture.astype(int) - (40, 60, 200)).max(axis=2) < 12).sum() > 300 * 400


def test_at_night_the_page_is_dark(browser: str, tmp_path: Path) -> None:
    night = screenshot(
        browser, write_page(tmp_path), (1300, 1800), "--force-dark-mode", "--enable-features=WebUIDarkMode"
    )
    assert np.median(night) < 40
    assert has_colour(night, 0x58, 0xA6, 0xFF)


def test_on_a_phone_nothing_runs_out_of_the_page(browser: str, tmp_path: Path) -> None:
    page = write_page(tmp_path)
    wide = screenshot(browser, page, (500, 5000))
    # the margin on the right stays empty: 16 px of padding
    assert (wide[:, -12:] == 255).all()
    assert (wide[:, 20:-20] != 255).any()
