"""What others wrote and the page brings along: unchanged, of a known version and licence."""

from __future__ import annotations

import hashlib
import json

from indistack.faces.web.static_files import FOLDER, read_static

VENDOR = FOLDER / "vendor"
FREE = {"MIT", "BSD-3-Clause", "ISC", "Apache-2.0"}


def test_every_file_is_in_the_table_as_it_was_released() -> None:
    table = json.loads((VENDOR / "table.json").read_text())
    there = {path.name for path in VENDOR.iterdir()} - {"table.json"}
    assert there == {row["file"] for row in table}
    for row in table:
        assert hashlib.sha256((VENDOR / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]
        assert row["licence"] in FREE
        assert row["from"] == f"https://registry.npmjs.org/{row['package']}/-/{row['package']}-{row['version']}.tgz"
    for package in {row["package"] for row in table}:
        assert any("LICENSE" in row["file"] for row in table if row["package"] == package)


def test_what_the_pages_load_is_served() -> None:
    files = read_static()
    assert {"index.html", "console.html", "vendor/uPlot.iife.min.js", "vendor/uPlot.min.css"} <= set(files)
    assert sum(len(kept.data) for kept in files.values()) < 1_000_000
