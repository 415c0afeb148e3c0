"""The process that undoes tile compression."""

from __future__ import annotations

import os
import sys
import warnings

import numpy as np

from indistack.system import array_pipe
from indistack.system.blame import library
from indistack.system.helper_loop import Pixels, Work, serve


def load() -> Work:
    """Import astropy; return what reads a file."""
    from astropy.io import fits

    warnings.simplefilter("ignore")

    def work(_task: array_pipe.Message, file: int, pixels: Pixels) -> array_pipe.Message:
        with (
            library("tile compression", os.fstat(file).st_size),
            fits.open(f"/proc/self/fd/{file}", memmap=False) as units,
        ):
            values = np.asarray(units[1].data)
        np.copyto(pixels.new(values.shape, values.dtype), values)
        return {"shape": values.shape, "dtype": values.dtype.str}

    return work


if __name__ == "__main__":
    serve(int(sys.argv[1]), load)
