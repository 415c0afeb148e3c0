"""What the commands do before any array work."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack import cli
from indistack.errors import IndistackError


@pytest.mark.parametrize(("settings", "expected"), [([], 5), (["--set", "stack.nice=11"], 11)])
def test_the_live_agent_steps_back_behind_other_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str], expected: int
) -> None:
    asked: list[int] = []

    def refuse(*_: object, **__: object) -> None:
        raise IndistackError("no agent in this test")

    monkeypatch.setattr("indistack.cli.os.nice", asked.append)
    monkeypatch.setattr("indistack.cli.Agent", refuse)
    assert cli.main(["watch", str(tmp_path), "--output-dir", str(tmp_path / "out"), *settings]) == cli.FAILED
    assert asked == [expected]
