"""Changes in a folder are told of at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from indistack.faces.web.folder_watch import FolderWatch

PATIENCE_S = 60.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


def told_of(folder: Path, change: Callable[[], object]) -> bool:
    """Tell whether a change is told of before patience ends."""

    async def wait() -> float:
        with FolderWatch(folder) as watch:
            assert watch.renew()
            change()
            begin_s = asyncio.get_running_loop().time()
            await watch.change(PATIENCE_S)
            return asyncio.get_running_loop().time() - begin_s

    return asyncio.run(wait()) < PATIENCE_S / 2


def test_a_file_that_is_put_in_place_written_or_removed(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "new").write_text("new")
    assert told_of(folder, lambda: (tmp_path / "new").replace(folder / "status.json"))
    assert told_of(folder, lambda: (folder / "status.json").write_text("newer"))
    assert told_of(folder, (folder / "status.json").unlink)


def test_what_has_changed_while_nobody_waited_is_told_once(tmp_path: Path) -> None:
    async def wait() -> tuple[float, float]:
        with FolderWatch(tmp_path) as watch:
            watch.renew()
            (tmp_path / "a").write_text("a")
            times = []
            for patience_s in (PATIENCE_S, 0.05):
                begin_s = asyncio.get_running_loop().time()
                await watch.change(patience_s)
                times.append(asyncio.get_running_loop().time() - begin_s)
            return times[0], times[1]

    first, second = asyncio.run(wait())
    assert first < PATIENCE_S / 2
    assert second >= 0.04


def test_a_folder_that_comes_later_is_watched_then(tmp_path: Path) -> None:
    async def wait() -> None:
        with FolderWatch(tmp_path / "later") as watch:
            assert not watch.renew()
            await watch.change(0.01)
            (tmp_path / "later").mkdir()
            assert watch.renew()
            (tmp_path / "later" / "a").write_text("a")
            await asyncio.wait_for(watch.change(2 * PATIENCE_S), PATIENCE_S)

    asyncio.run(wait())
