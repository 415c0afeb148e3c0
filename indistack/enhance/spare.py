"""Memory of pictures that are done with, for those that are made of them: fresh memory costs as much as copying."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from indistack.values.frame import FloatArray


class _Spare(threading.local):
    """One picture for each thread, where it makes a chain of them."""

    is_kept = False
    picture: FloatArray | None = None


_SPARE = _Spare()


@contextmanager
def spare_pictures() -> Iterator[None]:
    """Keep the picture that `leave` is given for the next `new_like` of this thread, until the end."""
    _SPARE.is_kept = True
    try:
        yield
    finally:
        _SPARE.is_kept, _SPARE.picture = False, None


def leave(picture: FloatArray, made: FloatArray) -> None:
    """Give up a picture, of which another one is made, unless they share memory; nobody else may have it.

    Parameters
    ----------
    picture, made : array
        Of any shape; the first may be overwritten from now on. A view is not: others have what it is a part of.
    """
    if _SPARE.is_kept and picture.base is None and not np.may_share_memory(picture, made):
        _SPARE.picture = picture


def new_like(picture: FloatArray) -> FloatArray:
    """Return an array of the shape of a picture, contents undefined.

    Parameters
    ----------
    picture : array
        ``(h, w)`` or ``(h, w, 3)`` float32; unchanged.
    """
    spare, _SPARE.picture = _SPARE.picture, None
    if spare is not None and spare.shape == picture.shape and spare.dtype == picture.dtype and spare.flags.c_contiguous:
        return spare
    return np.empty_like(picture)
