"""Imports every module of the installed package, so that Python keeps them compiled."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil

import indistack

for module in pkgutil.walk_packages(indistack.__path__, "indistack."):
    if not module.name.endswith("__main__"):
        with contextlib.suppress(ImportError):  # of what is optional
            importlib.import_module(module.name)
