"""The whole device on a wire of ours, with an output folder that stands for an agent; the server speaks as INDI 2."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indistack.commands import COMMANDS, LIVE, Command, Set, Undo
from indistack.faces.indi_device import agent_process, teller
from indistack.faces.indi_device.kernel.driver import Driver
from indistack.faces.indi_device.kernel.wire import Wire
from indistack.faces.indi_device.kernel.xml_stream import Message, XmlReader
from indistack.faces.indi_device.live_stack import NAME, LiveStack
from indistack.store.wanted import DEVICE_PICTURE
from tests.unit.faces.indi_device.folder import at_work, fits, publish, tell_status

PORT = 7624


@dataclass
class Bus:
    """The server's end, and a client behind it that keeps the last value of everything."""

    server: socket.socket
    wait_until: Callable[..., None]
    values: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    history: list[tuple[str, str]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    blobs: list[bytes] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = XmlReader(self._take)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data, files, _, _ = socket.recv_fds(self.server, 65536, 4)
            except OSError:
                return
            if not data:
                return
            self.files += files
            self._reader.feed(data)

    def _take(self, message: Message) -> None:
        told = message.attributes
        self.tags.append(message.tag)
        if "message" in told:
            self.messages.append(told["message"])
        if message.tag == "pingRequest":
            with contextlib.suppress(OSError):  # who asked may be gone by now
                self.send(f"<pingReply uid='{told['uid']}'/>")
        elif message.tag == "setBLOBVector":
            one = message.elements[0]
            self.blobs.append(os.pread(self.files.pop(0), int(one.attributes["len"]), 0))
        elif "name" in told:
            device = "" if told["device"] == NAME else told["device"]
            self.values.update({f"{device}{told['name']}.{name}": text for name, text in message.values().items()})
            self.states[device + told["name"]] = told.get("state", "")
            self.history.append((device + told["name"], told.get("state", "")))

    def send(self, text: str) -> None:
        self.server.sendall(text.encode())

    def put(self, kind: str, name: str, device: str = NAME, **ones: object) -> None:
        body = "".join(f"<one{kind} name='{key}'>{value}</one{kind}>" for key, value in ones.items())
        self.send(f"<new{kind}Vector device='{device}' name='{name}'>{body}</new{kind}Vector>")

    def until(self, name: str, value: str) -> None:
        self.wait_until(lambda: self.values.get(name) == value, 60, f"{name} is {value}")

    def until_state(self, name: str, state: str) -> None:
        self.wait_until(lambda: self.states.get(name) == state, 60, f"{name} is {state}")


@dataclass
class Setup:
    """The device with its server and its folder."""

    bus: Bus
    output: Path
    started: list[str]
    told: list[Command]


@pytest.fixture
def setup(tmp_path: Path, wait_until: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    """Give a device whose agent is a folder: commands are taken down, nothing is started."""
    output = tmp_path / "out"
    output.mkdir()
    started: list[str] = []
    told: list[Command] = []

    def tell(folder: Path, command: Command) -> str:
        told.append(command)
        return "done"

    monkeypatch.setattr(teller, "tell", tell)
    monkeypatch.setattr(agent_process, "PROBE_S", 0.02)
    monkeypatch.setattr(agent_process.AgentProcess, "start", lambda self, camera: started.append(camera))
    ours, theirs = socket.socketpair()
    driver = Driver(Wire(theirs.fileno(), theirs.fileno()))
    device = LiveStack(driver, output, PORT, {"INDICONFIG": str(tmp_path / "config.xml")})

    def run() -> None:
        device.define()
        driver.run(device.tick, lambda: 0.02)

    running = threading.Thread(target=run)
    running.start()
    bus = Bus(ours, wait_until)
    bus.until("CONFIG_PROCESS.CONFIG_SAVE", "Off")
    yield Setup(bus, output, started, told)
    ours.shutdown(socket.SHUT_RDWR)
    running.join(60)
    driver.wire.close()
    for each in (ours, theirs):
        each.close()


def test_from_the_start_it_is_a_camera_for_everybody(setup: Setup) -> None:
    values = setup.bus.values
    assert int(values["DRIVER_INFO.DRIVER_INTERFACE"]) == 2
    assert values["DRIVER_INFO.DRIVER_NAME"] == NAME
    info = [float(text) for name, text in values.items() if name.startswith("CCD_INFO.")]
    assert len(info) == 6
    assert min(info) > 0
    assert values["CCD_COMPRESSION.INDI_DISABLED"] == "On"
    assert values["UPLOAD_MODE.UPLOAD_CLIENT"] == "On"


def test_every_command_and_every_live_setting_has_a_knob(setup: Setup) -> None:
    names = {name.partition(".")[0] for name in setup.bus.values}
    for word in COMMANDS.keys() - {"set"}:
        assert f"STACK_COMMAND.{word.upper()}" in setup.bus.values or f"STACK_{word.upper()}" in names
    assert {name.replace(".", "_").upper() for name in LIVE} <= names


def test_it_connects_when_the_agent_is_there_and_tells_its_state(setup: Setup) -> None:
    setup.bus.put("Text", "ACTIVE_DEVICES", ACTIVE_CCD="My camera")
    setup.bus.put("Switch", "CONNECTION", CONNECT="On")
    setup.bus.until_state("CONNECTION", "Busy")
    assert setup.started == ["My camera"]
    tell_status(setup.output, target="M 27", last={"number": 3, "stars": 120, "fwhm_px": 2.5}, lights={"camera": "ok"})
    with at_work(setup.output):
        setup.bus.until_state("CONNECTION", "Ok")
        setup.bus.until("STACK_STATE.TARGET", "M 27")
        setup.bus.until("STACK_STATE.STATE", "running")
        setup.bus.until("STACK_LAST_SUB.STARS", "120")
        setup.bus.until("STACK_LIGHTS.CAMERA", "Ok")
        setup.bus.until("STACK_SNR.SECONDS", "-1")
        tell_status(setup.output, target="M 31")
        setup.bus.until("STACK_STATE.TARGET", "M 31")
    setup.bus.until("STACK_STATE.STATE", "no agent")


def test_an_exposure_needs_a_connection(setup: Setup) -> None:
    setup.bus.put("Number", "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=1)
    setup.bus.until_state("CCD_EXPOSURE", "Alert")
    assert "not connected" in setup.bus.messages[-1]


def test_a_picture_comes_as_a_file_in_memory_and_disconnecting_ends_the_next_one(setup: Setup) -> None:
    tell_status(setup.output)
    publish(setup.output, DEVICE_PICTURE, fits(20, 10, 3), 1)
    with at_work(setup.output):
        setup.bus.put("Switch", "CONNECTION", CONNECT="On")
        setup.bus.put("Number", "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=0.1)
        setup.bus.wait_until(lambda: len(setup.bus.blobs) == 1)
        assert setup.bus.blobs == [fits(20, 10, 3)]
        setup.bus.until("CCD_INFO.CCD_MAX_X", "20")
        setup.bus.until("STACK_SHOWN.SUBS", "3")
        setup.bus.put("Number", "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=500)
        setup.bus.until_state("CCD_EXPOSURE", "Busy")
        setup.bus.put("Switch", "CONNECTION", DISCONNECT="On")
        setup.bus.until_state("CCD_EXPOSURE", "Idle")
    assert len(setup.bus.blobs) == 1


def test_an_exposure_ends_with_the_agent(setup: Setup) -> None:
    with at_work(setup.output):
        setup.bus.put("Switch", "CONNECTION", CONNECT="On")
        setup.bus.until_state("CONNECTION", "Ok")
        setup.bus.until("STACK_STATE.STATE", "")
        setup.bus.put("Number", "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=500)
        setup.bus.until_state("CCD_EXPOSURE", "Busy")
    setup.bus.until_state("CCD_EXPOSURE", "Alert")


def test_buttons_forms_and_settings_are_commands(setup: Setup) -> None:
    tell_status(setup.output, settings={"drift.limit": "25 %"})
    with at_work(setup.output):
        setup.bus.until("STACK_STATE.STATE", "running")
        setup.bus.put("Switch", "STACK_COMMAND", UNDO="On")
        setup.bus.put("Number", "STACK_REMOVE", NUMBER=7)
        setup.bus.put("Text", "STACK_BRANCH", NAME="trails", SETTINGS="method=trails kappa_low=2.5")
        setup.bus.put("Text", "DRIFT_LIMIT", VALUE="40 px")
        setup.bus.put("Switch", "STACK_METHOD", MEDIAN="On")
        setup.bus.wait_until(lambda: len(setup.told) == 5)
        setup.bus.until_state("STACK_METHOD", "Ok")
        setup.bus.until("STACK_METHOD.MEDIAN", "On")
    branch = COMMANDS["branch"]("trails", {"method": "trails", "kappa_low": 2.5})
    wanted = [Undo(), COMMANDS["remove"](7), branch, Set("drift.limit", "40 px"), Set("stack.method", "median")]
    assert setup.told == wanted
    assert setup.bus.values["STACK_COMMAND.UNDO"] == "Off"


def test_what_makes_no_sense_is_refused_and_nothing_told(setup: Setup) -> None:
    with at_work(setup.output):
        tell_status(setup.output)
        setup.bus.until("STACK_STATE.STATE", "running")
        setup.bus.put("Number", "STACK_REMOVE", NUMBER=0)
        setup.bus.until_state("STACK_REMOVE", "Alert")
        setup.bus.put("Text", "STACK_BRANCH", NAME="No Name", SETTINGS="method=trails")
        setup.bus.until_state("STACK_BRANCH", "Alert")
        setup.bus.put("Switch", "CCD_COMPRESSION", INDI_ENABLED="On")
        setup.bus.until_state("CCD_COMPRESSION", "Alert")
        setup.bus.put("Text", "STACK_OUTPUT", FOLDER="somewhere")
        setup.bus.until_state("STACK_OUTPUT", "Alert")
    assert setup.told == []


def test_a_setting_that_others_have_changed_comes_to_all_clients(setup: Setup) -> None:
    with at_work(setup.output):
        tell_status(setup.output, settings={"quality.min_stars": 6})
        setup.bus.until("STACK_STATE.STATE", "running")
        tell_status(setup.output, settings={"quality.min_stars": 11})
        setup.bus.until("QUALITY_MIN_STARS.VALUE", "11")


def test_a_setting_asked_for_before_there_is_an_agent_is_told_to_it(setup: Setup) -> None:
    setup.bus.put("Text", "DRIFT_LIMIT", VALUE="10 %")
    setup.bus.until("DRIFT_LIMIT.VALUE", "10 %")
    assert setup.told == []
    with at_work(setup.output):
        setup.bus.wait_until(lambda: setup.told == [Set("drift.limit", "10 %")])


def test_without_an_agent_a_button_says_so(setup: Setup) -> None:
    setup.bus.put("Switch", "STACK_COMMAND", SAVE="On")
    setup.bus.until_state("STACK_COMMAND", "Alert")
    assert "no agent" in setup.bus.messages[-1]


def test_what_was_set_is_kept_and_set_again(setup: Setup, tmp_path: Path) -> None:
    other = tmp_path / "other"
    setup.bus.put("Text", "STACK_OUTPUT", FOLDER=other)
    setup.bus.put("Switch", "STACK_AT_END", FINALISE="On")
    setup.bus.put("Switch", "CONFIG_PROCESS", CONFIG_SAVE="On")
    setup.bus.until_state("CONFIG_PROCESS", "Ok")
    assert (tmp_path / "config.xml").read_text().startswith("<INDIDriver>")
    setup.bus.put("Text", "STACK_OUTPUT", FOLDER=setup.output)
    setup.bus.put("Switch", "STACK_AT_END", GO_ON="On")
    setup.bus.until("STACK_AT_END.GO_ON", "On")
    setup.bus.put("Switch", "CONFIG_PROCESS", CONFIG_LOAD="On")
    setup.bus.until("STACK_OUTPUT.FOLDER", str(other))
    setup.bus.until("STACK_AT_END.FINALISE", "On")


def test_a_configuration_that_is_none_is_an_alert(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text("<INDIDriver><newSwitch")
    setup.bus.put("Switch", "CONFIG_PROCESS", CONFIG_LOAD="On")
    setup.bus.until_state("CONFIG_PROCESS", "Alert")
    setup.bus.put("Switch", "CONFIG_PROCESS", CONFIG_SAVE="On")
    setup.bus.until_state("CONFIG_PROCESS", "Ok")
    setup.bus.put("Switch", "CONFIG_PROCESS", CONFIG_PURGE="On")
    setup.bus.wait_until(lambda: not (tmp_path / "config.xml").exists())
    setup.bus.put("Switch", "CONFIG_PROCESS", CONFIG_LOAD="On")
    setup.bus.until_state("CONFIG_PROCESS", "Alert")


def test_the_sky_is_a_device_of_its_own_where_it_is_wanted(setup: Setup) -> None:
    sky = f"{NAME} Sky"
    assert not any(name.startswith(sky) for name in setup.bus.values)
    with at_work(setup.output):
        last = {"number": 4, "fwhm_px": 3.0, "transparency": 0.95, "background_adu": 600.0}
        tell_status(setup.output, last=last)
        setup.bus.until("STACK_STATE.STATE", "running")
        setup.bus.put("Switch", "STACK_SKY", ON="On")
        setup.bus.until(f"{sky}DRIVER_INFO.DRIVER_INTERFACE", "128")
        setup.bus.until_state(f"{sky}WEATHER_STATUS", "Ok")
        tell_status(setup.output, last={**last, "number": 5, "transparency": 0.2})
        setup.bus.until_state(f"{sky}WEATHER_STATUS", "Alert")
        setup.bus.until(f"{sky}WEATHER_STATUS.WEATHER_TRANSPARENCY", "Alert")
        setup.bus.put("Number", "WEATHER_TRANSPARENCY", sky, MIN_OK=0)
        setup.bus.until_state(f"{sky}WEATHER_STATUS", "Ok")
        setup.bus.put("Switch", "STACK_SKY", OFF="On")
        setup.bus.wait_until(lambda: "delProperty" in setup.bus.tags)


def test_a_server_of_indi_2_gets_its_pings_answered_and_may_say_what_it_likes(setup: Setup) -> None:
    """Since 2.0 snooping drivers get pictures of others as base64; nothing of it is ours."""
    picture = base64.b64encode(bytes(3_000_000)).decode()
    one = f"<oneBLOB name='CCD1' size='3000000' enclen='{len(picture)}' format='.fits'>{picture}</oneBLOB>"
    setup.bus.send(f"<setBLOBVector device='CCD Simulator' name='CCD1'>{one}</setBLOBVector><pingRequest uid='7'/>")
    setup.bus.wait_until(lambda: "pingReply" in setup.bus.tags)
    setup.bus.send("<enableBLOB device='Live Stack'>Never</enableBLOB><unheardOf x='1'><y/></unheardOf>")
    setup.bus.put("Switch", "STACK_AT_END", FINALISE="On")
    setup.bus.until("STACK_AT_END.FINALISE", "On")


WILD = ("1e400", "nan", "-inf", "9" * 3000, "", "On", "/dev/null", "\u0663", "&lt;x&gt;")


def test_wild_values_of_any_kind_are_no_bug_and_told_in_short(setup: Setup, caplog: pytest.LogCaptureFixture) -> None:
    told = dict(setup.bus.values)
    for place in told:
        vector, _, member = place.partition(".")
        if vector not in ("CONNECTION", "STACK_OUTPUT", "CCD1"):
            for kind in ("Number", "Switch", "Text"):
                for value in WILD:
                    setup.bus.send(
                        f"<new{kind}Vector device='{NAME}' name='{vector}'>"
                        f"<one{kind} name='{member}'>{value}</one{kind}></new{kind}Vector>"
                    )
    setup.bus.send(f"<newNumberVector device='{NAME}' name='{'X' * 9000}'/><pingRequest uid='7'/>")
    setup.bus.wait_until(lambda: "pingReply" in setup.bus.tags, 60)
    assert not [record for record in caplog.records if "a bug" in record.message]
