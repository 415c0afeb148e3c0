"""Masters at hand without their memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indistack.calibrate import shelf
from indistack.calibrate.base import Master
from indistack.calibrate.shelf import Shelved
from indistack.values.frame import FrameInfo


@pytest.mark.parametrize("has_room", [True, False])
def test_a_master_comes_back_as_it_was_also_where_no_disk_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_room: bool
) -> None:
    monkeypatch.setattr(shelf, "ROOMY", tmp_path)
    if not has_room:
        monkeypatch.setattr(shelf.tempfile, "TemporaryFile", full)
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    shelved = Shelved(Master(pixels, "dark", None, FrameInfo(exposure_s=3.0), 5, "dark.fits"))
    for _ in range(2):
        found = shelved.take()
        np.testing.assert_array_equal(found.pixels, pixels)
        assert (found.kind, found.info.exposure_s) == ("dark", 3.0)
    assert not list(tmp_path.iterdir())


def full(**_: object) -> None:
    raise OSError(28, "No space left on device")
