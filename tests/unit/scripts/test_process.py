"""What a process used is its own, whatever the one that asked had used."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from comparison.process import run_measured

PYTHON = [sys.executable, "-S", "-c"]


def test_memory_is_the_childs_and_not_the_parents(tmp_path):
    own = np.ones(40_000_000)  # 320 MB
    usage = run_measured([*PYTHON, "pass"], tmp_path / "said.log")
    assert usage.peak_mb < 100 < own.nbytes / 1e6


def test_memory_is_the_peak(tmp_path):
    usage = run_measured([*PYTHON, "a = bytearray(b'1') * 200_000_000; del a"], tmp_path / "said.log")
    assert 200 < usage.peak_mb < 300


def test_processor_time_counts_the_children_and_wall_time_the_waiting(tmp_path):
    work = "import time\nwhile time.process_time() < 0.3: pass"
    program = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {work!r}]); time.sleep(0.4)"
    usage = run_measured([*PYTHON, program], tmp_path / "said.log")
    assert usage.cpu_s >= 0.3
    assert usage.wall_s >= 0.7


def test_a_failure_comes_with_what_was_said(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_measured([*PYTHON, "raise SystemExit('no stars today')"], tmp_path / "said.log")
    assert "no stars today" in caught.value.output
