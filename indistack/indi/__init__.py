"""The INDI client: the only place that imports PyIndi or speaks INDI.

Nothing here imports PyIndi but the INDI process itself, or anything heavy: that process imports this package too.
"""

from indistack.indi.client import IndiClient
from indistack.indi.device_facts import DeviceFacts
from indistack.indi.devices import list_devices
from indistack.indi.mount import Mount
from indistack.indi.sequencer import Sequencer

__all__ = ["DeviceFacts", "IndiClient", "Mount", "Sequencer", "list_devices"]
