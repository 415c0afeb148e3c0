"""The simulated camera: what an INDI client can ask of it, and when it answers."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from simulators.camera_properties import (
    FRAME_KINDS,
    CameraProperties,
    camera_properties,
    connection_property,
    driver_info,
    iso_switch,
)
from simulators.conditions import conditions_of, events_of
from simulators.delivery import Payload, compressed, damaged, encode, plain
from simulators.driver import Driver, Handler
from simulators.observatory import Exposure, Kind, Observatory
from simulators.properties import PropertyError, Vector
from simulators.replay import Replay
from simulators.scenario import Crash, Disconnect, Scenario, Stall
from simulators.truth import Truth, append_truth, read_truth

logger = logging.getLogger(__name__)

# Measured with libindi 1.9.9: the path is announced this long before the BLOB.
PATH_LEAD_S = 0.016
COUNTDOWN_STEP_S = 1.0
COOLING_STEP_S = 0.25
COOLING_STEP_C = 2.0
# What an uncooled sensor drifts to.
AMBIENT_C = 15.0


@dataclass(frozen=True, slots=True)
class Order:
    """One exposure as a client ordered it, fixed at the moment at which it begins."""

    kind: Kind
    index: int
    exposure_s: float
    gain_setting: float
    offset_setting: float
    temperature_c: float
    binning: int
    region_px: tuple[int, int, int, int]
    native: bool
    jpeg: bool
    start: datetime


@dataclass(frozen=True, slots=True)
class Frame:
    """One finished file, and its truth if the sky is the scenario's."""

    payload: Payload
    truth: Truth | None


