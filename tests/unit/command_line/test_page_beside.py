"""The page beside a stack: whatever becomes of it, the stack begins."""

from __future__ import annotations

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
