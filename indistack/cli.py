"""The commands; no arithmetic."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from indistack import batch
from indistack.agent.agent import Agent, utc_now
from indistack.agent.mailbox import tell
from indistack.align import ALIGNERS
from indistack.api import build_master, merge_stacks, stack_files
from indistack.centre import Keeper, mover_of
from indistack.command_line import demo, doctor
from indistack.command_line.options import Options, Overrides, command_of, config_of, given, make_parser
from indistack.command_line.progress import ProgressDisplay, show_masters
from indistack.config import Config, to_toml
from indistack.debayer import DEBAYERS
from indistack.decode import DECODERS
from indistack.enhance import OPERATORS
from indistack.errors import IndistackError, SettingsError
from indistack.indi import list_devices
from indistack.pipeline.calibrators import calibrator_factory, learner_of, library_folder, library_of
from indistack.report import as_text, read_session, summarise, write_report
from indistack.resume.amend import amend
from indistack.resume.replay import Replay
from indistack.resume.session_settings import settings_of, settings_to_go_on
from indistack.sinks import SINKS
from indistack.solve import SOLVERS
from indistack.sources import FolderSource, HookSource, IndiSource, Source, expand
from indistack.stack import METHODS
from indistack.store.session_folders import FOLDER as SESSIONS
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.system import log as logs
from indistack.system.resources import let_go_of_arrays

log = logging.getLogger(__name__)

DONE, FAILED, WRONG_USAGE = 0, 1, 2

REGISTRIES = (DECODERS, DEBAYERS, ALIGNERS, SOLVERS, METHODS, OPERATORS, SINKS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 1 the run failed, 2 wrong usage or settings."""
    options = make_parser().parse_args(arguments)
    logs.configure(options.log_level or options.default_log_level)
    let_go_of_arrays()
    try:
        return COMMANDS[options.command](options)
    except SettingsError as error:
        for fault in error.faults:
            print(f"indistack: {fault}", file=sys.stderr)
        return WRONG_USAGE
    except IndistackError as error:
        print(f"indistack: {error}", file=sys.stderr)
        return FAILED


def _run(options: Options) -> int:
    overrides: Overrides = {"indi": given(host=options.host, port=options.port, device=options.device)}
    config = config_of(options, overrides | _limits(options))
    return _agent(config, [IndiSource(config.indi), HookSource(config.hook)], options)


def _watch(options: Options) -> int:
    config = config_of(options, {"folder": given(recursive=options.recursive or None)} | _limits(options))
    return _agent(config, [FolderSource(options.folder, config.folder, ignore=options.output_dir)], options)


def _limits(options: Options) -> Overrides:
    return {"stack": given(jobs=options.jobs, max_memory_mb=options.max_memory)}


def _agent(config: Config, sources: Sequence[Source], options: Options) -> int:
    os.nice(config.stack.nice)
    past = None if options.new else SessionFolders(options.output_dir).past(options.goes_on)
    if past is not None:
        log.info("going on with the session %s and its settings", past.folder.name)
        config = settings_to_go_on(past, config, options.set)
    library = library_of(config)
    learner = learner_of(config, library)
    calibrator_for = calibrator_factory(config, learner or library, learns=learner is not None)
    agent = Agent(
        config, sources, options.output_dir, calibrator_for, learner=learner, keeper=_keeper(config), goes_on=past
    )
    agent.run(_stop_on_signals(), options.max_subs)
    return DONE


def _keeper(config: Config) -> Keeper | None:
    """Return who keeps the target centred, if that is wanted."""
    mover = mover_of(config.centre, config.indi.host, config.indi.port)
    return Keeper(config.centre, mover, utc_now) if config.centre.enabled else None


def _stack(options: Options) -> int:
    overrides: Overrides = {
        "stack": given(method=options.method, jobs=options.jobs, max_memory_mb=options.max_memory),
        "align": given(method=options.align),
        "debayer": given(method=options.debayer),
        "quality": {"enabled": False} if options.no_quality else {},
        "publish": given(maps=options.maps),
    }
    config = config_of(options, overrides)
    files = expand(options.files)
    with ProgressDisplay(len(files), "stacking") as display:
        result = stack_files(
            files, config, reference=options.reference, exact=options.exact, cluster=options.cluster,
            fits=options.output, png=options.png, report=options.report, progress=display.line,
        )  # fmt: skip
    stack = result.report["stack"]
    print(f"{stack['n_subs']} of {len(files)} subs, {stack['exposure_s']:.0f} s, in {stack['seconds']:.1f} s")
    for path in filter(None, (options.output, options.png, options.report)):
        print(path)
    return DONE


