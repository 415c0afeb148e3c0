"""A field with known place, and programs that answer in the files of the real ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from indistack.fits_header import Wcs
from indistack.solve import FieldToSolve
from indistack.values.star_list import StarList
from tests.programs import write_program

TRUE = Wcs(299.93, 22.71, (651.5, 487.5), 1.48 / 3600 * np.array([[0.545, 0.838], [-0.838, 0.545]]))
"""Where the field is: 1.48 arcsec/px, turned, as the rows of a file run downwards."""

ASTROMETRY_NET = """
import sys
from pathlib import Path
import numpy as np
from astropy.io import fits
from indistack.fits_header import header_bytes
from tests.unit.solve.fakes import TRUE
stars = fits.getdata(sys.argv[-1])
folder = Path(sys.argv[sys.argv.index("--dir") + 1])
xy = np.column_stack([stars["X"], stars["Y"]]).astype(float) - 1
sky = TRUE.to_sky(xy + np.random.default_rng(1).normal(0, 0.2, xy.shape))
sky[-2:] += 0.01  # proper motion since the catalogue was made
columns = zip(("field_x", "field_y", "index_ra", "index_dec"), np.hstack([xy + 1, sky]).T)
fits.BinTableHDU.from_columns([fits.Column(n, "D", array=a) for n, a in columns]).writeto(folder / "field.corr")
quad = np.array([[1, 0, 0.4], [0, 1, -0.3], [0, 0, 1]])  # four stars alone make a rougher plane
(folder / "field.wcs").write_bytes(header_bytes(TRUE.moved(quad).cards(), 8, ()))
(folder / "field.solved").write_bytes(bytes([1]))
"""

ASTAP = """
import sys
from pathlib import Path
from astropy.io import fits
from indistack.fits_header import index
from tests.unit.solve.fakes import TRUE
assert fits.getdata(sys.argv[sys.argv.index("-f") + 1]).max() > 10_000
table = index(TRUE.cards())
keys = ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2")
cd = [f"CD{i + 1}_{j + 1}={TRUE.cd[i, j]: .16E}" for i in (0, 1) for j in (0, 1)]
lines = ["PLTSOLVD=T", *(f"{key}={table[key]: .16E}" for key in keys), *cd, "CMDLINE=astap -f x", "WARNING=FOV=0.4"]
Path(sys.argv[sys.argv.index("-o") + 1] + ".ini").write_text("\\n".join(lines) + "\\n")
"""

ROOT = Path(__file__).resolve().parents[3]


def install(folder: Path, name: str, code: str) -> Path:
    """Put a program of the test's own into a folder of the PATH."""
    return write_program(folder / name, f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{code}")


def path_with(folder: Path) -> str:
    """Return a PATH where nothing but `folder` and the system's basic tools are."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("nice", "timeout", "sh", "sleep"):
        if not (tools / name).exists():
            (tools / name).symlink_to(f"/usr/bin/{name}")
    return f"{folder}{os.pathsep}{tools}"


def field_of(count: int = 40, scale_arcsec_px: float | None = 1.5) -> FieldToSolve:
    """Return a field of stars over 1304 x 976 px."""
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 1303, count), rng.uniform(0, 975, count)
    flux = 10 ** rng.uniform(2, 6, count)
    order = np.argsort(flux)[::-1]
    ones = np.ones(count)
    stars = StarList(x, y, flux, ones * 3, ones * 2, ones * 0, ones * 0, ones > 1, 100.0, 5.0).take(order)
    return FieldToSolve(stars, 1304, 976, scale_arcsec_px, (300.0, 22.0))
