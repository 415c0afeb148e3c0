"""The one table of FITS keywords that are read or written."""

from __future__ import annotations

import re

READ: dict[str, tuple[str, ...]] = {
    "kind": ("FRAME", "IMAGETYP", "OBSTYPE"),
    "exposure_s": ("EXPTIME", "EXPOSURE", "EXP_TIME"),
    "gain_setting": ("GAIN", "ISOSPEED", "ISO"),
    "offset_setting": ("OFFSET", "BLKLEVEL"),
    "e_per_adu": ("EGAIN",),
    "temperature_c": ("CCD-TEMP", "CCDTEMP", "CCD_TEMP", "SET-TEMP"),
    "saturation_adu": ("SATURATE", "SATLEVEL", "MAXLIN"),
    "target": ("OBJECT",),
    "filter_name": ("FILTER", "FILTER1"),
    "camera": ("INSTRUME",),
    "date": ("DATE-OBS", "DATE-BEG"),
    "time": ("UTCSTART", "TIME-OBS", "UTSTART", "UT-START", "UTC-OBS", "UT", "UTC"),
    "ra": ("RA", "OBJCTRA"),
    "dec": ("DEC", "OBJCTDEC"),
    "scale": ("SCALE", "SECPIX1", "SECPIX", "PIXSCALE"),
    "cfa": ("BAYERPAT", "COLORTYP", "CFA_PAT", "CFAPAT"),
    "cfa_x": ("XBAYROFF",),
    "cfa_y": ("YBAYROFF",),
    "row_order": ("ROWORDER",),
}
"""Fact -> keywords, the most trusted first.

The pixel size of a plate scale is XPIXSZ, which by the SBIG convention (kept by libindi) already includes the binning,
or PIXSIZE1, which does not. DATAMAX is used as saturation only where it is a converter's limit (a power of two or
one less), because older drivers write the frame's own maximum there.
"""

STRUCTURAL = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|BZERO|BSCALE|BLANK|INHERIT|END|CONTINUE|LONGSTRN"
    r"|EXTNAME|EXTVER|EXTLEVEL|TFIELDS|THEAP|T(?:TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM)\d+"
    r"|Z(?:IMAGE|SIMPLE|EXTEND|TENSION|BITPIX|NAXIS\d*|TILE\d+|CMPTYPE|NAME\d+|VAL\d+|MASKCMP|QUANTIZ|DITHER\d*|BLANK|SCALE|ZERO"
    r"|PCOUNT|GCOUNT|HECKSUM|DATASUM)"
)
"""Keywords that describe how one file stores its pixels; never carried over to another."""

STALE = re.compile(
    r"CHECKSUM|DATASUM|DATAMIN|DATAMAX|IMGMEAN|MEDIAN|MEAN|STDDEV|PEDESTAL|CBLACK|CWHITE|BAYERPAT|[XY]BAYROFF|COLORTYP|CFA_?PAT"
    r"|DATE|DATE-(?:OBS|BEG|END|AVG)|TIME-(?:OBS|END)|UTC?|UT-?START|UTCSTART|UTCEND|UTC-OBS|LOCALTIM|LST|JD|MJD|HJD"
    r"|MJD-(?:OBS|BEG|END|AVG)|JD[-_].*|EXPTIME|EXPOSURE|EXP_TIME|DARKTIME|SUBEXP|LIVETIME|TOTALEXP|NCOMBINE|STACKCNT|STACKMTD"
    r"|SWCREATE|CREATOR|PROGRAM|SBUUID"
)
"""Keywords true of the reference sub, not of a stack; dropped, and written anew where known."""
