"""What is said to somebody who sleeps, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from indistack.agent.notices import Notices
from indistack.settings.faces import NotifySettings

RUNNING = {
    "state": "running", "session": "a", "target": "M 31", "n_subs": 7, "disk": "", "sentence": "Sub 7 is in the stack.",
    "lights": {"camera": "ok", "clouds": "ok"}, "machine": {"warnings": []}, "last": {"number": 7},
    "snr": {"value": 80.0, "target": 100.0},
}  # fmt: skip


class Night:
    """Sees statuses, and remembers what was said."""

    def __init__(self, **settings: Any) -> None:
        self.now_s, self.said = 0.0, list[str]()
        self._notices = Notices(NotifySettings(**settings), lambda *words: self.said.append(words[1]), self._clock)

    def _clock(self) -> float:
        return self.now_s

    def see(self, **changes: Any) -> list[str]:
        """Return what one status has people told."""
        before = len(self.said)
        self._notices.look({**RUNNING, **changes})
        return self.said[before:]


@pytest.fixture
def night() -> Night:
    night = Night()
    assert night.see() == ["indistack is at work."]
    return night


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"session": "b", "sentence": "A new stack began with sub 8: drift limit."}, "A new stack began"),
        ({"disk": "no space left on device"}, "The disk does not take what is written: no space"),
        ({"machine": {"warnings": ["the disk is nearly full: room for 40 more minutes"]}}, "The disk is nearly full"),
        ({"machine": {"warnings": ["the processor is hot: 84 C"]}}, "The processor is hot: 84 C."),
        ({"lights": {"camera": "alert"}, "waits_for": "the INDI server"}, "Waiting for the INDI server."),
        ({"snr": {"value": 101.0, "target": 100.0}}, "The goal is reached: SNR 101"),
        ({"state": "stopped"}, "indistack has ended: 7 subs"),
    ],
)
def test_what_changes_is_said_once(night: Night, change: dict[str, Any], word: str) -> None:
    (text,) = night.see(**change)
    assert word in text
    night.now_s += 3600
    assert night.see(**change) == []


def test_what_goes_on_as_it_was_is_not_worth_a_word(night: Night) -> None:
    night.now_s += 3600
    assert night.see(n_subs=8, last={"number": 8}) == []
    assert night.see(snr={"value": None, "target": 100.0}) == []
    assert night.see(machine=None, lights={}) == []


def test_clouds_are_said_after_some_subs_and_so_is_their_end(night: Night) -> None:
    cloudy = {"camera": "ok", "clouds": "alert"}
    assert night.see(lights=cloudy, last={"number": 8}) == []
    assert night.see(lights=cloudy, last={"number": 8}) == []  # the same sub, another status
    assert night.see(lights=cloudy, last={"number": 9}) == []
    assert night.see(lights=cloudy, last={"number": 10}) == ["Clouds: 3 subs in a row were left out."]
    assert night.see(lights=cloudy, last={"number": 11}) == []
    assert night.see(lights={"clouds": "idle"}, last={"number": 12}) == []
    assert night.see(last={"number": 13}) == ["The sky is clear again."]
    assert night.see(last={"number": 14}) == []


def test_a_single_cloud_is_not(night: Night) -> None:
    for number in range(8, 30, 2):
        assert night.see(lights={"clouds": "alert"}, last={"number": number}) == []
        assert night.see(last={"number": number + 1}) == []


def test_one_kind_is_said_now_and_then_only(night: Night) -> None:
    texts = [night.see(disk="full" if place % 2 else "") for place in range(10)]
    assert sum(map(len, texts)) == 1
    night.now_s += 601
    assert len(night.see(disk="full again") + night.see(disk="") + night.see(disk="full")) == 1


def test_only_what_is_wanted_is_said() -> None:
    night = Night(events=["snr"])
    assert night.see() == []
    assert night.see(disk="full") == []
    assert len(night.see(snr={"value": 101.0, "target": 100.0})) == 1
