"""Commands of the live agent."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from indistack.agent.agent import Agent
from indistack.agent.ekos_jobs import EkosJobs
from indistack.agent.goal import GoalWatch
from indistack.agent.messenger import messenger
from indistack.agent.notices import Notices
from indistack.agent.status import StatusListener
from indistack.centre import Keeper, mover_of
from indistack.command_line.arguments import Options
from indistack.command_line.demo import run as run_demo
from indistack.command_line.demo import run_camera
from indistack.command_line.exit_status import DONE, FAILED
from indistack.command_line.night_view import NightView, command_to_go_on
from indistack.command_line.options import Overrides, config_of, given, require_pictures
from indistack.command_line.page import page_beside
from indistack.command_line.say import complain, say
from indistack.command_line.sub_line import sub_words
from indistack.config import Config, stacks_of
from indistack.errors import IndistackError, SettingsError
from indistack.output.destinations import require_folder, require_writable
from indistack.pipeline.calibrators import calibrator_factory, learner_of, library_of
from indistack.resume.same_night import session_to_go_on
from indistack.resume.session_settings import settings_to_go_on
from indistack.sinks import SINKS
from indistack.sources import AnnouncedSource, EkosSource, FolderSource, HookSource, IndiSource, Source, on_record
from indistack.store.folder_lock import FolderLock, has_stand_in, is_at_work, make_folder, only_one, stand_in
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.system.clock import utc_now
from indistack.system.night_log import night_log
from indistack.values.disturbances import Disturbances
from indistack.values.own_files import OwnFiles
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)


def run(options: Options) -> int:
    """Stack what the camera of an INDI server delivers."""
    overrides: Overrides = {"indi": given(host=options.host, port=options.port, device=options.device)}
    config, output = config_of(options, overrides | _limits(options)), options.output_dir
    if options.announced:
        return _stand_in(config, options)
    jobs, disturbances = EkosJobs(output), Disturbances()
    ekos = EkosSource(config.ekos, disturbances, jobs)
    sources: list[Source] = [IndiSource(config.indi), HookSource(config.hook, jobs), ekos]
    sources += [AnnouncedSource(output)] if config.hook.enabled else []
    goal = GoalWatch(config.goal.exposure_s, ekos.stop_capture) if config.ekos.stop_at_goal else None
    return run_agent(config, sources, options, None, goal.look if goal else None, disturbances=disturbances)


def _stand_in(config: Config, options: Options) -> int:
    """Stack what is on record, unless somebody does; one that ends looks once more for what came meanwhile."""
    output, stop = options.output_dir, _stop_on_signals()
    _require_room(output, config)
    os.nice(config.stack.nice)
    while on_record(output) and not stop.is_set() and not is_at_work(output):
        with only_one(output) as lock, stand_in(output) as is_wanted:
            _agent_alone(config, [AnnouncedSource(output, config.hook.stays_s)], options, OwnFiles(), stop, lock)
            if not is_wanted():
                break
    return DONE


def watch(options: Options) -> int:
    """Stack what appears in a folder."""
    if options.folder.is_file():
        raise SettingsError([f"{options.folder}: is a file; name the folder that frames come into"])
    config = config_of(options, {"folder": given(recursive=options.recursive or None)} | _limits(options))
    own_files = OwnFiles(SessionFolders(options.output_dir).published())  # by earlier agents
    source = FolderSource(options.folder, config.folder, options.output_dir, own_files)
    return run_agent(config, [source], options, own_files)


def _limits(options: Options) -> Overrides:
    return {"stack": given(jobs=options.jobs, max_memory_mb=options.max_memory), "web": given(listen=options.listen)}


def run_agent(
    config: Config,
    sources: Sequence[Source],
    options: Options,
    own_files: OwnFiles | None = None,
    status_listener: StatusListener | None = None,
    tells_how: bool = True,
    disturbances: Disturbances | None = None,
) -> int:
    """Run an agent in its output folder until its sources end or a person ends it.

    Parameters
    ----------
    config : Config
        The settings.
    sources : sequence of Source
        Where frames come from.
    options : Options
        `output_dir`, `new`, `goes_on`, `max_subs` and `set`.
    own_files : OwnFiles, optional
        What is published into a folder that is watched.
    status_listener : callable, optional
        Told of every change, beside who looks on.
    tells_how : bool
        At the end it is told where the pictures are, and how to go on.
    disturbances : Disturbances, optional
        See `Agent`.
    """
    require_pictures(config)
    if has_stand_in(options.output_dir):
        with only_one(options.output_dir, relieves=True):
            pass  # it has left
    _require_room(options.output_dir, config)
    os.nice(config.stack.nice)
    # The lock first: what another agent has just begun looks unfinished.
    folder = make_folder(options.output_dir)
    with only_one(folder, relieves=True) as lock, page_beside(config.web, folder):
        stop = _stop_on_signals()
        return _agent_alone(config, sources, options, own_files, stop, lock, status_listener, tells_how, disturbances)


def _agent_alone(
    config: Config,
    sources: Sequence[Source],
    options: Options,
    own_files: OwnFiles | None,
    stop: threading.Event,
    lock: FolderLock,
    status_listener: StatusListener | None = None,
    tells_how: bool = True,
    disturbances: Disturbances | None = None,
) -> int:
    past, asked = _past(config, options), config
    if past is not None:
        other = "; --new begins another" if tells_how else ""
        log.info("going on with the stack of %s and its settings%s", past.folder.name, other)
        config = _settings_to_go_on(past, config, options.set)
    library = library_of(config)
    learner = learner_of(config, library)
    calibrator_for = calibrator_factory(config, learner or library, learns=learner is not None)
    with night_log(options.output_dir) as night, NightView() as view, messenger(config.notify.urls) as errand:
        notices = Notices(config.notify, errand.say) if errand is not None else None

        def show(status: Mapping[str, Any]) -> None:
            view.status(status)
            if notices is not None:
                notices.look(status)
            if status_listener is not None:
                status_listener(status)

        def listen(report: SubReport) -> None:
            view.sub(report)
            night.sub(report.number, report.word, sub_words(report))

        agent = Agent(
            config, sources, options.output_dir, calibrator_for, listen, status_listener=show,
            learner=learner, keeper=_keeper(config), goes_on=past, own_files=own_files,
            disturbances=disturbances, asked=asked,
        )  # fmt: skip
        lost = agent.run(stop, options.max_subs, lock)
    view.close(options.output_dir, command_to_go_on(options, asked) if tells_how else "")
    for path in lost:
        complain(f"{path}: could not be written when the stack was complete; the log tells why")
    return FAILED if lost else DONE


def _require_room(folder: Path, config: Config) -> None:
    """Refuse an output folder that cannot be written, or where the pictures would replace somebody else's files."""
    try:
        require_folder(folder)
    except SettingsError as error:
        raise IndistackError(
            f"{error}; name another with --output-dir, or make room, mount or unlock this one"
        ) from error
    suffixes = [SINKS.get(sink).suffix for sink in config.publish.sinks]
    pictures = [folder / f"{name}{suffix}" for name in stacks_of(config) for suffix in suffixes]
    require_writable(path for path in pictures if path.exists())


