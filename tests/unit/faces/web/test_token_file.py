"""The token that lets a page change things."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from indistack.faces.web import patience, token_file
from indistack.faces.web.patience import FREE_TRIES, LONGEST_WAIT_S, Patience
from indistack.faces.web.token_file import NAME, Keys, has_token, new_token, write_token


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_file, "COST", 16)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_only_the_hash_is_kept_and_only_for_the_owner(tmp_path: Path) -> None:
    token = new_token()
    write_token(tmp_path, token)
    kept = tmp_path / NAME
    assert token not in kept.read_text()
    assert token.replace("-", "") not in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_the_token_opens_and_no_other(tmp_path: Path) -> None:
    write_token(tmp_path, "7KQD-2MXA-PV9C")
    keys = Keys(tmp_path)
    for _ in range(2):  # the second time without scrypt
        assert keys.open("7KQD-2MXA-PV9C", "phone")
    assert keys.open(" 7kqd-2mxa-pv9c ", "phone")
    for wrong in ("7KQD-2MXA-PV9D", "", "7KQD", "7KQD-2MXA-PV9C" * 50):
        assert not keys.open(wrong, "other")


def test_a_new_token_ends_the_one_of_before_at_once(tmp_path: Path) -> None:
    write_token(tmp_path, "OLD")
    keys = Keys(tmp_path)
    assert keys.open("OLD", "phone")
    write_token(tmp_path, "NEW")
    assert not keys.open("OLD", "phone")
    assert keys.open("NEW", "phone")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"salt": "zz", "hash": "00"}', '{"salt": 1, "hash": 2}'])
def test_a_file_that_is_damaged_opens_for_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert not has_token(tmp_path)
    assert not Keys(tmp_path).open("", "phone")


def test_who_is_often_wrong_waits_ever_longer_and_nobody_else_does(tmp_path: Path) -> None:
    write_token(tmp_path, "RIGHT")
    clock = Clock()
    keys = Keys(tmp_path, Patience(clock))
    waits = []
    for _ in range(FREE_TRIES + 9):
        keys.open("WRONG", "guesser")
        waits.append(keys.patience.wait_s("guesser"))
    assert waits[: FREE_TRIES - 1] == [0.0] * (FREE_TRIES - 1)
    assert waits[FREE_TRIES - 1 :][:3] == [1.0, 2.0, 4.0]
    assert waits[-1] == LONGEST_WAIT_S
    assert keys.patience.wait_s("phone") == 0
    clock.now += LONGEST_WAIT_S
    assert keys.patience.wait_s("guesser") == 0
    assert keys.open("RIGHT", "guesser")
    assert keys.patience.wait_s("guesser") == 0


def test_callers_that_are_remembered_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "KNOWN_CALLERS", 3)
    write_token(tmp_path, "RIGHT")
    keys = Keys(tmp_path)
    for caller in range(10):
        keys.open("WRONG", str(caller))
    assert len(keys.patience._callers) == 3


def test_tokens_differ_and_can_be_typed() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 14 and not set(token) & set("01OILU") - {"U"} for token in tokens)