class Camera:
    """One camera device.

    Parameters
    ----------
    driver : Driver
    scenario : Scenario
    replay : Replay, optional
        Files to send instead of the scenario's frames.
    truth_path : path, optional
        File to which the truth of each frame is appended. If it holds lights already, the camera goes on after the
        last of them, so that a driver killed and started again does not show the same night twice.
    program : str
        Told to clients as the driver's executable.
    """

    def __init__(
        self,
        driver: Driver,
        scenario: Scenario,
        replay: Replay | None = None,
        truth_path: Path | None = None,
        program: str = "indistack_sim",
    ) -> None:
        self._driver = driver
        self._scenario = scenario
        self._replay = replay
        self._truth_path = truth_path
        self._observatory = Observatory(scenario)
        self._next_index = _frames_in(truth_path)
        self._connection = connection_property()
        self._info = driver_info(program)
        self._properties: CameraProperties = camera_properties(scenario)
        self._exposing: threading.Thread | None = None
        self._abort = threading.Event()
        self._cooling_target_c = scenario.temperature_c
        self._cooling = threading.Event()
        self._darkroom = ThreadPoolExecutor(1, thread_name_prefix="render")
        threading.Thread(target=self._cool, name="cooler", daemon=True).start()

    def start(self) -> None:
        """Define what a client sees before it connects."""
        self._driver.define(self._connection, self._on_connection)
        self._driver.define(self._info)

    # Connection.

    def _on_connection(self, vector: Vector, values: dict[str, str]) -> None:
        before = vector.chosen()
        vector.update(values)
        self._driver.set(vector, "Ok" if vector.chosen() == "CONNECT" else "Idle")
        if vector.chosen() == before:
            return
        if before == "DISCONNECT":
            self._connect()
        else:
            self._stop_exposure()
            self._disconnect()

    def _connect(self) -> None:
        self._properties = camera_properties(self._scenario)
        handlers = self._handlers()
        for vector in self._properties.all():
            self._driver.define(vector, handlers.get(vector.name))
        # The sensor and the nebula take a second to make: begin now, not with the first exposure.
        self._darkroom.submit(lambda: self._observatory.expose(index=0))

    def _disconnect(self) -> None:
        for vector in self._properties.all():
            self._driver.delete(vector.name)

    def _drop_off(self) -> None:
        """Vanish from the bus, as with a loose cable."""
        self._connection.choose("DISCONNECT")
        self._driver.set(self._connection, "Alert", "Lost the connection to the camera")
        self._disconnect()

    def _handlers(self) -> dict[str, Handler]:
        return {
            "CCD_EXPOSURE": self._on_exposure,
            "CCD_ABORT_EXPOSURE": self._on_abort,
            "CCD_FRAME": self._on_frame,
            "CCD_FRAME_RESET": self._on_frame_reset,
            "CCD_BINNING": self._on_binning,
            "CCD_TEMPERATURE": self._on_temperature,
            "CCD_COOLER": self._on_cooler,
        }

    # What clients set.

    def _on_frame(self, vector: Vector, values: dict[str, str]) -> None:
        before = {member.name: str(member.value) for member in vector.elements}
        vector.update(values)
        x0, y0, width, height = self._region()
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
        before = {member.name: str(member.value) for member in vector.elements}
        vector.update(values)
        if vector.number("HOR_BIN") != vector.number("VER_BIN"):
            vector.update(before)
            raise PropertyError("This camera bins alike in both directions")
        self._driver.set(vector, "Ok")

    def _on_temperature(self, vector: Vector, values: dict[str, str]) -> None:
        present_c = vector.number("CCD_TEMPERATURE_VALUE")
        vector.update(values)
        self._cooling_target_c = vector.number("CCD_TEMPERATURE_VALUE")
        vector["CCD_TEMPERATURE_VALUE"].value = present_c
        if self._properties.cooler is not None:
            self._properties.cooler.choose("COOLER_ON")
            self._driver.set(self._properties.cooler, "Ok")
        self._driver.set(vector, "Busy")
        self._cooling.set()

    def _on_cooler(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        self._driver.set(vector, "Ok")
        if vector.chosen() == "COOLER_OFF":
            self._cooling_target_c = AMBIENT_C
            self._cooling.set()

    def _cool(self) -> None:
        """Move the temperature towards what was asked for, in steps, whenever something was asked for."""
        while self._cooling.wait():
            self._cooling.clear()
            vector = self._properties.temperature
            if vector is None:
                continue
            member = vector["CCD_TEMPERATURE_VALUE"]
            while (missing := self._cooling_target_c - float(member.value)) != 0:
                time.sleep(COOLING_STEP_S)
                member.value = float(member.value) + max(-COOLING_STEP_C, min(COOLING_STEP_C, missing))
                self._driver.set(vector, "Busy")
            self._driver.set(vector, "Ok")

    # Exposures.

    def _on_exposure(self, vector: Vector, values: dict[str, str]) -> None:
        if self._exposing is not None and self._exposing.is_alive():
            raise PropertyError("The camera is exposing already")
        vector.update(values)
        self._abort.clear()
        wait_s = vector.number("CCD_EXPOSURE_VALUE")
        self._driver.set(vector, "Busy")
        order = self._order(wait_s)
        self._exposing = threading.Thread(target=self._expose, args=(order, wait_s), name="exposure", daemon=True)
        self._exposing.start()

    def _on_abort(self, vector: Vector, _values: dict[str, str]) -> None:
        self._stop_exposure()
        vector.choose("")
        self._driver.set(vector, "Ok")

    def _stop_exposure(self) -> None:
        """End a running exposure; one that is being delivered comes through."""
        self._abort.set()
        if self._exposing is not None:
            self._exposing.join(timeout=COUNTDOWN_STEP_S)

    def _order(self, wait_s: float) -> Order:
        p = self._properties
        kind: Kind = FRAME_KINDS[p.frame_type.chosen()]  # type: ignore[assignment]
        index = self._next_index.get(kind, 0)
        exposure_s = wait_s
        if kind == "light" and self._replay is None:
            exposure_s *= self._apply_changes(index)
        return Order(
            kind=kind,
            index=index,
            exposure_s=exposure_s,
            gain_setting=self._gain_setting(),
            offset_setting=p.offset.number("OFFSET") if p.offset else self._scenario.offset_setting,
            temperature_c=self._temperature_c(),
            binning=int(p.binning.number("HOR_BIN")),
            region_px=self._region(),
            native=p.transfer_format.chosen() == "FORMAT_NATIVE",
            jpeg=p.capture_format.chosen() == "INDI_JPEG",
            start=datetime.now(UTC),
        )

    def _apply_changes(self, index: int) -> float:
        """Turn the gain knob if the scenario says so for this light; returns the factor on the exposure."""
        conditions = conditions_of(self._scenario, index)
        if "gain" in conditions.events:
            self._set_gain(conditions.gain_setting)
        return conditions.exposure_s / self._scenario.exposure_s

    def _set_gain(self, gain_setting: float) -> None:
        gain, iso = self._properties.gain, self._properties.iso
        if gain is not None:
            gain["GAIN"].value = gain_setting
            self._driver.set(gain, "Ok")
        if iso is not None:
            iso.choose(iso_switch(iso, gain_setting))
            self._driver.set(iso, "Ok")

    def _gain_setting(self) -> float:
        gain, iso = self._properties.gain, self._properties.iso
        if iso is not None:
            return float(iso[iso.chosen()].label)
        return gain.number("GAIN") if gain is not None else self._scenario.gain_setting

    def _temperature_c(self) -> float:
        vector = self._properties.temperature
        return vector.number("CCD_TEMPERATURE_VALUE") if vector is not None else self._scenario.temperature_c

    def _region(self) -> tuple[int, int, int, int]:
        frame = self._properties.frame
        x0, y0, width, height = (int(frame.number(name)) for name in ("X", "Y", "WIDTH", "HEIGHT"))
        return x0, y0, width, height

    def _expose(self, order: Order, wait_s: float) -> None:
        """Run one exposure in its own thread: count down, take the frame, deliver it."""
        vector = self._properties.exposure
        try:
            rendering = self._darkroom.submit(self._take, order)
            if not self._count_down(vector, wait_s):
                rendering.cancel()
                vector["CCD_EXPOSURE_VALUE"].value = 0.0
                self._driver.set(vector, "Idle", "Exposure aborted")
                return
            self._finish(vector, order, rendering)
        # The top of a thread: whatever happens, the client must learn that no frame comes.
        except Exception as error:
            logger.exception("The exposure failed")
            self._driver.set(vector, "Alert", f"The exposure failed: {error}")

    def _count_down(self, vector: Vector, wait_s: float) -> bool:
        """Tell the remaining time every second; returns whether the exposure was left to end."""
        end = time.monotonic() + wait_s
        while (remaining_s := end - time.monotonic()) > 0:
            vector["CCD_EXPOSURE_VALUE"].value = remaining_s
            self._driver.set(vector, "Busy")
            # Whole seconds before the end, so that the last wait is never a sliver.
            if self._abort.wait(remaining_s - int(remaining_s) or COUNTDOWN_STEP_S):
                return False
        vector["CCD_EXPOSURE_VALUE"].value = 0.0
        self._driver.set(vector, "Busy")
        return True

    def _finish(self, vector: Vector, order: Order, rendering: Future[Frame]) -> None:
        frame = rendering.result()
        self._next_index[order.kind] = order.index + 1
        if order.kind == "light" and not self._survives(order.index, frame):
            return
        self._deliver(frame)
        self._driver.set(vector, "Ok")

    def _take(self, order: Order) -> Frame:
        if self._replay is not None:
            replayed = self._replay.frame(order.index)
            return Frame(plain(replayed.payload, replayed.suffix), None)
        exposure = self._observatory.expose(
            order.kind,
            index=order.index,
            exposure_s=order.exposure_s,
            gain_setting=order.gain_setting,
            offset_setting=order.offset_setting,
            temperature_c=order.temperature_c,
            binning=order.binning,
            region_px=order.region_px,
            date_obs=order.start,
        )
        self._name_object(exposure)
        payload = encode(self._scenario, exposure, native=order.native, jpeg=order.jpeg)
        if order.kind == "light":
            payload = damaged(payload, self._scenario, order.index)
        return Frame(payload, exposure.truth)

    def _name_object(self, exposure: Exposure) -> None:
        """Write what the client said about target and observer, where it said something."""
        header = self._properties.fits_header
        for keyword, member in (("OBJECT", "FITS_OBJECT"), ("OBSERVER", "FITS_OBSERVER")):
            if header.text(member):
                exposure.header[keyword] = header.text(member)

    def _survives(self, index: int, frame: Frame) -> bool:
        """Let happen what the scenario says between exposure and delivery; returns whether the frame is delivered."""
        if self._replay is not None:
            return True
        for stall in events_of(self._scenario, Stall):
            if stall.sub == index:
                time.sleep(stall.delay_s)
        if any(event.sub == index for event in events_of(self._scenario, Crash)):
            self._note(frame, "")
            os._exit(1)
        if any(event.sub == index for event in events_of(self._scenario, Disconnect)):
            self._note(frame, "")
            self._drop_off()
            return False
        return True

    def _deliver(self, frame: Frame) -> None:
        """Save and send as the upload mode says; the truth is on disk before anybody hears of the frame."""
        p = self._properties
        mode = p.upload_mode.chosen()
        path = self._save(frame.payload) if mode in ("UPLOAD_LOCAL", "UPLOAD_BOTH") else ""
        self._note(frame, path)
        if path:
            p.file_path["FILE_PATH"].value = path
            self._driver.set(p.file_path, "Ok")
        if mode == "UPLOAD_BOTH":
            time.sleep(PATH_LEAD_S)
        if mode in ("UPLOAD_CLIENT", "UPLOAD_BOTH"):
            self._send(frame.payload)

    def _send(self, payload: Payload) -> None:
        if self._properties.compression.chosen() == "INDI_ENABLED":
            payload = compressed(payload, self._scenario.compression)
        self._driver.send_blob(self._properties.image, payload.data, payload.suffix, payload.size_bytes)

    def _save(self, payload: Payload) -> str:
        settings = self._properties.upload_settings
        folder = Path(settings.text("UPLOAD_DIR")).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        path = next_path(folder, settings.text("UPLOAD_PREFIX"), payload.suffix)
        path.write_bytes(payload.data)
        return str(path)

    def _note(self, frame: Frame, path: str) -> None:
        if self._truth_path is not None and frame.truth is not None:
            append_truth(self._truth_path, frame.truth.at_path(path))


def next_path(folder: Path, prefix: str, suffix: str) -> Path:
    """Return where to save the next frame: XXX in the prefix becomes one more than the highest number in use."""
    if "XXX" not in prefix:
        return folder / f"{prefix}{suffix}"
    before, _, after = prefix.partition("XXX")
    pattern = re.compile(re.escape(before) + r"(\d+)" + re.escape(after) + r"\.")
    found = [int(match[1]) for file in folder.iterdir() if (match := pattern.match(file.name))]
    return folder / f"{before}{max(found, default=0) + 1:03d}{after}{suffix}"


def _frames_in(truth_path: Path | None) -> dict[str, int]:
    """Return the number of the next frame of each kind, from the truth file if there is one."""
    if truth_path is None or not truth_path.exists():
        return {}
    return {truth.kind: truth.frame + 1 for truth in read_truth(truth_path)}
