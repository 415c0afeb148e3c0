"""The file that holds a catalogue, and what of it lies around a place."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

import numpy as np

from indistack.catalogue.contents import Catalogue, NamedPlaces, Stars
from indistack.errors import SettingsError
from indistack.system.atomic import atomic_file
from indistack.system.data_folder import data_folder

log = logging.getLogger(__name__)

AUTO, NAME = "auto", "catalogue.npz"
"""The word for the file of that name among the user's data."""

FORMAT = 1

MAG = 1000.0
"""Magnitudes are kept as whole thousandths."""


def catalogue_path(said: str) -> Path | None:
    """Return the file that a setting means; None where none is wanted."""
    if said == AUTO:
        return data_folder() / NAME
    return Path(said).expanduser() if said else None


def write(path: Path, catalogue: Catalogue) -> None:
    """Write a catalogue, sorted from south to north.

    Raises
    ------
    SinkError
        The file cannot be written.
    """
    stars = catalogue.stars.chosen(np.argsort(catalogue.stars.dec_deg))
    places = catalogue.places.chosen(np.argsort(catalogue.places.dec_deg))
    with atomic_file(path) as file:
        np.savez_compressed(
            file,
            ra=stars.ra_deg.astype(np.float32),
            dec=stars.dec_deg.astype(np.float32),
            v=np.round(stars.v_mag * MAG).astype(np.int16),
            b_v=np.round(stars.b_v * MAG).astype(np.int16),
            name=places.name,
            places=np.column_stack([places.ra_deg, places.dec_deg, places.mag, places.size_arcmin]),
            sources=np.array(catalogue.sources, "U"),
            format=np.array(FORMAT),
        )


def read(path: Path) -> Catalogue:
    """Read a catalogue.

    Raises
    ------
    SettingsError
        The file is none, or one of a newer program.
    OSError
        It cannot be opened.
    """
    from zipfile import BadZipFile  # most pictures are made without a catalogue

    try:
        with np.load(path, allow_pickle=False) as file:
            if int(file["format"]) != FORMAT:
                raise SettingsError([f"{path}: made by another version; make it again: indistack catalogue"])
            ra_deg, dec_deg = (file[name].astype(np.float64) for name in ("ra", "dec"))
            stars = Stars(ra_deg, dec_deg, file["v"] / MAG, file["b_v"] / MAG)
            return Catalogue(stars, NamedPlaces(file["name"], *file["places"].T), tuple(file["sources"].tolist()))
    except (ValueError, KeyError, EOFError, BadZipFile) as error:
        raise SettingsError([f"{path}: no catalogue; make one: indistack catalogue"]) from error


def around(path: Path, centre_deg: tuple[float, float], radius_deg: float) -> Catalogue:
    """Return what a file holds around a place of the sky; nothing where there is no file, or none that can be read.

    What was asked for last is remembered until the file changes.
    """
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError:
        return Catalogue()
    return _around(path, changed_ns, centre_deg, radius_deg)


@lru_cache(maxsize=4)
def _around(path: Path, _changed_ns: int, centre_deg: tuple[float, float], radius_deg: float) -> Catalogue:
    try:
        return read(path).within(centre_deg, radius_deg)
    except (SettingsError, OSError) as error:
        log.warning("no star's colour or name is known: %s", error)
        return Catalogue()
