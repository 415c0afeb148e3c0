"""The commands; no arithmetic."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from indistack import __version__, batch, demo, doctor
from indistack import log as logs
from indistack.align import ALIGNERS
from indistack.calibration import build_master, calibrator_factory, learner_of, library_folder, library_of
from indistack.config import Config, default_config_path, to_toml
from indistack.debayer import DEBAYERS
from indistack.decode import DECODERS
from indistack.enhance import OPERATORS
from indistack.errors import IndistackError, SettingsError
from indistack.indi import list_devices
from indistack.report import as_text, read_session, summarise, write_report
from indistack.service import Agent
from indistack.settings import load, validate
from indistack.sinks import SINKS
from indistack.sources import FolderSource, HookSource, IndiSource, Source, expand
from indistack.stack import METHODS
from indistack.terminal import Display, show_masters

log = logging.getLogger(__name__)

DONE, FAILED, WRONG_USAGE = 0, 1, 2

REGISTRIES = (DECODERS, DEBAYERS, ALIGNERS, METHODS, OPERATORS, SINKS)

CALIBRATION_OPTIONS = ("dark", "flat", "bias", "darkflat", "library", "learn")

Options = argparse.Namespace
Overrides = dict[str, dict[str, Any]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 1 the run failed, 2 wrong usage or settings."""
    options = _parser().parse_args(arguments)
    logs.configure(options.log_level or options.default_log_level)
    try:
        return int(options.command(options))
    except SettingsError as error:
        for fault in error.faults:
            print(f"indistack: {fault}", file=sys.stderr)
        return WRONG_USAGE
    except IndistackError as error:
        print(f"indistack: {error}", file=sys.stderr)
        return FAILED


def _run(options: Options) -> int:
    config = _config(options, {"indi": _given(host=options.host, port=options.port, device=options.device)})
    return _agent(config, [IndiSource(config.indi), HookSource(config.hook)], options)


def _watch(options: Options) -> int:
    config = _config(options, {"folder": _given(recursive=options.recursive or None)})
    return _agent(config, [FolderSource(options.folder, config.folder, ignore=options.output_dir)], options)


def _agent(config: Config, sources: Sequence[Source], options: Options) -> int:
    library = library_of(config)
    learner = learner_of(config, library)
    calibrator_for = calibrator_factory(config, learner or library, learns=learner is not None)
    agent = Agent(config, sources, options.output_dir, calibrator_for, learner=learner)
    agent.run(_stop_on_signals(), options.max_subs)
    return DONE


def _stack(options: Options) -> int:
    overrides: Overrides = {
        "stack": _given(method=options.method, jobs=options.jobs),
        "align": _given(method=options.align),
        "debayer": _given(method=options.debayer),
        "quality": {"enabled": False} if options.no_quality else {},
    }
    config = _config(options, overrides)
    files = expand(options.files)
    job = batch.Batch(files, options.output, options.png, options.report, options.reference)
    with Display(len(files), "stacking") as display:
        result = batch.run(job, config, calibrator_factory(config, library_of(config)), display.line)
    stack = result.report["stack"]
    print(f"{stack['n_subs']} of {len(files)} subs, {stack['exposure_s']:.0f} s, in {stack['seconds']:.1f} s")
    for path in filter(None, (options.output, options.png, options.report)):
        print(path)
    return DONE


def _master(options: Options) -> int:
    config = _config(options)
    if options.kind != "flat" and (config.calibrate.bias or config.calibrate.darkflat or config.calibrate.dark):
        raise SettingsError(["--bias, --darkflat and --dark are for flats: nothing is subtracted from other masters"])
    files = expand(options.files)
    with Display(len(files), options.kind) as display:
        master = build_master(
            config, options.kind, files, options.output,
            progress=lambda kind, done, _: display.done(done) if kind == options.kind else None,
            tell=display.say, force=options.force,
        )  # fmt: skip
    print(master.describe())
    print(options.output)
    return DONE


def _report(options: Options) -> int:
    summary = summarise(read_session(options.session))
    print(as_text(summary), end="")
    for path in write_report(summary, options.output_dir or summary.subs.path.parent):
        print(path)
    return DONE


def _library(options: Options) -> int:
    config = _config(options)
    library, folder = library_of(config), library_folder(config.calibrate)
    if library is None:
        print("the calibration library is off: calibrate.library is empty")
        return DONE
    show_masters(library.entries())
    print(folder)
    return DONE


def _demo(options: Options) -> int:
    def run(config: Config, source: Source, folder: Path) -> None:
        with Display(options.subs, "stacking") as display:
            agent = Agent(config, [source], folder, calibrator_factory(config), display.line)
            agent.run(_stop_on_signals(), options.subs)

    for path in demo.run(_config(options), options.output_dir, run):
        print(path)
    return DONE


def _devices(options: Options) -> int:
    config = _config(options, {"indi": _given(host=options.host, port=options.port)}).indi
    devices = list_devices(config.host, config.port, options.timeout)
    for device in devices:
        state = "connected" if device.connected else "not connected"
        kinds = ", ".join(device.interfaces) or "other"
        print(f"{device.name:30s} {kinds:20s} {device.driver:25s} {state}")
    if not devices:
        print(f"no device on the INDI server at {config.host}:{config.port}")
    return DONE


def _doctor(options: Options) -> int:
    config = _config(options, {"indi": _given(host=options.host, port=options.port)})
    findings = list(doctor.examine(config, options.output_dir))
    for finding in findings:
        print(f"{finding.mark:5s} {finding.subject}: {finding.text}")
    return FAILED if any(finding.mark == doctor.BAD for finding in findings) else DONE


