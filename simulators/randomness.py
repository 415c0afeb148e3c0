"""Seeded generators and the pool of normal deviates; nothing in the simulators is random in any other way."""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Four million deviates (16 MB) make a 24-megapixel frame six times over; a frame takes each of its rows from a
# place of its own, so that no two rows, and no two subs at the same pixel, share a run but by chance.
POOL_SIZE = 1 << 22


def generator(seed: int, *words: str | int) -> np.random.Generator:
    """Return a generator that depends on the seed and the words only, so any part can be made on its own."""
    key = [zlib.crc32(word.encode()) if isinstance(word, str) else word for word in words]
    # Sky cells have negative numbers too; a seed sequence takes none.
    return np.random.Generator(np.random.SFC64([seed, *(number % (1 << 32) for number in key)]))


@lru_cache(maxsize=1)
def normal_pool() -> NDArray[np.float32]:
    """Return the shared, read-only pool: float32, mean exactly 0 and standard deviation exactly 1 within rounding."""
    pool = generator(0, "normal pool").standard_normal(POOL_SIZE, dtype=np.float32)
    pool -= pool.mean(dtype=np.float64)
    pool /= pool.std(dtype=np.float64)
    pool.setflags(write=False)
    return pool


def pool_offsets(rng: np.random.Generator, rows: int, width_px: int) -> NDArray[np.int64]:
    """Return where in the pool each row of a frame begins."""
    return rng.integers(0, POOL_SIZE - width_px, size=rows)
