"""What pyproject.toml cannot say of the wheel: where the simulators go, and that it brings the INDI client library.

pyindi-client's metadata asks for three packages that none of its code imports, and one of them, dbus-python, has no
wheel: whoever depends on pyindi-client needs a compiler. So the wheel does not depend on it but holds it, unchanged,
in ``indistack/indi/bundled``, and is a wheel for one Python and one kind of machine, as pyindi-client's own is. The
library is taken from the environment that builds, where it is installed there, else by pip from the package index.
``INDISTACK_BUNDLE=no`` leaves it out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import Distribution, distributions
from pathlib import Path

from setuptools import Distribution as Package
from setuptools import find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
LIBRARY = "pyindi-client"
WANTED = os.environ.get("INDISTACK_BUNDLE", "yes") != "no"


def pinned() -> str:
    """Return the release that this version of indistack was tried with, as ``name==version``."""
    lines = (ROOT / "requirements" / "lock.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{LIBRARY}=="))


def library(folder: Path) -> Distribution:
    """Return the library that is installed where this runs, or fetch it into a folder."""
    wanted = pinned().partition("==")[2]
    for found in distributions(name=LIBRARY):
        if found.version == wanted:
            return found
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--only-binary=:all:"]
    subprocess.run([*pip, "--target", str(folder), pinned()], check=True)
    return next(iter(distributions(name=LIBRARY, path=[str(folder)])))


class BuildWithLibrary(build_py):
    """Copies the library beside the package's own modules, but not into a checkout that is worked in."""

    def run(self) -> None:
        """Build."""
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)  # what an older build left would go into the wheel
        super().run()
        if WANTED and not self.editable_mode:
            with tempfile.TemporaryDirectory() as scratch:
                self.copy_library(library(Path(scratch)))

    def copy_library(self, found: Distribution) -> None:
        """Copy its files, and remember for which Pythons and machines they are."""
        bundled = Path(self.build_lib, "indistack", "indi", "bundled")
        for file in found.files or ():
            if "__pycache__" not in file.parts and ".." not in file.parts:
                self.mkpath(str((bundled / file).parent))
                self.copy_file(str(file.locate()), str(bundled / file))
        words = (found.read_text("WHEEL") or "").splitlines()
        tags = [line.removeprefix("Tag: ").split("-") for line in words if line.startswith("Tag: ")]
        self.distribution.wheel_tag = tags[0][0], tags[0][1], ".".join(sorted({tag[2] for tag in tags}))


class TaggedWheel(bdist_wheel):
    """Names the wheel for the machines that the library in it runs on."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return Python, ABI and platform."""
        return getattr(self.distribution, "wheel_tag", None) or super().get_tag()


class Bundle(Package):
    """A package with native code in it, if the library is."""

    def has_ext_modules(self) -> bool:
        """Tell so."""
        return WANTED


setup(
    packages=[*find_packages(include=["indistack*"]), "indistack.simulators"],
    package_dir={"indistack.simulators": "simulators"},
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": TaggedWheel},
    distclass=Bundle,
)
