"""The process of LibRaw: takes one file after the other, until its link to the agent is closed."""

from __future__ import annotations

import os
import socket
import sys
import traceback
from dataclasses import asdict

import numpy as np

from indistack.errors import DecodeError
from indistack.system import array_pipe
from indistack.system.blame import blames_bytes
from indistack.values.frame import PixelArray


def main(fd: int) -> None:
    """Serve the agent at the other end of the socket `fd`."""
    with socket.socket(fileno=fd) as link:
        array_pipe.send(link, {"fault": _import_fault()})
        while (received := array_pipe.receive_file(link)) is not None:
            message, file = received
            if file is not None:
                answer, pixels = _answer(file, message["max_megapixels"])
                array_pipe.send(link, answer, pixels.fd)
                pixels.close()
                os.close(file)


def _import_fault() -> str:
    """Import what takes time, before anyone waits for a frame; return why it cannot be had, or ""."""
    try:
        import indistack.libraw.reader  # noqa: F401
    except ImportError as error:
        return str(error)
    return ""


class _Pixels:
    """A memfd that the pixels are written to straight away: a copy of them would cost more than reading some files."""

    def __init__(self) -> None:
        self.fd: int | None = None

    def new(self, shape: tuple[int, ...], dtype: type[np.uint16]) -> PixelArray:
        """Return the array to fill."""
        self.fd, memory = array_pipe.blank(int(np.prod(shape)) * np.dtype(dtype).itemsize)
        return np.frombuffer(memory, dtype).reshape(shape)

    def close(self) -> None:
        """Let go of the memfd; the agent has its own hold on it."""
        if self.fd is not None:
            os.close(self.fd)


def _answer(file: int, max_megapixels: float) -> tuple[array_pipe.Message, _Pixels]:
    """Return the message for one file, and its pixels."""
    from indistack.libraw.reader import read

    pixels, file_bytes = _Pixels(), os.fstat(file).st_size
    path = f"/proc/self/fd/{file}"  # of an open file rawpy would make one more copy in memory
    try:
        array, facts = read(path, file_bytes, max_megapixels, pixels.new)
    except DecodeError as error:
        return {"reason": error.reason, "detail": error.detail, "numbers": error.numbers}, pixels
    except Exception as error:  # noqa: BLE001 - the top of a process: hostile bytes make rawpy raise anything
        if not blames_bytes(error):
            return {"bug": traceback.format_exc()}, pixels
        numbers = {"bytes": file_bytes}
        return {"reason": "damaged", "detail": f"rawpy: {type(error).__name__}: {error}", "numbers": numbers}, pixels
    return {"shape": array.shape, "facts": asdict(facts)}, pixels


if __name__ == "__main__":
    main(int(sys.argv[1]))
