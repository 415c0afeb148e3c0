"""astrometry.net: a table of our stars in, pairs of our stars and the catalogue's out."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from indistack.errors import SolveError
from indistack.fits_header import BLOCK, parse_cards, read_wcs
from indistack.solve.base import SOLVERS, FieldToSolve, Solution
from indistack.solve.plane import fit_plane
from indistack.values.frame import DoubleArray

TABLE = "field.xyls"

SCALE_TOLERANCE = 1.25
"""How far off, as a factor, a header's plate scale may be: reducers, extension tubes, rounded focal lengths."""

RADIUS_DEG = 10.0
"""Around where the telescope is said to point."""

ODDS = 1e14
"""Needed against chance. The program's own limit, 1e9, lets one crowded field in some thousand pass for another."""


@SOLVERS.register("astrometry.net")
class AstrometryNet:
    """``solve-field`` and its index files."""

    commands = ("solve-field",)

    def prepare(self, field: FieldToSolve, folder: Path) -> list[str]:
        """See `indistack.solve.base.Solver`."""
        _write_table(field, folder / TABLE)
        words = ["--no-plots", "--no-tweak", "--overwrite", "--temp-dir", str(folder), "--dir", str(folder)]
        words += [word for kind in ("new-fits", "match", "rdls", "index-xyls") for word in (f"--{kind}", "none")]
        words += ["--width", str(field.width), "--height", str(field.height)]
        words += ["--x-column", "X", "--y-column", "Y", "--sort-column", "FLUX"]
        words += ["--odds-to-solve", f"{ODDS:g}"]
        if field.scale_arcsec_px is not None:
            limits = (field.scale_arcsec_px / SCALE_TOLERANCE, field.scale_arcsec_px * SCALE_TOLERANCE)
            words += ["--scale-units", "arcsecperpix"]
            words += ["--scale-low", f"{limits[0]:.6g}", "--scale-high", f"{limits[1]:.6g}"]
        if field.centre_deg is not None:
            ra_deg, dec_deg = field.centre_deg
            words += ["--ra", f"{ra_deg:.6f}", "--dec", f"{dec_deg:.6f}", "--radius", f"{RADIUS_DEG:g}"]
        return [*words, str(folder / TABLE)]

    def read(self, field: FieldToSolve, folder: Path) -> Solution:
        """See `indistack.solve.base.Solver`."""
        stem = folder / Path(TABLE).stem
        if not stem.with_suffix(".solved").exists():
            raise SolveError("no field of its catalogue fits")
        try:
            header = stem.with_suffix(".wcs").read_bytes()
            xy, radec_deg = _pairs(stem.with_suffix(".corr"))
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise SolveError(f"its files cannot be read: {error}") from error
        rough = read_wcs(parse_cards(header[: len(header) // BLOCK * BLOCK]))
        if rough is None:
            raise SolveError("it wrote no WCS")
        wcs, rms_px, matched = fit_plane(xy, radec_deg, rough, ((field.width - 1) / 2, (field.height - 1) / 2))
        return Solution(wcs, "astrometry.net", matched, rms_px)


def _write_table(field: FieldToSolve, path: Path) -> None:
    from astropy.io import fits  # slow to import, and most machines have no solver

    stars = field.stars
    columns = {"X": stars.x + 1, "Y": stars.y + 1, "FLUX": stars.flux}
    table = fits.BinTableHDU.from_columns([fits.Column(name, "E", array=array) for name, array in columns.items()])
    table.writeto(path)


def _pairs(path: Path) -> tuple[DoubleArray, DoubleArray]:
    """Return where our stars are in the frame (px), and the catalogue's stars on the sky (RA and Dec, deg)."""
    from astropy.io import fits

    with warnings.catch_warnings(action="ignore"), fits.open(path) as file:  # of units that are no FITS units
        table = file[1].data
        columns = [np.asarray(table[name], np.float64) for name in ("field_x", "field_y", "index_ra", "index_dec")]
    return np.column_stack(columns[:2]) - 1, np.column_stack(columns[2:])
