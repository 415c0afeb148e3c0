from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from indistack.system import child_process
from indistack.system.child_process import cause_of, end, start, with_package

READY = "print('ready', flush=True)\n"
WAIT = "import signal, subprocess, sys, time\n"


def python(code: str) -> subprocess.Popen[bytes]:
    """Start a Python program and wait until it says that it is ready."""
    process = start([sys.executable, "-c", WAIT + code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as lines:
        assert lines.readline() == b"ready\n"
    return process


def test_a_child_is_apart_from_the_terminal_and_works_where_it_is_told(tmp_path: Path) -> None:
    with (tmp_path / "out.txt").open("wb") as out:
        code = "import os, sys; print(os.getsid(0) == os.getpid(), os.getcwd(), repr(sys.stdin.read()))"
        assert start([sys.executable, "-c", code], stdout=out, folder=tmp_path).wait(60) == 0
    assert (tmp_path / "out.txt").read_text().split() == ["True", str(tmp_path), "''"]


def test_a_child_inherits_the_files_that_it_is_given_and_no_other() -> None:
    reading, writing = os.pipe()
    for files, status in (([writing], 0), ([], 1)):
        assert start([sys.executable, "-c", f"import os; os.fstat({writing})"], files=files).wait(60) == status
    os.close(reading)
    os.close(writing)


def test_python_finds_the_package_before_what_was_there() -> None:
    root = str(Path(child_process.__file__).parents[2])
    assert with_package({})["PYTHONPATH"] == root
    assert with_package({"PYTHONPATH": "/there", "HOME": "/"}) == {"PYTHONPATH": f"{root}:/there", "HOME": "/"}


def test_a_child_may_end_by_itself_in_its_time() -> None:
    polite = python(f"signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n{READY}time.sleep(60)")
    assert end(polite, 20) == 3
    knows = python(f"{READY}time.sleep(0.3); sys.exit(4)")
    assert end(knows, 20, ask=None) == 4
    assert end(knows) == 4  # once more does no harm


def test_one_that_does_not_listen_is_killed() -> None:
    deaf = python(f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{READY}time.sleep(60)")
    assert end(deaf, 0.2) == -signal.SIGKILL
    assert end(python(f"signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\n{READY}time.sleep(60)")) == -9


@pytest.mark.parametrize("patience_s", [0.0, 20.0])
def test_what_it_has_started_ends_with_it(tmp_path: Path, patience_s: float) -> None:
    told = tmp_path / "pid"
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    grandchild = f"import signal, time; {deaf}; open({str(told)!r}, 'w').write('x'); time.sleep(60)"
    parent = python(
        f"child = subprocess.Popen([sys.executable, '-c', {grandchild!r}])\n"
        f"while not (open({str(told)!r}, 'a'), open({str(told)!r}).read())[1]: time.sleep(0.01)\n"
        f"open({str(told)!r}, 'w').write(str(child.pid))\n{READY}time.sleep(60)"
    )
    pid = int(told.read_text())
    end(parent, patience_s)
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s and Path(f"/proc/{pid}/stat").exists():
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            break  # dead; whoever inherited it has not looked yet
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{pid}/stat").exists()


def test_a_status_in_words() -> None:
    assert (cause_of(-11), cause_of(2)) == ("SIGSEGV", "exit status 2")
