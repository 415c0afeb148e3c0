"""What the commands do before any array work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from indistack import cli
from indistack.command_line.exit_status import FAILED
from indistack.errors import IndistackError


@pytest.mark.parametrize(("settings", "expected"), [([], 5), (["--set", "stack.nice=11"], 11)])
def test_the_live_agent_steps_back_behind_other_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str], expected: int
) -> None:
    asked: list[int] = []

    def refuse(*_: object, **__: object) -> None:
        raise IndistackError("no agent in this test")

    monkeypatch.setattr("indistack.command_line.live.os.nice", asked.append)
    monkeypatch.setattr("indistack.command_line.live.Agent", refuse)
    assert cli.main(["watch", str(tmp_path), "--output-dir", str(tmp_path / "out"), *settings]) == FAILED
    assert asked == [expected]


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_leads_to_a_function(command: str) -> None:
    assert callable(cli.function_of(command))


def test_help_loads_nothing_heavy() -> None:
    # A Pi takes five times as long for these as a desktop: a second and more before the first word.
    heavy = ("numpy", "cv2", "astropy", "rawpy", "pydantic", "rich", "PyIndi")
    program = "import sys, indistack.cli, indistack.command_line.arguments as a; a.make_parser().format_help(); "
    program += f"print([name for name in {heavy!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
