"""What docs/extending.md shows is whole: one file and one import, and the slot's contract tests try it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from indistack.decode import DecodeSettings, decode
from tests.pipeline.night import blob_of, make_sky

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text()
FILES = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^`(indistack stack [^`]+)`", PAGE, re.MULTILINE)

NPY_SAMPLE = """
import io
_file = io.BytesIO()
np.save(_file, PIXELS)
SAMPLES["npy"] = (_file.getvalue(), ".npy", ())
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the program in which all ways of the page are entered."""
    root = tmp_path_factory.mktemp("extended")
    for folder in ("indistack", "tests", "scripts", "simulators", "docs"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    for path, text in FILES.items():
        assert not (root / path).exists(), f"{path} is there already"
        (root / path).write_text(text)
        door = (root / path).with_name("__init__.py")
        begin = rf"from indistack\.{Path(path).parent.name} import \(?"
        entered, count = re.subn(begin, rf"\g<0>{Path(path).stem}, ", door.read_text())
        assert count == 1
        door.write_text(entered)
    samples = root / "tests" / "contract" / "test_decoders.py"
    marker = '"""A small file of each'
    samples.write_text(samples.read_text().replace(marker, f"{NPY_SAMPLE}\n{marker}"))
    return root


def test_every_slot_of_the_page_has_an_example() -> None:
    assert {Path(path).parent.name for path in FILES} == {"enhance", "sinks", "stack", "decode", "solve"}
    assert len(COMMANDS) == 4


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES)
def test_the_contract_tests_try_a_new_way(copy: Path, path: str) -> None:
    slot, name = Path(path).parent.name, Path(path).stem
    tests = {
        "enhance": "operators",
        "sinks": "sinks",
        "stack": "stack_methods",
        "decode": "decoders",
        "solve": "solvers",
    }
    words = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-k", name, f"tests/contract/test_{tests[slot]}.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[-1]) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_page_do_what_they_say(copy: Path, tmp_path: Path, command: str) -> None:
    sky = make_sky()
    (tmp_path / "night").mkdir()
    for number in range(2):
        (tmp_path / "night" / f"{number}.fits").write_bytes(sky.expose().to_fits())
    np.save(tmp_path / "frames.npy", decode(blob_of(sky.expose()), DecodeSettings()).pixels)
    words = re.findall(r"'([^']+)'|(\S+)", command.removeprefix("indistack "))
    code = f"import sys; sys.path.insert(0, {str(copy)!r}); from indistack.cli import main; sys.exit(main())"
    command_line = [sys.executable, "-c", code, *(quoted or word for quoted, word in words)]
    done = subprocess.run(command_line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    output = tmp_path / re.findall(r"-o (\S+)", command)[0]
    assert output.stat().st_size > 10_000
