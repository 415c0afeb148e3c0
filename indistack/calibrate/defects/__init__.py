"""Hot and dead pixels: found, learned from night to night, repaired."""

from indistack.calibrate.defects.maps import DefectMaps
from indistack.calibrate.defects.mend import Mender

__all__ = ["DefectMaps", "Mender"]
