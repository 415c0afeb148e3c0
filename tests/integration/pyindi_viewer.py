"""Takes pictures of the stack's device by pyindi-client, as scripts of astronomers do: PORT EXPOSURES."""

from __future__ import annotations

import sys
import threading
from typing import Any

import PyIndi

STACK = "Live Stack"


class Viewer(PyIndi.BaseClient):  # type: ignore[misc]
    """Tells what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.there, self.connected, self.came = threading.Event(), threading.Event(), threading.Semaphore(0)

    def newProperty(self, prop: Any) -> None:  # noqa: N802 - the library's name
        if prop.getName() == "CCD1":
            self.setBLOBMode(PyIndi.B_ALSO, STACK, "CCD1")
        if prop.getName() == "CONFIG_PROCESS":
            self.there.set()

    def updateProperty(self, prop: Any) -> None:  # noqa: N802
        if prop.getName() == "CONNECTION" and prop.getStateAsString() == "Ok":
            self.connected.set()
        if prop.getType() == PyIndi.INDI_BLOB:
            blob = PyIndi.PropertyBlob(prop)[0]
            print("blob", blob.getFormat(), blob.getSize(), blob.getBlobLen(), bytes(blob.getblobdata()[:6]).decode())
        if prop.getName() == "CCD_EXPOSURE" and prop.getStateAsString() == "Ok":
            self.came.release()  # after the picture; from now on nobody but us changes the exposure's value


def main() -> int:
    """Connect the device, expose, and print what has come."""
    viewer = Viewer()
    viewer.setServer("127.0.0.1", int(sys.argv[1]))
    viewer.watchDevice(STACK)
    if not viewer.connectServer() or not viewer.there.wait(60):
        return 1
    device = viewer.getDevice(STACK)
    print("interface", device.getDriverInterface())
    if not device.isConnected():
        viewer.connectDevice(STACK)
        if not viewer.connected.wait(60):
            return 2
    exposure = device.getNumber("CCD_EXPOSURE")
    for _ in range(int(sys.argv[2])):
        exposure[0].setValue(0.5)
        viewer.sendNewProperty(exposure)
        if not viewer.came.acquire(timeout=60):
            return 3
    viewer.disconnectServer()
    return 0


if __name__ == "__main__":
    sys.exit(main())
