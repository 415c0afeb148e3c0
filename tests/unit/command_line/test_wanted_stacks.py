"""Letters that each name a stack: which one is the main stack, how each combines, where each goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.command_line.arguments import make_parser
from indistack.command_line.wanted_stacks import WantedStacks, wanted_stacks
from indistack.errors import SettingsError


def wanted(*words: str) -> WantedStacks:
    return wanted_stacks(make_parser().parse_args(["stack", "a.png", *words]))


def test_the_first_with_a_letter_is_the_main_one() -> None:
    stacks = wanted("-a", "a.png", "-a", "a.fits", "-M", "m.jpg", "-S", "s.png", "-k", "2.5,4")
    assert stacks.main == {"method": "mean", "weight": "equal"}
    assert stacks.branches == {
        "maximum": {"method": "maximum", "weight": "equal"},
        "sigma": {"method": "sigma_clip", "weight": "equal", "kappa_low": 2.5, "kappa_high": 2.5},
    }
    assert stacks.outputs == {
        "stack": [Path("a.png"), Path("a.fits")], "maximum": [Path("m.jpg")], "sigma": [Path("s.png")]
    }  # fmt: skip


def test_beside_an_output_all_with_letters_are_further_ones() -> None:
    stacks = wanted("-o", "x.fits", "--method", "trails", "-m", "m.png", "-d", "d.png")
    assert stacks.main == {"method": "trails"}
    assert {name: one["method"] for name, one in stacks.branches.items()} == {"minimum": "minimum", "median": "median"}


def test_a_naive_stack_is_of_the_same_method_and_does_not_move() -> None:
    assert wanted("-o", "x.fits", "--naive").branches == {"naive": {"method": "mean", "follow": "camera"}}
    assert wanted("-M", "x.png", "--naive").branches["naive"]["method"] == "maximum"


def test_kappa_is_also_for_a_stack_without_a_letter() -> None:
    assert wanted("-o", "x.fits", "-k", "2").main == {"kappa_low": 2.0, "kappa_high": 2.0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-a", "a.png", "--method", "median"], "--method median"),
        (["-S", "a.png", "-k", "two"], "-k two"),
        (["-S", "a.png", "-k", "2,0"], "-k 2,0"),
        (["-S", "a.png", "-k", "2,3,4"], "-k 2,3,4"),
        (["-a", "a.png", "-M", "b.png", "--branch", "maximum=mean"], "--branch maximum"),
    ],
)
def test_what_cannot_be_meant_is_named(words: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        wanted(*words)
