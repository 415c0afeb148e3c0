"""The picture that an INDI camera shows of the stack."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from indistack.output import device_picture
from indistack.output.device_picture import DevicePicture, binning_for, to_counts, write
from indistack.picture.linear import StackPicture
from indistack.sinks import Snapshot
from indistack.store.wanted import DEVICE_PICTURE, LEASE_S, want
from indistack.values.own_files import OwnFiles

CARDS = (
    ("OBJECT", "M 27", ""), ("XPIXSZ", 4.0, ""), ("CTYPE1", "RA---TAN", ""), ("CTYPE2", "DEC--TAN", ""),
    ("CRVAL1", 10.0, ""), ("CRVAL2", 20.0, ""), ("CRPIX1", 3.0, ""), ("CRPIX2", 5.0, ""),
    ("CD1_1", 0.001, ""), ("CD1_2", 0.0, ""), ("CD2_1", 0.0, ""), ("CD2_2", 0.001, ""),
)  # fmt: skip


def test_counts_keep_fractions_of_an_adu() -> None:
    counts, scale, zero = to_counts(np.array([[0.25, 100.5, np.nan]], np.float32))
    assert (scale, zero) == (256.0, 0.0)
    assert counts.tolist() == [[64, 25728, 0]]


def test_counts_fit_bright_pixels_and_values_below_zero() -> None:
    counts, scale, zero = to_counts(np.array([[-1.5, 200_000.0]], np.float32))
    assert (scale, zero) == (0.25, -2.0)
    assert counts.tolist() == [[0, 50_000]]


def test_nothing_is_black() -> None:
    counts, scale, _ = to_counts(np.full((2, 2), np.nan, np.float32))
    assert (counts.sum(), scale) == (0, 1.0)


def test_the_file_is_unsigned_and_says_how_it_was_made(tmp_path: Path) -> None:
    pixels = np.full((6, 8, 3), 1000, np.float32)
    pixels[0, 0] = 60_000
    pixels[5, 7, 1] = np.nan
    write(tmp_path / "a.fits", Snapshot(StackPicture(pixels), CARDS, False))
    with fits.open(tmp_path / "a.fits") as units:
        assert units[0].data.dtype == np.uint16
        assert units[0].data.shape == (3, 6, 8)
        assert units[0].data[1, 0, 0] == 60_000
        assert units[0].data[1, 5, 7] == 0
        assert units[0].header["OBJECT"] == "M 27"
        assert "(ADU - 0) * 1;" in str(units[0].header["HISTORY"])
    assert (tmp_path / "a.fits").stat().st_size % 2880 == 0


def test_a_binned_picture_has_the_scale_and_place_of_its_pixels(tmp_path: Path) -> None:
    write(tmp_path / "a.fits", Snapshot(StackPicture(np.ones((3, 4), np.float32)), CARDS, False), 2)
    header = fits.getheader(tmp_path / "a.fits")
    assert header["XPIXSZ"] == 8.0
    assert header["CDELT1"] * header.get("PC1_1", 1.0) == pytest.approx(0.002)
    assert (header["CRPIX1"], header["CRPIX2"]) == (1.75, 2.75)  # (3 - 0.5) / 2 + 0.5


@pytest.mark.parametrize(
    ("shape", "binning"), [((3000, 4000, 3), 2), ((1000, 1500, 3), 1), ((6000, 9000), 4), ((4, 4), 1)]
)
def test_no_picture_is_larger_than_a_client_can_take(shape: tuple[int, ...], binning: int) -> None:
    assert binning_for(shape) == binning
    assert shape[0] // binning * (shape[1] // binning) * 3 * 2 <= 30e6


class Stacks:
    """Stands for a session of which only the numbers count."""

    def __init__(self) -> None:
        self.n_subs = 1


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Stacks:
    def binned_snapshot(stacks: Stacks) -> tuple[Snapshot, int]:
        return Snapshot(StackPicture(np.full((4, 4), stacks.n_subs, np.float32)), (), False), 1

    monkeypatch.setattr(device_picture, "binned_snapshot", binned_snapshot)
    monkeypatch.setattr(device_picture.snapshots, "numbers", lambda stacks: {"n": stacks.n_subs})
    return Stacks()


def level(path: Path) -> float:
    return float(fits.getdata(path)[0, 0]) / 256 if path.exists() else 0.0


def test_it_is_made_for_those_who_want_it_and_follows_the_stack(
    tmp_path: Path, shown: Stacks, wait_until: Callable[..., None]
) -> None:
    path, own = tmp_path / DEVICE_PICTURE, OwnFiles()
    keeper = DevicePicture(tmp_path, own)
    try:
        keeper.look(shown)
        time.sleep(0.05)
        assert not path.exists()
        want(tmp_path, DEVICE_PICTURE)
        keeper.look(None)
        keeper.look(shown)
        wait_until(path.exists)
        assert path.resolve() in own
        shown.n_subs = 2
        keeper.look(shown)
        wait_until(lambda: level(path) == 2)
        before = path.stat().st_mtime_ns
        keeper.look(shown)
        time.sleep(0.05)
        assert path.stat().st_mtime_ns == before
        long_ago = time.time() - LEASE_S - 1
        os.utime(tmp_path / "wanted" / DEVICE_PICTURE, (long_ago, long_ago))
        keeper.look(shown)
        assert not path.exists()
    finally:
        keeper.close()


def test_other_pictures_wait_until_it_is_there(tmp_path: Path, shown: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    may, keeper = threading.Event(), DevicePicture(tmp_path, OwnFiles())
    monkeypatch.setattr(device_picture, "write", lambda path, *_: may.wait(60) and path.touch())
    want(tmp_path, DEVICE_PICTURE)
    keeper.give_way()  # nothing is being made
    keeper.look(shown)
    threading.Timer(0.1, may.set).start()
    keeper.give_way()
    assert (tmp_path / DEVICE_PICTURE).exists()
    keeper.close()


def test_a_session_that_has_ended_is_let_go(tmp_path: Path, shown: Stacks, wait_until: Callable[..., None]) -> None:
    keeper, ended = DevicePicture(tmp_path, OwnFiles()), Stacks()
    want(tmp_path, DEVICE_PICTURE)
    keeper.look(ended)
    keeper.give_way()
    known = weakref.ref(ended)
    del ended
    keeper.look(None)
    wait_until(lambda: known() is None)
    keeper.close()


def test_it_goes_with_its_agent(tmp_path: Path, shown: Stacks, wait_until: Callable[..., None]) -> None:
    keeper = DevicePicture(tmp_path, OwnFiles())
    want(tmp_path, DEVICE_PICTURE)
    keeper.look(shown)
    wait_until((tmp_path / DEVICE_PICTURE).exists)
    keeper.close()
    assert not (tmp_path / DEVICE_PICTURE).exists()


def test_a_disk_that_has_become_read_only_keeps_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    picture = DevicePicture(tmp_path, OwnFiles())
    monkeypatch.setattr(Path, "unlink", refuse)
    picture.close()
