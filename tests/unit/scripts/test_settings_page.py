"""The page of the settings."""

from __future__ import annotations

import tomllib

from settings_page import PAGE, page

from indistack.config import Config
from indistack.settings import describe, validate


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: .venv/bin/python scripts/settings_page.py"


def test_every_setting_stands_on_it() -> None:
    text = page()
    for table in describe(Config):
        section = text.partition(f"## [{table.name}]\n")[2].partition("\n## ")[0]
        assert [each.name for each in table.settings if f"\n| `{each.name}` | " not in section] == []


def test_its_example_is_one() -> None:
    example = page().partition("```toml\n")[2].partition("```")[0]
    assert validate(Config, tomllib.loads(example)).stack.method == "sigma_clip"
