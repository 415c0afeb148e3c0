"""One night for all stackers, as files: subs with field rotation, drift, a satellite and a cloud, and their masters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from simulators.events import Clouds, Satellite
from simulators.exposure import Kind
from simulators.fits import fits_bytes
from simulators.observatory import Observatory
from simulators.scenario import Scenario

SIZES_PX = {1: (1200, 900), 4: (2328, 1760), 16: (4656, 3520), 24: (6000, 4000)}  # by megapixels
STARS_PER_MEGAPIXEL, FEWEST_STARS = 62, 250
ROTATION_DEG = 1.5  # from the first sub to the last
TRACKED_DEG = 0.01  # what is left of it on a mount that is well aligned
SATELLITE = Satellite(sub=0, angle_deg=35.0, offset_px=40.0, peak_e=1200.0)
CLOUD_TRANSPARENCY = 0.6  # thin enough to be accepted
SATELLITE_PLACES = ("first", "second", "middle", "last")


@dataclass(frozen=True)
class Night:
    """A scenario and the two of its subs in which something happens."""

    scenario: Scenario
    n_subs: int
    satellite: Satellite
    cloudy_sub: int

    @cached_property
    def observatory(self) -> Observatory:
        """The night as it was."""
        return Observatory(self._with(self.satellite, self._cloud))

    @cached_property
    def without_satellite(self) -> Observatory:
        """The same night, down to the noise, had the satellite flown elsewhere."""
        return Observatory(self._with(self._cloud))

    def shortened(self, n_subs: int) -> Night:
        """The same night, ended early."""
        return replace(self, n_subs=n_subs)

    def uneventful(self) -> Night:
        """The same night without satellite and cloud: both come behind the last sub, where nothing is seen."""
        return replace(self, satellite=self.satellite.model_copy(update={"sub": self.n_subs}), cloudy_sub=self.n_subs)

    @property
    def _cloud(self) -> Clouds:
        return Clouds(sub=self.cloudy_sub, until_sub=self.cloudy_sub, transparency=CLOUD_TRANSPARENCY)

    def _with(self, *events: Satellite | Clouds) -> Scenario:
        return self.scenario.with_changes(events=events)


@dataclass(frozen=True)
class Files:
    """Where a night lies on disk."""

    subs: tuple[Path, ...]
    dark: Path
    flat: Path

    def first(self, n_subs: int) -> Files:
        """The same night, ended early."""
        return Files(self.subs[:n_subs], self.dark, self.flat)


def make_night(
    megapixels: int,
    cfa: str,
    n_subs: int,
    satellite_in: str = "middle",
    seed: int = 7,
    rotation_deg: float = ROTATION_DEG,
) -> Night:
    """Plan a night.

    Parameters
    ----------
    megapixels : int
        One of `SIZES_PX`.
    cfa : str
        ``"RGGB"``, or ``"mono"``.
    n_subs : int
        At least 4, so that the satellite and the cloud have a sub each.
    satellite_in : str
        One of `SATELLITE_PLACES`.
    seed : int
        Of the stars and the noise.
    rotation_deg : float
        From the first sub to the last.
    """
    width, height = SIZES_PX[megapixels]
    scenario = Scenario(
        width_px=width,
        height_px=height,
        cfa=cfa,  # type: ignore[arg-type]  # checked by the scenario
        n_stars=max(FEWEST_STARS, STARS_PER_MEGAPIXEL * megapixels),
        drift_px_per_sub=(2.3, -1.1),
        rotation_deg_per_sub=rotation_deg / (n_subs - 1),
        seed=seed,
    )
    sub = dict(zip(SATELLITE_PLACES, (0, 1, n_subs // 2, n_subs - 1), strict=True))[satellite_in]
    cloudy_sub = n_subs - 2 if n_subs - 2 != sub else n_subs - 3
    return Night(scenario, n_subs, SATELLITE.model_copy(update={"sub": sub}), cloudy_sub)


def make_quiet_night(megapixels: int, cfa: str, n_subs: int) -> Night:
    """Plan a night of any length on a mount that holds the field, in which nothing happens."""
    night = make_night(megapixels, cfa, n_subs)
    held = night.scenario.with_changes(drift_px_per_sub=(0.0, 0.0), rotation_deg_per_sub=0.0, guide_jitter_px=1.5)
    return replace(night, scenario=held).uneventful()


def write_night(night: Night, folder: Path) -> Files:
    """Write the subs, and a dark and a flat without noise: what masters of very many frames would be."""
    subs = tuple(folder / f"sub-{number:03d}.fits" for number in range(night.n_subs))
    for number, path in enumerate(subs):
        path.write_bytes(night.observatory.expose(index=number).to_fits())
    return Files(subs, _write_master(night, "dark", folder), _write_master(night, "flat", folder))


def _write_master(night: Night, kind: Kind, folder: Path) -> Path:
    path = folder / f"{kind}.fits"
    header = night.observatory.expose(kind, index=0).header
    ideal = night.observatory.ideal(kind)
    path.write_bytes(fits_bytes(np.clip(np.rint(ideal), 0, 65535).astype(np.uint16), header))
    return path
