"""A session without raw subs of its own: the files that they came from count, as long as they are there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.cli import main
from tests.pipeline.night import make_sky

COUNT = 3


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of files that have been stacked, and whose session has lost all but its lines."""
    folder = tmp_path / "in"
    folder.mkdir()
    sky = make_sky()
    for number in range(COUNT):
        (folder / f"{number}.fits").write_bytes(sky.expose(index=number).to_fits())
    monkeypatch.chdir(tmp_path)
    assert watch(COUNT) == 0
    for part in ("subs", "checkpoints"):
        shutil.rmtree(session() / part, ignore_errors=True)
    return folder


def watch(count: int) -> int:
    return main(["watch", "in", "--output-dir", "out", "--set", "spool.enabled=false", "--max-subs", str(count)])


def session() -> Path:
    return min(Path("out", "sessions").glob("2*"))


def test_a_stack_is_made_again_of_the_files(watched: Path) -> None:
    before = fits.getdata(session() / "stack.fits")
    (watched / "next.fits").write_bytes(make_sky().expose(index=COUNT).to_fits())
    assert watch(1) == 0
    lines = [json.loads(line) for line in (session() / "ledger.jsonl").read_text().splitlines()]
    assert [line["number"] for line in lines if line["outcome"] in ("accepted", "restarted")] == [1, 2, 3, 4]
    assert fits.getheader("out/stack.fits")["NCOMBINE"] == COUNT + 1
    assert main(["replay", str(session()), "-o", "again.fits"]) == 0
    assert fits.getheader("again.fits")["NCOMBINE"] == COUNT + 1
    assert np.nanmedian(np.abs(fits.getdata("again.fits") - before)) < 50


@pytest.mark.parametrize("content", [lambda _: b"SIMPLE  =", Path.read_bytes], ids=["another", "written again"])
def test_a_file_that_has_changed_is_none_of_them(watched: Path, content: Callable[[Path], bytes]) -> None:
    (watched / "1.fits").write_bytes(content(watched / "1.fits"))
    assert main(["replay", str(session()), "-o", "again.fits"]) == 0
    assert fits.getheader("again.fits")["NCOMBINE"] == COUNT - 1
