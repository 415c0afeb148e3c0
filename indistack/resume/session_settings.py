"""The settings with which a session of before is gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from indistack.config import Config
from indistack.errors import SettingsError
from indistack.settings import load
from indistack.store.session_reader import ASKED, SETTINGS, PastSession

OF_THE_STACK = (
    "decode", "calibrate", "debayer", "stars", "quality", "align", "match", "drift", "branches", "comet",
)  # fmt: skip
"""Tables on which the pixels of a stack depend, beside ``stack``."""

OF_THE_USER = ("solve", "hook", "notify", "web")
"""Tables that name programs, places that are written, whom to tell, or who may look on."""

OF_THE_MACHINE = ("jobs", "nice", "max_memory_mb")
"""What the pixels do not depend on in the table ``stack``."""


def settings_of(past: PastSession, overrides: Sequence[str] = ()) -> Config:
    """Return a session's settings, with ``key=value`` changes.

    The folder may be somebody else's: what names programs and their arguments comes from this user alone.
    """
    config = _read(past.folder / SETTINGS, overrides)
    return config.model_copy(update={name: getattr(load(Config, None, overrides), name) for name in OF_THE_USER})


def asked_of(past: PastSession) -> Config:
    """Return the settings that a session's agent was started with; a person may have changed them before it began."""
    path = past.folder / ASKED
    return _read(path) if path.exists() else settings_of(past)


def _read(path: Path, overrides: Sequence[str] = ()) -> Config:
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise SettingsError([f"{path}: is no ordinary file"])
    return load(Config, path, overrides)


def settings_to_go_on(past: PastSession, config: Config, overrides: Sequence[str] = ()) -> Config:
    """Return settings to go on with: what makes the pictures' pixels as in the session, the rest as given.

    Parameters
    ----------
    past : PastSession
        The session.
    config : Config
        The settings for a new session.
    overrides : sequence of str
        ``key=value`` that hold for this one, too.
    """
    began_with = settings_of(past, overrides)
    here = {name: getattr(config.stack, name) for name in OF_THE_MACHINE}
    stack = began_with.stack.model_copy(update=here)
    kept = {name: getattr(began_with, name) for name in OF_THE_STACK}
    return config.model_copy(update=kept | {"stack": stack})
