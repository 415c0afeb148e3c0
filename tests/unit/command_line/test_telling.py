"""What `tell` prints beside the agent's answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indistack.cli import main
from indistack.command_line import telling


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
