"""The process of LibRaw."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict

from indistack.system import array_pipe
from indistack.system.helper_loop import Pixels, Work, serve


def load() -> Work:
    """Import rawpy; return what reads a file."""
    from indistack.libraw.reader import read

    def work(task: array_pipe.Message, file: int, pixels: Pixels) -> array_pipe.Message:
        path = f"/proc/self/fd/{file}"  # of an open file rawpy would make one more copy in memory
        array, facts = read(path, os.fstat(file).st_size, task["max_megapixels"], pixels.new)
        return {"shape": array.shape, "dtype": array.dtype.str, "facts": asdict(facts)}

    return work


if __name__ == "__main__":
    serve(int(sys.argv[1]), load)
