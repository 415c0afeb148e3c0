"""What `tell` prints beside the agent's answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indistack.cli import main
from indistack.command_line import telling
from indistack.commands import Command
from indistack.commands.command import NewStack


def test_hints_that_hold_are_told_with_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(telling, "tell", lambda _, __: "paused")
    main(["tell", str(tmp_path), "pause"])
    assert capsys.readouterr().out == "paused\n"
    hint = {"kind": "dew", "since": 4, "text": "stars fade slowly since sub 4: dew?"}
    (tmp_path / "status.json").write_text(json.dumps({"hints": [hint]}))
    main(["tell", str(tmp_path), "pause"])
    assert capsys.readouterr().out == "paused\nhint: stars fade slowly since sub 4: dew?\n"


def test_another_word_for_a_command_is_understood_and_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Command] = []
    monkeypatch.setattr(telling, "tell", lambda _, command: told.append(command) or "done")
    assert main(["tell", str(tmp_path), "reset"]) == 0
    assert told == [NewStack()]
    with pytest.raises(SystemExit):
        main(["tell", str(tmp_path), "dance"])
    said = capsys.readouterr().err
    assert "dance" in said
    assert "reset" not in said
