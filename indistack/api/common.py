"""What every part of the Python interface shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indistack.config import Config
from indistack.settings import validate
from indistack.sources import read_blob
from indistack.values.blob import Blob, Content
from indistack.values.frame import Card

DEVICE = "api"

Name = str | Path
SettingsLike = Config | Mapping[str, Any] | None
"""All settings, or some by table and name: ``{"stack": {"method": "sigma_clip"}}``. None: the defaults. The user's
settings file is for the commands: what a program does must not depend on it."""


def settings_of(settings: SettingsLike) -> Config:
    """Return all settings, checked.

    Raises
    ------
    SettingsError
        All faults at once.
    """
    return settings if isinstance(settings, Config) else validate(Config, settings or {})


def blob_of(source: Name | bytes | memoryview, cards: tuple[Card, ...] = ()) -> Blob:
    """Return a file, or the bytes of one, as what has arrived."""
    if isinstance(source, bytes | memoryview):
        return Blob(Content(source), "", DEVICE, "bytes", datetime.now(UTC), cards=cards)
    return replace(read_blob(Path(source), DEVICE), cards=cards)
