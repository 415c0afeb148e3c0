"""``indistack livestack``: the LiveStack script's words, for an agent that works through a folder or watches it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from indistack.command_line.arguments import Options
from indistack.command_line.exit_status import FAILED
from indistack.command_line.live import run_agent
from indistack.command_line.livestack_arguments import ALL, CLASSIC, EACH, LOOP
from indistack.command_line.options import config_of, given
from indistack.command_line.say import complain, say
from indistack.config import MAIN, Config
from indistack.errors import SettingsError, SinkError
from indistack.resume.session_settings import settings_of
from indistack.sinks import SINKS, sink_for
from indistack.sources import FolderSource, OnceSource, Source, expand, natural_key
from indistack.store.last_status import last_status
from indistack.store.session_folders import SessionFolders
from indistack.store.session_reader import PastSession
from indistack.system.atomic import atomic_file
from indistack.system.real_path import real_path
from indistack.values.own_files import OwnFiles


def livestack(options: Options) -> int:
    """Stack a folder once, or for as long as files come."""
    methods = [method.lower() for method in (CLASSIC if options.method == ALL else (options.method,))]
    names = _names(options.output_image, methods)
    config = config_of(options, _settings(options, methods, Path(names[MAIN])))
    past = _past(options, config)
    options.goes_on, options.new = (str(past.folder) if past else ""), past is None
    own_files = OwnFiles([*SessionFolders(options.output_dir).published(), *_outputs(options.output_dir, names)])
    source = _source(options, config, own_files, 1 if past else options.number)

    def copy(_: Mapping[str, Any]) -> None:
        _copy_pictures(options.output_dir, names)  # what fails is tried again with the next publication

    status = run_agent(config, [source], options, own_files, copy, tells_how=False)
    for fault in _copy_pictures(options.output_dir, names):
        complain(fault)
        status = FAILED
    if options.mode != LOOP and not last_status(options.output_dir).get("n_subs"):
        complain(f"-input_dir {options.input_dir}: nothing could be stacked")
        return FAILED
    for path in filter(Path.is_file, _outputs(options.output_dir, names)):
        say(path)
    say("the same with -reload YES adds the newest file")
    return status


def _settings(options: Options, methods: Sequence[str], picture: Path) -> dict[str, dict[str, Any]]:
    """Return the settings that were said: the first method's stack is the main one."""
    sink = sink_for(picture)
    form = next(name for name in SINKS if isinstance(sink, SINKS.get(name)))
    folders = given(dark=options.dark_dir, flat=options.flat_dir)
    options.dark, options.flat = ([str(folders[kind])] if kind in folders else None for kind in ("dark", "flat"))
    return {
        "stack": {"method": methods[0]},
        "branches": {method: {"method": method} for method in methods[1:]},
        "publish": {"sinks": list(dict.fromkeys([form, "fits"]))},
        "web": {"listen": "off"},
    }


def _names(said: str, methods: Sequence[str]) -> dict[str, str]:
    """Return stack -> its picture's file: what was said, with the method where there are several, or the method."""
    if Path(said).name != said or said in ("", ".", ".."):
        raise SettingsError([f"-output_image {said!r}: a file's name is wanted, without a folder, or *"])
    path = Path(said) if said != EACH else Path()
    suffix = path.suffix or ".jpg"
    try:
        sink_for(Path(f"x{suffix}"))
    except SinkError as error:
        raise SettingsError([f"-output_image {said}: {str(error).partition(': ')[2]}"]) from error
    stacks = [MAIN, *methods[1:]]
    if said == EACH:
        return {stack: f"{method}{suffix}" for stack, method in zip(stacks, methods, strict=True)}
    if len(methods) == 1:
        return {MAIN: f"{path.stem}{suffix}"}
    return {stack: f"{path.stem}-{method}{suffix}" for stack, method in zip(stacks, methods, strict=True)}


def _past(options: Options, config: Config) -> PastSession | None:
    """Return the session that is gone on with, None where a new one begins."""
    if options.reload != "YES":
        return None
    folders = SessionFolders(options.output_dir).all()
    if not folders:
        say("-reload YES: there is no stack yet, a new one begins")
        return None
    past = PastSession(folders[-1])
    kept = settings_of(past)
    was, wanted = ([one.stack.method, *(branch.method for branch in one.branches.values())] for one in (kept, config))
    if was != wanted:
        said = f"the stack of the run before is by {', '.join(was).upper()}; say that, or -reload NO"
        raise SettingsError([f"-method {options.method} -reload YES: {said}"])
    return past


def _source(options: Options, config: Config, own_files: OwnFiles, last: int) -> Source:
    """Return what delivers the last files that are there, and in a loop every further one."""
    if options.mode == LOOP:
        known: Iterable[Path] = ()
        if last and options.input_dir.is_dir():
            with suppress(SettingsError):  # nothing is there yet
                known = expand([options.input_dir.absolute()])[:-last]
        return FolderSource(options.input_dir, config.folder, options.output_dir, own_files, known)
    if not options.input_dir.is_dir():
        raise SettingsError([f"-input_dir {options.input_dir}: no such folder"])
    ours = set(map(real_path, _published(options.output_dir, own_files)))
    files = [path for path in expand([options.input_dir.absolute()]) if real_path(path) not in ours]
    if not files:
        raise SettingsError([f"-input_dir {options.input_dir}: no frames in this folder"])
    return OnceSource(sorted(files, key=natural_key)[-last:])


def _published(folder: Path, own_files: OwnFiles) -> list[Path]:
    """Return the files of a folder that are pictures of ours."""
    real = real_path(folder)
    return [path for path in real.iterdir() if path in own_files] if real.is_dir() else []


def _outputs(folder: Path, names: Mapping[str, str]) -> list[Path]:
    return [folder / name for name in names.values()]


def _copy_pictures(folder: Path, names: Mapping[str, str]) -> list[str]:
    """Give the published pictures the names that were asked for, where they have others; return why some have not."""
    faults = []
    for stack, name in names.items():
        published, wanted = folder / f"{stack}{_spelt(name)}", folder / name
        if published.name == wanted.name or not published.is_file():
            continue
        if wanted.is_file() and wanted.stat().st_mtime_ns >= published.stat().st_mtime_ns:
            continue
        try:
            with published.open("rb") as source, atomic_file(wanted, durable=False) as file:
                shutil.copyfileobj(source, file)
        except SinkError as error:
            faults.append(str(error))
        except OSError as error:
            faults.append(f"{published}: {error.strerror}")
    return faults


def _spelt(name: str) -> str:
    """The suffix under which the form of a file is published."""
    return sink_for(Path(name)).suffix
