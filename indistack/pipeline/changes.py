"""What a person changes while stacks are being made: settings, further stacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from indistack.config import Config
from indistack.errors import SettingsError
from indistack.pipeline.pipeline import Pipeline
from indistack.settings import validate


def set_live(pipeline: Pipeline, name: str, value: object) -> None:
    """Change a setting, for the stack that is being made and for later ones.

    Parameters
    ----------
    pipeline : Pipeline
        Makes the stacks.
    name : str
        Of the setting: ``drift.limit``; of a table: ``comet``.
    value : object
        As in a settings file; None or ``"off"`` where it may be off. A table's is all that differs from its defaults.

    Raises
    ------
    SettingsError
        It cannot be that; nothing has changed.
    """
    values = pipeline.config.model_dump()
    *tables, last = name.split(".")
    place: Any = values
    for table in tables:
        place = place.get(table) if isinstance(place, dict) else None
    if not isinstance(place, dict) or last not in place:
        raise SettingsError([f"{name}: there is no setting of that name"])
    place[last] = value
    pipeline.use(validate(Config, values))
    pipeline.changed[name] = value


def open_branch(pipeline: Pipeline, name: str, settings: Mapping[str, Any]) -> None:
    """Begin a further stack with the next sub; later sessions have it, too.

    Raises
    ------
    SettingsError
        The settings are none of a stack.
    """
    _set_branches(pipeline, {**pipeline.config.model_dump()["branches"], name: settings})
    if pipeline.session is not None:
        pipeline.session.open_branch(name, pipeline.config.branches[name])


def drop_branch(pipeline: Pipeline, name: str) -> None:
    """End a further stack; raise `SettingsError` where there is none of that name."""
    branches = pipeline.config.branches
    if name not in branches:
        raise SettingsError([f"there is no further stack {name}"])
    _set_branches(pipeline, {other: one for other, one in branches.items() if other != name})
    if pipeline.session is not None:
        pipeline.session.drop_branch(name)


def _set_branches(pipeline: Pipeline, branches: Mapping[str, Any]) -> None:
    pipeline.set_config(validate(Config, pipeline.config.model_dump() | {"branches": branches}))
