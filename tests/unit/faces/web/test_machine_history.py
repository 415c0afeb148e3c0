"""Memory and disk through the night, for graphs."""

from __future__ import annotations

import pytest

from indistack.faces.web import machine_history
from indistack.faces.web.machine_history import EVERY_S, MachineHistory


def test_what_is_known_is_taken_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(machine_history.time, "time", lambda: now_s)
    history = MachineHistory()
    history.look({})
    history.look({"memory_mb": 200, "temperature_c": 50})
    history.look({"memory_mb": 201})
    now_s += EVERY_S
    history.look({"memory_mb": 202, "free_gb": 3.5})
    now_s -= 3600  # the clock was set
    history.look({"free_gb": 3.4})
    assert [{name: each[name] for name in each if name != "time"} for each in history.samples] == [
        {"memory_mb": 200}, {"memory_mb": 202, "free_gb": 3.5}, {"free_gb": 3.4},
    ]  # fmt: skip
