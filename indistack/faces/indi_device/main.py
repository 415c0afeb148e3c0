"""The program `indi_indistack` that indiserver starts: the stack as an INDI device on standard input and output."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from indistack.commands.client import has_agent
from indistack.faces.indi_device.agent_process import server_port
from indistack.faces.indi_device.kernel.driver import Driver
from indistack.faces.indi_device.kernel.wire import take_standard_wire
from indistack.faces.indi_device.live_stack import LiveStack
from indistack.faces.indi_device.second_process import SecondProcess

log = logging.getLogger(__name__)

AGAIN_S = 5.0
"""After a bug the device begins anew so much later, in the same process: indiserver restarts a driver ten times."""

OUTPUT = "INDISTACK_OUTPUT"
"""Variable that names the agent's output folder."""

SERVICE = Path("/var/lib/indistack/live")
"""Output folder of the systemd service."""


def main() -> int:
    """Run until the server closes the wire; return the exit status."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="indi_indistack: %(message)s")
    port = server_port(os.getppid())
    again = SecondProcess().enter()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _as_an_end)
    driver = Driver(take_standard_wire())
    while True:
        device: LiveStack | None = None
        try:
            device = LiveStack(driver, output_folder(os.environ), port, os.environ)
            device.define(again)
            again = True
            driver.run(device.tick, device.tick_s)
        except SystemExit:
            pass
        except Exception:  # the top of the process
            log.exception("a bug in indistack; the device begins anew in %g s", AGAIN_S)
            time.sleep(AGAIN_S)
            continue
        if device is not None:
            device.close()
        return 0


def output_folder(environment: Mapping[str, str], service: Path = SERVICE) -> Path:
    """Return where the agent keeps its stacks unless another place is set: that of the service if it runs and obeys."""
    named = environment.get(OUTPUT)
    if not named and os.access(service, os.W_OK) and has_agent(service):
        return service
    return Path(named or "~/indistack").expanduser().absolute()


def _as_an_end(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit


if __name__ == "__main__":
    sys.exit(main())
