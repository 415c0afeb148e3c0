"""Phones of 2019 read the page: what a browser cannot parse leaves an empty page, without a word."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from indistack.faces.web.static_files import FOLDER

SCRIPTS = sorted(FOLDER.glob("*.js"))
STYLES = sorted(FOLDER.glob("*.css"))

PARSE = """
const { Parser } = require("internal/deps/acorn/acorn/dist/acorn");
const { readFileSync } = require("fs");
for (const name of process.argv.slice(1)) {
  try { Parser.parse(readFileSync(name, "utf8"), { ecmaVersion: 2019, sourceType: "module" }); }
  catch (fault) { console.log(name, String(fault)); }
}
"""
"""Node's own parser; Playwright brings a Node along."""

NEWER = re.compile(
    r"\.at\(-|\.(?:replaceAll|replaceChildren|findLast|hasOwn|structuredClone|allSettled|matchAll|toSorted)\("
    r"|\b(?:structuredClone|ResizeObserver|AbortSignal|globalThis|BigInt)\b|Promise\.any"
)
"""What came after 2019, as names; not all of it, but what one reaches for."""

NEWER_STYLES = re.compile(r"\binset:|\baspect-ratio:|:is\(|:where\(|:has\(|\d[dsl]v[hw]\b|@layer|@container")
"""Rules that an older browser leaves out, where the page would lie askew without them."""


def test_a_parser_of_2019_reads_every_script() -> None:
    playwright = pytest.importorskip("playwright", reason="playwright is not installed")
    node = Path(playwright.__file__).parent / "driver" / "node"
    if not node.is_file():
        pytest.skip("this playwright has no Node")
    command = [str(node), "--expose-internals", "-e", PARSE, *map(str, SCRIPTS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "internal/deps" in done.stderr:
        pytest.skip("this Node has no parser in it")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_asks_for_what_is_newer(path: Path) -> None:
    assert NEWER.findall(path.read_text()) == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_no_style_leans_on_what_is_newer(path: Path) -> None:
    assert NEWER_STYLES.findall(path.read_text()) == []
