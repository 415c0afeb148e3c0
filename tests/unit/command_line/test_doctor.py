"""What the doctor says of a plate solver."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.command_line import doctor
from indistack.config import Config
from indistack.settings import load
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
    found = doctor._driver(tmp_path)
    assert found.mark == mark
    assert text in found.text
