"""Every sub as it lies in the stack, as a picture of its own: for a film, or for another program's stack."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import cv2

from indistack.enhance import PictureSettings, render
from indistack.enhance.looks import WHOLE_RANGE
from indistack.errors import SettingsError, SinkError
from indistack.output.destinations import require_writable
from indistack.picture.linear import StackPicture
from indistack.raster.tiles import laid_down
from indistack.session.stack_branch import StackBranch
from indistack.session.stack_setup import StackSetup
from indistack.session.stacker import Stacker
from indistack.system.atomic import atomic_file
from indistack.system.real_path import real_path
from indistack.values.frame import FloatArray
from indistack.values.grid import PlacedSub

log = logging.getLogger(__name__)

AS_IT_IS = PictureSettings(operators=[WHOLE_RANGE], crop_coverage=None, max_side_px=0)


class AlignedSubs:
    """A `Stacker` that writes each sub, before it is stacked, as it lies in the first of the stacks that take it.

    Parameters
    ----------
    stacker : Stacker
        Does the stacking.
    path_of : callable
        Number of a sub -> its file, a PNG of 16 bits: linear, from the sub's least value to its greatest.
    """

    def __init__(self, stacker: Stacker, path_of: Callable[[int], Path]) -> None:
        self._stacker = stacker
        self._path_of = path_of
        self.at_once = stacker.at_once

    def add(self, placed: Sequence[tuple[StackBranch, PlacedSub]], stack_setup: StackSetup) -> None:
        """See `Stacker.add`."""
        if placed:
            _, sub = placed[0]
            _write(
                self._path_of(sub.number), laid_down(sub, stack_setup.grid, stack_setup.sampling, stack_setup.workers)
            )
        self._stacker.add(placed, stack_setup)

    def complete(self, branches: Collection[StackBranch], stack_setup: StackSetup) -> None:
        """See `Stacker.complete`."""
        self._stacker.complete(branches, stack_setup)


def aligned_paths(prefix: str, files: Sequence[Path]) -> list[Path]:
    """Return where aligned subs go, in order: ``PREFIXNAME.png``, with its number where two have one name.

    Raises
    ------
    SettingsError
        One of them is a sub.
    SinkError
        Nothing can be written there.
    """
    count = Counter(path.stem for path in files)
    paths = [
        Path(f"{prefix}{path.stem}{f'-{number}' if count[path.stem] > 1 else ''}.png")
        for number, path in enumerate(files, 1)
    ]
    real = {real_path(path) for path in files}
    subs = [path for path in paths if real_path(path) in real]
    if faults := [f"{path}: is one of the subs; begin the names otherwise" for path in subs]:
        raise SettingsError(faults)
    require_writable(paths[:1])
    return paths


def _write(path: Path, picture: FloatArray) -> None:
    """Write it; where that fails the stack goes on without."""
    fine = render(StackPicture(picture), AS_IT_IS, fine=True).fine
    assert fine is not None, "it was asked for"
    _, data = cv2.imencode(".png", fine if fine.ndim == 2 else fine[..., ::-1])
    try:
        with atomic_file(path) as file:
            file.write(data.tobytes())
    except SinkError as error:
        log.error("the aligned sub is not saved: %s", error)
