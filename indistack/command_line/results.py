"""What is said of results, and where those go that nobody named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from indistack.command_line.arguments import Options
from indistack.command_line.exit_status import DONE
from indistack.command_line.say import say
from indistack.output.destinations import default_stem

SUFFIXES = (".fits", ".png")
"""Of the pictures that are made where none is named."""


def pictures_of(
    options: Options, inputs: Sequence[Path], ending: str, *others: Path | None
) -> tuple[Path | None, Path | None]:
    """Return where the FITS and the PNG go: as was said; where no output at all was named, beside the inputs."""
    if options.output or options.png or any(others):
        return options.output, options.png
    stem = default_stem(inputs, ending, SUFFIXES)
    fits, png = (Path(f"{stem}{suffix}") for suffix in SUFFIXES)
    say(f"no output was named: {fits} and {png.name} will be written")
    return fits, png


def written(*paths: Path | None) -> int:
    """Tell which files were written."""
    for path in filter(None, paths):
        say(path)
    return DONE


def in_words(exposure_s: float) -> str:
    """Tell an exposure; 0 where no sub tells its own."""
    if exposure_s <= 0:
        return "exposure unknown"
    return f"{exposure_s:.3g} s" if exposure_s < 10 else f"{exposure_s:.0f} s"
