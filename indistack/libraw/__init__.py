"""Camera raw files through LibRaw, in a process of its own: the only place that imports rawpy.

LibRaw has been seen to work for a minute on ten damaged kilobytes, and it starts OpenMP threads, after which a fork
must not use them again. Beside the stack neither matters: the process is started by exec, ended when it takes too long,
and replaced when it dies.
"""

from indistack.libraw.client import LibRaw
from indistack.libraw.facts import SensorFacts

__all__ = ["LibRaw", "SensorFacts"]
