"""Frames free of the camera's own pattern: masters, and repair of hot and dead pixels."""

from indistack.calibrate.apply import Calibrator
from indistack.calibrate.base import CalibrateSettings, Chooser, Master, MasterChoice, Masters
from indistack.calibrate.defects import DefectMaps
from indistack.calibrate.library import LIGHT_KINDS, RAW, CatalogueEntry, Learner, Library, NamedFirst, Reader, raw_room
from indistack.calibrate.master_file import write_master
from indistack.calibrate.masters import Workshop, load_master, load_masters
from indistack.calibrate.named import NamedMasters

__all__ = [
    "LIGHT_KINDS",
    "RAW",
    "CalibrateSettings",
    "Calibrator",
    "CatalogueEntry",
    "Chooser",
    "DefectMaps",
    "Learner",
    "Library",
    "Master",
    "MasterChoice",
    "Masters",
    "NamedFirst",
    "NamedMasters",
    "Reader",
    "Workshop",
    "load_master",
    "load_masters",
    "raw_room",
    "write_master",
]  # fmt: skip
