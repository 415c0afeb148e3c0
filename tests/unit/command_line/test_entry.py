"""Entries of lists at 80 columns."""

from __future__ import annotations

from indistack.command_line.entry import entry_lines


def test_an_entry_stays_within_80_columns_and_its_long_word_whole() -> None:
    lines = entry_lines("CCD Simulator", "connected, " + "camera, guider, filter wheel, " * 4, "(indi_simulator_ccd)")
    assert lines[0].startswith("CCD Simulator         connected, camera")
    assert lines[-1] == " " * 22 + "(indi_simulator_ccd)"
    assert max(map(len, lines)) <= 80
    assert entry_lines("a", "b", "x" * 90)[-1].endswith("x" * 90)


def test_a_long_name_has_a_line_of_its_own() -> None:
    name = "A camera with a rather long name"
    assert entry_lines(name, "connected") == [name, " " * 22 + "connected"]
