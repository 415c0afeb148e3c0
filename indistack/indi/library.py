"""Where the native INDI client library is: installed as pyindi-client, or in this package, where a wheel brings it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from indistack.errors import SourceError
from indistack.system import child_process

BUNDLED = Path(__file__).with_name("bundled")
"""A checkout has no such folder: setup.py makes it in the wheel."""


def require() -> None:
    """Raise `SourceError` with what to do where there is no library."""
    if not BUNDLED.is_dir() and find_spec("PyIndi") is None:
        # Its metadata asks for packages that it does not use, one of which must be compiled.
        command = f"{sys.executable} -m pip install --no-deps pyindi-client"
        raise SourceError(f"the INDI client library is not installed; please run: {command}")


def with_library(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Python finds this package, then the library that it brings."""
    path = os.pathsep.join(filter(None, [str(BUNDLED), environment.get("PYTHONPATH")]))
    return child_process.with_package({**environment, "PYTHONPATH": path})
