"""What an agent tells of the machine, and when it warns."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indistack.agent import machine_watch
from indistack.agent.machine_watch import MachineWatch
from indistack.system.machine import Health
from indistack.values.sub_parts import Arrival
from indistack.values.sub_report import SubReport

Usage = namedtuple("Usage", "free")
NOW = datetime(2030, 1, 1, tzinfo=UTC)


class Machine:
    """A machine whose clock and state tests set."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seconds, self.free, self.memory, self.health, self.written = 1000.0, 10e9, 4e9, Health(), 0
        patch.setattr(machine_watch.time, "monotonic", lambda: self.seconds)
        patch.setattr(machine_watch.shutil, "disk_usage", lambda _: Usage(self.free))
        patch.setattr(machine_watch, "available_bytes", lambda: self.memory)
        patch.setattr(machine_watch.machine, "health", lambda: self.health)
        patch.setattr(machine_watch.machine, "written_bytes", lambda: self.written)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.fixture
def watch(machine: Machine, tmp_path: Path) -> MachineWatch:
    return MachineWatch(tmp_path, lambda: machine.free - 1e9, lambda: NOW)


def sub(spool_ms: float = 10.0) -> SubReport:
    return SubReport(arrival=Arrival(NOW, "", "a.fits", "camera", ".fits", 50_000_000, spool_ms=spool_ms))


def night(machine: Machine, watch: MachineWatch, subs: int, every_s: float = 60.0, spool_ms: float = 10.0) -> dict:  # type: ignore[type-arg]
    told = {}
    for number in range(subs):
        machine.seconds += every_s
        told = watch.facts(50_000_000 * number, sub(spool_ms))
    return told


def test_it_tells_for_how_long_there_is_room(machine: Machine, watch: MachineWatch) -> None:
    assert watch.facts(0, None)["disk"]["minutes_left"] is None
    machine.written = 600_000_000
    disk = night(machine, watch, 10)["disk"]
    assert disk == {"free_gb": 10.0, "minutes_left": 180, "slow": False, "written_mb_h": 3600}  # 9 GB, 50 MB a minute


def test_it_warns_ahead_and_once(machine: Machine, watch: MachineWatch, caplog: pytest.LogCaptureFixture) -> None:
    machine.free = 3e9
    warnings = night(machine, watch, 5)["warnings"]
    assert warnings == ["the disk is nearly full: room for 40 more minutes of subs, then they are not kept"]
    machine.free = 2.9e9
    night(machine, watch, 5)
    assert caplog.text.count("nearly full") == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda machine: setattr(machine, "memory", 100e6), "memory is nearly used up"),
        (lambda machine: setattr(machine, "health", Health(under_voltage=True)), "under-voltage"),
        (lambda machine: setattr(machine, "health", Health(temperature_c=84.0)), "hot: 84 C"),
        (lambda machine: setattr(machine, "health", Health(throttled=True)), "held back"),
    ],
)
def test_it_warns_of(machine: Machine, watch: MachineWatch, change: Callable[[Machine], None], words: str) -> None:
    assert watch.facts(0, None)["warnings"] == []
    change(machine)
    machine.seconds += 31
    (text,) = watch.facts(0, None)["warnings"]
    assert words in text


def test_a_disk_that_takes_most_of_the_time_is_slow(machine: Machine, watch: MachineWatch) -> None:
    disk = night(machine, watch, 4, every_s=60.0, spool_ms=40_000.0)["disk"]
    assert disk["slow"]


def test_a_clock_of_before_the_program(machine: Machine, tmp_path: Path) -> None:
    watch = MachineWatch(tmp_path, lambda: 1e9, lambda: datetime(1970, 1, 1, tzinfo=UTC))
    told = watch.facts(0, None)
    assert told["clock_unset"]
    assert "the clock is not set" in told["warnings"][0]


def test_without_news_nothing_changes(machine: Machine, watch: MachineWatch) -> None:
    """The status would be written to the card each time."""
    told = night(machine, watch, 3)
    machine.memory, machine.free, machine.health = 3e9, 9.5e9, Health(temperature_c=50.0)
    machine.seconds += 300
    assert watch.facts(100_000_000, watch._last) is told


def backlog(machine: Machine, watch: MachineWatch, *waiting: int) -> list[list[str]]:
    """Return what is warned of at looks at which so many frames wait."""
    found = []
    for n_waiting in waiting:
        machine.seconds += machine_watch.LOOK_S
        found.append(watch.facts(0, None, n_waiting)["warnings"])
    return found


def test_it_warns_of_subs_that_come_faster_than_they_are_stacked(
    machine: Machine, watch: MachineWatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = backlog(machine, watch, 2, 5, 8, 12, 17, 17, 15, 9, 11)
    assert [bool(warnings) for warnings in told] == [False, False, False, True, True, True, True, False, False]
    assert told[4] == ["subs come faster than they are stacked: 17 wait, none is lost; fewer stacks take less"]
    assert caplog.text.count("come faster") == 1


def test_a_folder_that_was_full_at_the_start_is_no_backlog(machine: Machine, watch: MachineWatch) -> None:
    assert not any(backlog(machine, watch, 500, 480, 481, 470, 460, 440))
