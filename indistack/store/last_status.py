"""What the last status of an output folder tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from indistack.system.ordinary_file import read_ordinary

STATUS = "status.json"
"""File in the output folder: what the agent is doing."""


SESSIONS = "sessions"
"""Folder in it: every stack with its ledger and pictures."""


def shown_pictures(output: Path) -> list[str]:
    """Return the names of the pictures that the last status of an output folder tells of."""
    stacks = last_status(output).get("stacks")
    return list(stacks) if isinstance(stacks, dict) else []


def last_status(output: Path) -> dict[str, Any]:
    """Return the last status of an output folder; {} where there is none that can be read."""
    try:
        status = json.loads(read_ordinary(output / STATUS))
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}
