"""Who holds an output folder, also where the folder is removed meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from indistack.store.folder_lock import is_at_work, only_one


@pytest.fixture
def output(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("is_made_again", [False, True])
def test_the_folder_in_the_place_of_one_that_was_removed_is_held(
    output: Path, is_made_again: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with only_one(output) as lock:
        lock.renew()
        shutil.rmtree(output)
        if is_made_again:
            output.mkdir()
        assert not is_at_work(output)
        for _ in range(2):
            lock.renew()
            assert is_at_work(output)
    assert not is_at_work(output)
    assert caplog.text.count("is made anew") == 1


def test_a_folder_that_another_agent_has_taken_meanwhile_is_told(
    output: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with only_one(output) as lock:
        shutil.rmtree(output)
        output.mkdir()
        with only_one(output):
            lock.renew()
            lock.renew()
        assert caplog.text.count("another agent is at work in the folder in its place") == 1
        lock.renew()
        assert is_at_work(output)


def test_a_folder_that_cannot_be_made_is_told_once(output: Path, caplog: pytest.LogCaptureFixture) -> None:
    with only_one(output) as lock:
        shutil.rmtree(output.parent)
        output.parent.write_text("a file")
        lock.renew()
        lock.renew()
        assert caplog.text.count("cannot be made anew") == 1
        output.parent.unlink()
        lock.renew()
        assert is_at_work(output)
