"""The page beside a stack: whatever becomes of it, the stack begins."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from indistack.command_line import page
from indistack.errors import IndistackError


@pytest.mark.parametrize("error", [IndistackError("no port"), OSError("no disk"), ModuleNotFoundError("no library")])
def test_a_page_that_cannot_be_keeps_nothing_from_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def start(*_words: object) -> None:
        raise error

    monkeypatch.setattr(page, "_start", start)
    began = False
    with page.page_beside(page.WebSettings(listen="127.0.0.1:7680"), tmp_path):
        began = True
    assert began
    assert "there is no page" in caplog.text


def test_a_folder_that_is_gone_at_the_end_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (output := tmp_path / "out").mkdir()
    ended: list[object] = []
    monkeypatch.setattr(page, "_start", lambda *_words: "a process")
    monkeypatch.setattr(page.child_process, "end", lambda process, _wait_s: ended.append(process))
    with page.page_beside(page.WebSettings(listen="127.0.0.1:7680"), output):
        output.rmdir()
    assert ended == ["a process"]
    assert not output.exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_broker_without_what_tells_it_is_told_at_the_start(
    is_there: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: "a place" if is_there else None)
    page.door_of(page.WebSettings(mqtt="mqtt://10.0.0.5"))
    assert ("web.mqtt needs aiomqtt" in caplog.text) != is_there


def test_where_no_terminal_is_the_command_that_shows_a_token_names_the_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page._show_token(Path("my night"), "")
    assert "indistack web 'my night' --new-token," in capsys.readouterr().out
