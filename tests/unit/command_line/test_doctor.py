"""What the doctor says of a plate solver."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from indistack.command_line import doctor, doctor_indi
from indistack.config import Config
from indistack.settings import load
from indistack.system.listeners import Process
from tests.unit.solve.fakes import install, path_with


@pytest.mark.parametrize(
    ("program", "installed", "mark", "text"),
    [
        ("auto", "", doctor.GOOD, "not installed"),
        ("auto", "astap_cli", doctor.GOOD, "astap, "),
        ("auto", "solve-field", doctor.GOOD, "astrometry.net, "),
        ("astap", "solve-field", doctor.WARN, "not installed"),
        ("off", "solve-field", doctor.GOOD, "off"),
    ],
)
def test_the_plate_solver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, installed: str, mark: str, text: str
) -> None:
    monkeypatch.setenv("PATH", path_with(tmp_path))
    if installed:
        install(tmp_path, installed, "")
    config = load(Config, None, [f"solve.program={program}", "indi.port=1"])
    (found,) = (each for each in doctor.examine(config, tmp_path) if each.subject == "plate solver")
    assert found.mark == mark
    assert found.text.startswith(text)


def test_the_output_folder(tmp_path: Path) -> None:
    def found(folder: Path) -> doctor.Finding:
        config = load(Config, None, ["indi.port=1", "solve.program=off"])
        return next(each for each in doctor.examine(config, folder) if each.subject == "output")

    assert found(tmp_path / "new").mark == doctor.GOOD
    (tmp_path / "file").touch()
    assert found(tmp_path / "file") == doctor.Finding(
        doctor.BAD, "output", f"output folder {tmp_path}/file: {tmp_path}/file is a file"
    )
    assert found(Path("/proc/none")).mark == doctor.BAD


@pytest.mark.parametrize(
    ("programs", "description", "mark", "text"),
    [
        (("bin/indiserver",), "", doctor.GOOD, "not installed"),
        ((), "file", doctor.GOOD, "not installed"),
        (("bin/indiserver", "bin/indi_indistack"), "file", doctor.GOOD, "/bin/indi_indistack, in Ekos"),
        (("bin/indiserver", "bin/indi_indistack"), "link", doctor.WARN, "is a link"),
        (("bin/indiserver", "other/indi_indistack"), "file", doctor.WARN, "is not beside"),
        (("bin/indiserver",), "file", doctor.WARN, "is not beside"),
    ],
)
def test_the_stack_as_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...], description: str, mark: str, text: str
) -> None:
    for program in programs:
        (tmp_path / program).parent.mkdir(exist_ok=True)
        (tmp_path / program).touch(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{tmp_path}/other")
    file = tmp_path / "indi_indistack.xml"
    if description == "file":
        file.touch()
    elif description == "link":
        file.symlink_to("/dev/null")
    found = doctor_indi.device(tmp_path)
    assert found.mark == mark
    assert text in found.text


def test_an_older_installation_of_the_device_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "opt/bin").mkdir(parents=True)
    (tmp_path / "opt/lib/python3.11/site-packages/indistack-0.0.1.dist-info").mkdir(parents=True)
    (tmp_path / "bin/indiserver").touch(0o755)
    (tmp_path / "opt/bin/indi_indistack").touch(0o755)
    (tmp_path / "bin/indi_indistack").symlink_to(tmp_path / "opt/bin/indi_indistack")
    (tmp_path / "indi_indistack.xml").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    found = doctor_indi.device(tmp_path)
    assert (found.mark, "is version 0.0.1" in found.text) == (doctor.WARN, True)
    assert list(doctor_indi.links()) == []
    shutil.rmtree(tmp_path / "opt")
    (link,) = doctor_indi.links()
    assert f"{tmp_path}/bin/indi_indistack leads to" in link.text


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        yield mine.getsockname()[1]


def test_who_has_a_port_that_is_wanted_is_told(taken: int) -> None:
    found = doctor_indi.server("127.0.0.1", taken)
    assert found.mark == doctor.WARN
    assert f"(process {os.getpid()})" in found.text
    assert list(doctor_indi.page("off")) == []
    assert list(doctor_indi.page("127.0.0.1:1")) == []


def test_the_port_of_the_page_is_another_programs(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(port: int) -> Process | None:
        return Process(7, ("/usr/bin/python3", "-m", "http.server"))

    monkeypatch.setattr(doctor_indi, "listener", other)
    (found,) = doctor_indi.page(f"0.0.0.0:{taken}")
    assert f"port {taken} is taken by python3 http.server (process 7)" in found.text
    monkeypatch.setattr(doctor_indi, "listener", lambda port: Process(7, ("python", "-m", "indistack", "web")))
    assert list(doctor_indi.page(f"0.0.0.0:{taken}")) == []


def test_several_servers_are_told_with_their_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = {7: 7624, 8: 7625}
    monkeypatch.setattr(doctor_indi, "server_port", ports.__getitem__)
    for count, told in ((1, []), (2, ["2 run here: port 7624 (process 7), port 7625 (process 8)"])):
        running = [Process(pid, ("indiserver",)) for pid in list(ports)[:count]]
        monkeypatch.setattr(doctor_indi, "processes_of", lambda name, running=running: running)
        assert [found.text.partition(";")[0] for found in doctor_indi.servers()] == told


@pytest.mark.parametrize(
    ("urls", "installed", "found"),
    [
        ("[]", True, []),
        ('["ntfy://secret"]', True, [doctor.Finding(doctor.GOOD, "messages", "by apprise, to 1")]),
        (
            '["ntfy://secret"]',
            False,
            [doctor.Finding(doctor.WARN, "messages", "apprise is not installed: nobody is told; pip install apprise")],
        ),
    ],
)
def test_messages(monkeypatch: pytest.MonkeyPatch, urls: str, installed: bool, found: list[doctor.Finding]) -> None:
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda _: object() if installed else None)
    assert list(doctor._messages(load(Config, None, [f"notify.urls={urls}"]))) == found


@pytest.mark.parametrize(
    ("words", "is_there", "told"),
    [
        ([], False, []),
        (["ekos.disturbed=hold"], False, [doctor.WARN]),
        (["ekos.stop_at_goal=true"], False, [doctor.WARN]),
        (["ekos.stop_at_goal=true", "ekos.enabled=false"], False, []),
        ([], True, [doctor.GOOD]),
    ],
)
def test_a_bus_that_is_wanted_and_cannot_be_heard_is_told(
    words: list[str], is_there: bool, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: object() if is_there else None)
    found = [each for each in doctor.examine(load(Config, None, words), tmp_path) if "bus" in each.subject]
    assert [each.mark for each in found] == told
