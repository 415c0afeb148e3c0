"""Sky level and star brightness of a sub against the reference's: what brings the one to the other."""

from indistack.photometry.match import MatchSettings, Photometer
from indistack.photometry.mosaic_levels import measure_mosaic
from indistack.photometry.ratio import expected_scale
from indistack.photometry.sky import SkyLevels, measure_sky_levels

__all__ = ["MatchSettings", "Photometer", "SkyLevels", "expected_scale", "measure_mosaic", "measure_sky_levels"]
