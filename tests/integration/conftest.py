"""What several tests of the page share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_until
from tests.integration.browser import chromium
from tests.integration.web_process import WebProcess, publish


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Give a real browser."""
    with chromium() as found:
        yield found


@pytest.fixture
def page(tmp_path: Path) -> Iterator[WebProcess]:
    """Give the page of an output folder with a picture of one sub."""
    folder = tmp_path / "out"
    folder.mkdir()
    publish(folder, 1)
    process = WebProcess(folder, wait_until)
    yield process
    process.process.kill()
    process.process.wait()
