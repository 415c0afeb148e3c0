"""A phone stretches the stack for itself: by WebGL, and by points where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.store.wanted import OWN_STRETCH, is_wanted
from tests.conftest import wait_until
from tests.integration.browser import Tab, chromium
from tests.integration.web_process import WebProcess

NO_WEBGL = """{
  const known = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    return kind === 'webgl' ? null : known.call(this, kind, ...more);
  };
}"""
SEEN = """() => {
  const canvas = document.createElement('canvas'), from = document.querySelector('#own');
  canvas.width = from.width; canvas.height = from.height;
  const ink = canvas.getContext('2d');
  ink.drawImage(from, 0, 0);
  const at = (x) => [...ink.getImageData(x, 60, 1, 1).data.slice(0, 3)];
  return {left: at(40), right: at(140)};
}"""
"""What is shown of the sky, and of what is somewhat brighter."""
TOUCH = """(wanted) => {
  const input = [...document.querySelectorAll('#sheet-body input')].find((each) => each.ariaLabel === wanted[0]);
  input.value = wanted[1];
  input.dispatchEvent(new Event('input'));
}"""


def put_companded(folder: Path, step: int, redder: int = 0) -> None:
    """Write a grey picture of two halves, the right one brighter by some companded steps, with noise in both.

    What is looked at in the right half is redder by further steps.
    """
    pixels = np.full((120, 180, 3), 60, np.uint8)
    pixels[:, 90:] += np.uint8(step)
    pixels += np.random.default_rng(1).integers(0, 5, (120, 180, 1), np.uint8)
    pixels[55:66, [*range(35, 46), *range(135, 146)]] = pixels[0, 0] // 5 * 5
    pixels[55:66, 35:46], pixels[55:66, 135:146] = 62, (62 + step, 62 + step, 62 + step + redder)
    cv2.imwrite(str(folder / "new.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 100])
    (folder / "new.jpg").replace(folder / OWN_STRETCH)


@pytest.mark.parametrize("has_webgl", [True, False])
def test_what_is_lifted_keeps_its_colour(page: WebProcess, has_webgl: bool) -> None:
    put_companded(page.folder, 20, redder=40)
    with chromium() as browser:
        tab = Tab(browser, "phone", page.address)
        tab.context.add_init_script("" if has_webgl else NO_WEBGL)
        tab.page.reload()
        tab.await_true("window.page?.pictures.page")
        tab.page.click("[data-do=adjust]")
        tab.page.click("text=Own stretch")
        tab.await_true("!document.querySelector('#own').hidden")
        red, green, blue = tab.page.evaluate(SEEN)["right"]
        assert abs(green - blue) < 4
        assert red > 4 * blue  # light of 26 and 7, on a sky of 3.6
        tab.close()


@pytest.mark.parametrize("has_webgl", [True, False])
def test_faint_light_is_lifted_for_the_own_eyes_and_follows_the_night(page: WebProcess, has_webgl: bool) -> None:
    with chromium() as browser:
        tab = Tab(browser, "phone", page.address)
        tab.context.add_init_script("" if has_webgl else NO_WEBGL)
        tab.page.reload()
        tab.await_true("window.page?.pictures.page")
        tab.page.click("[data-do=adjust]")
        tab.page.click("text=Own stretch")
        wait_until(lambda: is_wanted(page.folder, OWN_STRETCH), 60)
        assert "is making the picture" in tab.text("#sheet-body")
        put_companded(page.folder, 20)
        tab.await_true("!document.querySelector('#own').hidden")
        first = tab.page.evaluate(SEEN)
        assert first["right"][0] > first["left"][0] + 3
        tab.page.evaluate(TOUCH, ["Faint light", "90"])
        lifted = tab.page.evaluate(SEEN)
        assert lifted["right"][0] > first["right"][0] + 20
        tab.page.evaluate(TOUCH, ["Dark sky", "100"])
        assert tab.page.evaluate(SEEN)["left"][0] < lifted["left"][0]
        version = tab.page.evaluate("page.own.version")
        put_companded(page.folder, 90)
        tab.await_true(f"page.own.version !== {json.dumps(version)}")
        assert tab.page.evaluate("page.own.painter && page.own.canvas.width") == 180
        tab.page.click("text=As it was")
        tab.await_true("document.querySelector('#own').hidden")
        assert [fault for fault in tab.faults if "404" not in fault] == []  # not made yet: told as such
        tab.close()


def test_the_law_is_undone_truly(page: WebProcess) -> None:
    with chromium() as browser:
        tab = Tab(browser, "phone", page.address)
        tab.await_true("window.page?.own")
        found: Any = tab.page.evaluate("import('/static/own_stretch.js').then((it) => [...it.LIGHT])")
        wanted = np.sinh(np.arange(256) / 255 * np.arcsinh(2000)) / 2000
        np.testing.assert_allclose(found, wanted, rtol=1e-9)
        tab.close()
