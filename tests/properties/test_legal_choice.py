"""Whatever a library holds, a light never gets a master that a known fact forbids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from indistack.calibrate import CalibrateSettings, Library
from indistack.calibrate.library.catalogue import Reader
from indistack.fits_header import camera_key
from indistack.values.frame import FrameInfo, RawFrame

DATE = datetime(2024, 8, 10, 21, tzinfo=UTC)
SETTINGS = CalibrateSettings()


def maybe(*values: Any) -> Any:
    return st.sampled_from((None, *values))


def frames(kinds: tuple[str, ...]) -> Any:
    info = st.builds(
        FrameInfo,
        kind=st.sampled_from(kinds),
        exposure_s=maybe(1.0, 30.0, 60.0, 60.5),
        gain_setting=maybe(100.0, 200.0),
        offset_setting=maybe(10.0, 30.0),
        temperature_c=maybe(-10.0, -9.0, 5.0),
        binning=st.sampled_from([(1, 1), (2, 2)]),
        readout_mode=st.sampled_from(["", "Fast", "Slow"]),
        camera=st.sampled_from(["", "ASI294MC", "ZWO CCD ASI294MC", "QHY9"]),
        filter_name=st.sampled_from(["", "Ha", "L"]),
        rotator_deg=maybe(0.0, 359.5, 90.0),
        date_obs=maybe(DATE, DATE - timedelta(days=10), DATE - timedelta(days=100)),
        header=st.just((("NCOMBINE", 7, ""), ("IMAGETYP", "told", ""))),
    )
    shape = st.sampled_from([(4, 4), (4, 6)])
    return st.builds(
        lambda info, shape, cfa: RawFrame(np.zeros(shape, np.float32), cfa, info), info, shape, maybe("RGGB", "GBRG")
    )


def known_and_different(one: Any, other: Any) -> bool:
    return one not in (None, "") and other not in (None, "") and one != other


@settings(max_examples=150, deadline=None)
@given(masters=st.lists(frames(("dark", "flat", "bias", "darkflat")), max_size=8), raw=frames(("light",)))
def test_no_known_fact_of_a_chosen_master_differs(
    tmp_path_factory: Any, masters: list[RawFrame], raw: RawFrame
) -> None:
    folder: Path = tmp_path_factory.mktemp("library")
    stored = {}
    for number, master in enumerate(masters):
        stored[folder / f"{number}.fits"] = master
        (folder / f"{number}.fits").touch()
    library = Library(folder, SETTINGS, Reader(stored.__getitem__, stored.__getitem__, lambda _: True))
    choice = library.choose(raw)
    light = raw.info
    for master in choice.masters.present():
        mine = master.info
        assert mine.kind == master.kind
        assert master.pixels.shape == raw.pixels.shape
        assert mine.binning == light.binning
        assert not known_and_different(master.cfa, raw.cfa)
        assert not known_and_different(camera_key(mine.camera), camera_key(light.camera))
        assert not known_and_different(mine.readout_mode, light.readout_mode)
        facts = ((mine.gain_setting, light.gain_setting), (mine.offset_setting, light.offset_setting))
        others = any(known_and_different(*both) for both in facts)
        assert others == any(line.startswith(f"{master.kind} {master.source} is used") for line in choice.warnings)
        assert master.kind == "flat" or not others
    dark, flat, bias = choice.masters.dark, choice.masters.flat, choice.masters.bias
    if dark is not None:
        apart = (dark.info.temperature_c or 0) - (light.temperature_c or 0)
        assert None in (dark.info.temperature_c, light.temperature_c) or abs(apart) <= 2.0
        exposures = dark.info.exposure_s, light.exposure_s
        alike = None in exposures or abs(exposures[0] / exposures[1] - 1) <= 0.021
        assert alike == (bias is None)  # scaled with a bias, never without; never both subtracted
    if flat is not None:
        assert not known_and_different(flat.info.filter_name, light.filter_name)
        assert None in (flat.info.rotator_deg, light.rotator_deg) or {flat.info.rotator_deg, light.rotator_deg} != {
            0.0,
            90.0,
        }
        assert None in (flat.info.date_obs, light.date_obs) or abs(flat.info.date_obs - light.date_obs) <= timedelta(
            days=60
        )
    assert len(choice.set_aside) + len(choice.masters.present()) <= len(masters) + 3
