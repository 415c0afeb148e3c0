"""Who is odd: the first sub, or the ones that follow."""

from __future__ import annotations

import json

import pytest

from indistack.grading.reference_trial import ReferenceTrial, contradiction

AGREES, QUIETER, DIMMER, CLEARER = (1.0, 1.0), (0.2, 1.0), (0.9, 0.3), (4.0, 2.5)
"""Weight beside the first sub's, and share of its starlight."""
CLOUDED = (0.1, 0.3)


@pytest.mark.parametrize(
    ("weight", "transparency", "word"),
    [
        (0.34, 1.0, ""),
        (0.32, 1.0, "variance"),
        (0.15, 0.6, ""),  # its noise is 2.4 times the first one's in variance, and clouds explain its weight
        (0.10, 0.6, "variance"),
        (3.1, 1.0, "variance"),  # the first one was taken in twilight
        (2.9, 1.0, ""),
        (4.0, 2.1, "of the starlight"),
        (4.0, 1.9, ""),
        (0.6, 0.4, "times as bright"),
        (0.4, 0.4, ""),  # clouds
    ],
)
def test_contradiction(weight: float, transparency: float, word: str) -> None:
    assert (word in contradiction(weight, transparency)) if word else contradiction(weight, transparency) == ""


@pytest.mark.parametrize("odd", [QUIETER, DIMMER, CLEARER])
def test_two_that_agree_against_the_first_are_right(odd: tuple[float, float]) -> None:
    trial = ReferenceTrial()
    assert not trial.ask(*odd)
    assert trial.ask(*odd)


@pytest.mark.parametrize(
    "subs",
    [
        (AGREES, QUIETER, QUIETER, QUIETER),  # one agrees: the first is not alone
        (QUIETER, AGREES, QUIETER, QUIETER),
        (QUIETER, CLEARER, AGREES),  # two odd ones, each in its own way
        (CLOUDED, CLOUDED, CLOUDED),
    ],
)
def test_the_first_keeps_its_place(subs: tuple[tuple[float, float], ...]) -> None:
    trial = ReferenceTrial()
    assert [trial.ask(*sub) for sub in subs] == [""] * len(subs)


def test_a_sub_of_unknown_light_says_nothing() -> None:
    trial = ReferenceTrial()
    assert not trial.ask(*QUIETER)
    assert not trial.ask(0.2, None)
    assert trial.ask(*QUIETER)


def test_it_goes_on_where_it_was() -> None:
    before, after = ReferenceTrial(), ReferenceTrial()
    before.ask(*QUIETER)
    after.recall(json.loads(json.dumps(before.memory())))
    assert after.ask(*QUIETER)
    old = ReferenceTrial()
    old.recall(None)
    assert [old.ask(*QUIETER) for _ in range(3)] == [""] * 3
