"""Files of a session are damaged between a power cut and the next start."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import cut_power, run
from tests.pipeline.test_lost_lines import DAMAGES
from tests.soak.figures import Clock, Figures

BEFORE, SUBS = 4, 6

FILES = (
    "sessions/*/ledger.jsonl", "sessions/*/settings.toml", "sessions/*/checkpoints/*.npz", "sessions/open",
    "sessions/*/stack.fits", "status.json", "sessions/*/subs/*.json",
)  # fmt: skip


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _scramble(path: Path) -> None:
    path.write_bytes(random.Random(path.name).randbytes(path.stat().st_size))


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in random.Random(path.name).sample(range(len(data)), min(20, len(data))):
        data[place] ^= 0x55
    path.write_bytes(data)


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


WAYS: tuple[Callable[[Path], object], ...] = (_halve, _empty, _zero, _scramble, _flip, _make_folder, Path.unlink)


def soak(folder: Path, clock: Clock) -> Figures:
    """Go on with a damaged session, one kind of damage after the other; every raw sub keeps or gets its line."""
    figures = Figures("session's files damaged")
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    blobs = [blob_of(sky.expose(), f"{number}.fits") for number in range(SUBS)]
    whole = folder / "whole"
    cut_power(whole, run(whole, blobs[:BEFORE]))
    kinds = [("sessions/*/ledger.jsonl", way) for way in DAMAGES] + list(itertools.product(FILES, WAYS))
    for pattern, way in kinds:
        if clock.is_over():
            break
        out = folder / "out"
        shutil.copytree(whole, out)
        hit = list(out.glob(pattern))
        for path in hit:
            way(path)
        if hit:
            _go_on(figures, out, blobs[BEFORE:], f"{pattern} {getattr(way, '__name__', way)}")
        shutil.rmtree(out)
    figures.note = f"{figures.tries} of {len(kinds)} kinds; those whose file is not there are none"
    return figures


def _go_on(figures: Figures, out: Path, blobs: list[Blob], kind: str) -> None:
    figures.tries += 1
    figures.delivered += SUBS
    try:
        run(out, blobs, goes_on=SessionFolders(out).past())
    except Exception as error:  # noqa: BLE001 - whatever ends it is a fault to be told
        figures.faults.append(f"{kind}: {type(error).__name__}: {error}")
    told, kept = set[tuple[str, int | None]](), set[str]()
    for session in SessionFolders(out).all():
        lights = {report.number for report in PastSession(session).lights()}
        told |= {(session.name, number) for number in lights}
        kept |= {path.stem for path in (session / "subs").glob("*.fits")}
    figures.lines += min(SUBS, len(told))
    if len(told) < SUBS or len(kept) < SUBS - len(blobs):
        figures.faults.append(f"{kind}: {len(told)} lines, {len(kept)} raw subs of {SUBS}")
