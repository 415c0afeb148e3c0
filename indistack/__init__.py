"""indistack: live stacking for people who observe with INDI.

The names below are what other programs may call; docs/api.md shows how.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from indistack.api import (
        Session,
        Stacked,
        build_master,
        calibrate_frame,
        find_stars,
        merge_stacks,
        open_frame,
        register,
        stack_files,
    )

__version__ = "0.1.0"

__all__ = [
    "Session", "Stacked", "build_master", "calibrate_frame", "find_stars", "merge_stacks", "open_frame", "register",
    "stack_files",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load the Python interface with its first use: the post-capture hook, which lies here too, must be quick."""
    if name in __all__:
        return getattr(importlib.import_module("indistack.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
