"""Subs taken out of stacks that cannot do without them: made anew from the raw subs while new ones are stacked."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from indistack.agent.remaker import Remaker
from indistack.cli import main
from indistack.commands import AddBranch, Readmit, Remove
from indistack.errors import FrameError
from indistack.resume.remake import Remake
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import agent_of, cut_power, lines_of, pixels, run

NO_LEARNING = "calibrate.hot_pixels=false"


@pytest.fixture(scope="module")
def blobs() -> list[Blob]:
    sky = make_sky(width_px=200, height_px=160, n_stars=90, mag_max=11.0, drift_px_per_sub=(1.5, 0.0))
    return [blob_of(sky.expose()) for _ in range(9)]


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Nothing is made anew as long as this holds: an agent that is killed before it comes to that."""
    with monkeypatch.context() as patch:
        patch.setattr(Remaker, "look", lambda _: None)
        patch.setattr("indistack.agent.remaker.PATIENCE_S", 0.0)
        yield patch


def n_subs(folder: Path, name: str = "stack") -> int:
    return int(fits.getheader(folder / f"{name}.fits")["NCOMBINE"])


def without(tmp_path: Path, blobs: list[Blob], gone: int, *settings: str) -> Path:
    """The session that a start from the first sub makes where a sub is lost."""
    session = run(tmp_path / "without", blobs, NO_LEARNING, *settings)
    for file in [*(session / "checkpoints").glob("?.npz"), session / f"subs/{gone:06d}.fits"]:
        file.unlink()
    return run(tmp_path / "without", [], goes_on=PastSession(session))


@pytest.mark.parametrize("method", ["auto", "median", "maximum", "sum"])
def test_the_new_stack_is_as_if_the_sub_had_never_come(tmp_path: Path, blobs: list[Blob], method: str) -> None:
    settings = NO_LEARNING, f"stack.method={method}"
    removed = run(tmp_path / "out", [*blobs[:7], Remove(3), *blobs[7:]], *settings)
    expected = without(tmp_path, blobs, 3, settings[1])
    assert n_subs(removed) == n_subs(expected) == 8
    np.testing.assert_allclose(pixels(removed), pixels(expected), rtol=1e-5)


def test_a_sub_that_is_put_back_is_in_again(tmp_path: Path, blobs: list[Blob]) -> None:
    whole = run(tmp_path / "whole", blobs)
    session = run(tmp_path / "out", [*blobs[:7], Remove(3), blobs[7], Readmit(3), blobs[8]])
    np.testing.assert_allclose(pixels(session), pixels(whole), rtol=1e-5)


