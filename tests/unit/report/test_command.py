"""The command ``indistack report``."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.cli import main
from indistack.command_line.exit_status import DONE, FAILED
from tests.unit.report.nights import line, write_ledger


def test_the_report_goes_to_the_terminal_and_beside_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_ledger(tmp_path / "night", *(line(n, x=0.1 * n) for n in range(1, 20)))
    assert main(["report", str(folder / "ledger.jsonl")]) == DONE
    said = capsys.readouterr().out
    assert "19 of 19 used" in said
    assert said.splitlines()[-2:] == [str(folder / "report.json"), str(folder / "report.html")]
    assert {path.name for path in folder.iterdir()} == {"ledger.jsonl", "report.json", "report.html"}


def test_another_folder_can_be_named(tmp_path: Path) -> None:
    folder = write_ledger(tmp_path / "night", line(1), line(2))
    assert main(["report", str(folder), "--output-dir", str(tmp_path / "reports" / "m31")]) == DONE
    assert (tmp_path / "reports" / "m31" / "report.html").is_file()
    assert not (folder / "report.html").exists()


def test_what_is_no_session_fails_with_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == FAILED
    assert f"{tmp_path}: neither a session" in capsys.readouterr().err
