"""Which pins have no wheel, with a package index that is made up."""

from __future__ import annotations

import subprocess

import lock
import pytest


def test_a_pin_without_a_wheel_is_named_with_python_and_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def pip_report(requirements: list[str], python: str, machine: str, *options: str) -> dict[str, str]:
        if "old==1" in requirements and (python, machine) == ("3.13", "aarch64"):
            raise subprocess.CalledProcessError(1, "pip")
        return {}

    monkeypatch.setattr(lock, "pip_report", pip_report)
    assert lock.without_wheel({"old": "1", "new": "2"}) == ["old==1: Python 3.13, aarch64"]
    assert lock.without_wheel({"new": "2"}) == []


def test_the_pins_of_all_files_are_looked_at() -> None:
    pins = lock.present_pins()
    assert {"numpy", "ruff", "sep"} <= set(pins)
