"""Processes of LibRaw: warm ones are used again, dead and hanging ones are replaced."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from indistack.errors import DecodeError
from indistack.libraw import LibRaw
from indistack.system import helpers
from indistack.system.helpers import HelperBugError
from tests.unit.decode.tiffs import LONG, dng

PIXELS = np.random.default_rng(1).integers(500, 16_000, (48, 64), dtype=np.uint16)
GOOD = memoryview(dng(PIXELS, "RGGB", {50714: (LONG, [512])}))

FAKE = """
import os, socket, sys, time
from indistack.system import array_pipe
link = socket.socket(fileno=int(sys.argv[1]))
array_pipe.send(link, {"fault": os.environ.get("FAULT", "")})
array_pipe.receive(link)
"""


@pytest.fixture
def libraw() -> Iterator[LibRaw]:
    processes = LibRaw()
    yield processes
    processes.close()


def fake(last_words: str) -> LibRaw:
    """A process that takes one file and then does something else than to answer."""
    return LibRaw((sys.executable, "-c", FAKE + last_words))


def refusal(libraw: LibRaw, data: memoryview = GOOD) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        libraw.read(data, 200.0)
    libraw.close()
    return caught.value


def pids(libraw: LibRaw) -> list[int]:
    return [process._process.pid for process in libraw._idle]


def test_nothing_is_loaded_from_the_folder_that_one_works_in(
    libraw: LibRaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rawpy.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    pixels, _ = libraw.read(GOOD, 200.0)
    np.testing.assert_array_equal(pixels, PIXELS)


def test_pixels_and_facts_cross_over(libraw: LibRaw) -> None:
    pixels, facts = libraw.read(GOOD, 200.0)
    np.testing.assert_array_equal(pixels, PIXELS)
    assert (facts.cfa, facts.black_adu) == ("RGGB", 512)


def test_a_process_serves_again_and_refusals_do_not_end_it(libraw: LibRaw) -> None:
    libraw.read(GOOD, 200.0)
    (pid,) = pids(libraw)
    with pytest.raises(DecodeError) as caught:
        libraw.read(memoryview(b"no camera wrote this" * 50), 200.0)
    assert caught.value.reason == "unsupported"
    libraw.read(GOOD, 200.0)
    assert pids(libraw) == [pid]


def test_as_many_processes_as_threads_ask_at_once(libraw: LibRaw) -> None:
    together = threading.Barrier(3)

    def read() -> int:
        together.wait()
        return int(libraw.read(GOOD, 200.0)[0].sum())

    with ThreadPoolExecutor(3) as threads:
        sums = list(threads.map(lambda _: read(), range(3)))
    assert sums == [int(PIXELS.sum())] * 3
    assert 1 <= len(pids(libraw)) <= 3


def test_a_process_that_died_meanwhile_is_replaced(libraw: LibRaw) -> None:
    libraw.read(GOOD, 200.0)
    (pid,) = pids(libraw)
    os.kill(pid, signal.SIGKILL)
    libraw._idle[0]._process.wait()
    np.testing.assert_array_equal(libraw.read(GOOD, 200.0)[0], PIXELS)
    assert pids(libraw) != [pid]


def test_a_death_is_a_damaged_file_and_says_how() -> None:
    error = refusal(fake("os.kill(os.getpid(), 11)"))
    assert (error.reason, error.numbers) == ("damaged", {"status": -11})
    assert "SIGSEGV" in error.detail


def test_a_bug_in_the_process_is_no_damaged_file() -> None:
    libraw = fake('array_pipe.send(link, {"bug": "AttributeError in reader.py"}, None); array_pipe.receive(link)')
    with pytest.raises(HelperBugError, match=r"AttributeError in reader\.py"):
        libraw.read(GOOD, 200.0)
    libraw.close()


def test_a_file_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helpers, "LEAST_S", 0.2)
    error = refusal(fake("time.sleep(60)"))
    assert error.reason == "damaged"
    assert "no end within" in error.detail


def test_without_rawpy_raw_files_are_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULT", "No module named 'rawpy'")
    error = refusal(fake(""))
    assert error.reason == "unsupported"
    assert "No module named 'rawpy'" in error.detail


def test_processes_end_with_the_agent(libraw: LibRaw) -> None:
    libraw.read(GOOD, 200.0)
    (process,) = libraw._idle
    process._link.close()
    assert process._process.wait(60) == 0


def test_nothing_is_started_before_the_first_file(libraw: LibRaw) -> None:
    assert pids(libraw) == []


def test_no_file_stays_open(libraw: LibRaw) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    libraw.read(GOOD, 200.0)
    before = count()
    for _ in range(5):
        libraw.read(GOOD, 200.0)
        with pytest.raises(DecodeError):
            libraw.read(GOOD[:2000], 200.0)
    assert count() == before