def test_subs_are_stacked_while_the_stack_is_made_anew(
    tmp_path: Path, blobs: list[Blob], monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on, take = threading.Event(), Remake.take

    def held(self: Remake, past: PastSession, number: int) -> None:
        if threading.current_thread().name == "remake":
            assert may_go_on.wait(60)
        take(self, past, number)

    monkeypatch.setattr(Remake, "take", held)
    agent, stacked = agent_of(tmp_path, [], NO_LEARNING), []
    agent._blobs._listener = lambda report: (stacked.append(report.number), len(stacked) == 8 and may_go_on.set())
    for item in (*blobs[:6], Remove(2), *blobs[6:8]):
        agent.send(item)
    agent.run(threading.Event(), max_subs=8)
    assert stacked == list(range(1, 9))
    assert may_go_on.is_set()
    session = SessionFolders(tmp_path).all()[-1]
    assert n_subs(session) == 7
    np.testing.assert_allclose(pixels(session), pixels(without(tmp_path / "w", blobs[:8], 2)), rtol=1e-5)


@pytest.mark.parametrize("checkpoints", [True, False])
def test_a_start_after_a_power_cut_makes_it_anew(
    tmp_path: Path, blobs: list[Blob], idle: pytest.MonkeyPatch, checkpoints: bool
) -> None:
    whole = run(tmp_path / "whole", blobs, NO_LEARNING)
    session = run(tmp_path / "out", [*blobs[:6], Remove(2), *blobs[6:]], NO_LEARNING)
    np.testing.assert_allclose(pixels(session), pixels(whole), rtol=1e-5)  # the old stack, until there is a new one
    cut_power(tmp_path / "out", session)
    if not checkpoints:
        for file in (session / "checkpoints").glob("?.npz"):
            file.unlink()
    idle.undo()
    run(tmp_path / "out", [], goes_on=PastSession(session))
    assert n_subs(session) == 8
    np.testing.assert_allclose(pixels(session), pixels(without(tmp_path, blobs, 2)), rtol=1e-5)


def test_what_could_not_be_done_before_the_end_is_asked_for_again(
    tmp_path: Path, blobs: list[Blob], idle: pytest.MonkeyPatch
) -> None:
    session = run(tmp_path, [*blobs[:6], Remove(2)], NO_LEARNING)
    assert n_subs(session) == 6
    idle.undo()
    assert main(["unstack", str(tmp_path), "2"]) == 0
    assert n_subs(session) == 5
    assert [line["outcome"] for line in lines_of(session)].count("removed") == 1
    assert main(["unstack", str(tmp_path), "2"]) == 1


def test_without_the_raw_subs_it_is_refused_and_nothing_changes(tmp_path: Path, blobs: list[Blob]) -> None:
    agent = agent_of(tmp_path, [], "spool.enabled=false")
    for item in blobs[:3]:
        agent.send(item)
    answers = []
    agent._blobs._listener = lambda report: answers.append(
        agent._orders.answer(Remove(2)).fault if report.number == 3 else ""
    )
    agent.run(threading.Event(), max_subs=3)
    (session,) = SessionFolders(tmp_path).all()
    assert "2 subs are gone" in answers[-1]
    assert n_subs(session) == 3
    assert [line["outcome"] for line in lines_of(session)] == ["accepted"] * 3


def test_without_memory_for_a_second_stack_it_is_refused(
    tmp_path: Path, blobs: list[Blob], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        run_blobs = agent_of(tmp_path, [], NO_LEARNING)
        faults = []

        def ask(report: Any) -> None:
            if report.number == 3:
                patch.setattr(
                    "indistack.session.branches.lacking", lambda *_, **__: "9 MB of memory wanted, 1 MB there"
                )
                faults.append(run_blobs._orders.answer(Remove(2)).fault)

        run_blobs._blobs._listener = ask
        for item in blobs[:3]:
            run_blobs.send(item)
        run_blobs.run(threading.Event(), max_subs=3)
    assert "9 MB of memory wanted" in faults[0]
    assert n_subs(SessionFolders(tmp_path).all()[-1]) == 3


def test_where_a_sub_is_lost_on_the_way_the_old_stack_stays(
    tmp_path: Path, blobs: list[Blob], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def lost(*_: object) -> None:
        raise FrameError("lost", "the card is gone")

    with monkeypatch.context() as patch:
        patch.setattr("indistack.resume.remake.again", lost)
        session = run(tmp_path, [*blobs[:6], Remove(2), blobs[6]], NO_LEARNING)
    assert n_subs(session) == 7
    assert "the card is gone" in caplog.text
    assert main(["unstack", str(tmp_path), "2"]) == 0
    assert n_subs(session) == 6


def test_a_sub_of_one_filter_leaves_the_others_alone(
    tmp_path: Path, blobs: list[Blob], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    add = Remake.take

    def noted(self: Remake, past: PastSession, number: int) -> None:
        before = sum(branch.method.tally.n_subs for new in self._new.values() for branch in new.branches.values())
        add(self, past, number)
        after = sum(branch.method.tally.n_subs for new in self._new.values() for branch in new.branches.values())
        taken.extend([number] * (after > before))

    monkeypatch.setattr(Remake, "take", noted)
    mono = make_sky(cfa="mono", width_px=200, height_px=160, n_stars=90, mag_max=11.0)
    subs = [replace(blob_of(mono.expose()), cards=(("FILTER", "RG"[at % 2], ""),)) for at in range(6)]
    session = run(tmp_path, [*subs, Remove(3)])
    assert sorted(set(taken)) == [1, 5]
    assert (n_subs(session, "stack-R"), n_subs(session, "stack-G")) == (2, 3)


def test_stacks_that_can_forget_do_so_at_once_and_those_begun_since_are_left(tmp_path: Path, blobs: list[Blob]) -> None:
    clean = AddBranch("clean", {"method": "sigma_clip"})
    settings = "stack.method=mean", "branches.peak.method=maximum"
    session = run(tmp_path / "out", [*blobs[:4], clean, *blobs[4:6], Remove(2)], *settings)
    assert [n_subs(session, name) for name in ("stack", "peak", "clean")] == [5, 5, 2]
