"""The real KStars/Ekos captures with stock simulators while the agent listens: is each frame stacked once?

Run by scripts/test-ekos, which sees to the packages and the network. For each of Ekos' upload modes (client, local,
both), Ekos takes a short sequence with the post-capture hook. The sequence must complete, the hook must have run
once per frame and been quick, the agent's ledger must hold exactly one line per frame, there must be a stack, and
SIGTERM must end the agent with status 0. Where dbus-fast is installed, the agent then has Ekos stop a long sequence
when its goal is reached. Last, the stack itself is a device, see `ekos_device`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import shlex
import shutil
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from ekos_device import sequence_of, try_device
from ekos_stage import (
    CAMERA,
    CAPTURE,
    EXPOSURE_S,
    FRAMES,
    MODES,
    MOUNT,
    ROOT,
    SEQUENCE,
    ShortfallError,
    Stage,
    add_ekos_profile,
    begin_capture,
    capture,
    expect,
    has_camera,
    hears_ekos,
    ledger_lines,
    point_mount,
    start_ekos,
    start_indiserver,
    start_screen_and_bus,
    wait_for,
    write_kstars_settings,
)  # fmt: skip

from indistack.system import child_process

HOOK_LIMIT_MS = 1000  # of the quickest; promised: 500 on a quiet machine; Ekos waits this long after each frame
LONG_SEQUENCE = 40
AGENT_END_S = 60.0  # it writes pictures and a checkpoint

# Ekos runs a path without arguments; this one writes down the hook's status and how long it took.
WITNESS = """#!/bin/bash
start=$(date +%s%N)
{hook}
status=$?
echo "$status $((($(date +%s%N) - start) / 1000000))" >>{record}
exit $status
"""


def write_sequence(folder: Path, mode: str, hook: Path) -> Path:
    """Write Ekos' sequence file for an upload mode, with a witness around the hook."""
    witness = folder / "witness"
    witness.write_text(WITNESS.format(hook=shlex.quote(str(hook)), record=shlex.quote(str(folder / "hook.txt"))))
    witness.chmod(0o755)
    sequence = folder / "sequence.esq"
    sequence.write_text(
        SEQUENCE.format(
            mode=mode, mode_number=MODES.index(mode), frames=FRAMES, exposure_s=EXPOSURE_S, folder=folder, hook=witness
        )
    )
    return sequence


def check_files(folder: Path, mode: str) -> None:
    """Expect the camera's files where the upload mode puts them: proof that it was in force."""
    found = {side: len([*Path(folder, side).rglob("*.fits*")]) for side in ("client", "local")}
    expect(found == {side: FRAMES * (mode in (side, "both")) for side in found}, f"frames on disk: {found}")


def check_hook(record: Path) -> None:
    """Expect one quick and successful run of the hook per frame."""
    runs = [tuple(map(int, line.split())) for line in record.read_text().splitlines()] if record.exists() else []
    print(f"  hook: {len(runs)} runs, slowest {max((ms for _, ms in runs), default=0)} ms")
    expect(len(runs) == FRAMES, f"{len(runs)} runs of the hook for {FRAMES} frames")
    expect(all(status == 0 for status, _ in runs), f"a hook failed: {runs}")
    expect(min(ms for _, ms in runs) <= HOOK_LIMIT_MS, f"the hook is slow: {runs}")


def try_mode(stage: Stage, mode: str, port: int, agent: Path, hook: Path) -> None:
    """Run one sequence with an agent of its own beside it, and check what both have to show."""
    folder = stage.folder / mode
    folder.mkdir()
    output = folder / "out"
    command = (agent, "run", "--host", "127.0.0.1", "--port", str(port), "--device", CAMERA, "--output-dir", output)
    process = stage.start(f"agent-{mode}", *command)
    wait_for("the agent has the camera", lambda: has_camera(output) or process.poll() is not None, 30)
    expect(process.poll() is None, f"the agent ended with {process.returncode}")
    capture(stage, write_sequence(folder, mode, hook))
    with contextlib.suppress(ShortfallError):
        wait_for("the ledger is written", lambda: len(ledger_lines(output)) >= FRAMES, 10)
    time.sleep(1)  # for a line too many
    status = child_process.end(process, AGENT_END_S)
    lines = ledger_lines(output)
    for line in lines:
        words = (line.get(key) or "" for key in ("outcome", "reason", "detail", "path"))
        print(f"  {line.get('stars')} stars, FWHM {line.get('fwhm_px')} px", *words)
    check_files(folder, mode)
    check_hook(folder / "hook.txt")
    expect(len(lines) == FRAMES, f"{len(lines)} ledger lines for {FRAMES} frames")
    expect(all(line["outcome"] == "accepted" for line in lines), "a frame was refused")
    for picture in ("stack.fits", "stack.png"):
        expect((output / picture).exists(), f"the agent made no {picture}")
    expect(status == 0, f"SIGTERM ended the agent with {status}")