def _replay(options: Options) -> int:
    past = PastSession(options.session)
    method = [f"stack.method={options.method}"] if options.method else []
    config = settings_of(past, [*options.set, *method])
    crew = Replay(past, calibrator_factory(config, library_of(config)), options.exact)
    job = batch.Batch((), options.output, options.png, options.report)
    with ProgressDisplay(past.n_lights, "stacking") as display:
        result = batch.run(job, config, crew, display.line)
    print(f"{result.report['stack']['n_subs']} of {past.n_lights} subs")
    for path in filter(None, (options.output, options.png, options.report)):
        print(path)
    return DONE


def _unstack(options: Options) -> int:
    past = PastSession(options.session.absolute())
    config = settings_of(past, options.set)
    calibrator_for = calibrator_factory(config, library_of(config))
    session = amend(past, options.numbers, options.put_back, config, calibrator_for, utc_now())
    print(f"{session.n_subs} subs in the stack, {session.exposure_s:.0f} s")
    return DONE


def _tell(options: Options) -> int:
    folder = options.output_dir.absolute()
    output = folder.parent.parent if folder.parent.name == SESSIONS else folder
    fault = tell(output, command_of(options))
    if fault:
        raise IndistackError(fault)
    return DONE


def _master(options: Options) -> int:
    config, files = config_of(options), expand(options.files)
    with ProgressDisplay(len(files), options.kind) as display:
        master = build_master(
            options.kind, files, options.output, config,
            force=options.force, progress=display.done, tell=display.say,
        )  # fmt: skip
    print(master.describe())
    print(options.output)
    return DONE


def _merge(options: Options) -> int:
    merged = merge_stacks(options.stacks, config_of(options), grid=options.grid)
    for path in filter(None, (options.output, options.png)):
        merged.save(path)
        print(path)
    return DONE


def _report(options: Options) -> int:
    summary = summarise(read_session(options.session))
    print(as_text(summary), end="")
    for path in write_report(summary, options.output_dir or summary.subs.path.parent):
        print(path)
    return DONE


def _library(options: Options) -> int:
    config = config_of(options)
    library, folder = library_of(config), library_folder(config.calibrate)
    if library is None:
        print("the calibration library is off: calibrate.library is empty")
        return DONE
    show_masters(library.entries())
    print(folder)
    return DONE


def _demo(options: Options) -> int:
    def run(config: Config, source: Source, folder: Path) -> None:
        with ProgressDisplay(options.subs, "stacking") as display:
            agent = Agent(config, [source], folder, calibrator_factory(config), display.line)
            agent.run(_stop_on_signals(), options.subs)

    for path in demo.run(config_of(options), options.output_dir, run):
        print(path)
    return DONE


def _devices(options: Options) -> int:
    config = config_of(options, {"indi": given(host=options.host, port=options.port)}).indi
    devices = list_devices(config.host, config.port, options.timeout)
    for device in devices:
        state = "connected" if device.connected else "not connected"
        kinds = ", ".join(device.interfaces) or "other"
        print(f"{device.name:30s} {kinds:20s} {device.driver:25s} {state}")
    if not devices:
        print(f"no device on the INDI server at {config.host}:{config.port}")
    return DONE


def _doctor(options: Options) -> int:
    config = config_of(options, {"indi": given(host=options.host, port=options.port)})
    findings = list(doctor.examine(config, options.output_dir))
    for finding in findings:
        print(f"{finding.mark:5s} {finding.subject}: {finding.text}")
    return FAILED if any(finding.mark == doctor.BAD for finding in findings) else DONE


def _show_config(options: Options) -> int:
    print(to_toml(config_of(options)), end="")
    return DONE


def _methods(_: Options) -> int:
    for registry in REGISTRIES:
        print(f"{registry.slot}")
        for name, text in registry.describe().items():
            print(f"  {name:14s} {text}")
    return DONE


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


COMMANDS: dict[str, Callable[[Options], int]] = {
    "run": _run,
    "watch": _watch,
    "stack": _stack,
    "merge": _merge,
    "replay": _replay,
    "unstack": _unstack,
    "tell": _tell,
    "master": _master,
    "library": _library,
    "report": _report,
    "devices": _devices,
    "doctor": _doctor,
    "config": _show_config,
    "methods": _methods,
    "demo": _demo,
}
