"""The same stack by the workers of a Dask cluster, on the loopback interface."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import indistack
from indistack.cli import main
from indistack.errors import SettingsError, StackError
from indistack.values.sub_report import SubReport
from tests.pipeline.night import make_sky

distributed = pytest.importorskip("distributed", reason="Dask (distributed) is not installed")

FIXED: dict[str, Any] = {"align": {"grow_reference": False}, "calibrate": {"library": ""}}
"""A reference does not grow on a cluster, which has no stack before the end: with this it does not in one process."""

ROUNDING = {"rtol": 1e-5, "atol": 1e-3}
"""Sums of float32 planes in another order: each addition errs by 6e-8 of the sum, and a plane is scaled by up to 1e4
before it is summed; a pixel of the sky may be near 0 ADU, where the sums' own rounding counts."""

HOT: dict[str, Any] = {"hot_pixel_fraction": 0.001, "hot_pixel_e_per_s": 400.0}

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # warnings of Dask are not ours


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Give two workers that are processes, and come again when they die."""
    options = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}
    with distributed.LocalCluster(n_workers=2, **options) as workers:
        yield workers


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine subs that drift and turn, one of them through clouds, one no frame, and two masters."""
    folder = tmp_path_factory.mktemp("night")
    clouds = {"kind": "clouds", "sub": 6, "until_sub": 6, "transparency": 0.2}
    sky = make_sky(drift_px_per_sub=(2.5, 1.5), rotation_deg_per_sub=0.1, events=(clouds,), **HOT)
    for number in range(9):
        (folder / f"sub{number}.fits").write_bytes(sky.expose().to_fits())
    (folder / "sub4.fits").write_text("no picture")
    (folder / "dark.fits").write_bytes(sky.expose("dark", exposure_s=10.0).to_fits())
    (folder / "flat.fits").write_bytes(sky.expose("flat").to_fits())
    return folder


def settings(night: Path, **stack: Any) -> dict[str, Any]:
    masters = {"dark": [str(night / "dark.fits")], "flat": [str(night / "flat.fits")]}
    return {**FIXED, "calibrate": {**FIXED["calibrate"], **masters}, "stack": stack}


UNTOLD = {
    "received", "decided", "time", "stage_ms", "branch_ms", "rejected", "stack_noise_adu", "snr_gain", "snr_gain_ideal",
}  # fmt: skip
"""When a sub came and what it took; and what it was to the stack, which a cluster does not make before the end."""


def told(stacked: Any) -> list[dict[str, Any]]:
    """What became of each sub, without what `UNTOLD` names."""
    return [{name: sub[name] for name in sub if name not in UNTOLD} for sub in stacked.report["subs"]]


@pytest.mark.parametrize(("method", "reference"), [("mean", "best"), ("sigma_clip", "sub2.fits")])
def test_the_result_is_that_of_the_single_process(night: Path, cluster: Any, method: str, reference: str) -> None:
    files, wanted = [night / "sub*.fits"], settings(night, method=method)
    if reference.endswith(".fits"):
        reference = str(night / reference)
    alone = indistack.stack_files(files, wanted, reference=reference)
    many = indistack.stack_files(files, wanted, reference=reference, cluster=cluster.scheduler_address)
    assert told(many) == told(alone)
    assert {sub["outcome"] for sub in many.report["subs"]} == {"accepted", "refused"}
    np.testing.assert_allclose(many.picture, alone.picture, **ROUNDING)
    assert many.header | {"HISTORY": ""} == alone.header | {"HISTORY": ""}


def test_branches_come_along(night: Path, cluster: Any) -> None:
    wanted = settings(night) | {"branches": {"last": {"last": 3}, "second": {"every": 2, "method": "maximum"}}}
    alone = indistack.stack_files([night / "sub*.fits"], wanted)
    many = indistack.stack_files([night / "sub*.fits"], wanted, cluster=cluster.scheduler_address)
    for name, numbers in alone.report["stacks"].items():
        assert many.report["stacks"][name]["n_subs"] == numbers["n_subs"]
    assert alone.report["stacks"]["last"]["n_subs"] == 3
    np.testing.assert_allclose(many.picture, alone.picture, **ROUNDING)


def test_every_filter_has_its_stack(tmp_path: Path, cluster: Any) -> None:
    for letter, light in (("R", 10.0), ("G", 6.0)):
        sky = make_sky(cfa="mono", drift_px_per_sub=(2.0, 1.0), header_extra={"FILTER": letter}, sky_e_per_s=light)
        for number in range(3):
            (tmp_path / f"{letter}{number}.fits").write_bytes(sky.expose().to_fits())
    alone = indistack.stack_files([tmp_path / "*.fits"], FIXED)
    many = indistack.stack_files([tmp_path / "*.fits"], FIXED, cluster=cluster.scheduler_address)
    assert told(many) == told(alone)
    assert {"stack-R", "stack-G"} <= set(many.report["stacks"])
    np.testing.assert_allclose(many.picture, alone.picture, **ROUNDING)


