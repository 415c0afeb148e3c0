"""The check that files and functions stay short."""

from __future__ import annotations

from pathlib import Path

import pytest
import sizes

DOCSTRING = '    """Count.\n\n    To three.\n    """\n'


def function(lines: int, docstring: str = DOCSTRING, word: str = "def") -> str:
    return f"{word} f():\n{docstring}" + "    a = 1\n" * lines


@pytest.mark.parametrize("word", ["def", "async def"])
def test_the_body_of_a_function_may_have_40_lines_without_its_docstring(word: str) -> None:
    assert list(sizes.faults(function(40, word=word))) == []
    assert list(sizes.faults(function(41, word=word))) == ["1: f has 41 lines, at most 40"]
    assert list(sizes.faults(function(41, docstring="", word=word))) == ["1: f has 41 lines, at most 40"]
    assert list(sizes.faults(function(0))) == []


def test_functions_in_classes_and_in_functions_count() -> None:
    code = "class A:\n" + "".join(f"    {line}\n" for line in function(41).splitlines())
    assert list(sizes.faults(code)) == ["2: f has 41 lines, at most 40"]


def test_a_file_may_have_250_lines() -> None:
    assert list(sizes.faults("a = 1\n" * 250)) == []
    assert list(sizes.faults("a = 1\n" * 251)) == ["1: the file has 251 lines, at most 250"]


def test_every_fault_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "indistack" / "room").mkdir(parents=True)
    (tmp_path / "simulators").mkdir()
    (tmp_path / "simulators" / "short.py").write_text("a = 1\n")
    monkeypatch.setattr(sizes, "ROOT", tmp_path)
    assert sizes.main() == 0
    (tmp_path / "indistack" / "room" / "long.py").write_text("a = 1\n" * 300)
    assert sizes.main() == 1
    assert capsys.readouterr().out == "indistack/room/long.py:1: the file has 300 lines, at most 250\n"
