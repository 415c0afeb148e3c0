"""Where an output folder lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indistack.system.place import is_read_only


@pytest.mark.parametrize(
    ("mount", "whole", "expected"),
    [("rw", "rw", False), ("rw", "ro,errors=remount-ro", True), ("rw", "rw,emergency_ro", True), ("ro", "rw", False)],
)
def test_a_file_system_that_nobody_may_write_to(tmp_path: Path, mount: str, whole: str, expected: bool) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    lines = [
        "",
        "30 1 0:99 / /proc ro - proc proc ro",
        f"31 1 {os.major(device)}:{os.minor(device)} / /x {mount} - ext4 /dev/x {whole}",
    ]
    mounts.write_text("\n".join(lines))
    assert is_read_only(tmp_path, mounts) == expected
    assert not is_read_only(tmp_path / "none", mounts)
    assert not is_read_only(tmp_path, tmp_path / "none")
