"""The stack as a camera of the real KStars/Ekos: one KStars takes the subs, another one takes pictures of the stack.

The first starts indiserver with the drivers of its profile, of which one is the stack: found by the description in the
folder of drivers, started, and connected. It takes a sequence. Meanwhile the second one, as a phone or a second capture
tab would, takes one picture of the stack after the other. The sequence must be complete, each of its frames a sub of
the device's agent, and the second must have got many different stacks.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from astropy.io import fits
from ekos_stage import (
    CAMERA,
    END_S,
    MOUNT,
    ROOT,
    SEQUENCE,
    ShortfallError,
    Stage,
    add_ekos_profile,
    answers,
    begin_capture,
    capture,
    expect,
    has_camera,
    ledger_lines,
    point_mount,
    start_ekos,
    start_indiserver,
    start_screen_and_bus,
    wait_for,
    write_kstars_settings,
)  # fmt: skip

from indistack.store.folder_lock import is_at_work

STACK = "Live Stack"
PORT = 7624  # KStars' own
SUBS, SUB_S = 24, 1
LEAST_STACKS = 8
STACK_S = 2  # longest wait for a new stack
OWN_DRIVER = ROOT / "scripts/installation/indi_indistack.xml"


def with_driver(folder: Path, program: Path) -> dict[str, dict[str, str]]:
    """Lay out drivers as an installation does, and return the settings of a KStars that takes them from there."""
    programs, descriptions = folder / "bin", folder / "indi"
    programs.mkdir()
    descriptions.mkdir()
    server = Path(shutil.which("indiserver") or "indiserver")
    for each in [*server.parent.glob("indi*"), program]:
        link = programs / each.name
        link.unlink(missing_ok=True)
        link.symlink_to(each)
    for description in (Path("/usr/share/indi/drivers.xml"), OWN_DRIVER):
        shutil.copy(description, descriptions)
    return {"indi": {"indiDriversDir": str(descriptions), "indiServer": str(programs / "indiserver")}}


def sequence_of(stage: Stage, name: str, count: int, exposure_s: float) -> Path:
    """Write a sequence without a hook."""
    text = SEQUENCE.format(mode=name, mode_number=0, frames=count, exposure_s=exposure_s, folder=stage.folder, hook="")
    path = stage.folder / f"{name}.esq"
    path.write_text(text)
    return path


def stacks_in(folder: Path) -> list[int]:
    """Return how many subs there were in every picture that was received, in order."""
    paths = sorted(folder.rglob("*.fits"), key=lambda path: path.stat().st_mtime_ns)
    counts = []
    for path in paths:
        with contextlib.suppress(OSError, KeyError):  # it is just being written
            counts.append(int(fits.getheader(path)["STACKCNT"]))
    return counts


def keep_screen(stage: Stage, path: Path) -> None:
    """Write what a screen shows as a picture."""
    data = (stage.folder / "Xvfb_screen0").read_bytes()  # X window dump: 25 words of a header, colours, pixels
    head = np.frombuffer(data, ">u4", 25)
    size, width, height, line, colours = (int(head[i]) for i in (0, 4, 5, 12, 19))
    pixels = np.frombuffer(data, np.uint8, line * height, size + 12 * colours).reshape(height, line)
    cv2.imwrite(str(path), pixels[:, : 4 * width].reshape(height, width, 4)[..., :3])


def end_agent(output: Path) -> None:
    """End the agent that the device has started, which outlives the server, and wait until it writes no more."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"--output-dir\0{output}\0".encode() in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGTERM)
                wait_for("the agent ends", lambda path=path: not path.exists(), END_S)


