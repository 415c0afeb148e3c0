"""The simulated camera: what an INDI client can ask of it, and when it answers."""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from indistack.faces.indi_device.kernel.driver import Device, Handler
from indistack.faces.indi_device.kernel.properties import Vector

from .camera_properties import (
    FRAME_KINDS,
    CameraProperties,
    camera_properties,
    connection_property,
    driver_info,
)
from .conditions import conditions_of, events_of
from .cooler import Cooler
from .darkroom import Darkroom, FinishedFrame, Order
from .events import Crash, Disconnect, Stall
from .exposure import Kind
from .replay import FileReplay
from .scenario import Scenario
from .sensor_controls import SensorControls
from .truth import read_truth
from .upload import Uploader

logger = logging.getLogger(__name__)

COUNTDOWN_STEP_S = 1.0


class Camera:
    """One camera device.

    Parameters
    ----------
    driver : Device
    scenario : Scenario
    replay : FileReplay, optional
        Files to send instead of the scenario's frames.
    truth_path : path, optional
        File to which the truth of each frame is appended. If it holds lights already, the camera goes on after the
        last of them, so that a driver killed and started again does not show the same night twice.
    program : str
        Told to clients as the driver's executable.
    """

    def __init__(
        self,
        driver: Device,
        scenario: Scenario,
        replay: FileReplay | None = None,
        truth_path: Path | None = None,
        program: str = "indistack_sim",
    ) -> None:
        self._driver = driver
        self._scenario = scenario
        self._next_index = _frames_in(truth_path)
        self._connection = connection_property()
        self._info = driver_info(program)
        self._properties: CameraProperties = camera_properties(scenario)
        self._cooler = self._make_cooler()
        self._controls = SensorControls(driver, scenario, self._properties)
        self._uploader = Uploader(driver, self._properties, scenario.compression, truth_path)
        self._darkroom = Darkroom(scenario, replay)
        self._renderer = ThreadPoolExecutor(1, thread_name_prefix="render")
        self._exposing: threading.Thread | None = None
        self._abort = threading.Event()

    def start(self) -> None:
        """Define what a client sees before it connects."""
        self._driver.define(self._connection, self._on_connection)
        self._driver.define(self._info)

    # Connection.

    def _on_connection(self, vector: Vector, values: dict[str, str]) -> None:
        before = vector.chosen()
        vector.update(values)
        connected = vector.chosen() == "CONNECT"
        if connected and before == "DISCONNECT":
            self._connect()
        elif not connected and before == "CONNECT":
            self._stop_exposure()
            self._disconnect()
        self._driver.set(vector, "Ok" if connected else "Idle")

    def _connect(self) -> None:
        handlers = self._handlers()
        for vector in self._properties.all():
            vector.state = "Idle"
            self._driver.define(vector, handlers.get(vector.name))
        self._renderer.submit(self._darkroom.warm_up)

    def _disconnect(self) -> None:
        for vector in self._properties.all():
            self._driver.delete(vector.name)

    def _drop_off(self) -> None:
        """Vanish from the bus, as with a loose cable."""
        self._connection.choose("DISCONNECT")
        self._driver.set(self._connection, "Alert", "Lost the connection to the camera")
        self._disconnect()

    def _handlers(self) -> dict[str, Handler]:
        handlers: dict[str, Handler] = {
            "CCD_EXPOSURE": self._on_exposure,
            "CCD_ABORT_EXPOSURE": self._on_abort,
            **self._controls.handlers(),
        }
        if self._cooler is not None:
            handlers |= {"CCD_TEMPERATURE": self._cooler.on_temperature, "CCD_COOLER": self._cooler.on_switch}
        return handlers

    def _make_cooler(self) -> Cooler | None:
        p = self._properties
        return Cooler(self._driver, p.temperature, p.cooler) if p.temperature and p.cooler else None

    # Exposures: each in a thread of its own, which first lets the one before it end.

    def _on_exposure(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        wait_s = vector.number("CCD_EXPOSURE_VALUE")
        # As with libindi, a new order ends a running exposure; a frame that is being delivered comes through.
        self._abort.set()
        self._abort = threading.Event()
        arguments = (wait_s, self._abort, self._exposing)
        self._exposing = threading.Thread(target=self._expose, args=arguments, name="exposure", daemon=True)
        self._exposing.start()

    def _on_abort(self, vector: Vector, _values: dict[str, str]) -> None:
        self._stop_exposure()
        vector.choose("")
        self._driver.set(vector, "Ok")

    def _stop_exposure(self) -> None:
        """End a running countdown. Does not wait for a delivery, which may wait for this very thread's ping."""
        self._abort.set()
        if self._exposing is not None:
            self._exposing.join(timeout=0.5)

    def _expose(self, wait_s: float, abort: threading.Event, previous: threading.Thread | None) -> None:
        """Run one exposure: count down, take the frame, deliver it."""
        if previous is not None:
            previous.join()
        vector = self._properties.exposure
        try:
            order = self._order(wait_s)
            rendering = self._renderer.submit(self._darkroom.take, order)
            if self._count_down(vector, wait_s, abort):
                self._finish(vector, order, rendering)
            else:
                rendering.cancel()
                vector["CCD_EXPOSURE_VALUE"].value = 0.0
                self._driver.set(vector, "Idle", "Exposure aborted")
        # The top of a thread: whatever happens, the client must learn that no frame comes.
        except Exception as error:
            logger.exception("The exposure failed")
            self._driver.set(vector, "Alert", f"The exposure failed: {error}")

    def _order(self, wait_s: float) -> Order:
        p = self._properties
        kind: Kind = FRAME_KINDS[p.frame_type.chosen()]
        index = self._next_index.get(kind, 0)
        return Order(
            kind=kind,
            index=index,
            exposure_s=wait_s * self._apply_changes(kind, index),
            gain_setting=self._controls.gain_setting(),
            offset_setting=p.offset.number("OFFSET") if p.offset else self._scenario.offset_setting,
            temperature_c=self._cooler.temperature_c if self._cooler else self._scenario.temperature_c,
            binning=int(p.binning.number("HOR_BIN")),
            region_px=self._controls.region_px(),
            native=p.transfer_format.chosen() == "FORMAT_NATIVE",
            jpeg=p.capture_format.chosen() == "INDI_JPEG",
            object_name=p.fits_header.text("FITS_OBJECT"),
            observer=p.fits_header.text("FITS_OBSERVER"),
            start=datetime.now(UTC),
        )

    def _apply_changes(self, kind: Kind, index: int) -> float:
        """Turn the gain knob if the scenario says so for this light; returns its factor on the exposure."""
        if kind != "light" or not self._darkroom.shows_the_scenario:
            return 1.0
        conditions = conditions_of(self._scenario, index)
        if "gain" in conditions.events:
            self._controls.set_gain(conditions.gain_setting)
        return conditions.exposure_s / self._scenario.exposure_s

    def _count_down(self, vector: Vector, wait_s: float, abort: threading.Event) -> bool:
        """Tell the remaining time every second; returns whether the exposure was left to end."""
        end = time.monotonic() + wait_s
        while (remaining_s := end - time.monotonic()) > 0:
            vector["CCD_EXPOSURE_VALUE"].value = remaining_s
            self._driver.set(vector, "Busy")
            # Whole seconds before the end, so that the last wait is never a sliver.
            if abort.wait(remaining_s - int(remaining_s) or COUNTDOWN_STEP_S):
                return False
        vector["CCD_EXPOSURE_VALUE"].value = 0.0
        self._driver.set(vector, "Busy")
        return not abort.is_set()

    def _finish(self, vector: Vector, order: Order, rendering: Future[FinishedFrame]) -> None:
        frame = rendering.result()
        self._next_index[order.kind] = order.index + 1
        if order.kind == "light" and self._darkroom.shows_the_scenario and not self._survives(order.index, frame):
            return
        self._uploader.deliver(frame)
        self._driver.set(vector, "Ok")

    def _survives(self, index: int, frame: FinishedFrame) -> bool:
        """Let happen what the scenario says between exposure and delivery; returns whether the frame is delivered."""
        for stall in events_of(self._scenario, Stall):
            if stall.sub == index:
                time.sleep(stall.delay_s)
        if any(event.sub == index for event in events_of(self._scenario, Crash)):
            self._uploader.note(frame, "")
            os._exit(1)
        if any(event.sub == index for event in events_of(self._scenario, Disconnect)):
            self._uploader.note(frame, "")
            self._drop_off()
            return False
        return True


def _frames_in(truth_path: Path | None) -> dict[str, int]:
    """Return the number of the next frame of each kind, from the truth file if there is one."""
    if truth_path is None or not truth_path.exists():
        return {}
    return {truth.kind: truth.frame + 1 for truth in read_truth(truth_path)}
