"""Settings are checked once, at the door, all faults together."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from indistack.config import Config, to_toml
from indistack.errors import SettingsError
from indistack.settings import Settings, load
from indistack.settings.reading import Given, load_what_holds


class Table(Settings):
    size_px: int = Field(default=3, ge=1)
    ratio: float = 0.5
    names: list[str] = Field(default_factory=list)


class Whole(Settings):
    table: Table = Table()


def test_a_file_and_overrides_make_one_value(tmp_path: Path) -> None:
    path = tmp_path / "indistack.toml"
    path.write_text("[table]\nsize_px = 5\nratio = 2\n")
    config = load(Whole, path, ["table.size_px=7", 'table.names=["a", "b"]'])
    assert config.table == Table(size_px=7, ratio=2.0, names=["a", "b"])


def test_all_faults_are_told_together_with_their_names() -> None:
    with pytest.raises(SettingsError) as caught:
        load(Whole, None, ["table.size_px=0", "table.ratio=wide", "table.colour=1", "other.x=1"])
    text = str(caught.value)
    assert len(caught.value.faults) == 4
    for name in ("table.size_px", "table.ratio", "table.colour", "other"):
        assert name in text


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_nan_and_infinity_are_refused(value: str) -> None:
    with pytest.raises(SettingsError, match=r"table\.ratio"):
        load(Whole, None, [f"table.ratio={value}"])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml"):
        load(Whole, tmp_path / "none.toml")


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("size = ")
    with pytest.raises(SettingsError, match=r"bad\.toml.*TOML"):
        load(Whole, tmp_path / "bad.toml")


def test_an_override_without_a_value_is_named() -> None:
    with pytest.raises(SettingsError, match="key=value"):
        load(Whole, None, ["table.size_px"])


class Limits(Settings):
    most_px: float | None = Field(default=3.0, gt=0)
    least_px: float = 1.0


def test_what_may_be_none_is_said_to_be_off() -> None:
    assert load(Limits, None, ["most_px=off"]).most_px is None
    with pytest.raises(SettingsError, match=r'most_px = "of": wanted is a number above 0, in pixels, or "off"'):
        load(Limits, None, ["most_px=of"])
    with pytest.raises(SettingsError, match=r'least_px = "off": wanted is a number, in pixels; '):
        load(Limits, None, ["least_px=off"])


def test_what_is_off_stays_so_when_it_is_read_back(tmp_path: Path) -> None:
    config = load(Config, None, ["quality.max_fwhm_px=off", "quality.min_transparency=off"])
    (tmp_path / "settings.toml").write_text(to_toml(config))
    assert load(Config, tmp_path / "settings.toml") == config


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "[" + ".".join("a" * 20_000) + "]\nb = 1"])
def test_a_file_of_any_depth_is_a_fault_that_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match="settings"):
        load(Config, path)


def test_a_value_of_any_depth_is_a_fault_that_is_told() -> None:
    with pytest.raises(SettingsError):
        load(Config, None, ["stack.method=" + "[" * 20_000])


class Door(Settings):
    code: str = ""
    night: str | None = None
    port: int = 1


class Building(Settings):
    door: Door = Door()


@pytest.mark.parametrize("typed", ["1234", "0042", "12.50", "1e3", "true", "2026-01-01", "'1234'", '"1234"'])
def test_a_number_that_is_typed_is_text_where_text_is_wanted(typed: str) -> None:
    said = typed.strip("'\"")
    door = load(Building, None, [f"door.code={typed}", f"door.night={typed}", "door.port=7"]).door
    assert (door.code, door.night, door.port) == (said, said, 7)
    given = Given(words=(f"door.code={typed}", "door.port=no"))
    assert load_what_holds(Building, given)[0].door == Door(code=said)


def test_a_number_in_a_file_is_no_text_and_text_is_no_number(tmp_path: Path) -> None:
    path = tmp_path / "indistack.toml"
    path.write_text("[door]\ncode = 1234\n")
    with pytest.raises(SettingsError, match="in quotes"):
        load(Building, path)
    with pytest.raises(SettingsError, match=r"door\.port"):
        load(Building, None, ["door.code=1234", "door.port='7'"])
    assert load(Building, path, ["door.code=5678"]).door.code == "5678"
    assert load(Building, None, ["door.code=5678"], {"door": {"code": "told"}}).door.code == "told"
