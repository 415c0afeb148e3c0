"""Pictures beside a stack's own: a contact sheet of what was left out, one sub beside the stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from indistack.api import Stacked, stack_files
from indistack.config import Config
from indistack.decode import DecodeSettings, decode
from indistack.enhance import KeptLook, LookMemory
from indistack.errors import IndistackError, SettingsError
from indistack.output.destinations import require_writable
from indistack.output.sub_previews import glimpse_of, shown
from indistack.picture.picture_file import require_form, write_picture
from indistack.report.contact_sheet import LeftOut, sheet
from indistack.report.left_out import in_words
from indistack.sources import read_blob
from indistack.values.frame import PixelArray

GAP_SHARE, WHITE = 0.004, 255
"""Between two pictures lies a line, so wide as a share of their height."""


def require_side_pictures(inputs: Sequence[Path], *paths: Path | None) -> None:
    """Refuse pictures that cannot be written, before any work; raise `SettingsError` or `SinkError`."""
    wanted = [path for path in paths if path is not None]
    faults = [fault for path in wanted if (fault := require_form(path))]
    if faults:
        raise SettingsError(faults)
    require_writable(texts=wanted, inputs=inputs)


def write_left_out(path: Path, subs: Sequence[Mapping[str, Any]], settings: DecodeSettings) -> None:
    """Write a contact sheet of files that are not in a stack: each is read again, and shown as it is.

    Parameters
    ----------
    path : Path
        The picture.
    subs : sequence of mapping
        Lines of the batch's report.
    settings : DecodeSettings
        How files are read.
    """
    write_picture(
        path,
        sheet([LeftOut(Path(sub["path"]).name, in_words(sub), _glance(Path(sub["path"]), settings)) for sub in subs]),
    )


def _glance(path: Path, settings: DecodeSettings) -> PixelArray | None:
    """Return a file's frame, small; None where it cannot be read: that is why it was left out."""
    try:
        return shown(glimpse_of(decode(read_blob(path, ""), settings)))
    except (IndistackError, OSError):
        return None


def write_beside(path: Path, result: Stacked, config: Config) -> None:
    """Write the sub that the others were laid on beside the stack: both are cut alike where both are of one size.

    Parameters
    ----------
    path : Path
        The picture.
    result : Stacked
        The stack.
    config : Config
        With which one sub is shown.
    """
    memory = LookMemory(1.0)
    stacked = result.shown(memory)
    single = stack_files([result.report["stack"]["reference"]], config)
    if single.picture.shape == result.picture.shape:
        single = replace(single, snapshot=replace(single.snapshot, shown=result.snapshot.shown))
        halves = [single.shown(KeptLook(memory, cut_only=True)), stacked]
    else:
        halves = [single.shown(), stacked]
    height = min(half.shape[0] for half in halves)
    gap = np.full((height, max(2, round(GAP_SHARE * height)), 3), WHITE, np.uint8)
    write_picture(path, np.hstack([_to_height(halves[0], height), gap, _to_height(halves[1], height)]))


def _to_height(pixels: PixelArray, height: int) -> PixelArray:
    """Return a picture in three colours, scaled to a height."""
    coloured = pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    size = max(1, round(coloured.shape[1] * height / coloured.shape[0])), height
    scaled: PixelArray = cv2.resize(coloured, size, interpolation=cv2.INTER_AREA)
    return scaled
