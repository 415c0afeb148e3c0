"""What people see of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from indistack.config import Config
from indistack.errors import SettingsError
from indistack.settings import Description, Settings, TableDescription, as_toml, describe, unknown

COLUMNS = 80


def explain(config: Config, name: str) -> str:
    """Return what a setting, or each setting of a table, means.

    Parameters
    ----------
    config : Config
        Their present values.
    name : str
        As ``drift.limit``; of a setting the last part is enough, and of a table all its settings are told.

    Raises
    ------
    SettingsError
        There is no such name.
    """
    told = list(_told(config, name))
    if not told:
        raise SettingsError([f"{name}: {unknown(name, Config)}"])
    return "\n".join(told)


def _told(config: Config, name: str) -> Iterator[str]:
    for table in describe(Config):
        if table.name == name or table.name.startswith(f"{name}."):
            yield f"[{table.name}]\n{_wrapped(table.meaning)}"
            yield from (_setting(config, table, setting) for setting in table.settings)
        else:
            known = (f"{table.name}.{setting.name}" for setting in table.settings)
            matching = [full in (name, f"{table.name}.{name}") for full in known]
            chosen = zip(table.settings, matching, strict=True)
            yield from (_setting(config, table, setting) for setting, matches in chosen if matches)


def _setting(config: Config, table: TableDescription, setting: Description) -> str:
    lines = [
        f"{table.name}.{setting.name} = {_present(config, table.name, setting)}",
        _wrapped(setting.meaning),
        _wrapped(f"Wanted is {setting.wanted}."),
        _wrapped(f"Default: {setting.default}."),
    ]
    return "\n".join(lines) + "\n"


def _present(config: Config, table: str, setting: Description) -> str:
    here: object = config
    for name in table.split("."):
        here = getattr(here, name, None)
    value = getattr(here, setting.name, None) if isinstance(here, Settings) else None
    return setting.default if value is None else as_toml(value)


def _wrapped(text: str) -> str:
    plain = text.replace("``", "").replace("`", "")
    return fill(plain, COLUMNS, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
