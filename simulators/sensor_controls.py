"""What clients set on the simulated camera: region, binning, gain."""

from __future__ import annotations

from indistack.faces.indi_device.kernel.driver import Device, Handler
from indistack.faces.indi_device.kernel.properties import PropertyError, Vector

from .camera_properties import CameraProperties
from .scenario import Scenario
from .sensor_properties import iso_switch


class SensorControls:
    """Takes what clients write, and knows how the sensor is to be read.

    Parameters
    ----------
    driver : Device
    scenario : Scenario
    properties : CameraProperties
    """

    def __init__(self, driver: Device, scenario: Scenario, properties: CameraProperties) -> None:
        self._driver = driver
        self._scenario = scenario
        self._properties = properties

    def handlers(self) -> dict[str, Handler]:
        """Return what takes each property that clients write."""
        return {"CCD_FRAME": self._on_frame, "CCD_FRAME_RESET": self._on_frame_reset, "CCD_BINNING": self._on_binning}

    def _on_frame(self, vector: Vector, values: dict[str, str]) -> None:
        before = vector.written()
        vector.update(values)
        x0, y0, width, height = self.region_px()
        if x0 + width > self._scenario.width_px or y0 + height > self._scenario.height_px:
            vector.update(before)
            raise PropertyError(f"The region {width} x {height} at ({x0}, {y0}) is not on the sensor")
        self._driver.set(vector, "Ok")

    def _on_frame_reset(self, vector: Vector, _values: dict[str, str]) -> None:
        whole = {"X": 0, "Y": 0, "WIDTH": self._scenario.width_px, "HEIGHT": self._scenario.height_px}
        self._properties.frame.update({name: str(value) for name, value in whole.items()})
        self._driver.set(self._properties.frame, "Ok")
        self._driver.set(vector, "Ok")

    def _on_binning(self, vector: Vector, values: dict[str, str]) -> None:
        before = vector.written()
        vector.update(values)
        if vector.number("HOR_BIN") != vector.number("VER_BIN"):
            vector.update(before)
            raise PropertyError("This camera bins alike in both directions")
        self._driver.set(vector, "Ok")

    def set_gain(self, gain_setting: float) -> None:
        """Turn the gain knob, or the ISO dial."""
        gain, iso = self._properties.gain, self._properties.iso
        if gain is not None:
            gain["GAIN"].value = gain_setting
            self._driver.set(gain, "Ok")
        if iso is not None:
            iso.choose(iso_switch(iso, gain_setting))
            self._driver.set(iso, "Ok")

    def gain_setting(self) -> float:
        """Return where it stands."""
        gain, iso = self._properties.gain, self._properties.iso
        if iso is not None:
            return float(iso[iso.chosen()].label)
        return gain.number("GAIN") if gain is not None else self._scenario.gain_setting

    def region_px(self) -> tuple[int, int, int, int]:
        """Return the part of the sensor that is read: x, y, width, height."""
        x0, y0, width, height = (int(self._properties.frame.number(name)) for name in ("X", "Y", "WIDTH", "HEIGHT"))
        return x0, y0, width, height
