"""The star catalogue for the stock simulator."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import simulators

GSC = Path(simulators.__file__).parent / "gsc"
# The simulator's scanf format %10s %f %f %f %f %f %d %d %4s %2s %f %d: all twelve must convert.
NUMBER = r"[-+]?\d+\.?\d*"
LINE = re.compile(
    rf"\S{{1,10}} +{NUMBER} +{NUMBER} +{NUMBER} +{NUMBER} +{NUMBER} +\d+ +\d+ +\S{{1,4}} +\S{{1,2}} +{NUMBER} +\d+"
)


def ask(
    ra_deg: float, dec_deg: float, radius_arcmin: float = 30, count: int = 3000, **environment: str
) -> list[list[str]]:
    # Written as the simulator writes them.
    command = [GSC, "-c", f"{ra_deg:.6f}", f"{dec_deg:+.6f}", "-r", f"{radius_arcmin:.1f}"]
    command += ["-m", "0", "17.00", "-n", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment, timeout=60)
    lines = done.stdout.splitlines()
    assert all(LINE.fullmatch(line.strip()) for line in lines), lines[:3]
    return [line.split() for line in lines]


def distance_arcmin(star: list[str], ra_deg: float, dec_deg: float) -> float:
    ra, dec, ra0, dec0 = np.radians([float(star[1]), float(star[2]), ra_deg, dec_deg])
    there = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    here = np.array([np.cos(dec0) * np.cos(ra0), np.cos(dec0) * np.sin(ra0), np.sin(dec0)])
    return float(np.degrees(2 * np.arcsin(np.linalg.norm(there - here) / 2)) * 60)


@pytest.mark.parametrize(
    ("ra_deg", "dec_deg"), [(83.8, -5.4), (0.01, 20.0), (359.99, 20.0), (120.0, 90.0), (10.0, -89.95), (200.0, 89.4)]
)
def test_the_circle_is_filled_and_not_left(ra_deg: float, dec_deg: float) -> None:
    stars = ask(ra_deg, dec_deg)
    # A circle of half a degree has 0.785 square degrees; 220 stars in each.
    assert len(stars) == pytest.approx(0.785 * 220, rel=0.25)
    for star in stars:
        assert float(star[10]) == pytest.approx(distance_arcmin(star, ra_deg, dec_deg), abs=0.01)
        assert float(star[10]) <= 30
    # All round: each quarter has its share.
    quarters = np.bincount([int(star[11]) // 90 for star in stars], minlength=4)
    assert quarters.min() > 0.12 * len(stars)


@pytest.mark.parametrize(("ra_deg", "dec_deg"), [(359.9, 10.0), (30.0, 89.9)])
def test_a_moved_pointing_shows_the_same_stars(ra_deg: float, dec_deg: float) -> None:
    here = {star[0]: star[1:5] for star in ask(ra_deg, dec_deg)}
    moved = (ra_deg + 0.2) % 360, dec_deg - 0.1
    there = {star[0]: star[1:5] for star in ask(*moved)}
    common = set(here) & set(there)
    assert len(common) > 0.6 * len(here)
    assert all(here[name] == there[name] for name in common)
    missing = [star for star in ask(ra_deg, dec_deg) if star[0] not in there]
    assert all(distance_arcmin(star, *moved) > 29.99 for star in missing)


def test_names_are_unique_and_the_brightest_come_first() -> None:
    stars = ask(50, 30, 90)
    assert len({star[0] for star in stars}) == len(stars)
    magnitudes = [float(star[4]) for star in stars]
    assert magnitudes == sorted(magnitudes)
    assert ask(50, 30, 90, count=7) == stars[:7]


def test_another_seed_is_another_sky_and_density_acts() -> None:
    usual = ask(50, 30)
    assert ask(50, 30, INDISTACK_GSC_SEED="2") != usual
    assert len(ask(50, 30, INDISTACK_GSC_PER_SQDEG="440")) == pytest.approx(2 * len(usual), rel=0.25)


def test_a_radius_that_is_no_number_is_told() -> None:
    done = subprocess.run([GSC, "-c", "1", "2", "-r", "nan"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "finite" in done.stderr
