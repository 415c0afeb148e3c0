"""Pictures that somebody looks at closely."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indistack.faces.web import tile_shelf
from indistack.faces.web.output_folder import OutputFolder, Stamp
from indistack.faces.web.tile_shelf import TileShelf
from indistack.sinks.jpeg import encoded
from indistack.store.wanted import FULL_PICTURE, is_wanted

NAME = "stack.jpg"


class Shelf:
    """A shelf over a folder with one picture."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.folder = OutputFolder(folder)
        self.shelf = TileShelf(self.folder, self.find)

    def find(self, version: str) -> Stamp | None:
        stamp = self.folder.stamp(NAME)
        return stamp if stamp is not None and stamp.version == version else None

    def publish(self, level: int, restart: int = 4) -> Stamp:
        new = self.path.with_suffix(".tmp")
        new.write_bytes(encoded(np.full((64, 64 + 64 * level, 3), level, np.uint8), 90, restart))
        new.replace(self.path)
        stamp = self.folder.stamp(NAME)
        assert stamp is not None
        return stamp


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_size_and_tiles_are_told(shelf: Shelf) -> None:
    stamp = shelf.publish(1)
    told = shelf.shelf.told(stamp)
    assert told == {"width": 128, "height": 64, "tile": [512, 512], "tiles": f"/api/v1/tiles/{stamp.version}/"}
    assert shelf.shelf.told(shelf.publish(1, restart=0)) == {}
    shelf.path.write_bytes(b"no picture")
    stamp = shelf.folder.stamp(NAME)
    assert stamp is not None
    assert shelf.shelf.told(stamp) == {}


def test_who_looks_at_a_picture_sees_all_of_it_although_newer_ones_come(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_shelf, "MOST", 2)
    versions = []
    for level in range(1, 4):
        versions.append(shelf.publish(level).version)
        assert shelf.shelf.tile(versions[-1], 0, 0)
    assert shelf.shelf.tile(versions[0], 0, 0) == b""  # let go of
    assert shelf.shelf.tile(versions[1], 0, 0)
    assert shelf.shelf.tile("no-such", 0, 0) == b""


def test_who_asks_for_tiles_wants_the_picture_as_fine_as_the_stack(shelf: Shelf) -> None:
    shelf.shelf.told(shelf.publish(1))
    assert not is_wanted(shelf.path.parent, FULL_PICTURE)
    shelf.shelf.tile("any", 0, 0)
    assert is_wanted(shelf.path.parent, FULL_PICTURE)


def test_a_file_that_has_just_been_replaced_is_not_taken_for_the_one_before(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp = shelf.publish(1)
    monkeypatch.setattr(shelf.shelf, "_find", lambda version: stamp)
    shelf.publish(2)
    assert shelf.shelf.tile(stamp.version, 0, 0) == b""
