"""Finds public functions on arrays whose docstrings do not tell what goes in and out; run by scripts/check.

A function counts when it is public and its annotations name arrays, frames or star lists. It must tell, in numpydoc,
each parameter of such a type under Parameters and what comes back under Returns; or, where its first sentence says it
all, name shapes or types there. What a slot's base promises is told there, once, for all that fill the slot.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("raster", "align", "stars", "photometry", "debayer", "enhance", "numerics", "stack", "calibrate")
"""Rooms that are held to it."""

ARRAYS = re.compile(
    r"\b(\w*Array|NDArray|RawFrame|CalibratedFrame|StarList|Scene|Integration|Pixels|Plane|Mesh|Tile|Cube)\b"
)
SHAPE = re.compile(r"``\([^`]*\)``|\b(float32|float64|uint8|uint16|int32|intp|bool)\b|\barrays?\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(tree: ast.Module) -> Iterator[Function]:
    """Return functions and methods that others may call."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (one for one in node.body if isinstance(one, Function) and not _is_hidden(one))
        elif isinstance(node, Function) and not node.name.startswith("_"):
            yield node


def _is_hidden(method: Function) -> bool:
    """Tell whether a method is private, or an attribute by the look of it."""
    return method.name.startswith("_") or any("property" in ast.unparse(one) for one in method.decorator_list)


def array_parameters(function: Function) -> list[str]:
    """Return the names of parameters that are arrays or hold some."""
    every = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return [one.arg for one in every if one.annotation and ARRAYS.search(ast.unparse(one.annotation))]


def faults(function: Function) -> list[str]:
    """Return what the docstring of a function on arrays leaves open."""
    wanted, back = array_parameters(function), bool(function.returns and ARRAYS.search(ast.unparse(function.returns)))
    if not wanted and not back:
        return []
    text = ast.get_docstring(function) or ""
    summary, _, rest = text.partition("\n\n")
    if SHAPE.search(summary) or re.match(r"See `|As `", text):
        return []
    open_parameters = [name for name in wanted if not re.search(rf"^{name}\b|^\w[\w, ]*\b{name}\b", rest, re.MULTILINE)]
    missing = [f"parameter {name}" for name in open_parameters]
    if back and not re.search(r"^Returns\n-+", rest, re.MULTILINE):
        missing.append("what is returned")
    return missing


def promised(room: Path) -> set[str]:
    """Return the names of the methods that the base of a slot documents for all its entries."""
    base = room / "base.py"
    classes = (
        [node for node in ast.parse(base.read_text()).body if isinstance(node, ast.ClassDef)] if base.exists() else []
    )
    methods = (node for one in classes for node in one.body if isinstance(node, Function))
    return {method.name for method in methods if not faults(method)}


def is_about_arrays(function: Function) -> bool:
    """Tell whether a function takes or returns arrays."""
    returns = function.returns and ARRAYS.search(ast.unparse(function.returns))
    return bool(array_parameters(function) or returns)


def main() -> int:
    """Print every fault in `ROOMS`; with ``--share`` print how many functions of each room are documented."""
    found = 0
    for room in sorted(path.name for path in (ROOT / "indistack").iterdir() if path.is_dir()):
        counted = told = 0
        by_base = promised(ROOT / "indistack" / room)
        for path in sorted((ROOT / "indistack" / room).rglob("*.py")):
            for function in public_functions(ast.parse(path.read_text(encoding="utf-8"))):
                counted += is_about_arrays(function)
                missing = [] if function.name in by_base and path.name != "base.py" else faults(function)
                told += is_about_arrays(function) and not missing
                if missing and room in ROOMS and "--share" not in sys.argv:
                    found += 1
                    where = f"{path.relative_to(ROOT)}:{function.lineno}"
                    print(f"{where}: {function.name}: the docstring does not tell {', '.join(missing)}")
        if "--share" in sys.argv and counted:
            print(f"{room:14s} {told:4d} of {counted:4d}")
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
