"""Tiles that are cut out of a JPEG without decoding it."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.faces.web.jpeg_tiles import JpegTiles, read_head
from indistack.sinks.jpeg import encoded, restart_blocks


def picture(shape: tuple[int, ...]) -> np.ndarray:
    noise = np.random.default_rng(1).normal(90, 60, shape).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 2) * 3 - 180, 0, 255).astype(np.uint8)


def opened(folder: Path, data: bytes) -> JpegTiles:
    (folder / "a.jpg").write_bytes(data)
    return JpegTiles(os.open(folder / "a.jpg", os.O_RDONLY))


def decoded(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("shape", [(700, 1010, 3), (1030, 1600, 3), (530, 1777), (16, 16, 3), (5, 3), (600, 6256, 3)])
def test_tiles_together_are_the_picture(tmp_path: Path, shape: tuple[int, ...]) -> None:
    data = encoded(picture(shape), 90, restart_blocks(shape))
    tiles, whole = opened(tmp_path, data), decoded(data)
    wide, high = tiles.head.tile_px
    assert (tiles.head.width, tiles.head.height) == (shape[1], shape[0])
    assert wide <= 512
    assert high == 512
    for column in range(-(-shape[1] // wide)):
        for row in range(-(-shape[0] // high)):
            part = whole[row * high : (row + 1) * high, column * wide : (column + 1) * wide]
            tile = decoded(tiles.tile(column, row))
            assert tile.shape == part.shape
            inner = (slice(2, -2), slice(2, -2))  # a decoder blends colours over the edge, which a tile has not beyond
            assert np.array_equal(tile[inner], part[inner])
            assert np.abs(tile.astype(int) - part).max() < 40
    assert tiles.tile(-(-shape[1] // wide), 0) == tiles.tile(0, -(-shape[0] // high)) == tiles.tile(-1, 0) == b""


def test_a_picture_that_was_replaced_is_still_cut(tmp_path: Path) -> None:
    data = encoded(picture((64, 64, 3)), 90, 4)
    tiles = opened(tmp_path, data)
    (tmp_path / "a.jpg").unlink()
    assert np.array_equal(decoded(tiles.tile(0, 0)), decoded(data))


def test_what_has_no_markers_is_not_cut(tmp_path: Path) -> None:
    for restart in (0, 3):
        with pytest.raises(ValueError, match="cannot be cut"):
            opened(tmp_path, encoded(picture((64, 64, 3)), 90, restart))


def test_a_progressive_picture_is_not_cut(tmp_path: Path) -> None:
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 1]
    with pytest.raises(ValueError, match="baseline"):
        opened(tmp_path, cv2.imencode(".jpg", picture((64, 64, 3)), options)[1].tobytes())


def test_every_truncation_and_many_changes_are_refused_or_harmless(tmp_path: Path) -> None:
    data = encoded(picture((40, 48, 3)), 60, restart_blocks((40, 48, 3)))
    rng = np.random.default_rng(2)
    spoilt = [data[:n_bytes] for n_bytes in range(len(data) - 1)]
    for _ in range(800):
        changed = bytearray(data)
        for place in rng.integers(0, read_head(data).n_bytes, 3):
            changed[place] = rng.integers(256)
        spoilt.append(bytes(changed))
    refused = 0
    for each in spoilt:
        try:
            tiles = opened(tmp_path, each)
        except ValueError:
            refused += 1
            continue
        assert len(tiles.tile(0, 0)) < 2 * len(data)
    assert refused > len(data) / 2


def test_more_parts_than_the_size_tells_are_refused(tmp_path: Path) -> None:
    data = encoded(picture((64, 64, 3)), 90, 4)
    for added in (b"\xff\xd0", b"\xff\xd0" * 50):
        with pytest.raises(ValueError, match="more parts"):
            opened(tmp_path, data[:-2] + added + data[-2:])