def _past(config: Config, options: Options) -> PastSession | None:
    """Return the session that is gone on with, if one is."""
    sessions = SessionFolders(options.output_dir)
    if options.goes_on:
        return sessions.past(options.goes_on)
    return None if options.new else session_to_go_on(sessions, config, utc_now())


def _settings_to_go_on(past: PastSession, config: Config, overrides: Sequence[str]) -> Config:
    """Return the session's settings; those of now where its own are lost: no start may fail of that."""
    try:
        return settings_to_go_on(past, config, overrides)
    except SettingsError as error:
        log.error("%s goes on with the settings of now, its own cannot be read: %s", past.folder.name, error)
        return config


def _keeper(config: Config) -> Keeper | None:
    """Return who keeps the target centred, if that is wanted."""
    mover = mover_of(config.centre, config.indi.host, config.indi.port)
    return Keeper(config.centre, mover, utc_now) if config.centre.enabled else None


def demo(options: Options) -> int:
    """Run indiserver, a simulated camera and the agent together; or the camera alone."""
    if options.camera:
        run_camera(options.camera, _stop_on_signals())
        return DONE

    def stack(config: Config, source: Source, folder: Path) -> None:
        with page_beside(config.web, make_folder(folder)), NightView() as view:
            factory = calibrator_factory(config)
            agent = Agent(config, [source], folder, factory, view.sub, status_listener=view.status)
            agent.run(_stop_on_signals(), options.subs)

    config = config_of(options, {"web": given(listen=options.listen)})
    for path in run_demo(config, options.output_dir, stack):
        say(path)
    return DONE


def _stop_on_signals() -> threading.Event:
    """Return an event that CTRL-C, SIGTERM and a terminal that closes set.

    A second CTRL-C or SIGTERM ends the process at once. What was started by nohup does not end with the terminal.
    """
    stop = threading.Event()

    def handle(number: int, _: object) -> None:
        log.info("%s: finishing", signal.Signals(number).name)
        stop.set()
        signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handle)
    return stop
