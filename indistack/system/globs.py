"""Globs as people mean them: a folder that is there is taken as it is spelled, and what was put aside stays aside."""

from __future__ import annotations

import glob
from pathlib import Path

ASIDE = frozenset(
    ["@eadir", "#recycle", "@recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found"]
)
"""Folders in which network disks and systems keep thumbnails and what was deleted; hidden ones are so as well."""


def is_aside(folder_name: str) -> bool:
    """Whether a folder of that name holds what nobody wants any more, or what a system keeps for itself."""
    return folder_name.startswith(".") or folder_name.lower() in ASIDE


def is_glob(path: Path) -> bool:
    """Whether a path that is not there may stand for several."""
    return glob.has_magic(str(path))


def matches(path: Path) -> list[Path]:
    """Return the files and folders that a glob means, ``**`` any folders; none in folders that are aside.

    Brackets are letters where a folder has them in its name, and where nothing matches otherwise.
    """
    folder, rest = _there(path)
    for pattern in (rest, rest.replace("[", "[[]")):
        found = [Path(name) for name in glob.glob(pattern, root_dir=folder, recursive=True)]  # noqa: PTH207
        if found:
            return [folder / name for name in found if not any(map(is_aside, name.parts[:-1]))]
    return []


def _there(path: Path) -> tuple[Path, str]:
    """Return the folder that is there, and the rest of the path."""
    folder, parts = Path(path.anchor), list(path.parts[1:] if path.anchor else path.parts)
    while len(parts) > 1 and (folder / parts[0]).is_dir():
        folder /= parts.pop(0)
    return folder, str(Path(*parts))
