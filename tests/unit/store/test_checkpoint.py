"""States of a stack on the disk: when they are written, which one is read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from indistack.store import checkpoint as module
from indistack.store.checkpoint import DAMAGED, Checkpoints, CheckpointSettings, State

PLANE = np.arange(12, dtype=np.float32).reshape(3, 4)


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def state(lines: int) -> State:
    return State(lines, {"tally": lines}, {"plane": PLANE + lines})


def test_the_newest_state_comes_first(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, CheckpointSettings())
    checkpoints.begin(State(0))
    for lines in (1, 2, 3):
        checkpoints.write(state(lines))
    checkpoints.wait()
    found = list(Checkpoints(tmp_path, CheckpointSettings()).newest_first())
    assert [one.lines for one in found] == [3, 2, 0]
    assert found[0].facts == {"tally": 3}
    np.testing.assert_array_equal(found[0].arrays["plane"], PLANE + 3)


@pytest.mark.parametrize("byte", range(0, 1200, 7))
def test_a_changed_byte_never_goes_unseen(tmp_path: Path, byte: int) -> None:
    checkpoints = Checkpoints(tmp_path, CheckpointSettings())
    checkpoints.write(state(1))
    checkpoints.wait()
    (path,) = (tmp_path / "checkpoints").iterdir()
    data = bytearray(path.read_bytes())
    data[byte % len(data)] ^= 0x10
    path.write_bytes(data)
    try:
        for found in checkpoints.newest_first():
            assert found.facts == {"tally": 1}
            np.testing.assert_array_equal(found.arrays["plane"], PLANE + 1)
    except DAMAGED:
        pass


def test_interval_and_duty_say_when(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*_: object) -> None:
        clock.now_s += 3.0

    monkeypatch.setattr(module, "_save", slowly)
    checkpoints = Checkpoints(tmp_path, CheckpointSettings(interval_s=10.0, duty=0.1))
    assert not checkpoints.is_due()
    clock.now_s += 10.0
    assert checkpoints.is_due()
    checkpoints.write(state(1))
    checkpoints.wait()
    clock.now_s += 20.0
    assert not checkpoints.is_due()  # 3 s of writing are a tenth of 30 s
    clock.now_s += 8.0
    assert checkpoints.is_due()


def test_the_last_state_alone_stays(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, CheckpointSettings())
    for lines in (1, 2):
        checkpoints.write(state(lines))
    checkpoints.close(state(3))
    assert [one.lines for one in checkpoints.newest_first()] == [3]


@pytest.mark.parametrize("lines", [(1, 2), (1, 2, 3)])
def test_a_later_run_writes_over_the_older_state(tmp_path: Path, lines: tuple[int, ...]) -> None:
    earlier = Checkpoints(tmp_path, CheckpointSettings())
    for one in lines:
        earlier.write(state(one))
    earlier.wait()
    later = Checkpoints(tmp_path, CheckpointSettings())
    assert next(later.newest_first()).lines == lines[-1]
    later.write(state(9))
    later.wait()
    assert [one.lines for one in later.newest_first()] == [9, lines[-1]]


@pytest.mark.parametrize("lines", ["3", None, 2.5, True, -1])
def test_a_crafted_state_is_of_no_use(tmp_path: Path, lines: object, caplog: pytest.LogCaptureFixture) -> None:
    checkpoints = Checkpoints(tmp_path, CheckpointSettings())
    checkpoints.begin(State(0))
    checkpoints.write(State(lines))  # type: ignore[arg-type]
    checkpoints.wait()
    assert [one.lines for one in checkpoints.newest_first()] == [0]
    assert "of no use" in caplog.text


def test_facts_beyond_any_measure_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(tmp_path, CheckpointSettings())
    checkpoints.begin(State(0, {"tally": "1" * 2000}))
    monkeypatch.setattr(module, "MAX_FACTS_BYTES", 1000)
    assert not list(checkpoints.newest_first())


def test_one_that_is_compressed_is_none_of_ours_and_is_not_unpacked(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, CheckpointSettings())
    checkpoints.begin(state(1))
    path = tmp_path / "checkpoints" / "start.npz"
    with np.load(path) as members:
        held = {name: members[name] for name in members.files}
    assert checkpoints.read("start.npz") is not None
    np.savez_compressed(path, **held | {"plane": np.zeros(10_000_000)})
    assert checkpoints.read("start.npz") is None


@pytest.mark.parametrize("shape", ["(4000000000000,)", "(-1,)", "(3, 4000000000)"])
def test_an_array_that_claims_more_than_its_file_holds_is_damage(tmp_path: Path, shape: str) -> None:
    checkpoints = Checkpoints(tmp_path, CheckpointSettings())
    checkpoints.begin(state(1))
    path = tmp_path / "checkpoints" / "start.npz"
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    with np.load(path) as members:
        facts = members["facts"]
    np.savez(path, facts=facts)
    with zipfile.ZipFile(path, "a") as archive:
        magic = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little")
        archive.writestr("plane.npy", magic + head.encode() + bytes(48))
    found = checkpoints.read("start.npz")
    assert found is not None
    with pytest.raises(DAMAGED):
        _ = found.arrays["plane"]
