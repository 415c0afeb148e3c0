"""Sky level and star brightness of a sub against the reference's: what brings the one to the other."""

from indistack.photometry.match import MatchSettings, Photometer
from indistack.photometry.ratio import expected_scale
from indistack.photometry.sky import Sky, measure_sky

__all__ = ["MatchSettings", "Photometer", "Sky", "expected_scale", "measure_sky"]
