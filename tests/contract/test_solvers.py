"""What every plate solver promises: what its program does, or does not, is never more than an unsolved field."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest

from indistack.errors import SolveError
from indistack.settings import built
from indistack.solve import SOLVERS, SkyFinder, SolveSettings, background, find_program
from tests.unit.solve.fakes import field_of, install, path_with

each_solver = pytest.mark.parametrize("name", list(SOLVERS))

GARBAGE = """
import pathlib
for word in sys.argv[1:]:
    path = pathlib.Path(word)
    folder = path if path.is_dir() else path.parent
    if not path.is_absolute() or not folder.is_dir():
        continue
    stems = {path.stem, *(each.stem for each in folder.iterdir())}
    for stem in stems - {"output"}:
        for suffix in (".ini", ".wcs", ".corr", ".solved", ".txt", ".json", ".csv", ".fits", ".rdls"):
            (folder / (stem + suffix)).write_bytes(bytes(range(256)) * 20)
"""
"""Writes nonsense under every name that an answer may have."""


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", path_with(tmp_path))
    monkeypatch.setattr(background, "find_program", find_program)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def settings(name: str) -> SolveSettings:
    return SolveSettings(program=name, timeout_s=20)


@each_solver
def test_a_program_that_is_not_installed(name: str) -> None:
    assert find_program(settings(name)) is None
    finder = SkyFinder(settings(name))
    finder.begin(field_of())
    assert finder.result(1) is None


@each_solver
def test_each_of_its_commands_is_found(programs: Path, name: str) -> None:
    for command in reversed(SOLVERS.get(name).commands):
        path = install(programs, command, "")
        assert find_program(settings(name)) == (name, path)
        assert find_program(SolveSettings()) == (name, path)


@each_solver
def test_a_program_that_writes_nothing(tmp_path: Path, name: str) -> None:
    solver, folder = built(SOLVERS.get(name), settings(name)), tmp_path / "empty"
    folder.mkdir()
    solver.prepare(field_of(), folder)
    with pytest.raises(SolveError):
        solver.read(field_of(), folder)


@each_solver
def test_a_program_that_writes_garbage(programs: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    install(programs, SOLVERS.get(name).commands[0], GARBAGE)
    finder = SkyFinder(settings(name))
    finder.begin(field_of())
    assert finder.result(30) is None
    finder.stop()
    assert "a bug in indistack" not in caplog.text


@each_solver
def test_a_program_that_takes_too_long(programs: Path, name: str) -> None:
    install(programs, SOLVERS.get(name).commands[0], "import time\ntime.sleep(100)\n")
    finder = SkyFinder(SolveSettings(program=name, timeout_s=1))
    begin_s = time.monotonic()
    finder.begin(field_of())
    assert finder.result(60) is None
    assert time.monotonic() - begin_s < 50
    finder.stop()
