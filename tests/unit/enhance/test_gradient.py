"""The gradient of the sky, and what is none."""

import numpy as np
import numpy.typing as npt
import pytest

from indistack.enhance.gradient import gradient_of

ROWS, COLUMNS, NOISE = 30, 40, 2.0
V, U = np.meshgrid(np.linspace(-0.375, 0.375, ROWS), np.linspace(-0.5, 0.5, COLUMNS), indexing="ij")
Map = npt.NDArray[np.float64]


def fractal(seed: int, slope: float) -> Map:
    """Clouds as those between the stars: their amplitudes fall with the spatial frequency. Mean 0, deviation 1."""
    size = 128
    waves = np.fft.rfft2(np.random.default_rng(seed).normal(size=(size, size)))
    frequency = np.hypot(np.fft.fftfreq(size)[:, np.newaxis], np.fft.rfftfreq(size))
    frequency[0, 0] = np.inf
    clouds = np.fft.irfft2(waves / frequency**slope, (size, size))[:ROWS, :COLUMNS]
    return (clouds - clouds.mean()) / clouds.std()


def kept(nebula: Map, gradient: Map) -> float:
    """Return the share of a nebula that is left when its sky's gradient is taken off."""
    noise = np.random.default_rng(5).normal(0, NOISE, nebula.shape)
    levels = (1000 + nebula + gradient + noise).astype(np.float32)
    left = nebula + gradient - gradient_of(levels[..., np.newaxis], NOISE)[..., 0]
    parts = np.stack([nebula.ravel(), gradient.ravel(), np.ones(nebula.size)], axis=1)
    return float(np.linalg.lstsq(parts, left.ravel(), rcond=None)[0][0])


def disc(seed: int) -> Map:
    """A round nebula with dark lanes, as IC 1396, over more than half of the field."""
    edge = 1 / (1 + np.exp((np.hypot(U, V) - 0.36) / 0.02))
    return edge * np.clip(0.8 + 0.3 * fractal(seed, 1.5), 0.05, None)


def clouds(seed: int, cover: float) -> Map:
    """Clouds that cover so much of the field, none elsewhere."""
    cloud = fractal(seed, 1.4)
    above = np.clip(cloud - np.quantile(cloud, 1 - cover), 0, None)
    return above / np.quantile(above, 0.95)


@pytest.mark.parametrize("brightness", [30, 150, 600])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nebula_over_most_of_the_field_is_left_alone(seed: int, brightness: float) -> None:
    assert kept(brightness * disc(seed), 60 * (U + 0.6 * V)) > 0.93


@pytest.mark.parametrize("cover", [0.4, 0.6, 0.9])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bright_clouds_are_left_alone(seed: int, cover: float) -> None:
    assert kept(150 * clouds(seed, cover), 60 * (U + 0.6 * V)) > 0.8


def test_vignette_that_no_flat_has_mended_is_followed() -> None:
    off = np.hypot(U - 0.05, V)
    vignette = 800 * np.cos(1.3 * off) ** 4
    galaxy = 60 * np.exp(-np.hypot(U + 0.2, 2 * V) / 0.03)
    noise = np.random.default_rng(5).normal(0, NOISE, off.shape)
    levels = (1000 + vignette + galaxy + noise).astype(np.float32)
    left = levels - gradient_of(levels[..., np.newaxis], NOISE)[..., 0] - galaxy
    assert np.ptp(left[galaxy < 1]) < 0.05 * np.ptp(vignette)
