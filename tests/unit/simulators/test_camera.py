"""The programs around the camera that need no server."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.__main__ import main, scenario_for
from simulators.events import GainChange


def test_a_night_for_one_personality_serves_the_other() -> None:
    cmos, dslr = scenario_for("cmos", "all_night"), scenario_for("dslr", "all_night")
    assert (dslr.personality, dslr.gain_setting) == ("dslr", 800.0)
    assert any(isinstance(event, GainChange) for event in cmos.events)
    # 160 tenths of a decibel are no ISO number.
    assert not any(isinstance(event, GainChange) for event in dslr.events)
    assert len(dslr.events) == len(cmos.events) - 1


def test_wrong_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["telescope"], {}) == 2
    assert "cmos|dslr" in capsys.readouterr().err


@pytest.mark.parametrize("variable", ["INDISTACK_SIM_SCENARIO", "INDISTACK_SIM_REPLAY"])
def test_a_missing_file_ends_the_driver_with_its_name(
    variable: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cmos"], {variable: str(tmp_path / "gone")}) == 2
    assert "gone" in capsys.readouterr().err
