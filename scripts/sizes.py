"""Finds files and functions of the package and its simulators that have grown too long; run by scripts/check.

Split such a file by what its parts are about, not by its lines; a function's docstring does not count.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("indistack", "simulators")
MOST_LINES = 250
"""Of a file."""
MOST_BODY_LINES = 40
"""Of a function's body."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def faults(code: str) -> Iterator[str]:
    """Return what is too long in a file of this text: for each a line's number and what it is."""
    lines = len(code.splitlines())
    if lines > MOST_LINES:
        yield f"1: the file has {lines} lines, at most {MOST_LINES}"
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, Function) and (lines := body_lines(node)) > MOST_BODY_LINES:
            yield f"{node.lineno}: {node.name} has {lines} lines, at most {MOST_BODY_LINES}"


def body_lines(function: Function) -> int:
    """Return how many lines the body of a function has without its docstring."""
    body = function.body if ast.get_docstring(function) is None else function.body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def main() -> int:
    """Print every fault; 1 where there is one."""
    found = 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for fault in faults(path.read_text(encoding="utf-8")):
                found = 1
                print(f"{path.relative_to(ROOT)}:{fault}")
    return found


if __name__ == "__main__":
    sys.exit(main())
