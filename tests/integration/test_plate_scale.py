"""Focal length and pixels as a real indiserver's mount and camera tell them, for files that do not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indistack.fits_header import frame_info, parse_cards
from indistack.values.blob import Blob
from tests.integration.test_indi_source import listening, serving, until

pytestmark = pytest.mark.skipif(shutil.which("indi_simulator_telescope") is None, reason="needs indi-bin")

SCOPE = "Telescope Simulator"


def tell_focal_length(panel: Any, focal_mm: float) -> None:
    optics = {"TELESCOPE_APERTURE": 100, "TELESCOPE_FOCAL_LENGTH": focal_mm}
    panel.put("Number", "TELESCOPE_INFO", SCOPE, **optics, GUIDER_APERTURE=50, GUIDER_FOCAL_LENGTH=200)


def told_scale(blob: Blob) -> float | None:
    return frame_info(blob.cards).scale_arcsec_px


def test_the_mount_changes_its_mind(tmp_path: Path, wait_until: Callable[..., None]) -> None:
    with serving(tmp_path, "indi_simulator_ccd", "indi_simulator_telescope") as server, listening(server.port) as agent:
        until(agent.ready)
        agent.expose_until(server, 1)
        assert agent.source.status().facts["SCOPE_INFO"]["FOCAL_LENGTH"] == 0  # the camera's own: nobody has set it

        def scale_becomes(expected: float) -> Callable[[], bool]:
            def taken() -> bool:
                agent.expose_until(server, len(agent.blobs) + 1)
                return told_scale(agent.blobs[-1]) == pytest.approx(expected, rel=1e-4)

            return taken

        for focal_mm in (500, 1200):
            tell_focal_length(server.panel, focal_mm)
            wait_until(scale_becomes(206.265 * 5.2 / focal_mm), 60, f"{focal_mm} mm")
        server.panel.put("Number", "CCD_BINNING", HOR_BIN=2, VER_BIN=2)
        wait_until(scale_becomes(206.265 * 10.4 / 1200), 60, "binned")
        header = frame_info(parse_cards(bytes(agent.blobs[-1].data)))  # libindi: XPIXSZ is that of the binned pixel
        assert header.scale_arcsec_px == pytest.approx(206.265 * 10.4 / 1200, rel=1e-3)  # it rounds
