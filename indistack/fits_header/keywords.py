"""The one table of FITS keywords that are read or written."""

from __future__ import annotations

import re

READ: dict[str, tuple[str, ...]] = {
    "kind": ("FRAME", "IMAGETYP", "OBSTYPE", "IMGTYPE", "FRAMETYP"),
    "exposure_s": ("EXPTIME", "EXPOSURE", "EXP_TIME", "EXP"),
    "gain_setting": ("GAIN", "ISOSPEED", "ISO"),
    "offset_setting": ("OFFSET", "BLKLEVEL"),
    "e_per_adu": ("EGAIN", "CVF"),
    "temperature_c": ("CCD-TEMP", "CCDTEMP", "CCD_TEMP", "SENSTEMP", "TEMPERAT", "CAMTEMP", "SET-TEMP"),
    "saturation_adu": ("SATURATE", "SATLEVEL", "MAXLIN"),
    "target": ("OBJECT",),
    "filter_name": ("FILTER", "FILTER1", "FILTERS", "FILTNAM", "INSFLNAM"),
    "camera": ("INSTRUME", "CAMERA", "DETECTOR"),
    "readout_mode": ("READOUTM", "READMODE", "RDMODE"),
    "rotator_deg": ("ROTATANG", "ROTATOR", "POSANGLE"),
    "date": ("DATE-OBS", "DATE-BEG"),
    "time": ("UTCSTART", "TIME-OBS", "UTSTART", "UT-START", "UTC-OBS", "UT", "UTC"),
    "ra": ("RA", "OBJCTRA"),
    "dec": ("DEC", "OBJCTDEC"),
    "scale": ("SCALE", "SECPIX1", "SECPIX", "PIXSCALE"),
    "focal_mm": ("FOCALLEN", "FOCAL"),
    "pixel_um": ("XPIXSZ", "PIXSIZE"),
    "cfa": ("BAYERPAT", "COLORTYP", "CFA_PAT", "CFAPAT"),
    "cfa_x": ("XBAYROFF", "BAYOFFX"),
    "cfa_y": ("YBAYROFF", "BAYOFFY"),
    "row_order": ("ROWORDER",),
    "pedestal": ("PEDESTAL",),
    "overscan": ("BIASSEC", "OVERSCAN"),
    "light_area": ("TRIMSEC", "DATASEC"),
    "unit": ("BUNIT",),
    "program": ("SWCREATE", "CREATOR", "PROGRAM"),
}
"""Fact -> keywords, the most trusted first.

The pixel size of a plate scale is PIXSIZE1 (libindi, CCDciel) times the binning where that is there: XPIXSZ includes
the binning by the SBIG convention (kept by libindi and N.I.N.A.), but not every program keeps it. DATAMAX is used as
saturation only where it is a converter's limit (a power of two or one less), because older drivers write the frame's
own maximum there.
"""

STRUCTURAL = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|BZERO|BSCALE|BLANK|INHERIT|END|CONTINUE|LONGSTRN"
    r"|EXTNAME|EXTVER|EXTLEVEL|TFIELDS|THEAP|T(?:TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM)\d+"
    r"|Z(?:IMAGE|SIMPLE|EXTEND|TENSION|BITPIX|NAXIS\d*|TILE\d+|CMPTYPE|NAME\d+|VAL\d+|MASKCMP|QUANTIZ|DITHER\d*|BLANK|SCALE|ZERO"
    r"|PCOUNT|GCOUNT|HECKSUM|DATASUM)"
)
"""Keywords that describe how one file stores its pixels; never carried over to another."""

STALE = re.compile(
    r"CHECKSUM|DATASUM|DATAMIN|DATAMAX|IMGMEAN|MEDIAN|MEAN|STDDEV|PEDESTAL|CBLACK|CWHITE|BAYERPAT|[XY]BAYROFF|BAYOFF[XY]"
    r"|COLORTYP|CFA_?PAT|BIASSEC|OVERSCAN|TRIMSEC|DATASEC|CCDSEC"
    r"|DATE|DATE-(?:OBS|BEG|END|AVG)|TIME-(?:OBS|END)|UTC?|UT-?START|UTCSTART|UTCEND|UTC-OBS|LOCALTIM|LST|JD|MJD|HJD"
    r"|MJD-(?:OBS|BEG|END|AVG)|JD[-_].*|EXPTIME|EXPOSURE|EXP_TIME|DARKTIME|SUBEXP|LIVETIME|TOTALEXP|NCOMBINE|STACKCNT|STACKMTD"
    r"|SWCREATE|CREATOR|PROGRAM|SBUUID"
)
"""Keywords true of the reference sub, not of a stack; dropped, and written anew where known."""
