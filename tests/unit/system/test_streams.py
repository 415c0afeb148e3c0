"""Output whose reader has gone."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from indistack.system.streams import Outliving, outlive_readers


def pipe_without_reader() -> io.TextIOWrapper:
    readable, writable = os.pipe()
    os.close(readable)
    return os.fdopen(writable, "w")


def test_what_is_written_to_nobody_goes_nowhere_and_raises_nothing() -> None:
    with pipe_without_reader() as stream:
        outliving = Outliving(stream)
        for _ in range(3):
            assert outliving.write("line\n") == 5
            outliving.flush()


def test_without_it_the_writer_would_break() -> None:
    stream = pipe_without_reader()
    stream.write("line\n")
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_a_reader_that_is_there_gets_all() -> None:
    readable, writable = os.pipe()
    with os.fdopen(readable) as reader, os.fdopen(writable, "w") as stream:
        outliving = Outliving(stream)
        outliving.write("one\n")
        outliving.flush()
        assert reader.readline() == "one\n"
        assert not outliving.isatty()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "koi8-r"])
def test_a_letter_that_the_encoding_lacks_costs_that_letter(encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    assert Outliving(stream).write("M 31 \U0001f30c ok\n") == 10
    stream.seek(0)
    assert stream.read() == "M 31 ? ok\n"


def test_the_streams_are_as_before_afterwards() -> None:
    before = sys.stdout, sys.stderr
    with outlive_readers():
        assert isinstance(sys.stdout, Outliving)
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| true"])
def test_a_program_ends_well_wherever_its_words_go(redirection: str) -> None:
    code = (
        "from indistack.system.streams import outlive_readers\n"
        "with outlive_readers():\n"
        "    for _ in range(20000): print('a line that fills the pipe in the end')\n"
        "open('/dev/fd/2', 'w').write('done')"
    )
    command = f'set -o pipefail; "{sys.executable}" -c "{code}" {redirection}'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "done")
