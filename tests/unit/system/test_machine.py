"""How the machine is, as far as it tells."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indistack.system import machine
from indistack.system.machine import FIRMWARE, Health, clock_is_unset, health, written_bytes


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(autouse=True)
def _without_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def test_what_is_not_told_is_good(tmp_path: Path) -> None:
    assert health(tmp_path) == Health()
    assert written_bytes(tmp_path) is None


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        ("0", Health()),
        ("1", Health(under_voltage=True)),
        ("50000", Health(was_under_voltage=True, was_throttled=True)),
        ("50005", Health(None, True, True, True, True)),
        ("8", Health(throttled=True)),
        ("nonsense", Health()),
    ],
)
def test_the_firmware_of_a_pi(tmp_path: Path, bits: str, expected: Health) -> None:
    assert health(write(tmp_path, {FIRMWARE: f"{bits}\n"})) == expected


def test_its_program_where_the_kernel_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text("#!/bin/sh\necho throttled=0x50001\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert health(tmp_path) == Health(under_voltage=True, was_under_voltage=True, was_throttled=True)


def test_the_warmest_zone_and_the_alarm_of_the_supply(tmp_path: Path) -> None:
    zones = {"thermal_zone0": "45000\n", "thermal_zone1": "61250\n", "thermal_zone2": "?"}
    write(tmp_path, {f"sys/class/thermal/{name}/temp": text for name, text in zones.items()})
    write(tmp_path, {"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"})
    assert health(tmp_path) == Health(temperature_c=61.25, under_voltage=True)


def test_a_clock_that_is_not_set(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.touch()
    os.utime(program, (1_700_000_000, 1_700_000_000))
    assert clock_is_unset(datetime(1970, 1, 1, tzinfo=UTC), program)
    assert not clock_is_unset(datetime(2024, 1, 1, tzinfo=UTC), program)
    assert not clock_is_unset(datetime(1970, 1, 1, tzinfo=UTC), tmp_path / "none")


def test_what_was_written(tmp_path: Path) -> None:
    root = write(tmp_path, {"proc/self/io": "rchar: 5\nwrite_bytes: 4096\ncancelled_write_bytes: 1\n"})
    assert written_bytes(root) == 4096
    assert machine.written_bytes() is None or machine.written_bytes() >= 0
