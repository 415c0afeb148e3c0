"""Writes docs/settings.md out of the settings themselves: `python scripts/settings_page.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from indistack.config import Config
from indistack.settings import TableDescription, describe

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

HEAD = """\
# Settings

<!-- Written by scripts/settings_page.py out of the settings' own texts: change those, then run it. -->

In a checkout the command is `.venv/bin/indistack`. Settings stand in `~/.config/indistack/indistack.toml`, or in
`--config FILE`; single ones are said by `--set drift.limit="0.2 deg"`:

```toml
[stack]
method = "sigma_clip"

[quality]
max_fwhm_ratio = 1.5
```

`indistack config` prints them all with their present values, as a file that can be changed and used,
`indistack config --explain drift.limit` tells what one is for, and `indistack methods` what can be chosen. A file with
a fault is refused with the line, what is wanted there, and the name that was meant; `indistack doctor` tells the faults
too. An agent that goes on with a session takes what makes pixels from the session's own `settings.toml`.

The settings that are changed most: `stack.method`, `drift.limit`, `quality.max_fwhm_ratio`, `quality.min_transparency`,
`align.method`, `calibrate.dark` and `calibrate.flat`, `drift.on_exposure`, `stack.palette`, `stack.canvas`,
`picture.operators`, `spool.max_gb`.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(line for table in describe(Config) for line in _section(table))])


def _section(table: TableDescription) -> Iterator[str]:
    yield f"## [{table.name}]\n\n{_marked(table.meaning)}\n"
    yield "| setting | default | is told | is |\n|---|---|---|---|"
    for each in table.settings:
        default = each.default if each.default == "not set" else f"`{each.default}`"
        yield f"| `{each.name}` | {default} | {_cell(each.wanted)} | {_cell(each.meaning)} |"
    yield ""


def _cell(text: str) -> str:
    return _marked(text).replace("|", "\\|")


def _marked(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
