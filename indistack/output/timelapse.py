"""A film of a stack that grows, of the pictures that its session has kept; by ffmpeg, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from indistack.errors import SinkError
from indistack.picture.captions import captioned
from indistack.picture.picture_file import fitted, read_picture
from indistack.store.sub_files import GROWTH, growth_number

FFMPEG = "ffmpeg"

RATE_FPS = 25
"""Of the film: programs for phones take it as it is, whatever the number of pictures."""

LAST_SHARE = 0.2
"""Of the film shows the last picture: what has become of it all."""

CODECS = {
    ".mp4": ["-c:v", "libx264", "-preset", "medium", "-crf", "20", "-pix_fmt", "yuv420p", "-movflags", "+faststart"],
    ".webm": ["-c:v", "libvpx-vp9", "-crf", "30", "-b:v", "0", "-row-mt", "1", "-pix_fmt", "yuv420p"],
    ".gif": ["-vf", "fps=10,scale='min(800,iw)':-2,split[a][b];[a]palettegen[p];[b][p]paletteuse"],
}
"""Suffix -> what ffmpeg is told; 4:2:0 is what telephones and browsers play."""


def pictures_of(session: Path) -> list[Path]:
    """Return the pictures that a session has kept of its growing stack, the first sub first."""
    return sorted(filter(growth_number, (session / GROWTH).glob("*.jpg")))


def write_film(pictures: Sequence[Path], path: Path, seconds: float) -> None:
    """Write a film.

    Parameters
    ----------
    pictures : sequence of Path
        JPEG files, named after the number of subs that each shows; at least one can be read.
    path : Path
        The film; its suffix is one of `CODECS`.
    seconds : float
        How long it lasts.

    Raises
    ------
    SinkError
        There is no ffmpeg, it does not take the pictures, or none of them can be read.
    """
    program = shutil.which(FFMPEG)
    if program is None:
        raise SinkError(f"{path}: films are made by ffmpeg, which is not installed: apt install ffmpeg")
    last = next(filter(None, (_size_of(each) for each in reversed(pictures))), None)
    if last is None:
        raise SinkError(f"{path}: none of {len(pictures)} pictures can be read")
    temporary = path.with_name(f".{path.stem}.tmp{path.suffix}")
    size = "x".join(map(str, last))
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(RATE_FPS), "-i", "-"]
    command = [program, "-y", "-loglevel", "error", *given, *CODECS[path.suffix.lower()], str(temporary.absolute())]
    try:
        _feed(command, _frames(pictures, last, round(seconds * RATE_FPS)))
        temporary.replace(path)
    except (OSError, SinkError) as error:
        raise SinkError(f"{path}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _feed(command: Sequence[str], frames: Iterator[bytes]) -> None:
    """Hand frames to a program; raise `SinkError` with its last words where it gives up."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            for frame in frames:
                process.stdin.write(frame)
            process.stdin.close()
        except BrokenPipeError:
            pass  # its last words tell why
        words = process.stderr.read().decode(errors="replace").strip().splitlines()
    if process.returncode:
        raise SinkError(f"ffmpeg: {words[-1] if words else f'ended with {process.returncode}'}")


def _frames(pictures: Sequence[Path], size: tuple[int, int], count: int) -> Iterator[bytes]:
    """Yield the film's frames: every picture for the same time, the last one for longer."""
    growing = max(1, round(count * (1 - LAST_SHARE)))
    shown, frame = -1, b""
    for number in range(max(count, 1)):
        place = min(number * len(pictures) // growing, len(pictures) - 1)
        if place != shown:
            shown, frame = place, _frame(pictures[place], size) or frame
        yield frame or bytes(size[0] * size[1] * 3)


def _frame(path: Path, size: tuple[int, int]) -> bytes:
    """Return a picture as a frame of a size, whole, with the number of its subs on it; nothing if it is damaged."""
    pixels = read_picture(path)
    if pixels is None:
        return b""
    width, height = size
    scaled = fitted(pixels, width, height)
    frame = np.zeros((height, width, 3), np.uint8)
    left, top = (width - scaled.shape[1]) // 2, (height - scaled.shape[0]) // 2
    frame[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    subs = growth_number(path)
    return captioned(frame, f"{subs} sub{'s' if subs > 1 else ''}").tobytes()


def _size_of(path: Path) -> tuple[int, int] | None:
    """Return width and height of a film with that picture: even numbers, as codecs want them."""
    pixels = read_picture(path)
    return None if pixels is None else (max(2, pixels.shape[1] // 2 * 2), max(2, pixels.shape[0] // 2 * 2))
