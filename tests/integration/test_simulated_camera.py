"""The simulated camera under a real indiserver, driven by a small XML client of its own."""

from __future__ import annotations

import base64
import io
import os
import shutil
import socket
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from indistack.faces.indi_device.kernel.xml_stream import Message, XmlReader
from simulators.camera_properties import camera_properties
from simulators.observatory import Observatory
from simulators.scenario import Scenario, load_scenario
from simulators.truth import read_truth
from tests.ports import an_unused_port

pytestmark = pytest.mark.skipif(shutil.which("indiserver") is None, reason="indiserver is not installed")

BIN = Path(__file__).parents[2] / "simulators" / "bin"
SCENARIO = """
width_px = 200
height_px = 150
n_stars = 60
dark_e_per_s = 400.0
drift_px_per_sub = [1.0, 0.5]
fwhm_px = 2.5
"""


@dataclass
class Blob:
    """One BLOB as it came over the wire."""

    data: bytes
    suffix: str
    size_bytes: int
    time_s: float

    def hdu(self) -> fits.PrimaryHDU:
        """Parse the BLOB as FITS; the last extension if it is compressed."""
        return fits.open(io.BytesIO(self.data))[-1]


@dataclass
class Client:
    """A client that remembers the last values and states of all properties, and every BLOB and path."""

    port: int
    device: str
    states: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    tags: list[tuple[str, str]] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    paths: list[tuple[str, float]] = field(default_factory=list)
    countdown: list[float] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._socket = _connect(self.port)
        threading.Thread(target=self._read, daemon=True).start()
        self.send("<getProperties version='1.7'/>")
        self.wait(lambda: "CONNECTION" in self.states)
        self.send(f"<enableBLOB device='{self.device}' name='CCD1'>Also</enableBLOB>")

    def send(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def set(self, kind: str, name: str, **members: object) -> None:
        body = "".join(f"<one{kind} name='{key}'>{value}</one{kind}>" for key, value in members.items())
        self.send(f"<new{kind}Vector device='{self.device}' name='{name}'>{body}</new{kind}Vector>")

    def choose(self, name: str, member: str) -> None:
        self.set("Switch", name, **{member: "On"})
        self.wait(lambda: self.values[name].get(member) == "On")

    def connect(self) -> None:
        self.set("Switch", "CONNECTION", CONNECT="On")
        self.wait(lambda: "CCD1" in self.states)

    def expose(self, exposure_s: float = 0.05) -> None:
        self.set("Number", "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=exposure_s)

    def take(self, exposure_s: float = 0.05) -> Blob:
        """Expose, and return the BLOB once the exposure is reported done."""
        count = len(self.blobs)
        self.expose(exposure_s)
        self.wait(lambda: len(self.blobs) > count and self.states["CCD_EXPOSURE"] == "Ok")
        return self.blobs[-1]

    def wait(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), (self.states, self.messages)

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        reader = XmlReader(self._take_message)
        while True:
            try:
                data = self._socket.recv(1 << 20)
            except OSError:
                return
            if not data:
                return
            with self._changed:
                reader.feed(data)
                self._changed.notify_all()

    def _take_message(self, message: Message) -> None:
        name = message.attributes.get("name", "")
        self.tags.append((message.tag, name))
        if "message" in message.attributes:
            self.messages.append(message.attributes["message"])
        if message.tag == "delProperty" and not name:
            self.states.clear()  # the whole device: its driver has ended
        elif message.tag == "delProperty":
            self.states.pop(name, None)
        elif message.tag == "setBLOBVector":
            self._take_blob(message.elements[0])
        elif message.tag.endswith("Vector"):
            self.states[name] = message.attributes["state"]
            self.values.setdefault(name, {}).update(message.values())
        if (message.tag, name) == ("setTextVector", "CCD_FILE_PATH"):
            self.paths.append((message.values()["FILE_PATH"], time.monotonic()))
        if (message.tag, name) == ("setNumberVector", "CCD_EXPOSURE"):
            self.countdown.append(float(message.values()["CCD_EXPOSURE_VALUE"]))

    def _take_blob(self, one: Message) -> None:
        size = int(one.attributes["size"])
        self.blobs.append(Blob(base64.b64decode(one.text), one.attributes["format"], size, time.monotonic()))


def _connect(port: int) -> socket.socket:
    end = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=None)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@dataclass
class Server:
    """A running indiserver with one camera."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    client: Client | None = None

    def start(self, program: str = "cmos", scenario: str = SCENARIO, **environment: str) -> Client:
        """Start one of the project's cameras under a scenario."""
        (self.folder / "night.toml").write_text(scenario)
        files = {"INDISTACK_SIM_SCENARIO": "night.toml", "INDISTACK_SIM_TRUTH": "truth.jsonl"}
        values = {key: str(self.folder / name) for key, name in files.items()} | environment
        return self.run(BIN / f"indistack_sim_{program}", f"Indistack {program.upper()}", values)

    def run(self, driver: str | Path, device: str, environment: dict[str, str]) -> Client:
        port = an_unused_port()
        with (self.folder / "server.log").open("wb") as log:
            # The local socket's name holds for the whole machine; a driver must not depend on the folder.
            self.process = subprocess.Popen(
                ["indiserver", "-p", str(port), "-u", f"indistack-{port}", driver],
                cwd="/",
                env=os.environ | environment,
                stderr=log,
            )
        self.client = Client(port, device)
        return self.client

    def stop(self) -> None:
        if self.client is not None:
            self.client.close()
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    def scenario(self) -> Observatory:
        """The same sky in this process."""
        return Observatory(load_scenario(self.folder / "night.toml"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def camera(server: Server) -> Client:
    client = server.start()
    client.connect()
    return client


def pixels(blob: Blob) -> NDArray[np.float64]:
    return np.asarray(blob.hdu().data, dtype=np.float64)


def test_it_has_the_properties_that_clients_look_for(camera: Client) -> None:
    assert {vector.name for vector in camera_properties(Scenario()).all()} <= set(camera.states)
    assert camera.values["DRIVER_INFO"]["DRIVER_INTERFACE"] == "2"
    assert camera.values["CCD_CFA"]["CFA_TYPE"] == "RGGB"


def test_a_light_is_the_scenarios_frame_and_its_truth_is_written(camera: Client, server: Server) -> None:
    first, second = camera.take(0.2), camera.take(0.2)
    assert first.suffix == ".fits"
    assert first.size_bytes == len(first.data)
    header = second.hdu().header
    assert (header["EXPTIME"], header["FRAME"], header["BAYERPAT"]) == (0.2, "Light", "RGGB")
    twin = server.scenario().expose(index=1, exposure_s=0.2)
    np.testing.assert_array_equal(pixels(second), twin.pixels)
    truth = read_truth(server.folder / "truth.jsonl")
    assert [(entry.frame, entry.kind) for entry in truth] == [(0, "light"), (1, "light")]
    assert truth[1].transform == twin.truth.transform
    assert header["DATE-OBS"] == truth[1].date_obs


def test_it_counts_down(camera: Client) -> None:
    start = time.monotonic()
    camera.take(2.5)
    assert 2.4 < time.monotonic() - start < 5.0
    assert camera.countdown[0] == pytest.approx(2.5, abs=0.1)
    assert camera.countdown == sorted(camera.countdown, reverse=True)
    assert len(camera.countdown) >= 4
    assert camera.countdown[-1] == 0


def test_abort_ends_the_exposure_without_a_frame_and_uses_up_no_light(camera: Client, server: Server) -> None:
    camera.expose(30)
    camera.wait(lambda: camera.states["CCD_EXPOSURE"] == "Busy")
    camera.set("Switch", "CCD_ABORT_EXPOSURE", ABORT="On")
    camera.wait(lambda: camera.states["CCD_EXPOSURE"] == "Idle", timeout_s=5)
    camera.wait(lambda: camera.states["CCD_ABORT_EXPOSURE"] == "Ok")
    assert not camera.blobs
    camera.take()
    assert read_truth(server.folder / "truth.jsonl")[0].frame == 0


def test_a_second_order_ends_the_first_exposure(camera: Client) -> None:
    camera.expose(30)
    camera.wait(lambda: camera.states["CCD_EXPOSURE"] == "Busy")
    assert camera.take(0.1).hdu().header["EXPTIME"] == 0.1
    assert len(camera.blobs) == 1


def test_orders_that_come_at_once_with_each_blob_are_all_filled(camera: Client, server: Server) -> None:
    for count in range(1, 11):
        camera.expose(0.01)
        camera.wait(lambda wanted=count: len(camera.blobs) >= wanted)
    assert [entry.frame for entry in read_truth(server.folder / "truth.jsonl")] == list(range(10))


def test_binning_halves_the_picture_and_drops_the_bayer_keywords(camera: Client) -> None:
    camera.set("Number", "CCD_BINNING", HOR_BIN=2, VER_BIN=2)
    hdu = camera.take().hdu()
    assert hdu.data.shape == (75, 100)
    assert hdu.header["XBINNING"] == 2
    assert "BAYERPAT" not in hdu.header


def test_unequal_binning_is_refused_and_changes_nothing(camera: Client) -> None:
    camera.set("Number", "CCD_BINNING", HOR_BIN=2, VER_BIN=1)
    camera.wait(lambda: camera.states["CCD_BINNING"] == "Alert")
    assert camera.values["CCD_BINNING"] == {"HOR_BIN": "1", "VER_BIN": "1"}


def test_a_region_is_cut_out_of_the_same_frame(camera: Client, server: Server) -> None:
    camera.set("Number", "CCD_FRAME", X=21, Y=30, WIDTH=80, HEIGHT=60)
    hdu = camera.take().hdu()
    whole = server.scenario().expose(index=0, exposure_s=0.05).pixels
    np.testing.assert_array_equal(hdu.data, whole[30:90, 21:101])
    assert (hdu.header["XBAYROFF"], hdu.header["YBAYROFF"]) == (1, 0)
    camera.set("Switch", "CCD_FRAME_RESET", RESET="On")
    assert camera.take().hdu().data.shape == (150, 200)


def test_frame_types_have_the_matching_signal(camera: Client) -> None:
    level = {}
    for kind in ("LIGHT", "DARK", "BIAS", "FLAT"):
        camera.choose("CCD_FRAME_TYPE", f"FRAME_{kind}")
        blob = camera.take(0.5)
        level[kind] = float(np.median(pixels(blob)))
        assert blob.hdu().header["FRAME"].upper() == kind
    # Offset 500 ADU; dark current 400 e/s for 0.5 s at 0.5 e/ADU is 400 ADU; sky of some 10 e/s comes on top.
    assert level["BIAS"] == pytest.approx(500, abs=3)
    assert level["DARK"] == pytest.approx(900, abs=5)
    assert 905 < level["LIGHT"] < 1000
    assert level["FLAT"] > 20000


def test_upload_both_announces_the_path_before_the_blob(camera: Client, tmp_path: Path) -> None:
    camera.set("Text", "UPLOAD_SETTINGS", UPLOAD_DIR=tmp_path / "subs", UPLOAD_PREFIX="m27_XXX_light")
    camera.choose("UPLOAD_MODE", "UPLOAD_BOTH")
    first, second = camera.take(), camera.take()
    names = [Path(path).name for path, _ in camera.paths]
    assert names == ["m27_001_light.fits", "m27_002_light.fits"]
    assert Path(camera.paths[1][0]).read_bytes() == second.data
    assert camera.paths[0][1] < first.time_s


def test_upload_local_announces_the_path_only(camera: Client, server: Server, tmp_path: Path) -> None:
    camera.set("Text", "UPLOAD_SETTINGS", UPLOAD_DIR=tmp_path, UPLOAD_PREFIX="IMAGE_XXX")
    camera.choose("UPLOAD_MODE", "UPLOAD_LOCAL")
    camera.expose()
    camera.wait(lambda: bool(camera.paths) and camera.states["CCD_EXPOSURE"] == "Ok")
    path = camera.paths[0][0]
    assert path == str(tmp_path / "IMAGE_001.fits")
    assert not camera.blobs
    assert read_truth(server.folder / "truth.jsonl")[0].path == path


@pytest.mark.parametrize("scheme", ["fz", "z"])
def test_compression_keeps_every_pixel(server: Server, scheme: str) -> None:
    camera = server.start(scenario=SCENARIO + f'compression = "{scheme}"\n')
    camera.connect()
    camera.choose("CCD_COMPRESSION", "INDI_ENABLED")
    blob = camera.take()
    twin = server.scenario().expose(index=0, exposure_s=0.05)
    assert blob.suffix == f".fits.{scheme}"
    assert len(blob.data) < blob.size_bytes == 66240  # 2880 * (2 of header + 21 of 60 000 bytes of pixels)
    if scheme == "z":
        blob.data = zlib.decompress(blob.data)
    np.testing.assert_array_equal(blob.hdu().data, twin.pixels)


def test_the_cooler_moves_the_temperature_and_the_header_tells_it(camera: Client) -> None:
    camera.set("Number", "CCD_TEMPERATURE", CCD_TEMPERATURE_VALUE=-14)
    camera.wait(lambda: camera.states["CCD_TEMPERATURE"] == "Busy")
    camera.wait(lambda: camera.states["CCD_TEMPERATURE"] == "Ok")
    assert camera.take().hdu().header["CCD-TEMP"] == -14


def test_gain_offset_and_object_reach_the_header(camera: Client) -> None:
    camera.set("Number", "CCD_GAIN", GAIN=220)
    camera.set("Number", "CCD_OFFSET", OFFSET=80)
    camera.set("Text", "FITS_HEADER", FITS_OBJECT="M 27", FITS_OBSERVER="Caroline")
    hdu = camera.take().hdu()
    assert [hdu.header[key] for key in ("GAIN", "OFFSET", "OBJECT", "OBSERVER")] == [220, 80, "M 27", "Caroline"]
    assert np.median(hdu.data) > 790  # offset 80 of 50 is 800 ADU


@pytest.mark.parametrize(("suffix", "magic"), [(".dng", b"II*\0"), (".jpg", b"\xff\xd8\xff")])
def test_a_dslr_sends_its_own_files(server: Server, suffix: str, magic: bytes) -> None:
    camera = server.start("dslr", SCENARIO + f'native_format = "{suffix[1:]}"\n')
    camera.connect()
    assert "CCD_ISO" in camera.states
    assert "CCD_GAIN" not in camera.states
    camera.choose("CCD_TRANSFER_FORMAT", "FORMAT_NATIVE")
    blob = camera.take()
    assert blob.suffix == suffix
    assert blob.data.startswith(magic)


def test_a_dslr_tells_its_iso_in_fits(server: Server) -> None:
    camera = server.start("dslr")
    camera.connect()
    camera.choose("CCD_ISO", "ISO4")
    header = camera.take().hdu().header
    assert header["ISOSPEED"] == 1600
    assert "GAIN" not in header


def test_files_are_replayed_byte_for_byte_and_then_it_ends(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    (folder / "b.CR2").write_bytes(b"second")
    (folder / "a.fits.fz").write_bytes(b"first")
    camera = server.start(INDISTACK_SIM_REPLAY=str(folder), INDISTACK_SIM_REPLAY_LOOP="0")
    camera.connect()
    sent = [camera.take(), camera.take()]
    assert [(blob.suffix, blob.data) for blob in sent] == [(".fits.fz", b"first"), (".CR2", b"second")]
    camera.expose()
    camera.wait(lambda: camera.states["CCD_EXPOSURE"] == "Alert")


FAULTS = """
[[events]]
kind = "disconnect"
sub = 1
[[events]]
kind = "crash"
sub = 2
[[events]]
kind = "truncated"
sub = 3
fraction = 0.5
[[events]]
kind = "stall"
sub = 4
delay_s = 1.0
"""


def test_faults_happen_when_the_scenario_says(server: Server) -> None:
    camera = server.start(scenario=SCENARIO + FAULTS)
    camera.connect()
    whole = camera.take()
    camera.expose()
    camera.wait(lambda: camera.states["CONNECTION"] == "Alert" and "CCD1" not in camera.states)
    camera.connect()
    camera.expose()
    # The driver ends; indiserver starts it again, disconnected, and it goes on after the light that it died of.
    camera.wait(lambda: ("delProperty", "") in camera.tags and set(camera.states) == {"CONNECTION", "DRIVER_INFO"})
    camera.connect()
    half = camera.take()
    assert len(half.data) == len(whole.data) // 2
    start = time.monotonic()
    camera.take()
    assert time.monotonic() - start > 1.0
    truth = read_truth(server.folder / "truth.jsonl")
    assert [entry.events for entry in truth] == [(), ("disconnect",), ("crash",), ("truncated",), ("stall",)]


def test_a_bad_scenario_is_told_on_standard_error(server: Server) -> None:
    (server.folder / "bad.toml").write_text('width_px = "wide"\nflux = 3\n')
    done = subprocess.run(
        [BIN / "indistack_sim_cmos"],
        env=os.environ | {"INDISTACK_SIM_SCENARIO": str(server.folder / "bad.toml")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "width_px" in done.stderr
    assert "flux" in done.stderr
    assert done.stdout == ""


def test_the_stock_simulator_shows_the_stars_of_the_projects_catalogue(tmp_path: Path) -> None:
    if shutil.which("indi_simulator_ccd") is None:
        pytest.skip("indi_simulator_ccd is not installed")
    server = Server(tmp_path)
    environment = {"PATH": f"{BIN.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    client = server.run("indi_simulator_ccd", "CCD Simulator", environment)
    try:
        client.connect()
        # Without a telescope it knows no field of view, and asks the catalogue for a radius of nan.
        client.set("Number", "SCOPE_INFO", FOCAL_LENGTH=1000, APERTURE=200)
        client.wait(lambda: client.states["SCOPE_INFO"] == "Ok")
        data = pixels(client.take(1.0))
    finally:
        server.stop()
    assert data.shape == (1024, 1280)
    # Its noise is at most some ten ADU.
    assert np.count_nonzero(data > np.median(data) + 200) > 50
