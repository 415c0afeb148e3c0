"""Serves the page: alone by ``indistack web``, or beside an agent."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from indistack.command_line.arguments import Options, default_config_path
from indistack.command_line.exit_status import DONE
from indistack.command_line.say import say
from indistack.errors import IndistackError, SettingsError
from indistack.settings import Given, validate
from indistack.settings.faces import WebSettings, host_and_port
from indistack.store.last_status import STATUS
from indistack.system import child_process
from indistack.system.atomic import remove_if_can_be

if TYPE_CHECKING:
    from indistack.faces.web.door import Door

log = logging.getLogger(__name__)

LOCK, LOG = ".page.lock", "page.log"
"""Files in the output folder: held by the page that shows it, and what that page has to say."""
END_S = 5.0


def web(options: Options) -> int:
    """Serve the page of an output folder, whether an agent is at work there or not."""
    folder, settings = options.output_dir, settings_of(options)
    _require_output(folder)
    if settings.listen is None:
        raise SettingsError(["web.listen: is off; say where the page is to be served with --listen HOST:PORT"])
    lock = _lock(folder)
    if lock is None:
        if not options.new_token:
            raise IndistackError(f"{folder}: its page is served already")
        _show_token(folder, "")
        return DONE
    _tell_who(lock, os.getpid())
    try:
        return _serve_here(door_of(settings), settings, folder, options.new_token)
    finally:
        os.close(lock)
        _remove_lock(folder)


def _require_output(folder: Path) -> None:
    """Refuse a folder that no agent writes to; an empty one may be that of an agent that begins later."""
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "there is no such folder"
        raise SettingsError([f"{folder}: {what}; name one that 'indistack run' or 'watch' writes to"])
    names = {one.name for one in folder.iterdir()}
    if STATUS in names:
        return
    from indistack.sources.base import is_frame_name
    from indistack.store.ledger import LEDGER

    if LEDGER in names:
        raise SettingsError([f"{folder}: is one session; name the folder that holds all of them, two above it"])
    if any(map(is_frame_name, names)):
        raise SettingsError([f"{folder}: holds frames, and no agent's stack; name the folder of its results"])


def _serve_here(door: Door, settings: WebSettings, folder: Path, fresh: bool) -> int:
    from indistack.faces.web.address import bind
    from indistack.faces.web.server import serve

    # CTRL-C is how it ends, also before it has quite begun.
    with suppress(KeyboardInterrupt), bind(*host_and_port(settings.listen or "")) as bound:
        _announce(folder, bound, door, fresh)
        serve(folder, bound, door)
    return DONE


def settings_of(options: Options) -> WebSettings:
    """Return the settings of the page; the others are not looked at: their slots take a second to load."""
    path = options.config
    if path is None and default_config_path().is_file():
        path = default_config_path()
    said = Given(path, options.set).values().get("web", {})
    listen = {"listen": options.listen} if options.listen is not None else {}
    return validate(WebSettings, {**said, **listen} if isinstance(said, dict) else said)


def door_of(settings: WebSettings) -> Door:
    """Return how the page is reached; raise IndistackError where it is to be encrypted and cannot be."""
    from indistack.faces.web.door import Door, require_encryption

    certificate, key = (
        str(Path(name).expanduser().absolute()) if name else "" for name in (settings.certificate, settings.key)
    )
    door = Door(tuple(settings.names), settings.code, certificate, key, settings.mqtt)
    require_encryption(door)
    if settings.mqtt and importlib.util.find_spec("aiomqtt") is None:
        log.warning("no broker is told of anything: web.mqtt needs aiomqtt; install it beside indistack with pip")
    return door


@contextmanager
def page_beside(settings: WebSettings, folder: Path) -> Iterator[None]:
    """Have the page served by a process of its own meanwhile, if it is wanted; the stack goes on without it, too."""
    process = None
    try:
        process = _start(settings.listen, door_of(settings), folder) if settings.listen is not None else None
    except (IndistackError, OSError) as error:
        log.error("there is no page: %s", error)
    except Exception:  # whatever it is, the stack begins
        log.exception("a bug in indistack: there is no page")
    try:
        yield
    finally:
        if process is not None:
            child_process.end(process, END_S)
            _remove_lock(folder)


def _start(listen: str, door: Door, folder: Path) -> subprocess.Popen[bytes] | None:
    """Start the page's process; it inherits the socket, and the lock that says that the page is served."""
    from indistack.faces.web.address import bind
    from indistack.faces.web.door import DOOR

    lock = _lock(folder)
    if lock is None:
        log.info("the page that is served already goes on")
        return None
    try:
        with bind(*host_and_port(listen)) as bound, (folder / LOG).open("wb") as said:
            handle = bound.fileno()
            words = [str(folder.absolute()), str(handle), str(os.getpid())]
            process = child_process.start(
                [sys.executable, "-m", "indistack.faces.web", *words], stderr=said, files=[handle, lock],
                environment=child_process.with_package({**os.environ, DOOR: json.dumps(asdict(door))}),
            )  # fmt: skip
            _tell_who(lock, process.pid)
            _announce(folder, bound, door)
            return process
    finally:
        os.close(lock)


def _lock(folder: Path) -> int | None:
    """Return what says, as long as any process has it open, that a page of the folder is served; None if one is."""
    path = folder / LOCK
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError as error:  # a network share without locks
            log.debug("%s: %s", folder, error.strerror)
            return handle
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        os.close(handle)  # who held it has removed it meanwhile


def _remove_lock(folder: Path) -> None:
    """Leave no lock behind, unless another page is served by now."""
    with suppress(OSError):  # the disk takes nothing any more
        handle = _lock(folder)
        if handle is not None:
            remove_if_can_be(folder / LOCK)
            os.close(handle)


def _tell_who(lock: int, process: int) -> None:
    """Write the number of the process that serves the page, for people who want to end it."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{process}\n".encode(), 0)


def _announce(folder: Path, bound: socket, door: Door, fresh: bool = False) -> None:
    """Tell where the page is, and once the token that lets it change things."""
    from indistack.faces.web.address import is_loopback, links
    from indistack.faces.web.token_file import has_token

    host, port = bound.getsockname()[:2]
    found = links(host, port, door.scheme)
    say(f"the page is at {'  '.join(found)}")
    if is_loopback(host):
        say(f"only this machine sees it; --listen 0.0.0.0:{port} shows it to everybody in the network")
    if door.code and sys.stdout.isatty():
        say(f"code to look on, which the page's QR code holds: {door.code}")
    if fresh or not has_token(folder):
        _show_token(folder, found[0], door.code)
    sys.stdout.flush()  # into a log, too, it is wanted now


def _show_token(folder: Path, link: str, code: str = "") -> None:
    """Make a token and show it, on a terminal only: a log would keep it."""
    from indistack.faces.web.invitation import in_terminal, invited
    from indistack.faces.web.token_file import new_token, write_token

    if not sys.stdout.isatty():
        asked = f"indistack web {shlex.quote(str(folder))} --new-token"
        say(f"to change things on the page, a token is needed: {asked}, on a terminal, shows one")
        return
    token = new_token()
    write_token(folder, token)
    say(f"token to change things on the page: {token}  (shown this once; --new-token makes another)")
    if link:
        opened = invited(f"{link}console", code, f"token={token}")
        say(f"the console, opened: {opened}")
        say(in_terminal(opened))
