"""Pictures that settings name are looked at before the first sub comes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from indistack.cli import main


@pytest.mark.parametrize("name", ["stack.ground_mask", "branches.sky.ground_mask"])
@pytest.mark.parametrize("kind", ["missing", "text"])
def test_mask_that_cannot_be_read_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    mask = tmp_path / "mask.png"
    if kind == "text":
        mask.write_text("ground")
    words = ["--branch", "sky=trails", "--set", f"{name}={mask}"]
    assert main(["stack", str(tmp_path), *words]) == 2
    assert f"{name} = {str(mask)!r}: no picture that can be read" in capsys.readouterr().err


def test_mask_that_is_a_picture_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "mask.png"), np.zeros((4, 4), np.uint8))
    main(["stack", str(tmp_path / "no frames"), "--set", f"stack.ground_mask={tmp_path / 'mask.png'}"])
    assert "ground_mask" not in capsys.readouterr().err
