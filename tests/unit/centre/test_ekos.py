"""What Ekos is asked, by a dbus-send of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.centre import CentreSettings, Correction, EkosMover, IndiMover, mover_of
from indistack.errors import SourceError
from tests.programs import write_program

WAY = Correction(0.1, 0.0, (299.9, 22.7))


def dbus_send(folder: Path, reply: str, status: int = 0) -> Path:
    calls = folder / "calls"
    code = f"import sys\nopen({str(calls)!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))\n"
    code += f"print({reply!r}, file=sys.stderr if {status} else sys.stdout)\nsys.exit({status})\n"
    write_program(folder / "dbus-send", code)
    return calls


@pytest.fixture(autouse=True)
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_who_is_wanted() -> None:
    assert isinstance(mover_of(CentreSettings(by="ekos"), "host", 1), EkosMover)
    assert isinstance(mover_of(CentreSettings(mount="EQMod"), "host", 1), IndiMover)


def test_target_slew_align(tmp_path: Path) -> None:
    calls = dbus_send(tmp_path, "method return\n   boolean true")
    EkosMover().move(WAY)
    said = [line.split("org.kde.kstars.Ekos.Align.")[1] for line in calls.read_text().splitlines()]
    assert said == [
        "setTargetCoords double:19.99333333 double:22.70000000",
        "setSolverAction int32:1",
        "captureAndSolve",
    ]
    assert all("--dest=org.kde.kstars /KStars/Ekos/Align" in line for line in calls.read_text().splitlines())


@pytest.mark.parametrize(
    ("reply", "status", "reason"),
    [
        ("   boolean false", 0, "does not align now"),
        ("The name org.kde.kstars was not provided", 1, "was not provided"),
    ],
)
def test_why_not(tmp_path: Path, reply: str, status: int, reason: str) -> None:
    dbus_send(tmp_path, reply, status)
    with pytest.raises(SourceError, match=reason):
        EkosMover().move(WAY)


def test_no_dbus() -> None:
    with pytest.raises(SourceError, match="not installed"):
        EkosMover().move(WAY)
