"""Every command of README and docs does what it says, as printed; only names of folders and numbers are adapted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import wait_until
from tests.integration.documented import CLUSTER, DONE, ELSEWHERE, LIVE, NIGHT, TOLD, WATCH, Expected, printed
from tests.pipeline.night import make_sky
from tests.ports import an_unused_port
from tests.programs import write_program

START_S = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with what the commands speak of, and the way to type there."""

    folder: Path
    environment: dict[str, str]
    adapted: dict[str, str]

    def start(self, command: str, log: Path) -> subprocess.Popen[bytes]:
        """Type a command; what it says goes into a file."""
        for word, here in self.adapted.items():
            command = command.replace(word, here)
        with log.open("wb") as file:
            return subprocess.Popen(
                ["bash", "-c", f"exec {command}"], cwd=self.folder, env=self.environment, stdout=file, stderr=file
            )

    def typed(self, command: str) -> tuple[int, str]:
        """Type a command; return its exit status and all that it says."""
        log = self.folder / "said.log"
        status = self.start(command, log).wait(240)
        return status, log.read_text()


def test_every_command_that_is_printed_is_tried_and_no_other() -> None:
    tried = [*DONE, *LIVE, *NIGHT, *CLUSTER, *ELSEWHERE]
    assert sorted(set(printed())) == sorted(tried)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return a folder with subs, calibration frames, pictures of a disk, and a settings file that keeps to itself."""
    folder = tmp_path_factory.mktemp("typed")
    sky = make_sky(drift_px_per_sub=(2.5, 1.5), pause_s=60.0)
    for number in range(6):
        put(folder / "lights" / f"L{number}.fits", sky.expose().to_fits())
    for number in range(3):
        put(folder / "darks" / f"D{number}.fits", sky.expose("dark", exposure_s=10.0, index=number).to_fits())
        put(folder / "flats" / f"F{number}.fits", sky.expose("flat", index=number).to_fits())
        put(folder / "nas" / "M31" / "2026-10-01" / f"L{number}.fits", (folder / f"lights/L{number}.fits").read_bytes())
        last = (folder / f"lights/L{number + 3}.fits").read_bytes()
        put(folder / "nas" / "M31" / "2026-10-02" / f"K{number}.fits", last)
    for number in range(4):
        for name in ("moon", "halo", "night"):
            put(folder / name / f"M{number}.png", moon(number))
    for name in (".venv/bin", "incoming", "run", "data", "config/indistack"):
        (folder / name).mkdir(parents=True)
    (folder / "run").chmod(0o700)
    port = an_unused_port()
    (folder / "config/indistack/indistack.toml").write_text(
        f'[indi]\nport = {port}\n[hook]\nenabled = false\n[solve]\nprogram = "off"\n'
    )
    write_program(folder / ".venv/bin/indistack", "import sys\nfrom indistack.cli import main\nsys.exit(main())\n")
    homes = {f"XDG_{name}": str(folder / here) for name, here in (("CONFIG_HOME", "config"), ("DATA_HOME", "data"))}
    path = f"{folder}/.venv/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
    root = str(Path(__file__).parents[2])
    environment = os.environ | homes | {"PATH": path, "PYTHONPATH": root, "XDG_RUNTIME_DIR": str(folder / "run")}
    return Place(folder, environment, {" /nas/": " nas/", "remove 41 57": "remove 2 5", "tonight 41 57": "tonight 3"})


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def moon(number: int) -> bytes:
    """Return a picture of a disk with seas."""
    picture = np.full((300, 400), 6.0)
    cv2.circle(picture, (200 + 2 * number, 150 - number), 90, 150.0, -1, cv2.LINE_AA)
    cv2.circle(picture, (170 + 2 * number, 140 - number), 25, 90.0, -1, cv2.LINE_AA)
    picture += np.random.default_rng(number).normal(0, 2, picture.shape)
    return bytes(cv2.imencode(".png", np.clip(cv2.GaussianBlur(picture, (0, 0), 1.2), 0, 255).astype(np.uint8))[1])


@pytest.fixture(scope="module")
def night(place: Place) -> tuple[Place, dict[str, tuple[int, str]]]:
    """Watch a folder that is filled, tell the agent this and that, end it; return what each command said."""
    said: dict[str, tuple[int, str]] = {}
    log = place.folder / "watch.log"
    agent = place.start(WATCH, log)
    try:
        for number in range(5):
            shutil.copy(place.folder / "lights" / f"L{number}.fits", place.folder / "incoming")
        wait_until(lambda: n_subs(place.folder / "tonight") == 5, START_S, "five subs are in the stack")
        said |= {command: place.typed(command) for command in TOLD}
        wait_until(lambda: n_subs(place.folder / "tonight") == 2, START_S, "three subs are taken out")
    finally:
        agent.send_signal(signal.SIGINT)
        status = agent.wait(60)
    said[WATCH] = status, log.read_text()
    (session,) = (place.folder / "tonight" / "sessions").glob("2*")
    return Place(place.folder, place.environment, place.adapted | {"NAME": session.name}), said


def n_subs(output: Path) -> int:
    with suppress(OSError, ValueError, KeyError):
        lines = (
            json.loads(line)
            for path in output.glob("sessions/*/ledger.jsonl")
            for line in path.read_text().splitlines()
        )
        words = [line.get("outcome") or line.get("event") for line in lines]
        return words.count("accepted") - words.count("removed")
    return 0


@pytest.fixture
def settled(night: tuple[Place, dict[str, tuple[int, str]]]) -> Place:
    """Return the place with all that other commands make use of."""
    place, _ = night
    folder = place.folder
    if not (folder / "night1.fits").exists():
        for kind in ("dark", "flat"):
            assert place.typed(f"indistack master {kind} {kind}s/ -o nas/{kind}.fits")[0] == 0
        (folder / "nas/masters").mkdir()
        for kind in ("dark", "flat"):
            (folder / f"nas/{kind}.fits").rename(folder / f"nas/masters/{kind}.fits")
        shutil.copytree(folder / "tonight", folder / "night2")
        assert place.typed("indistack stack lights/L[0-2].fits -o newtonian.fits")[0] == 0
        assert place.typed("indistack stack lights/L[3-5].fits -o night1.fits")[0] == 0
    return place


@pytest.mark.slow
@pytest.mark.parametrize("command", DONE)
def test_a_command_that_comes_to_an_end(settled: Place, command: str) -> None:
    expected = DONE[command]
    with cluster(settled) if "SCHEDULER" in command else alone(settled) as place:
        status, said = place.typed(command)
    check(expected, status, said)
    for name in expected.files:
        assert (place.folder / name.replace("NAME", place.adapted["NAME"])).stat().st_size > 0


@pytest.mark.slow
@pytest.mark.parametrize("command", LIVE)
def test_a_command_that_goes_on_until_it_is_interrupted(settled: Place, command: str) -> None:
    log = settled.folder / "live.log"
    agent = settled.start(command, log)
    wait_until(lambda: LIVE[command].word in log.read_text() or agent.poll() is not None, START_S, "it waits")
    agent.send_signal(signal.SIGINT)
    check(LIVE[command], agent.wait(60), log.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("command", NIGHT)
def test_what_a_night_is_made_of(night: tuple[Place, dict[str, tuple[int, str]]], command: str) -> None:
    check(NIGHT[command], *night[1][command])


def check(expected: Expected, status: int, said: str) -> None:
    assert status == expected.status, said
    assert expected.word in said
    assert "Traceback" not in said


@contextmanager
def alone(place: Place) -> Iterator[Place]:
    yield place


@contextmanager
def cluster(place: Place) -> Iterator[Place]:
    """Start a scheduler and a worker as the page says, on a port of our own."""
    pytest.importorskip("distributed")
    port = an_unused_port()
    adapted = place.adapted | {"SCHEDULER:8786": f"127.0.0.1:{port}"}
    here = Place(place.folder, place.environment, adapted)
    scheduler, worker = CLUSTER
    quiet = "--no-dashboard"
    processes = []
    try:
        for name, command in (
            ("scheduler", f"{scheduler} --host 127.0.0.1 --port {port} {quiet}"),
            ("worker", f"{worker} {quiet} --local-directory {place.folder / 'data'}"),
        ):
            log = place.folder / f"{name}.log"
            processes.append(here.start(command, log))
            word = {"scheduler": "Scheduler at", "worker": "Registered to"}[name]
            wait_until(lambda log=log, word=word: word in log.read_text(), START_S, f"the {name} is there")
        yield here
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(60)
