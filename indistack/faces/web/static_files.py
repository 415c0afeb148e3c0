"""The page's own files, read once: no path of a request ever reaches the file system."""

from __future__ import annotations

from pathlib import Path

from indistack.faces.web.answers import Kept

FOLDER = Path(__file__).parent / "static"

MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


def read_static() -> dict[str, Kept]:
    """Return the files by their paths below the folder."""
    found = (path for path in sorted(FOLDER.rglob("*")) if path.suffix in MEDIA)
    return {path.relative_to(FOLDER).as_posix(): Kept(path.read_bytes(), MEDIA[path.suffix]) for path in found}
