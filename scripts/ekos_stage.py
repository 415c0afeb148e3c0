"""The real KStars/Ekos on a screen, a bus and a home of its own, with the servers and programs that a run needs."""

from __future__ import annotations

import configparser
import contextlib
import json
import os
import shlex
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from indistack.system import child_process

ROOT = Path(__file__).resolve().parent.parent

END_S = 8.0
"""Longest time in which a program may end by itself."""
PATIENCE = 4.0
"""Times of the waits are those of a quiet machine; on one that does other things all takes so many times longer."""
MODES = ("client", "local", "both")  # in the order of Ekos' numbers for them
FRAMES = 4
EXPOSURE_S = 1
CAMERA, MOUNT = "CCD Simulator", "Telescope Simulator"
TARGET = "5.5;20"  # where the mount is said to point: right ascension in hours, declination in degrees
EKOS_MODULES = 7  # each keeps the train that it uses
EKOS_ACTION = "/kstars/MainWindow_1/actions/ekos"
EKOS, CAPTURE = "org.kde.kstars.Ekos", "org.kde.kstars.Ekos.Capture"

KSTARS_SETTINGS = {
    "GUI": {"RunStartupWizard": "false"},
    "General": {"KStarsFirstRun": "false"},
    "TipOfDay": {"RunOnStart": "false"},
    "indi": {"showINDIMessages": "false", "messageNotificationINDI": "false", "useGPSSource": "false"},
    "Location": {"CityName": "Greenwich", "CountryName": "United Kingdom", "Latitude": "51.46", "Longitude": "0"},
    "FITSViewer": {"useFITSViewer": "false", "AutoHFR": "false"},
    "Ekos": {"profile": "indistack", "AutoStartEkosLive": "false"},
    "Capture": {"useSummaryPreview": "false", "AlwaysResetSequenceWhenStarting": "true"},
}

# The time stamp matters: in mode both, KStars 3.6 writes its own copies over each other if their names allow it.
SEQUENCE = """<?xml version="1.0" encoding="UTF-8"?>
<SequenceQueue version="2.4">
<GuideDeviation enabled="false">2</GuideDeviation>
<Job>
<Exposure>{exposure_s}</Exposure>
<Format>Mono</Format>
<Encoding>FITS</Encoding>
<Binning><X>1</X><Y>1</Y></Binning>
<Frame><X>0</X><Y>0</Y><W>1280</W><H>1024</H></Frame>
<Temperature force="false">0</Temperature>
<Type>Light</Type>
<Prefix><RawPrefix>{mode}</RawPrefix><TimeStampEnabled>1</TimeStampEnabled></Prefix>
<Count>{frames}</Count>
<Delay>0</Delay>
<PostCaptureScript>{hook}</PostCaptureScript>
<FITSDirectory>{folder}/client</FITSDirectory>
<PlaceholderFormat>/%t_%T_%D</PlaceholderFormat>
<PlaceholderSuffix>3</PlaceholderSuffix>
<UploadMode>{mode_number}</UploadMode>
<RemoteDirectory>{folder}/local</RemoteDirectory>
<Properties></Properties>
<Calibration>
<FlatSource><Type>Manual</Type></FlatSource>
<FlatDuration dark="false"><Type>Manual</Type></FlatDuration>
<PreMountPark>False</PreMountPark>
<PreDomePark>False</PreDomePark>
</Calibration>
</Job>
</SequenceQueue>
"""


class ShortfallError(Exception):
    """What the run was to show did not come about, or could not be tried."""


def wait_for(what: str, condition: Callable[[], object], timeout_s: float) -> None:
    """Return as soon as `condition` is true, or raise ShortfallError."""
    deadline_s = time.monotonic() + PATIENCE * timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise ShortfallError(f"{what}: not within {PATIENCE * timeout_s:g} s")
        time.sleep(0.2)


def expect(condition: object, otherwise: str) -> None:
    """Raise ShortfallError unless `condition` is true."""
    if not condition:
        raise ShortfallError(otherwise)