def test_a_cluster_that_fails_ends_the_run(night: Path, cluster: Any) -> None:
    gone = night / "gone.fits"
    gone.write_bytes((night / "sub0.fits").read_bytes())

    def remove(report: SubReport) -> None:
        gone.unlink(missing_ok=True)

    with pytest.raises(StackError, match=r"the cluster: .*gone\.fits is not on this machine"):
        files = [night / f"sub{number}.fits" for number in (0, 1, 2, 3, 5, 6, 7, 8)]
        indistack.stack_files([*files, gone], FIXED, cluster=cluster.scheduler_address, progress=remove)


def test_workers_that_are_killed_cost_time_and_nothing_else(night: Path, cluster: Any) -> None:
    alone = indistack.stack_files([night / "sub*.fits"], settings(night))
    killed = []

    def kill_one(report: SubReport) -> None:
        if report.number in (3, 9):  # while subs are being seen, and just before they are stacked
            with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
                killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[-1], signal.SIGKILL)

    many = indistack.stack_files(
        [night / "sub*.fits"], settings(night), cluster=cluster.scheduler_address, progress=kill_one
    )
    assert len(set(killed)) == 2
    assert told(many) == told(alone)
    np.testing.assert_allclose(many.picture, alone.picture, **ROUNDING)


@pytest.fixture(scope="module")
def hot_night(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eleven subs with hot pixels: the first eight are all searched, the ninth again, the others profit from that."""
    folder = tmp_path_factory.mktemp("hot")
    sky = make_sky(drift_px_per_sub=(3.0, 2.0), **HOT)
    files = [folder / f"{number:02}.fits" for number in range(11)]
    for path in files:
        path.write_bytes(sky.expose().to_fits())
    return files


@pytest.mark.parametrize(  # what a reference is looked for in is calibrated first, and teaches
    ("reference", "hot_pixels"), [("first", "auto"), ("best", "auto"), ("03.fits", True)]
)
def test_bad_pixels_are_those_of_the_single_process(
    hot_night: list[Path], cluster: Any, monkeypatch: pytest.MonkeyPatch, reference: str, hot_pixels: bool | str
) -> None:
    monkeypatch.setattr("indistack.cluster.dask_cluster.MEMORY_KEPT_AFTER", 4)
    wanted = {**FIXED, "calibrate": {"library": "", "hot_pixels": hot_pixels}}
    if reference.endswith(".fits"):
        reference = str(hot_night[0].with_name(reference))
    alone = indistack.stack_files(hot_night, wanted, reference=reference)
    many = indistack.stack_files(hot_night, wanted, reference=reference, cluster=cluster.scheduler_address)
    assert told(many) == told(alone)
    np.testing.assert_allclose(many.picture, alone.picture, **ROUNDING)


def test_hot_pixels_are_repaired(hot_night: list[Path], cluster: Any) -> None:
    bare = indistack.stack_files(hot_night, {**FIXED, "calibrate": {"library": "", "hot_pixels": False}})
    many = indistack.stack_files(hot_night, FIXED, cluster=cluster.scheduler_address)
    left = [np.nanpercentile(np.abs(one.picture - np.nanmedian(one.picture)), 99) for one in (bare, many)]
    assert left[1] < left[0]


def test_a_real_camera_s_pixels_agree(shared_data: Path, cluster: Any) -> None:
    files = sorted((shared_data / "m27_asi224mc_osc").glob("*.fits"))
    alone = indistack.stack_files(files, FIXED)
    many = indistack.stack_files(files, FIXED, cluster=cluster.scheduler_address)
    assert told(many) == told(alone)
    np.testing.assert_allclose(many.picture, alone.picture, **ROUNDING)


def test_it_is_an_option_of_the_command_with_workers_of_its_own(
    night: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.fits"
    assert main(["stack", str(night / "sub[0-2].fits"), "-o", str(out), "--cluster", "local"]) == 0
    assert out.exists()
    assert "every user of this machine can give orders" in capsys.readouterr().err


def test_what_is_missing_is_told_before_anything_begins(
    night: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match=r"--cluster tcp://127\.0\.0\.1:1"):
        monkeypatch.setattr("indistack.cluster.dask_cluster.CONNECT_S", 1)
        indistack.stack_files([night / "sub0.fits"], cluster="tcp://127.0.0.1:1")
    monkeypatch.setattr("indistack.cluster.dask_cluster.__version__", "0.0")
    with pytest.raises(SettingsError, match=r"has indistack .*, this is 0\.0"):
        indistack.stack_files([night / "sub0.fits"], cluster=cluster.scheduler_address)
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(SettingsError, match="-m pip install distributed"):
        indistack.stack_files([night / "sub0.fits"], cluster="local")
