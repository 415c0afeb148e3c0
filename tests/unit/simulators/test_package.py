"""The simulators as a package: a wheel holds them under another name."""

from __future__ import annotations

import re
from pathlib import Path

import simulators


def test_modules_import_each_other_by_relative_names() -> None:
    """An absolute name would be found in a checkout and fail where the package is installed."""
    files = list(Path(simulators.__file__).parent.rglob("*.py"))
    assert len(files) > 20
    absolute = [path.name for path in files if re.search(r"^\s*(from|import) simulators\b", code_of(path), re.M)]
    assert absolute == []


def code_of(path: Path) -> str:
    """Return a file's text without its docstrings, which show others how to use the package."""
    return re.sub(r'""".*?"""', "", path.read_text(), flags=re.S)
