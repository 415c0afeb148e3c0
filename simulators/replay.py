"""Real files as a camera's frames: sent byte for byte, in the order of their names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Kept whole as a BLOB's format: indiserver's clients tell compressed FITS by the double suffix.
DOUBLE_SUFFIXES = (".fits.fz", ".fits.z", ".fits.gz", ".fit.fz", ".fit.gz")


@dataclass(frozen=True, slots=True)
class ReplayedFile:
    """One file's bytes and its suffix with the dot, in the case it is written in."""

    path: Path
    payload: bytes
    suffix: str


class FileReplay:
    """A folder of files that stands in for the sky.

    Parameters
    ----------
    folder : path
        Files in it, but not in folders below it; hidden files are left out.
    loop : bool
        Begin again after the last file.
    """

    def __init__(self, folder: str | Path, loop: bool = True) -> None:
        self._files = sorted(p for p in Path(folder).iterdir() if p.is_file() and not p.name.startswith("."))
        self._loop = loop
        if not self._files:
            raise FileNotFoundError(f"no files to replay in {folder}")

    def frame(self, index: int) -> ReplayedFile:
        """Return frame number `index`, from 0.

        Raises
        ------
        IndexError
            After the last file, unless looping.
        """
        if index >= len(self._files) and not self._loop:
            raise IndexError(f"all {len(self._files)} files have been replayed")
        path = self._files[index % len(self._files)]
        return ReplayedFile(path, path.read_bytes(), suffix_of(path.name))


def suffix_of(name: str) -> str:
    """Return a file name's suffix with its dot; both of two where the inner one is FITS."""
    for double in DOUBLE_SUFFIXES:
        if name.lower().endswith(double):
            return name[-len(double) :]
    return Path(name).suffix
