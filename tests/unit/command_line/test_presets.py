"""Presets: halostack's files and ours say what was not typed, and nobody guesses what a doubled section means."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.command_line.arguments import Options, make_parser
from indistack.command_line.options import config_of
from indistack.command_line.presets import BUILT_IN, with_presets
from indistack.errors import SettingsError

INI = """
[default]
fname_in = *.jpg
avg_stack_file = average.png
no_alignment = yes
correlation_threshold = 0.8
enhance_images = gradient:20 br
enhance_stacks = usm:25,2
nprocs = 3

[sharp]
enhance_stacks = usm:25,2
save_prefix = aligned_
"""


def filled(folder: Path, name: str, text: str, *words: str) -> Options:
    path = folder / name
    path.write_text(text)
    return with_presets(make_parser().parse_args(["stack", "-C", str(path), *words]))


def test_halostacks_file_says_what_was_not_typed(tmp_path: Path) -> None:
    options = filled(tmp_path, "halo.ini", INI)
    assert (options.files, options.average_stack) == (["*.jpg"], [Path("average.png")])
    assert (options.no_alignment, options.correlation_threshold, options.jobs) == (True, 0.8, 3)
    assert (options.enhance_images, options.enhance) == (["gradient:20", "br"], ["usm:25,2"])


def test_what_is_typed_holds(tmp_path: Path) -> None:
    options = filled(tmp_path, "halo.ini", INI, "a.tif", "-a", "a.png", "-E", "blur", "-p", "1")
    assert (options.files, options.average_stack) == (["a.tif"], [Path("a.png")])
    assert (options.enhance, options.jobs) == (["blur"], 1)


def test_a_section_is_chosen(tmp_path: Path) -> None:
    options = filled(tmp_path, "halo.ini", INI, "-c", "sharp")
    assert (options.save_images, options.average_stack) == ("aligned_", [])


def test_our_own_file_may_set_anything(tmp_path: Path) -> None:
    text = '[sky]\nbest = "40 %"\nreference_box = [30, 40, 10]\nset = ["quality.enabled=false"]\n'
    text = text.replace('"40 %"', "40") + '[sky.stack]\nmethod = "median"\n'
    options = filled(tmp_path, "mine.toml", text, "--set", "stack.method=mean")
    assert (options.best, options.reference_box) == (40.0, [30.0, 40.0, 10.0])
    assert options.set == ['stack.method="median"', "quality.enabled=false", "stack.method=mean"]


@pytest.mark.parametrize(
    ("name", "text", "words", "said"),
    [
        ("a.ini", "[x]\nnprocs = 1\n[x]\nnprocs = 2\n", [], "line 3: the section [x] stands there twice"),
        ("a.ini", "[x]\nnprocs = 1\nnprocs = 2\n", [], "line 3: nprocs stands twice in [x]"),
        ("a.toml", "[x]\njobs = 1\n[x]\njobs = 2\n", [], "twice"),
        ("a.ini", "[x]\n[y]\n", [], "name one of its sections by -c; it has x, y"),
        ("a.ini", "[x]\n", ["-c", "z"], "-c z: there is no such section; it has x"),
        ("a.ini", "[x]\nstak = 1\n", [], "[x]: stak: unknown"),
        ("a.ini", "[x]\nno_alignment = perhaps\n", [], "no_alignment = perhaps: wanted is one of"),
        ("a.ini", "[x]\ncorrelation_threshold = 7\n", [], "correlation_threshold = 7"),
        ("a.ini", "nprocs = 1\n", [], "a.ini"),
    ],
)
def test_what_nobody_understands_is_named(tmp_path: Path, name: str, text: str, words: list[str], said: str) -> None:
    with pytest.raises(SettingsError) as error:
        filled(tmp_path, name, text, *words)
    assert said in str(error.value)
    assert name in str(error.value)


@pytest.mark.parametrize("words", [["-c", "x"], ["--preset", "x"], ["-C", "missing.ini"]])
def test_a_preset_that_is_not_there_is_named(words: list[str]) -> None:
    with pytest.raises(SettingsError, match=words[1]):
        with_presets(make_parser().parse_args(["stack", "a.png", *words]))


@pytest.mark.parametrize("name", BUILT_IN)
def test_presets_of_this_program_hold(name: str) -> None:
    options = with_presets(
        make_parser().parse_args(["stack", "a.png", "--preset", name, "--set", "quality.min_stars=3"])
    )
    assert config_of(options).quality.min_stars == 3
    assert not config_of(options).quality.enabled
