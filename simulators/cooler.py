"""The camera's cooler: moves the temperature towards what was asked for, step by step."""

from __future__ import annotations

import threading
import time

from indistack.faces.indi_device.kernel.driver import Device
from indistack.faces.indi_device.kernel.properties import Vector

STEP_S = 0.25
STEP_C = 2.0
# What an uncooled sensor drifts to.
AMBIENT_C = 15.0


class Cooler:
    """Drives the two properties of a cooled camera, in a thread of its own."""

    def __init__(self, driver: Device, temperature: Vector, switch: Vector) -> None:
        self._driver = driver
        self._temperature = temperature
        self._switch = switch
        self._target_c = self.temperature_c
        self._asked = threading.Event()
        threading.Thread(target=self._run, name="cooler", daemon=True).start()

    @property
    def temperature_c(self) -> float:
        """The sensor's temperature now."""
        return self._temperature.number("CCD_TEMPERATURE_VALUE")

    def on_temperature(self, vector: Vector, values: dict[str, str]) -> None:
        """Take a client's wish; the property keeps showing the present temperature."""
        present_c = self.temperature_c
        vector.update(values)
        self._target_c = self.temperature_c
        vector["CCD_TEMPERATURE_VALUE"].value = present_c
        self._switch.choose("COOLER_ON")
        self._driver.set(self._switch, "Ok")
        self._driver.set(vector, "Busy")
        self._asked.set()

    def on_switch(self, vector: Vector, values: dict[str, str]) -> None:
        """Take a client's switching; without cooling the sensor warms up."""
        vector.update(values)
        self._driver.set(vector, "Ok")
        if vector.chosen() == "COOLER_OFF":
            self._target_c = AMBIENT_C
            self._asked.set()

    def _run(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            while (missing_c := self._target_c - self.temperature_c) != 0:
                time.sleep(STEP_S)
                step_c = max(-STEP_C, min(STEP_C, missing_c))
                self._temperature["CCD_TEMPERATURE_VALUE"].value = self.temperature_c + step_c
                self._driver.set(self._temperature, "Busy")
            self._driver.set(self._temperature, "Ok")
