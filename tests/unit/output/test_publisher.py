"""How often, in which order and from what copies growing stacks are written."""

from __future__ import annotations

import threading
import time
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from indistack.align import ALIGNERS
from indistack.config import Config, PublishSettings
from indistack.enhance import PictureSettings
from indistack.errors import SettingsError
from indistack.output import output_file, publisher, snapshots
from indistack.output.output_file import OutputFile
from indistack.output.publisher import Publisher
from indistack.raster.tiles import Tile
from indistack.registry import Registry
from indistack.session.clipped_map import ClippedMap
from indistack.settings import validate
from indistack.sinks import SINKS, Snapshot
from indistack.stack import METHODS, BranchSettings, Extent, MethodSettings
from indistack.values.frame import FrameInfo
from indistack.values.grid import StackGrid


class SlowSink:
    """Takes a stated time to write."""

    suffix, needs_preview = ".fits", False

    def __init__(self, clock: SimpleNamespace, took_s: float) -> None:
        self._clock = clock
        self._took_s = took_s

    def write(self, path: Path, snapshot: Any) -> None:
        self._clock.now_s += self._took_s


@pytest.mark.parametrize(
    ("interval_s", "duty", "took_s", "next_s"),
    [
        (2.0, 0.05, 0.01, 2.0),  # a quick card: the interval decides
        (2.0, 0.05, 1.0, 20.0),  # a slow one writes a twentieth of the time
        (2.0, 0.5, 1.0, 2.0),
        (30.0, 0.05, 1.0, 30.0),
    ],
)
def test_a_file_is_due_after_its_interval_and_its_share_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interval_s: float, duty: float, took_s: float, next_s: float
) -> None:
    clock = SimpleNamespace(now_s=100.0)
    monkeypatch.setattr(output_file, "time", SimpleNamespace(monotonic=lambda: clock.now_s))
    output = OutputFile(tmp_path / "stack.fits", SlowSink(clock, took_s), interval_s, duty)
    assert output.is_due(clock.now_s)
    output.write(None)  # type: ignore[arg-type]
    assert not output.is_due(100.0 + next_s - 0.01)
    assert output.is_due(100.0 + next_s)


class Wall:
    """A sink that keeps what it is given; it waits until it may."""

    suffix, needs_preview = ".fits", False
    shown: ClassVar[list[tuple[str, int, np.ndarray]]] = []
    begun: ClassVar[list[str]] = []
    may: ClassVar[threading.Semaphore] = threading.Semaphore(0)

    def write(self, path: Path, snapshot: Snapshot) -> None:
        self.begun.append(path.stem)
        assert self.may.acquire(timeout=60)
        cards = {keyword: value for keyword, value, _ in snapshot.cards}
        self.shown.append((path.stem, int(cards["NCOMBINE"]), snapshot.picture.rows(slice(None)).copy()))


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[Wall]:
    """Give a sink that takes the place of all others."""
    sinks: Registry[Any] = Registry("publish.sinks")
    sinks.register("fits")(Wall)
    monkeypatch.setattr(publisher, "SINKS", sinks)
    monkeypatch.setattr(Wall, "shown", [])
    monkeypatch.setattr(Wall, "begun", [])
    monkeypatch.setattr(Wall, "may", threading.Semaphore(0))
    return Wall


AT_ONCE = Config(publish=PublishSettings(interval_s=0, duty=1, sinks=["fits"]))


def stacks(*names: str, side_px: int = 8) -> SimpleNamespace:
    """A session of single stacks, each with subs to come."""
    extent = Extent(side_px, side_px)
    methods = {name: METHODS.get("mean")(extent, MethodSettings()) for name in names}
    grid = StackGrid.over(side_px, side_px)
    branches = {
        name: SimpleNamespace(
            name=name,
            method=method,
            settings=BranchSettings(),
            preparation=lambda _: None,
            seen=lambda _, method=method: method.integration(),
            clipped=ClippedMap(grid),
        )
        for name, method in methods.items()
    }
    info = FrameInfo()
    filter_stack = SimpleNamespace(photometric_reference=SimpleNamespace(info=info), first=None, end=None, masters=())
    return SimpleNamespace(
        stacks=lambda: {name: (filter_stack, branch) for name, branch in branches.items()},
        branches=branches,
        lock=threading.RLock(),
        config=Config(),
        why_plain="",
        reference=SimpleNamespace(info=info, name="first"),
        grid=grid,
        aligner=ALIGNERS.get("none")(Config().align),
        rung="full",
        stack_setup=SimpleNamespace(lean=False),
        sky=SimpleNamespace(solution=None),
        newest=0,
        named="",
    )