def try_goal(stage: Stage, port: int, agent: Path) -> None:
    """Let the agent have Ekos stop, on the session bus, when there is exposure enough."""
    output = stage.folder / "goal"
    wanted = {"ekos.stop_at_goal": "true", "goal.exposure_s": str(FRAMES * EXPOSURE_S)}
    words = [word for name, value in wanted.items() for word in ("--set", f"{name}={value}")]
    command = (agent, "run", "--host", "127.0.0.1", "--port", str(port), "--device", CAMERA, "--output-dir", output)
    process = stage.start("agent-goal", *command, *words)
    wait_for("the agent has the camera", lambda: has_camera(output) or process.poll() is not None, 30)
    wait_for("the agent hears Ekos", lambda: hears_ekos(output), 30)
    begin_capture(stage, sequence_of(stage, "goal", LONG_SEQUENCE, EXPOSURE_S))
    queue = partial(stage.call, "/KStars/Ekos/Capture", f"{CAPTURE}.getSequenceQueueStatus")
    wait_for("Ekos runs", lambda: "Running" in queue(), 20)
    wait_for("Ekos stops", lambda: "Running" not in queue(), 20 + 4 * FRAMES * EXPOSURE_S)
    lines = ledger_lines(output)
    print(f"  Ekos was asked to stop: {len(lines)} of {LONG_SEQUENCE} frames", flush=True)
    expect(FRAMES <= len(lines) < LONG_SEQUENCE / 2, f"{len(lines)} frames, {FRAMES} and a few are enough")
    child_process.end(process, AGENT_END_S)


def try_all_modes(stage: Stage, agent: Path, hook: Path) -> None:
    """Set the stage once, and try every upload mode on it."""
    start_screen_and_bus(stage)
    port = start_indiserver(stage)
    write_kstars_settings(stage)
    add_ekos_profile(stage, "127.0.0.1", port, {"Mount": MOUNT, "CCD": CAMERA})
    start_ekos(stage)
    point_mount(stage, port)
    for mode in MODES:
        start_s = time.monotonic()
        print(f"upload mode {mode}:", flush=True)
        try_mode(stage, mode, port, agent, hook)
        print(f"  ok, {time.monotonic() - start_s:.0f} s", flush=True)
    if importlib.util.find_spec("dbus_fast") is not None:
        print("the session bus:", flush=True)
        try_goal(stage, port, agent)


def main() -> int:
    """Run it all in a folder of its own; on a shortfall, keep the folder and show the ends of the logs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", type=Path, default=ROOT / ".venv/bin/indistack", help="the indistack program")
    parser.add_argument(
        "--hook", type=Path, default=ROOT / "scripts/ekos/post-capture", help="the script that Ekos runs"
    )
    parser.add_argument("--pictures", type=Path, help="folder for what the screen shows at the end")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by a signal, or by the time limit"))
    folder = Path(tempfile.mkdtemp(prefix="ekos-"))
    try:
        (folder / "modes").mkdir()
        with Stage(folder / "modes") as stage:
            try_all_modes(stage, options.agent.absolute(), options.hook.absolute())
        try_device(folder, options.agent.absolute().with_name("indi_indistack"), options.pictures)
    except ShortfallError as shortfall:
        names = ("kstars.log", "indiserver.log", "agent*.log")
        for log in sorted(path for name in names for path in folder.rglob(name)):
            print(f"--- end of {log}", *log.read_text(errors="replace").splitlines()[-12:], sep="\n")
        print(f"test-ekos: FAILED: {shortfall}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    print("test-ekos: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
