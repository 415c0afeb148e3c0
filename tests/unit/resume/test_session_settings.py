"""The settings with which a session of before is gone on with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indistack.config import Config, record_settings, to_toml
from indistack.errors import SettingsError
from indistack.resume.session_settings import settings_of, settings_to_go_on
from indistack.settings import load
from indistack.store.ledger import Ledger
from indistack.store.session_reader import PastSession


def test_what_makes_pixels_is_as_it_was_and_the_machine_as_it_is(tmp_path: Path) -> None:
    was = ["stack.jobs=1", "stack.nice=1", "stack.max_memory_mb=100", "stack.kernel=linear", "quality.min_stars=7"]
    now = ["stack.jobs=3", "stack.nice=5", "stack.max_memory_mb=900", "stack.kernel=lanczos", "quality.min_stars=9"]
    Ledger(tmp_path).close()
    (tmp_path / "settings.toml").write_text(to_toml(load(Config, None, [*was, "publish.interval_s=1"])))
    config = settings_to_go_on(PastSession(tmp_path), load(Config, None, [*now, "publish.interval_s=9"]))
    stack = config.stack
    assert (stack.jobs, stack.nice, stack.max_memory_mb, config.publish.interval_s) == (3, 5, 900, 9)
    assert (stack.kernel, config.quality.min_stars) == ("linear", 7)


def test_no_session_names_programs_and_their_arguments(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    foreign = ['solve.arguments=["-o", "/home/somebody/.profile"]', 'hook.socket="/tmp/theirs"', "quality.min_stars=7"]
    (tmp_path / "settings.toml").write_text(to_toml(load(Config, None, foreign)))
    config = settings_of(PastSession(tmp_path), ['solve.arguments=["-v"]'])
    assert (config.solve.arguments, config.hook.socket, config.quality.min_stars) == (("-v",), "", 7)


def test_settings_that_would_be_waited_for_are_refused(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    os.mkfifo(tmp_path / "settings.toml")
    with pytest.raises(SettingsError, match="ordinary"):
        settings_of(PastSession(tmp_path))


def test_whom_to_tell_stands_in_no_session_and_comes_from_none(tmp_path: Path) -> None:
    asked = load(Config, None, ['notify.urls=["ntfy://secret"]', "web.code=secret too", "quality.min_stars=7"])
    assert "secret" in to_toml(asked)
    kept = record_settings(asked).toml
    assert "secret" not in kept
    Ledger(tmp_path).close()
    (tmp_path / "settings.toml").write_text(to_toml(asked))
    config = settings_of(PastSession(tmp_path), ['notify.urls=["ntfy://mine"]'])
    assert (config.notify.urls, config.web.code, config.quality.min_stars) == (["ntfy://mine"], "", 7)
