"""Where blobs come from: an INDI server, a folder, a list of files, Ekos' capture hook."""

from indistack.sources.announced import AnnouncedSource, on_record
from indistack.sources.base import (
    FITS_SUFFIXES,
    Emit,
    Source,
    is_own_stack,
    natural_key,
    read_blob,
    stamp_of,
    suffix_of,
)
from indistack.sources.ekos import EkosSettings, EkosSource
from indistack.sources.files import FILES, expand, read_ahead
from indistack.sources.folder import FolderSettings, FolderSource
from indistack.sources.hook import HookSettings, HookSource
from indistack.sources.indi import IndiSettings, IndiSource, IndiStatus
from indistack.sources.once import OnceSource

__all__ = [
    "FILES", "FITS_SUFFIXES", "AnnouncedSource", "EkosSettings", "EkosSource", "Emit", "FolderSettings", "FolderSource",
    "HookSettings", "HookSource", "IndiSettings", "IndiSource", "IndiStatus", "OnceSource", "Source", "expand",
    "is_own_stack", "natural_key", "on_record", "read_ahead", "read_blob", "stamp_of", "suffix_of",
]  # fmt: skip