def outlive(stage: Stage, kstars: subprocess.Popen[bytes], output: Path) -> None:
    """Kill KStars in the middle of a sequence: the stack lives on, and takes what another client has exposed."""
    before = len(ledger_lines(output))
    begin_capture(stage, sequence_of(stage, "more", 1000, SUB_S))
    wait_for("two more subs", lambda: len(ledger_lines(output)) >= before + 2, 30)
    kstars.kill()
    kstars.wait()
    expect(is_at_work(output), "the agent has ended with KStars")
    if not answers(PORT):  # the server may go with the KStars that has started it
        start_indiserver(stage, PORT)
    wait_for("the camera is there", lambda: connects(stage), 20)
    n_lines = len(ledger_lines(output))

    def takes() -> bool:
        stage.run("indi_setprop", "-p", str(PORT), f"{CAMERA}.CCD_EXPOSURE.CCD_EXPOSURE_VALUE={SUB_S}", check=False)
        time.sleep(SUB_S + 1)
        return len(ledger_lines(output)) > n_lines

    wait_for("a sub after KStars", takes, 30)
    expect(len(list(output.glob("sessions/*/ledger.jsonl"))) == 1, "another stack has begun")
    print("  KStars was killed: the stack lives on", flush=True)


def connects(stage: Stage) -> bool:
    """Connect the camera; tell whether it is."""
    where = f"{CAMERA}.CONNECTION.CONNECT"
    stage.run("indi_setprop", "-p", str(PORT), f"{where}=On", check=False)
    return stage.run("indi_getprop", "-1", "-t", "2", "-p", str(PORT), where, check=False) == "On"


def look_on(folder: Path) -> Stage:
    """Start a KStars that sees nothing but the stack."""
    folder.mkdir()
    stage = Stage(folder)
    start_screen_and_bus(stage)
    write_kstars_settings(stage, {"FITSViewer": {"useFITSViewer": "true", "singleWindowOpenedFITS": "true"}})
    add_ekos_profile(stage, "127.0.0.1", PORT, {"CCD": STACK})
    start_ekos(stage, STACK)
    return stage


def try_device(folder: Path, program: Path, pictures: Path | None) -> None:
    """Let one KStars take subs, and another the growing stack."""
    print("the stack as a camera:", flush=True)
    start_s, output = time.monotonic(), folder / "out"
    (folder / "taker").mkdir()
    try:
        with Stage(folder / "taker") as taker:
            taker.env["INDISTACK_OUTPUT"] = str(output)
            start_screen_and_bus(taker)
            write_kstars_settings(taker, with_driver(folder, program))
            add_ekos_profile(taker, "", 0, {"Mount": MOUNT, "CCD": CAMERA, "Aux1": STACK})
            kstars = start_ekos(taker)
            wait_for("the device's agent has the camera", partial(has_camera, output), 40)
            point_mount(taker, PORT)
            with look_on(folder / "viewer") as viewer:
                begin_capture(viewer, sequence_of(viewer, STACK, 1000, STACK_S))
                capture(taker, sequence_of(taker, "subs", SUBS, SUB_S), 60 + 6 * SUBS * SUB_S)
                wait_for("all subs are told of", lambda: len(ledger_lines(output)) >= SUBS, 30)
                received = viewer.folder / "client"
                with contextlib.suppress(ShortfallError):
                    wait_for("the last stack is received", lambda: stacks_in(received)[-1:] == [SUBS], 4 * STACK_S)
                if pictures is not None:
                    keep_screen(viewer, pictures / "viewer.png")
                    keep_screen(taker, pictures / "taker.png")
                counts = stacks_in(received)
            lines = ledger_lines(output)
            outlive(taker, kstars, output)
    finally:
        end_agent(output)
    print(f"  {len(counts)} pictures of the stack, with {counts} subs", flush=True)
    expect(len(lines) == SUBS, f"{len(lines)} ledger lines for {SUBS} frames")
    expect(all(line["outcome"] == "accepted" for line in lines), "a frame was refused")
    expect(len(set(counts)) >= LEAST_STACKS, f"{len(set(counts))} different stacks, {LEAST_STACKS} are wanted")
    expect(counts == sorted(counts), "the stacks did not come in order")
    expect(counts[-1] == SUBS, f"the last picture has {counts[-1]} of {SUBS} subs")
    print(f"  ok, {time.monotonic() - start_s:.0f} s", flush=True)
