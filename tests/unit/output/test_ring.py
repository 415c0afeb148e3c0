"""Published pictures under their numbers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.output.ring import KEPT, VIEW_MAX_BYTES, VIEW_SIDE_PX, Ring
from indistack.sinks.jpeg import encoded

SMALL = np.zeros((30, 40, 3), np.uint8)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "stack.jpg"
    path.write_bytes(b"first")
    return path


def test_a_number_shows_what_it_showed(tmp_path: Path, picture: Path) -> None:
    kept = Ring(tmp_path).keep("stack", 7, picture, SMALL)
    assert kept == {"picture": "published/stack-7.jpg", "view": "published/stack-7-view.jpg"}
    other = tmp_path / "other"
    other.write_bytes(b"second")
    other.replace(picture)
    assert (tmp_path / kept["picture"]).read_bytes() == (tmp_path / kept["view"]).read_bytes() == b"first"


def test_a_view_of_noise_is_small_enough_for_a_phone(tmp_path: Path, picture: Path) -> None:
    noise = np.random.default_rng(3).normal(60, 16, (900, 1200, 3)).clip(0, 255).astype(np.uint8)
    picture.write_bytes(encoded(noise, 90))
    kept = Ring(tmp_path).keep("stack", 1, picture, noise)
    assert picture.stat().st_size > VIEW_MAX_BYTES
    assert (tmp_path / kept["view"]).stat().st_size <= VIEW_MAX_BYTES
    assert (tmp_path / kept["picture"]).read_bytes() == picture.read_bytes()


def test_the_view_of_a_large_picture_is_small_and_in_its_colours(tmp_path: Path, picture: Path) -> None:
    large = np.zeros((200, 2 * VIEW_SIDE_PX, 3), np.uint8)
    large[..., 0] = 200  # red
    view = cv2.imread(str(tmp_path / Ring(tmp_path).keep("stack", 1, picture, large)["view"]))
    assert view.shape == (100, VIEW_SIDE_PX, 3)
    np.testing.assert_allclose(view[50, 800], (0, 0, 200), atol=3)


def test_the_oldest_of_a_name_go(tmp_path: Path, picture: Path) -> None:
    ring = Ring(tmp_path)
    ring.keep("trails", 1, picture, SMALL)
    for number in range(2, 12):
        ring.keep("stack", number, picture, SMALL)
    names = {path.name for path in (tmp_path / "published").glob("stack-*[0-9].jpg")}
    assert names == {f"stack-{number}.jpg" for number in range(12 - KEPT, 12)}
    assert (tmp_path / "published" / "trails-1.jpg").exists()
    ring.sweep({"published/stack-11.jpg"})
    assert [path.name for path in (tmp_path / "published").iterdir()] == ["stack-11.jpg"]


def test_a_disk_that_does_not_take_it_costs_the_numbers_only(tmp_path: Path, picture: Path) -> None:
    (tmp_path / "published").touch()
    assert Ring(tmp_path).keep("stack", 1, picture, SMALL) == {}
