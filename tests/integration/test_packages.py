"""What users install: wheel and sdist, built and put into fresh environments without a compiler or a network.

A fresh environment gets just those packages of this one that the wheel's metadata asks for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution, distributions
from importlib.util import find_spec
from pathlib import Path

import pytest
from astropy.io import fits
from lock import UNUSED
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
NOT_THE_SOURCE = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "*-output")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(None in map(find_spec, ("pip", "setuptools")), reason="pip or setuptools is not here"),
]


class Environment:
    """A fresh virtual environment with a wheel and what that needs, and a plain process environment to use it in."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        python(folder.parent, "-m", "venv", "--without-pip", str(folder))
        self.site = next(folder.glob("lib/python3*/site-packages"))
        before = {path.name for path in self.site.iterdir()}
        pip = ["-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--no-index", "--no-deps"]
        python(folder.parent, *pip, str(wheel))
        self.installed = {path.name for path in self.site.iterdir()} - before
        self.metadata = next(iter(distributions(name="indistack", path=[str(self.site)])))
        for needed in closure(self.metadata.requires or ()):
            put(needed, self.site)

    def run(self, program: str, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run one of its programs from another folder, in which lies what must not be taken for the package."""
        home = self.folder.parent / "home"
        (home / "indistack").mkdir(parents=True, exist_ok=True)
        (home / "indistack" / "__init__.py").write_text("raise SystemExit('the wrong package')")
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=home,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def python(folder: Path, *arguments: str) -> None:
    """Run this Python where no program is found and no package can be fetched."""
    environment = {"HOME": str(folder), "PATH": str(folder / "no programs"), "LANG": "C.UTF-8", "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def closure(requirements: Iterable[str]) -> list[Distribution]:
    """Return what a list of requirements needs, and what that needs, but for what nothing of ours uses."""
    found: dict[str, Distribution] = {}
    left = list(requirements)
    while left:
        wanted = Requirement(left.pop())
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if applies and name not in UNUSED and name not in found:
            found[name] = distribution(name)
            assert wanted.specifier.contains(found[name].version), wanted
            left += found[name].requires or ()
    return list(found.values())


def put(package: Distribution, site: Path) -> None:
    """Let a package lie in another folder, too."""
    for name in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
        source = Path(str(package.locate_file(name)))
        if source.is_dir():
            # Not one link to the folder: OpenCV asks where it really lies.
            shutil.copytree(source, site / name, copy_function=link_or_copy, dirs_exist_ok=True)
        else:
            link_or_copy(source, site / name)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Give a file a second name, or copy it to another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(params=["wheel", "sdist"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Environment:
    """Give an environment with the wheel that was built from the checkout, or from the sdist."""
    folder = tmp_path / "a place"
    folder.mkdir()
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=NOT_THE_SOURCE)
    if request.param == "sdist":
        python(source, "-c", "from setuptools import build_meta; build_meta.build_sdist('..')")
        source = next(folder.glob("indistack-*.tar.gz"))
    python(folder, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", ".", str(source))
    return Environment(folder / "environment", next(folder.glob("indistack-*.whl")))


def test_what_is_installed_works(environment: Environment, tmp_path: Path) -> None:
    assert environment.installed == {"indistack", f"indistack-{environment.metadata.version}.dist-info"}
    asked_for = {Requirement(line).name for line in environment.metadata.requires or ()}
    assert "numpy" in asked_for
    assert not asked_for & {"pyindi-client", "dbus-python"}  # one of them must be compiled

    doctor = environment.run("indistack", "doctor").stdout
    assert re.search(rf"ok +pyindi-client:? +{re.escape(distribution('pyindi-client').version)}", doctor), doctor
    assert environment.run("indistack-post-capture", "no such file").returncode == 0

    if not os.access("/usr/bin/indiserver", os.X_OK):
        pytest.skip("all but the demo: indiserver is not installed (Debian package indi-bin)")
    demo = environment.run("indistack", "demo", "--subs", "2", "--output-dir", str(tmp_path / "out"))
    assert demo.returncode == 0, demo.stderr
    assert fits.getheader(tmp_path / "out" / "stack.fits")["NCOMBINE"] == 2
