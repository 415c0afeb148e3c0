"""The door: reads what was said, runs that command, turns errors into words and an exit status."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from importlib import import_module

from indistack.command_line.arguments import Options, make_parser
from indistack.command_line.exit_status import FAILED, INTERRUPTED, WRONG_USAGE
from indistack.command_line.say import complain
from indistack.errors import IndistackError, SettingsError
from indistack.system import log as logs
from indistack.system.resources import let_go_of_arrays
from indistack.system.streams import outlive_readers

log = logging.getLogger(__name__)

COMMANDS = {
    "run": "live:run",
    "watch": "live:watch",
    "stack": "stacking:stack",
    "livestack": "livestack:livestack",
    "merge": "making:merge",
    "replay": "making:replay",
    "unstack": "making:unstack",
    "tell": "telling:tell_agent",
    "web": "page:web",
    "master": "making:master",
    "library": "showing:library",
    "catalogue": "catalogue:catalogue",
    "report": "showing:report",
    "sessions": "sessions:sessions",
    "timelapse": "timelapse:timelapse",
    "devices": "showing:devices",
    "doctor": "showing:doctor",
    "config": "showing:config",
    "methods": "showing:methods",
    "demo": "live:demo",
}
"""Command -> module of `command_line` and its function, loaded when asked for: array libraries take a second."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0 done, 1 the run failed, 2 wrong usage or settings, 130 interrupted."""
    with outlive_readers():
        return _run(make_parser().parse_args(arguments))


def _run(options: Options) -> int:
    logs.configure(options.log_level or options.default_log_level)
    let_go_of_arrays()
    try:
        return function_of(options.command)(options)
    except SettingsError as error:
        for fault in error.faults:
            complain(fault)
        return WRONG_USAGE
    except IndistackError as error:
        complain(error)
        return FAILED
    except OSError as error:
        log.debug("where it came from", exc_info=True)
        complain(f"{error.filename}: {error.strerror}" if error.filename else error)
        return FAILED
    except KeyboardInterrupt:
        complain("interrupted; no result is written")
        return INTERRUPTED


def function_of(command: str) -> Callable[[Options], int]:
    """Return what runs a command: takes its options, returns the exit status."""
    module, _, name = COMMANDS[command].partition(":")
    function: Callable[[Options], int] = getattr(import_module(f"indistack.command_line.{module}"), name)
    return function
