"""What the commands do before any array work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from indistack import cli
from indistack.command_line.arguments import make_parser
from indistack.command_line.exit_status import FAILED, INTERRUPTED, WRONG_USAGE
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


def test_an_interrupted_command_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "function_of", lambda _: interrupted)
    assert cli.main(["stack", "x.fits"]) == INTERRUPTED
    assert capsys.readouterr().err == "indistack: interrupted; no result is written\n"


def test_a_file_is_no_folder_to_watch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sub.fits").touch()
    assert cli.main(["watch", str(tmp_path / "sub.fits"), "--output-dir", str(tmp_path / "out")]) == WRONG_USAGE
    assert "sub.fits: is a file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["demo", "--subs", "-3"], ["run", "--max-subs", "many"]])
def test_numbers_of_subs_are_no_others(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == WRONG_USAGE
    assert "a whole number from 0 up is wanted" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    # A Pi takes five times as long for these as a desktop: a second and more before the first word.
    heavy = ("numpy", "cv2", "astropy", "rawpy", "pydantic", "rich", "PyIndi")
    program = "import sys, indistack.cli, indistack.command_line.arguments as a; a.make_parser().format_help(); "
    program += f"print([name for name in {heavy!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_folder_that_may_not_be_read_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: object) -> int:
        raise PermissionError(13, "Permission denied", "/root/darks")

    monkeypatch.setattr(cli, "function_of", lambda _: refused)
    assert cli.main(["methods"]) == 1
    said = capsys.readouterr().err
    assert "/root/darks: Permission denied" in said
    assert "Traceback" not in said


def test_no_page_is_served_of_a_folder_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["web", str(tmp_path / "nowhere")]) == WRONG_USAGE
    assert "nowhere: there is no such folder" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_no_page_is_served_of_a_file_or_of_one_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert cli.main(["web", str(tmp_path / "file")]) == WRONG_USAGE
    assert "file: is no folder" in capsys.readouterr().err
    (tmp_path / "ledger.jsonl").touch()
    assert cli.main(["web", str(tmp_path)]) == WRONG_USAGE
    assert "is one session; name the folder that holds all of them" in capsys.readouterr().err


def test_no_page_is_served_of_a_folder_of_subs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "L_001.fits").touch()
    assert cli.main(["web", str(tmp_path)]) == WRONG_USAGE
    assert "holds frames, and no agent's stack" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["L_001.fits"]


@pytest.mark.parametrize("command", ["run", "watch ."])
def test_an_agent_is_told_its_method_as_a_stack_is(command: str) -> None:
    words = [*command.split(), "--set", "stack.nice=3", "--method", "sum"]
    assert make_parser().parse_args(words).set == ["stack.nice=3", "stack.method=sum"]


def test_stacks_to_merge_are_counted_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["merge", str(tmp_path / "a.fits"), "-o", str(tmp_path / "m.fits")]) == WRONG_USAGE
    assert "merge: 1 stack: two are needed at least" in capsys.readouterr().err
    words = ["merge", "a.fits", "b.fits", "--grid", "9", "-o", str(tmp_path / "m.fits")]
    assert cli.main(words) == WRONG_USAGE
    assert "merge: grid 9: of 2 stacks a number from 1 to 2" in capsys.readouterr().err
