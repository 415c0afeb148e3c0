"""Runs a simulated camera as an INDI driver on standard input and output: ``python -m simulators cmos`` or ``dslr``."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from indistack.faces.indi_device.kernel.driver import Driver
from indistack.faces.indi_device.kernel.wire import take_standard_wire

from .camera import Camera
from .replay import FileReplay
from .scenario import Scenario, ScenarioError, load_scenario

PERSONALITIES = ("cmos", "dslr")
LOOK_S = 1.0
"""How often it is looked whether the process that the camera works for is there."""

DEVICE_NAMES = {"cmos": "Indistack CMOS", "dslr": "Indistack DSLR"}


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run one driver until indiserver closes it; returns the exit status."""
    personality = arguments[0] if arguments else "cmos"
    if personality not in PERSONALITIES:
        print(f"usage: python -m simulators [{'|'.join(PERSONALITIES)}]", file=sys.stderr)
        return 2
    logging.basicConfig(stream=sys.stderr, level=environment.get("INDISTACK_SIM_LOG_LEVEL", "WARNING"))
    try:
        camera, driver = _build(personality, environment)
    except (ScenarioError, OSError) as error:
        print(f"indistack simulator: {error}", file=sys.stderr)
        return 2
    if master := environment.get("INDISTACK_SIM_FOR"):
        threading.Thread(target=_end_with, args=(int(master),), daemon=True).start()
    camera.start()
    driver.run()
    return 0


def _end_with(pid: int) -> None:
    """End this process when that one has gone, however it was ended."""
    try:
        while True:
            os.kill(pid, 0)
            time.sleep(LOOK_S)
    except OSError:
        os._exit(0)


def _build(personality: str, environment: Mapping[str, str]) -> tuple[Camera, Driver]:
    scenario = scenario_for(personality, environment.get("INDISTACK_SIM_SCENARIO", "demo"))
    folder = environment.get("INDISTACK_SIM_REPLAY")
    replay = FileReplay(folder, environment.get("INDISTACK_SIM_REPLAY_LOOP", "1") != "0") if folder else None
    truth = environment.get("INDISTACK_SIM_TRUTH", scenario.truth_path)
    driver = Driver(take_standard_wire())
    device = driver.device(environment.get("INDISTACK_SIM_DEVICE", DEVICE_NAMES[personality]))
    program = f"indistack_sim_{personality}"
    return Camera(device, scenario, replay, Path(truth) if truth else None, program), driver


def scenario_for(personality: str, path: str) -> Scenario:
    """Load a scenario for a personality; a DSLR takes the gain of a CMOS scenario as its ISO 800."""
    scenario = load_scenario(path)
    if scenario.personality == personality:
        return scenario
    changes = {"gain_setting": 800.0 if personality == "dslr" else 100.0, "events": _without_gain(scenario)}
    return scenario.with_changes(personality=personality, **changes)


def _without_gain(scenario: Scenario) -> list[object]:
    """The other personality counts gain in another unit, so changes of it are left out."""
    return [event for event in scenario.events if event.kind != "gain"]


if __name__ == "__main__":
    status = main(sys.argv[1:], os.environ)
    # Threads of a frame in the making must not keep the process: the server has gone.
    sys.stderr.flush()
    os._exit(status)