def add_sub(session: SimpleNamespace, value: float) -> None:
    """Add a sub of one value to every stack, in two halves with a pause, as tiles are added one by one."""
    with session.lock:
        for branch in session.branches.values():
            height, width = branch.method.integration().weight.shape
            for rows in (slice(0, height // 2), slice(height // 2, height)):
                pixels = np.full((height // 2, width), value, np.float32)
                branch.method.update(Tile(rows, slice(0, width), pixels, 1.0))
                time.sleep(0.001)
            branch.method.count(1.0)


def test_all_stacks_have_their_turn(tmp_path: Path, wall: type[Wall], wait_until: Any) -> None:
    """Although all are due again with every sub, and one sub comes while one file is written."""
    session, live = stacks("stack", "trails", "newest"), Publisher(tmp_path, AT_ONCE)
    for value in range(1, 8):
        add_sub(session, value)
        live.offer(session)
        wait_until(lambda value=value: len(wall.begun) == value)
        wall.may.release()
    wall.may.release(100)
    wait_until(lambda: {name for name, subs, _ in wall.shown if subs == 7} == {"stack", "trails", "newest"})
    live.close()
    assert wall.begun[:6] == ["stack", "trails", "newest"] * 2


def test_what_is_late_is_skipped(tmp_path: Path, wall: type[Wall], wait_until: Any) -> None:
    session, live = stacks("stack"), Publisher(tmp_path, AT_ONCE)
    for value in range(1, 6):  # while the first one is being written
        add_sub(session, value)
        live.offer(session)
        wait_until(lambda: wall.begun)
    wall.may.release(100)
    wait_until(lambda: len(wall.shown) == 2)
    live.close()
    assert [subs for _, subs, _ in wall.shown] == [1, 5]


def test_a_sub_that_came_too_early_is_shown_although_no_other_comes(
    tmp_path: Path, wall: type[Wall], wait_until: Any
) -> None:
    config = Config(publish=PublishSettings(interval_s=0.3, duty=1, sinks=["fits"]))
    session, live = stacks("stack"), Publisher(tmp_path, config)
    wall.may.release(100)
    add_sub(session, 1)
    live.offer(session)
    wait_until(lambda: wall.shown)
    add_sub(session, 2)
    live.offer(session)  # the interval is not over
    wait_until(lambda: len(wall.shown) == 2)
    time.sleep(0.4)
    live.close()
    assert [subs for _, subs, _ in wall.shown] == [1, 2]


def test_what_is_published_is_a_stack_of_whole_subs(tmp_path: Path, wall: type[Wall], wait_until: Any) -> None:
    session, live = stacks("stack"), Publisher(tmp_path, AT_ONCE)
    wall.may.release(100)
    for value in range(1, 60):
        add_sub(session, value)
        live.offer(session)
    wait_until(lambda: wall.shown and wall.shown[-1][1] == 59)
    live.close()
    assert len(wall.shown) > 2
    for _, subs, pixels in wall.shown:
        np.testing.assert_allclose(pixels, (1 + subs) / 2, rtol=1e-5)


def test_the_copy_is_no_larger_than_what_is_due_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Any
) -> None:
    """Only a preview is due: its pixels are copied and no others; and one copy is gone before the next is made."""
    copies: list[weakref.ref[Any]] = []
    shapes: dict[str, list[tuple[int, ...]]] = {".png": [], ".fits": []}

    def write(self: Any, path: Path, snapshot: Snapshot) -> None:
        shapes[path.suffix].append(snapshot.picture.shape)

    def snapshot(*given: Any) -> Snapshot:
        assert not any(copy() for copy in copies)
        taken = snapshots.snapshot(*given)
        copies.append(weakref.ref(taken.picture.pixels))  # type: ignore[attr-defined]
        return taken

    for name in SINKS:
        monkeypatch.setattr(SINKS.get(name), "write", write)
    monkeypatch.setattr(publisher, "snapshots", SimpleNamespace(**vars(snapshots) | {"snapshot": snapshot}))
    config = Config(
        picture=PictureSettings(max_side_px=10),
        publish=PublishSettings(interval_s=0, duty=1, sinks=["fits", "png"]),
    )
    session, live = stacks("stack", "trails", side_px=40), Publisher(tmp_path, config)
    add_sub(session, 1)
    live.offer(session)
    wait_until(lambda: len(shapes[".png"]) == 2)
    for outputs in live._outputs.values():
        outputs[0].next_s = time.monotonic() + 1000 if outputs[0].path.suffix == ".fits" else 0.0
    live.offer(session)
    wait_until(lambda: len(shapes[".png"]) == 4)
    live.close()
    assert shapes == {".fits": [(40, 40)] * 2, ".png": [(40, 40)] * 2 + [(10, 10)] * 2}


def test_the_picture_that_people_look_at_waits_for_no_other_form(
    tmp_path: Path, wall: type[Wall], wait_until: Any
) -> None:
    """A FITS file that is being written, of whichever stack, keeps no JPEG back; one such file is written at a time."""
    seen: list[int] = []

    class Quick:
        suffix, needs_preview, bits = ".jpg", True, (8,)

        def write(self, path: Path, snapshot: Snapshot) -> None:
            seen.append({keyword: value for keyword, value, _ in snapshot.cards}["NCOMBINE"])

    publisher.SINKS.register("jpeg")(Quick)
    config = Config(publish=PublishSettings(interval_s=0, duty=1, sinks=["fits", "jpeg"]))
    session, live = stacks("stack", "trails"), Publisher(tmp_path, config)
    for value in range(1, 6):
        add_sub(session, value)
        live.offer(session)
        wait_until(lambda value=value: seen.count(value) == 2)  # of both stacks
        wait_until(lambda: wall.begun)
    assert len(wall.begun) == 1
    wall.may.release(100)
    wait_until(lambda: {name for name, subs, _ in wall.shown if subs == 5} == {"stack", "trails"})
    live.close()


def test_what_goes_wrong_in_another_form_is_told_and_the_next_one_is_written(
    tmp_path: Path, wall: type[Wall], wait_until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Quick:
        suffix, needs_preview, bits = ".jpg", True, (8,)

        def write(self, path: Path, snapshot: Snapshot) -> None:
            pass

    class Broken(Wall):
        suffix = ".png"

        def write(self, path: Path, snapshot: Snapshot) -> None:
            self.begun.append(path.name)
            raise ZeroDivisionError

    publisher.SINKS.register("jpeg")(Quick)
    publisher.SINKS.register("png")(Broken)
    config = Config(publish=PublishSettings(interval_s=0, duty=1, sinks=["png", "jpeg"]))
    session, live = stacks("stack"), Publisher(tmp_path, config)
    for value in (1, 2):
        add_sub(session, value)
        live.offer(session)
        wait_until(lambda value=value: len(wall.begun) == value)
    live.close()
    assert "a bug in indistack; stack was not published" in caplog.text


def test_a_new_session_has_files_of_its_own_to_keep(tmp_path: Path, wall: type[Wall]) -> None:
    live = Publisher(tmp_path, AT_ONCE)
    wall.may.release(100)
    for names in (("stack", "trails"), ("stack",)):
        session = stacks(*names)
        add_sub(session, 1)
        live.finish(session, tmp_path)
        assert set(live._outputs) == set(names)
    live.close()


def test_a_picture_that_is_not_there_is_no_picture() -> None:
    session = stacks("stack")
    with pytest.raises(snapshots.NoPictureError):
        snapshots.snapshot(session, "stack")  # nothing in it yet
    add_sub(session, 1)
    with pytest.raises(snapshots.NoPictureError):
        snapshots.snapshot(session, "trails")


@pytest.mark.parametrize("maps", [False, True])
def test_maps_are_published_live_and_at_the_end_where_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Any, maps: bool
) -> None:
    shown: list[set[str]] = []
    monkeypatch.setattr(SINKS.get("fits"), "write", lambda _, path, snapshot: shown.append(set(snapshot.maps)))
    live = Publisher(tmp_path, Config(publish=PublishSettings(interval_s=0, duty=1, maps=maps)))
    session = stacks("stack")
    add_sub(session, 1)
    live.offer(session)
    wait_until(lambda: len(shown) == 1)
    live.finish(session, tmp_path)
    live.close()
    assert shown == [{"COVERAGE", "WEIGHT", "NOISE"} if maps else set()] * 2


def test_the_settings_choose_the_sinks(tmp_path: Path) -> None:
    config = Config(publish=PublishSettings(interval_s=0, duty=1, sinks=["png"]))
    kept = tmp_path / "kept"
    kept.mkdir()
    session, live = stacks("stack"), Publisher(tmp_path, config)
    add_sub(session, 1)
    live.finish(session, kept)
    live.close()
    assert [path.name for path in tmp_path.glob("stack*")] == ["stack.png"]
    assert [path.name for path in kept.iterdir()] == ["stack.png"]


@pytest.mark.parametrize(
    ("names", "fault"), [(["fits", "fits"], "same file"), (["jpeg2000"], "choose one of fits, jpeg, png")]
)
def test_sinks_that_cannot_be_are_told(names: list[str], fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        validate(PublishSettings, {"sinks": names})


def test_the_last_state_is_not_written_beside_an_earlier_one(tmp_path: Path, wall: type[Wall], wait_until: Any) -> None:
    session, live = stacks("stack"), Publisher(tmp_path, AT_ONCE)
    add_sub(session, 1)
    live.offer(session)
    wait_until(lambda: wall.begun == ["stack"])
    add_sub(session, 2)
    ending = threading.Thread(target=live.finish, args=(session, tmp_path))
    ending.start()
    ending.join(0.1)
    assert wall.begun == ["stack"]
    wall.may.release(2)
    ending.join(60)
    live.close()
    assert [n_subs for _, n_subs, _ in wall.shown] == [1, 2]


def test_a_crop_that_leaves_nothing_is_told_as_such(
    tmp_path: Path, wall: type[Wall], wait_until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    session, live = stacks("stack"), Publisher(tmp_path, AT_ONCE)
    session.config = Config(publish=PublishSettings(crop=[20, 0, 0, 0]))
    add_sub(session, 1)
    live.offer(session)
    wait_until(lambda: caplog.records)
    live.close()
    assert [record.exc_info for record in caplog.records] == [None]
    assert "--crop (publish.crop) = 20,0,0,0: nothing is left of 8 x 8 pixels" in caplog.text
