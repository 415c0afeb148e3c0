"""Frames free of the camera's own pattern: masters, and repair of hot and dead pixels."""

from indistack.calibrate.apply import Calibrator
from indistack.calibrate.base import CalibrateSettings, Master, Masters
from indistack.calibrate.masters import load_master, load_masters, master_file

__all__ = ["CalibrateSettings", "Calibrator", "Master", "Masters", "load_master", "load_masters", "master_file"]
