"""What a person reads of wrong settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from indistack.config import Config
from indistack.errors import SettingsError
from indistack.settings import Given, load, load_what_holds

LIBRARY = re.compile(r"input|valid|extra|permitted|pattern|\^|Union|literal|instance|pydantic|NoneType|isoformat", re.I)
"""Words of pydantic's messages, and of regular expressions."""


def faults(*words: str, path: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(Config, path, words)
    return caught.value.faults


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("stack.metod=mean", ["no setting", "did you mean stack.method?"]),
        ("stck.method=mean", ["did you mean stack?"]),
        ("quality.kappa_low=2", ["did you mean stack.kappa_low?"]),
        ("metod=mean", ["no setting of that name"]),
        ("stack.method=sigma_clp", ['did you mean "sigma_clip"?', '"mean"']),
        ("stack.kernel=3", ['one of "linear", "cubic", "lanczos"']),
        ("stack.palette=XYZ", ["letters of three filters", '"auto"']),
        ("stack.jobs=2.5", ["a whole number from 0 up to 64", "jobs = 0"]),
        ("stack.keep_up=3", ["true or false"]),
        ("stack=mean", ["this is a table", "[stack]"]),
        ("stack.method.x=1", ["stack.method", "one of"]),
        ("folder.interval_s='2 s'", ['"2 s"', "above 0 and up to 60, in seconds", "interval_s = 0.3"]),
        ("quality.max_fwhm_px=0", ["a number above 0, in pixels", "max_fwhm_px = 20.0"]),
        ("calibrate.temperature_tolerance_c=-3", ["from 0 up to 50, in degrees Celsius"]),
        ("spool.max_gb=none", ["in GB"]),
        ("drift.limit=0.2", ["with its unit, deg, arcmin, arcsec, px, or %", 'limit = "25 %"']),
        ("drift.limit='5 parsec'", ["with its unit"]),
        ("drift.pointing_jump='5 px'", ["deg, arcmin or arcsec, in quotes"]),
        ("align.mirrored=maybe", ['true or false or "auto"']),
        ("align.centroid.star=[1.0]", ["[x, y] in pixels", "star = [1204.0, 877.5]"]),
        ("align.template.box=5", ["[x, y, width, height] in pixels"]),
        ("calibrate.dark=d.fits", ["a list", 'dark = ["d.fits"]']),
        ("decode.bayer_of.ZWO=XXXX", ["decode.bayer_of.ZWO", '"RGGB"']),
        ("branches.Big.method=mean", ["branches.Big", "small letters"]),
        ("branches.t.metod=mean", ["did you mean branches.t.method?"]),
        ("comet.first_time=tomorrow", ["a time (UTC), as 2026-10-14T17:30:00"]),
        ("indi.host='a b'", ["a name or address"]),
        ("publish.sinks=['gif']", ["fits, jpeg, png"]),
        ("picture.operators=['sft']", ["did you mean stf?", "planet"]),
        ("match.scale=nan", ["true or false"]),
        ("publish.duty=nan", ["above 0 and up to 1"]),
    ],
)
def test_a_fault_tells_name_what_is_wanted_and_what_was_meant(word: str, told: list[str]) -> None:
    (fault,) = faults(word)
    assert fault.startswith(f"--set {word}: ")
    for words in told:
        assert words in fault
    assert not LIBRARY.search(fault.removeprefix(f"--set {word}: "))


def test_a_fault_of_a_file_tells_the_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '# mine\n[stack]\npalette = """\njobs = 3\n"""\njobs = 99\n\n[drift]\nlimit = "far"\n'
        '[align]\ncentroid.star = [1.0]\n[branches.big]\nmethod = "no"\n[sstack]\n"a" = 1\n'
    )
    found = faults("drift.patience=0", path=path)
    lines = [re.search(r"mine\.toml, line (\d+): ([\w.]+)", fault) for fault in found]
    assert {(line[2], int(line[1])) for line in lines if line} == {
        ("stack.palette", 3), ("stack.jobs", 6), ("drift.limit", 9), ("align.centroid.star", 11),
        ("branches.big.method", 13), ("sstack", 14),
    }  # fmt: skip
    assert sum(fault.startswith("--set drift.patience=0: ") for fault in found) == 1
    assert len(found) == 7


def test_an_option_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[stack]\nmethod = "mean"\n')
    with pytest.raises(SettingsError) as caught:
        load(Config, path, [], {"stack": {"method": "magic"}})
    assert caught.value.faults[0].startswith('stack.method = "magic": ')


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("method = sigma_clip", 'write method = "sigma_clip"'),
        ("keep_up = True  # yes", "write keep_up = true"),
        ("method = “mean”", "plain quotes"),
        ("kappa_low = 2,5", "with a point"),
        ("[stack]", "stands in the file already"),
        ("mean", "a line is a table"),
    ],
)
def test_a_line_that_cannot_be_read_is_shown_with_a_hint(tmp_path: Path, line: str, hint: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[stack]\n\n{line}\n", encoding="utf-8")
    (fault,) = faults(path=path)
    assert fault.startswith(f"{path}, line 3: {line}: this is no TOML; ")
    assert hint in fault


def test_files_of_windows_programs(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'\xef\xbb\xbf[stack]\r\nmethod = "median"\r\n')
    assert load(Config, path).stack.method == "median"
    path.write_bytes(b"[stack]\n# gr\xfcn\n")
    assert "line 2" in faults(path=path)[0]


def test_what_is_right_holds_beside_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[stack]\njobs = 3\nkernel = "no"\n[branches.a]\nmethod = "mean"\nlast = 7\nevery = 0\n[oops]\na = 1\n'
        "[comet]\nfirst = [1.0, 2.0]\n"
    )
    config, told = load_what_holds(Config, Given(path, ["drift.patience=9"]))
    assert (config.stack.jobs, config.stack.kernel, config.drift.patience) == (3, "cubic", 9)
    assert (config.branches["a"].last, config.branches["a"].every) == (7, 1)
    assert len(told) == 4
    path.write_text("[stack\n")
    config, told = load_what_holds(Config, Given(path, ["drift.patience=9"]))
    assert (config.stack.jobs, config.drift.patience, len(told)) == (0, 9, 1)
    config, told = load_what_holds(Config, Given(None, ["stack.follow=comet", "drift.patience=9"]))
    assert config == Config()  # it is about more than one setting
    assert "nothing tells how it moves" in told[0]
