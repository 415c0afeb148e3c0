"""Where the stack goes."""

from indistack.sinks import fits, jpeg, png, tiff, webp
from indistack.sinks.base import SINKS, Sink, Snapshot, depth_of, sink_for

__all__ = ["SINKS", "Sink", "Snapshot", "depth_of", "fits", "jpeg", "png", "sink_for", "tiff", "webp"]
