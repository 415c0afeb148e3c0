"""What may be said on the command line."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from indistack.cli import COMMANDS, main
from indistack.command_line.arguments import make_parser
from indistack.command_line.options import config_of
from indistack.errors import SettingsError

EMPTY_IS_NONE = ("library", "goes_on", "shifts")
"""Options where an empty name is as if none were given."""


def test_every_command_is_there_and_no_other() -> None:
    (choice,) = (action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert list(choice.choices) == list(COMMANDS)


def test_every_option_tells_what_it_is_for() -> None:
    (choice,) = (action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction))
    silent = [
        (command, action.dest)
        for command, parser in choice.choices.items()
        for action in parser._actions
        if not action.help and action.choices is None
    ]
    assert silent == []
    assert "[indistack-output]" in choice.choices["run"].format_help()  # and where it writes


def test_each_command_to_an_agent_stands_apart_from_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["tell", "--help"])
    lines = capsys.readouterr().out.split("commands:\n")[1].splitlines()
    assert all(line[23:24] in (" ", "") or line == "  box NUMBER BOX [SEARCH]" for line in lines)
    assert any("as shares of the sub's picture" in line for line in lines)  # in which form a place is told


def test_an_empty_name_is_no_folder_that_one_happens_to_be_in() -> None:
    """As ``indistack watch "$FOLDER"`` says it where the variable is not set."""
    (choice,) = (action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction))
    names = [
        (command, action)
        for command, parser in choice.choices.items()
        for action in parser._actions
        if re.match("FILE|DIR|OUT|STACK|SESSION|SHEET|PAIR", str(action.metavar)) and action.dest not in EMPTY_IS_NONE
    ]
    assert len(names) > 50
    for command, action in names:
        assert action.type is not None, (command, action.dest)
        with pytest.raises(argparse.ArgumentTypeError, match="empty"):
            action.type("")
        assert str(action.type("two words")) == "two words"


def test_a_branch_takes_its_method_from_its_option_and_the_rest_from_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[branches.trails]\nmethod = "mean"\nevery = 2\n')
    words = ["watch", "here", "--config", str(file), "--branch", "trails=maximum", "--branch", "newest=mean"]
    branches = config_of(make_parser().parse_args([*words, "--set", "branches.newest.last=20"])).branches
    assert {name: (one.method, one.every, one.last) for name, one in branches.items()} == {
        "trails": ("maximum", 2, 0), "newest": ("mean", 1, 20)
    }  # fmt: skip


def test_a_further_stack_is_named_once() -> None:
    with pytest.raises(SettingsError, match="--branch a: is named 2 times"):
        config_of(make_parser().parse_args(["stack", "here", "--branch", "a=mean", "--branch", "a=maximum"]))


@pytest.mark.parametrize(("word", "fault"), [("trails", "NAME=METHOD"), ("trails=magic", "magic"), ("Ü=mean", "Ü")])
def test_a_branch_that_cannot_be_is_named(word: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        config_of(make_parser().parse_args(["stack", "here", "--branch", word]))


def test_an_option_wins_over_a_setting_and_that_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "settings.toml"
    file.write_text('[calibrate]\nlibrary = "of the file"\nhot_sigma = 9.0\ndark_hot_sigma = 40.0\n')
    words = ["--config", str(file), "--set", "calibrate.hot_sigma=10", "--set", "calibrate.library=of the setting"]
    settings = config_of(make_parser().parse_args(["library", *words, "--library", "of the option"])).calibrate
    assert (settings.library, settings.hot_sigma, settings.dark_hot_sigma) == ("of the option", 10.0, 40.0)
    settings = config_of(make_parser().parse_args(["library", *words])).calibrate
    assert settings.library == "of the setting"


MOTION = ["--set", "comet.rate_px_min=2", "--set", "comet.angle_deg=30"]


@pytest.mark.parametrize("words", [["--method", "comet"], ["--branch", "c=comet"], ["--set", "stack.follow=comet"]])
def test_a_comet_is_not_followed_without_its_motion(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "here", *words]) == 2
    assert "nothing tells how it moves: set, in the table comet, rate_arcsec_min" in capsys.readouterr().err


def test_the_method_comet_follows_the_comet_unless_something_else_is_said() -> None:
    def followed(*words: str) -> str:
        return config_of(make_parser().parse_args(["stack", "here", *MOTION, *words]), overrides).stack.followed

    overrides = {"stack": {"method": "comet"}}
    assert followed() == "comet"
    assert followed("--set", "stack.follow=camera") == "camera"
    overrides = {"stack": {"method": "mean"}}
    assert followed() == "stars"
    assert followed("--set", "stack.follow=comet") == "comet"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--jobs", "-1"], "--jobs: stack.jobs = -1"),
        (["--branch", "a=magic"], "--branch: branches.a.method"),
        (["--library", "x", "--set", "stack.jobs=-1"], "--set stack.jobs=-1: stack.jobs"),
    ],
)
def test_what_is_wrong_is_told_by_the_option_that_was_typed(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", "here", *words]) == 2
    assert capsys.readouterr().err.startswith(f"indistack: {said}")
