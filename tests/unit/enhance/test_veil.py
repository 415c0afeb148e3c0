"""Vignettes and lit skies over nebulae that fill the field."""

import numpy as np
import numpy.typing as npt
import pytest

from indistack.enhance.gradient import gradient_of
from indistack.enhance.veil import veil_of, veil_shapes

ROWS, COLUMNS, NOISE = 26, 40, 0.6
V, U = np.meshgrid(np.linspace(-0.65, 0.65, ROWS), np.linspace(-1, 1, COLUMNS), indexing="ij")
RAW = np.array([0.55, 1.0, 0.7])
HYDROGEN, OXYGEN, LAMPS = np.array([1, 0.35, 0.45]) * RAW, np.array([0.1, 0.9, 1]) * RAW, np.array([1.4, 1, 0.6]) * RAW
LENS = 1 / (1 + 0.35 * (U**2 + V**2)) ** 2
Map = npt.NDArray[np.float64]


def fractal(seed: int, slope: float) -> Map:
    """Clouds, mean 0, deviation 1."""
    size = 128
    waves = np.fft.rfft2(np.random.default_rng(seed).normal(size=(size, size)))
    frequency = np.hypot(np.fft.fftfreq(size)[:, np.newaxis], np.fft.rfftfreq(size))
    frequency[0, 0] = np.inf
    clouds = np.fft.irfft2(waves / frequency**slope, (size, size))[:ROWS, :COLUMNS]
    return (clouds - clouds.mean()) / clouds.std()


def nebula(seed: int, slope: float = 1.6) -> Map:
    """Red clouds and blue-green ones over all of a field ``(rows, columns, 3)``."""
    parts = ((seed, 230.0, HYDROGEN), (seed + 100, 80.0, OXYGEN))
    return sum((np.exp(0.7 * fractal(one, slope))[..., np.newaxis] * high * colour for one, high, colour in parts), 0)


def noisy(levels: Map) -> Map:
    return 500 + levels + np.random.default_rng(3).normal(0, NOISE, levels.shape)


def veil(levels: Map) -> Map | None:
    known = np.ones(ROWS * COLUMNS, bool)
    return veil_of(levels.reshape(-1, 3), veil_shapes(ROWS, COLUMNS), known)


def share_found(light: Map, seed: int) -> Map:
    """Return how much of a veil over a nebula is found, ``(3,)``; it has its shape."""
    sky = 400 * light[..., np.newaxis] * LAMPS
    found = gradient_of(noisy(sky + nebula(seed)).astype(np.float32), NOISE)
    assert np.corrcoef(found[..., 1].ravel(), sky[..., 1].ravel())[0, 1] > 0.99
    return found.std(axis=(0, 1)) / sky.std(axis=(0, 1))


@pytest.mark.parametrize("light", [LENS, 1 + 0.3 * U + 0.15 * V, LENS * (1 + 0.3 * U + 0.1 * V)])
def test_what_lies_over_a_nebula_that_fills_the_field_goes_for_the_most_part(light: Map) -> None:
    shares = np.array([share_found(light, seed) for seed in (2, 3, 5, 7)])
    assert abs(shares - 1).mean() < 0.6


@pytest.mark.parametrize("slope", [1.4, 1.8, 2.2])
@pytest.mark.parametrize("seed", range(10))
def test_nebulae_alone_are_no_veil(seed: int, slope: float) -> None:
    assert veil(noisy(nebula(seed, slope))) is None


def test_nothing_lies_over_a_field_of_one_level() -> None:
    for level in (0.0, 0.3):
        assert veil(np.full((ROWS, COLUMNS, 3), level)) is None
