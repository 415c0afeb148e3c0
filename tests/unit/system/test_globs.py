"""What a glob means."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.system.globs import is_aside, matches

FILES = (
    "w [Ha]/a.fits", "w [Ha]/[1] b.fits", "w a/c.fits", "deep/.Trash-1000/d.fits", "deep/@eaDir/e.fits",
    "deep/#recycle/f.fits", "deep/night/g.fits", "M31 [Ha]_1.fits",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("w [Ha]/*.fits", ["[1] b.fits", "a.fits"]),
        ("w [ab]/*.fits", ["c.fits"]),
        ("w */*.fits", ["[1] b.fits", "a.fits", "c.fits"]),
        ("deep/**/*.fits", ["g.fits"]),
        ("deep/#recycle/*.fits", ["f.fits"]),  # who names it means it
        ("M31 [Ha]*.fits", ["M31 [Ha]_1.fits"]),
        ("*.xisf", []),
        ("none/*.fits", []),
    ],
)
def test_a_glob_means_what_a_person_sees(folder: Path, pattern: str, expected: list[str]) -> None:
    for path in (Path(pattern), folder / pattern):
        found = matches(path)
        assert sorted(each.name for each in found) == expected
        assert all(each.exists() for each in found)
        assert all(each.is_absolute() == path.is_absolute() for each in found)


def test_folders_of_systems_are_aside() -> None:
    assert [name for name in (".Trashes", "$RECYCLE.BIN", "@eaDir", "night", "#1") if is_aside(name)] == [
        ".Trashes", "$RECYCLE.BIN", "@eaDir"
    ]  # fmt: skip