def _show_config(options: Options) -> int:
    print(to_toml(_config(options)), end="")
    return DONE


def _methods(_: Options) -> int:
    for registry in REGISTRIES:
        print(f"{registry.slot}")
        for name, text in registry.describe().items():
            print(f"  {name:14s} {text}")
    return DONE


def _config(options: Options, overrides: Overrides | None = None) -> Config:
    """Read the settings file, then ``--set``, then the options of the command."""
    path = options.config
    if path is None and default_config_path().is_file():
        path = default_config_path()
    config = load(Config, path, options.set)
    given = dict(overrides or {})
    given["calibrate"] = _given(**{name: getattr(options, name, None) for name in CALIBRATION_OPTIONS})
    values = config.model_dump()
    for table, entries in given.items():
        values[table] |= entries
    return validate(Config, values)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _stop_on_signals() -> threading.Event:
    """Return an event that CTRL-C and SIGTERM set; a second one ends the process at once."""
    stop = threading.Event()

    def handle(number: int, _: object) -> None:
        log.info("%s: finishing", signal.Signals(number).name)
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="indistack", description="Live stacking for people who observe with INDI.")
    parser.add_argument("--version", action="version", version=f"indistack {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = _command(commands, "run", _run, "stack what the camera of an INDI server delivers", "info")
    _add_server(run)
    run.add_argument("--device", help="the camera's INDI name; by default the only one there")
    _add_agent(run)

    watch = _command(commands, "watch", _watch, "stack what appears in a folder", "info")
    watch.add_argument("folder", type=Path, metavar="DIR")
    watch.add_argument("--recursive", action="store_true", help="look into its folders too")
    _add_agent(watch)

    _add_stack(_command(commands, "stack", _stack, "stack files, once"))

    _add_master(_command(commands, "master", _master, "build a master from raw calibration frames"))
    report = _command(commands, "report", _report, "tell of a session's mount, sky and stack: text, JSON, a page")
    report.add_argument("session", type=Path, metavar="SESSION", help="its folder, or its ledger.jsonl")
    report.add_argument("--output-dir", type=Path, metavar="DIR", help="gets report.json and report.html [SESSION]")
    _add_library(_command(commands, "library", _library, "show the masters of the calibration library"))

    devices = _command(commands, "devices", _devices, "show what is on an INDI server")
    _add_server(devices)
    devices.add_argument("--timeout", type=float, default=3.0, metavar="S", help="how long to listen [3]")

    check = _command(commands, "doctor", _doctor, "examine whether this machine is ready")
    _add_server(check)
    check.add_argument("--output-dir", type=Path, default=Path("indistack-output"), metavar="DIR")

    _command(commands, "config", _show_config, "show the effective settings as TOML")
    _command(commands, "methods", _methods, "show what can be chosen")

    show = _command(commands, "demo", _demo, "indiserver, a simulated camera and the agent, together")
    show.add_argument("--subs", type=int, default=20, metavar="N", help="stop after N subs; 0 = until CTRL-C [20]")
    show.add_argument("--output-dir", type=Path, default=Path("demo-output"), metavar="DIR")
    return parser


def _command(
    commands: Any, name: str, function: Callable[[Options], int], text: str, log_level: str = "warning"
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"settings file [{default_config_path()}]")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one setting; repeatable")
    parser.add_argument("--log-level", choices=logs.LEVELS)
    parser.set_defaults(command=function, default_log_level=log_level)
    return parser


def _add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="of the INDI server [127.0.0.1]")
    parser.add_argument("--port", type=int, help="of the INDI server [7624]")


def _add_calibration(parser: argparse.ArgumentParser) -> None:
    for kind in ("dark", "flat", "bias", "darkflat"):
        text = f"master {kind}, or raw {kind} frames to build it from (files, folders, globs)"
        parser.add_argument(f"--{kind}", nargs="+", metavar="FILE", help=text)
    _add_library(parser)


def _add_library(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--library", metavar="DIR", help="calibration library; '' = none")


def _add_master(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=("dark", "flat", "bias", "darkflat"))
    parser.add_argument("files", nargs="+", metavar="FILES", help="raw frames: files, folders or globs")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.fits", required=True)
    for kind in ("darkflat", "dark", "bias"):
        parser.add_argument(f"--{kind}", nargs="+", metavar="FILE", help=f"{kind} to take off the flats")
    parser.add_argument("--force", action="store_true", help="combine what is given, whatever it seems to be")


def _add_agent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output-dir", type=Path, default=Path("indistack-output"), metavar="DIR")
    parser.add_argument("--max-subs", type=int, default=0, metavar="N", help="stop after N subs")
    parser.add_argument(
        "--no-learn", dest="learn", action="store_const", const=False, help="refuse calibration frames"
    )  # fmt: skip
    _add_calibration(parser)


def _add_stack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILES", help="files, folders or globs")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.fits")
    parser.add_argument("--png", type=Path, metavar="OUT.png")
    parser.add_argument("--report", type=Path, metavar="OUT.json")
    _add_calibration(parser)
    parser.add_argument("--method", metavar="NAME", help="stacking method; see 'indistack methods'")
    parser.add_argument("--align", metavar="NAME")
    parser.add_argument("--debayer", metavar="NAME")
    parser.add_argument("--reference", default="first", metavar="first|best|PATH", help="what to align to [first]")
    parser.add_argument("--no-quality", action="store_true", help="refuse no sub for its quality")
    parser.add_argument("--jobs", type=int, metavar="N", help="threads [one per core]")