class Stage(contextlib.ExitStack):
    """The programs of this run: where they keep their files, what they see of the world, and their end."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        home, runtime = folder / "home", folder / "runtime"
        home.mkdir()
        runtime.mkdir(mode=0o700)
        foreign = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XAUTHORITY")
        self.env = {name: value for name, value in os.environ.items() if name not in foreign}
        self.env |= {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_RUNTIME_DIR": str(runtime),
            # The camera calls `gsc`; the hook and that one call `python3`, which here and there is a slow stand-in.
            "PATH": f"{ROOT}/simulators:{ROOT}/.venv/bin:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "QT_QPA_PLATFORM": "xcb",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "1",
        }

    def start(
        self, name: str, *command: str | Path, ends_by: signal.Signals = signal.SIGTERM
    ) -> subprocess.Popen[bytes]:
        """Start a program that is ended with this stage; what it says goes to NAME.log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            stdout = subprocess.PIPE if name in ("xvfb", "dbus") else log
            words = list(map(str, command))
            process = child_process.start(words, stdout=stdout, stderr=log, environment=self.env, folder=self.folder)
        self.callback(child_process.end, process, END_S, ends_by)
        return process

    def start_and_hear(self, name: str, *command: str | Path) -> str:
        """Start a program and return the first line that it prints: the address it is reached at."""
        stdout = self.start(name, *command).stdout
        assert stdout is not None
        line = stdout.readline().decode().strip()
        expect(line, f"{name} did not start")
        return line

    def run(self, *command: str, check: bool = True) -> str:
        """Run a program to its end and return what it prints."""
        try:
            done = subprocess.run(
                command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=30 * PATIENCE
            )
        except subprocess.TimeoutExpired as error:
            raise ShortfallError(f"{shlex.join(command)}: has not ended") from error
        expect(done.returncode == 0 or not check, f"{shlex.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def call(self, path: str, method: str, *arguments: str, check: bool = True) -> str:
        """Call a D-Bus method of KStars; return gdbus' words for the answer, empty for a failure."""
        gdbus = ["gdbus", "call", "--session", "--timeout=60", "--dest=org.kde.kstars", f"--object-path={path}"]
        return self.run(*gdbus, f"--method={method}", *arguments, check=check)

    def ekos_property(self, path: str, interface: str, name: str) -> str:
        """Return gdbus' words for a property."""
        return self.call(path, "org.freedesktop.DBus.Properties.Get", interface, name, check=False)


def start_screen_and_bus(stage: Stage) -> None:
    """Start an X server and a session bus that nothing else uses."""
    display = stage.start_and_hear(
        "xvfb", "Xvfb", "-displayfd", "1", "-screen", "0", "1280x1000x24", "-nolisten", "tcp", "-fbdir", stage.folder
    )
    stage.env["DISPLAY"] = f":{display}"
    stage.env["DBUS_SESSION_BUS_ADDRESS"] = stage.start_and_hear(
        "dbus", "dbus-daemon", "--session", "--nofork", "--print-address"
    )


def start_indiserver(stage: Stage, port: int = 0) -> int:
    """Start the stock simulators, and return the server's port: a free one if none is given."""
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
    server = ("indiserver", "-v", "-p", str(port), "-u", f"indistack-{port}")
    stage.start("indiserver", *server, "indi_simulator_ccd", "indi_simulator_telescope")
    wait_for("indiserver answers", partial(answers, port), 10)
    return port


def answers(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def point_mount(stage: Stage, port: int) -> None:
    """Tell the mount that it points at the target and follows it."""
    for setting in ("TELESCOPE_PARK.UNPARK=On", "ON_COORD_SET.SYNC=On", f"EQUATORIAL_EOD_COORD.RA;DEC={TARGET}"):
        stage.run("indi_setprop", "-p", str(port), f"{MOUNT}.{setting}")
    for setting in ("ON_COORD_SET.TRACK=On", "TELESCOPE_TRACK_STATE.TRACK_ON=On"):
        stage.run("indi_setprop", "-p", str(port), f"{MOUNT}.{setting}")


def has_property(stage: Stage, path: str, interface: str, name: str, words: str) -> bool:
    """Return whether the value of KStars' property holds these words."""
    return words in stage.ekos_property(path, interface, name)


def write_kstars_settings(stage: Stage, more: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Write the settings of a KStars that asks nothing and shows no pictures, and more of them."""
    settings = configparser.ConfigParser()
    settings.optionxform = str  # type: ignore[assignment, method-assign]  # the names' case matters
    settings.read_dict(KSTARS_SETTINGS)
    settings.read_dict(more or {})
    file = Path(stage.env["XDG_CONFIG_HOME"], "kstarsrc")
    file.parent.mkdir(parents=True)
    with file.open("w") as out:
        settings.write(out, space_around_delimiters=False)


def add_ekos_profile(stage: Stage, host: str, port: int, drivers: Mapping[str, str]) -> None:
    """Let this KStars make its database, then add a profile and its optical train.

    Parameters
    ----------
    host
        Where the server is; empty for one that Ekos starts itself.
    drivers
        Role -> driver.
    """
    database = make_database(stage)
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        profile: Mapping[str, str | int] = {
            "name": "indistack",
            "host": host,
            "port": port,
            "autoconnect": 1,
            "guidertype": 0,
            "portselector": 0,
            "indihub": 0,
        }
        columns = [row[1] for row in db.execute("pragma table_info(profile)") if row[1] in profile]
        marks = ",".join("?" * len(columns))
        added = db.execute(f"insert into profile({','.join(columns)}) values({marks})", [profile[c] for c in columns])
        rows = [(label, role, added.lastrowid) for role, label in drivers.items()]
        db.executemany("insert into driver(label, role, profile) values(?, ?, ?)", rows)
        # Left to itself, Ekos makes a train of the camera that happens to answer first.
        train = (added.lastrowid, drivers["CCD"], drivers.get("Mount", "--"))
        added = db.execute("insert into opticaltrains(profile, name, camera, mount) values(?, 'Primary', ?, ?)", train)
        chosen = json.dumps(dict.fromkeys(map(str, range(EKOS_MODULES)), added.lastrowid))
        db.execute("insert into profilesettings(profile, settings) values(?, ?)", (train[0], chosen))


def start_ekos(stage: Stage, camera: str = CAMERA) -> subprocess.Popen[bytes]:
    """Start KStars, open Ekos, and connect it with the server's devices; return KStars."""
    kstars = start_kstars(stage)
    open_ekos(stage)
    knows = partial(stage.call, "/KStars/Ekos", f"{EKOS}.setProfile", "indistack", check=False)
    wait_for("Ekos knows the profile", lambda: "true" in knows(), 20)
    stage.call("/KStars/Ekos", f"{EKOS}.start")
    for name in ("ekosStatus", "indiStatus"):
        wait_for(f"{name} is success", partial(has_property, stage, "/KStars/Ekos", EKOS, name, "<2>"), 40)
    has_it = partial(has_property, stage, "/KStars/Ekos/Capture", CAPTURE, "camera", camera)
    wait_for("Ekos has the camera", has_it, 20)
    return kstars


def start_kstars(stage: Stage) -> subprocess.Popen[bytes]:
    """Start KStars, and wait until it is on the bus."""
    for _ in range(3):  # KStars 3.6 now and then dies while it starts
        kstars = stage.start("kstars", "kstars")
        up = partial(stage.call, EKOS_ACTION, "org.freedesktop.DBus.Peer.Ping", check=False)
        wait_for("KStars is on the bus", lambda up=up, kstars=kstars: up() or kstars.poll() is not None, 60)
        if kstars.poll() is None:
            return kstars
    raise ShortfallError("KStars ended at once, three times")


def open_ekos(stage: Stage) -> None:
    """Press the button of Ekos' window: a KStars that is still being built takes that and forgets it."""
    is_open = partial(stage.call, "/KStars/Ekos", f"{EKOS}.getProfiles", check=False)
    for _ in range(10):
        stage.call(EKOS_ACTION, "org.qtproject.Qt.QAction.trigger", check=False)
        with contextlib.suppress(ShortfallError):
            wait_for("Ekos opens", is_open, 2)
            return
    raise ShortfallError("Ekos does not open")


def make_database(stage: Stage) -> Path:
    """Let this KStars make its database, and return where it is."""
    database = Path(stage.env["XDG_DATA_HOME"], "kstars/userdb.sqlite")
    seen: list[int] = []

    def is_complete() -> bool:
        """Tell whether the tables are there, and the file has stayed as it is for two seconds."""
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db,
        ):
            for table in ("profile", "opticaltrains", "profilesettings"):
                db.execute(f"select count(*) from {table}")
            if not db.execute("select count(*) from driver").fetchone()[0]:
                return False
            stamp = database.stat().st_mtime_ns
            seen[:] = [*(seen if seen[-1:] == [stamp] else []), stamp]
        return len(seen) >= 10

    first = stage.start("kstars-first", "kstars")
    wait_for("KStars makes its database", is_complete, 60)
    child_process.end(first, END_S)
    return database


def begin_capture(stage: Stage, sequence: Path) -> None:
    """Let Ekos begin with a sequence."""
    ekos = "/KStars/Ekos/Capture"
    stage.call(ekos, f"{CAPTURE}.clearSequenceQueue")
    expect("true" in stage.call(ekos, f"{CAPTURE}.loadSequenceQueue", str(sequence)), "Ekos refuses the sequence")
    stage.call(ekos, f"{CAPTURE}.start")


def capture(stage: Stage, sequence: Path, longest_s: float = 20 + 3 * FRAMES * EXPOSURE_S) -> None:
    """Let Ekos take the sequence, and wait until it is complete."""
    ekos = "/KStars/Ekos/Capture"
    begin_capture(stage, sequence)
    status = ""

    def has_ended() -> bool:
        nonlocal status
        status = stage.call(ekos, f"{CAPTURE}.getSequenceQueueStatus")
        return any(word in status for word in ("Complete", "Abort", "Error"))

    try:
        wait_for("the sequence ends", has_ended, longest_s)
        expect("Complete" in status, f"the sequence ended as {status}")
    except ShortfallError:
        print(stage.ekos_property(ekos, CAPTURE, "logText"))
        raise


def has_camera(output: Path) -> bool:
    """Return whether the agent listens to the camera."""
    with contextlib.suppress(FileNotFoundError):
        sources = json.loads((output / "status.json").read_text())["sources"]
        return any(source.get("device") == CAMERA for source in sources)
    return False


def hears_ekos(output: Path) -> bool:
    """Return whether the agent hears Ekos on the session bus."""
    return any(source.get("ekos") for source in json.loads((output / "status.json").read_text())["sources"])


def ledger_lines(output: Path) -> list[dict[str, object]]:
    """Return what the agent has written down so far, one object per frame."""
    files = sorted(output.glob("sessions/*/ledger.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]
