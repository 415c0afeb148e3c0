"""The command that lists sessions, and removes what a rule names."""

from __future__ import annotations

from datetime import timedelta

from indistack.command_line.arguments import Options
from indistack.command_line.exit_status import DONE
from indistack.command_line.say import say
from indistack.errors import IndistackError, SettingsError
from indistack.store.folder_lock import is_at_work
from indistack.store.prune import Rule, SessionSize, remove, sizes
from indistack.system.clock import utc_now
from indistack.values.counted import counted

MB = 1e6


def sessions(options: Options) -> int:
    """List sessions and what they hold; with a rule, remove it."""
    rule, folder = _rule(options), options.named or options.output_dir
    if not folder.is_dir():
        raise IndistackError(f"{folder}: no such folder")
    found = sizes(folder)
    if rule is None:
        for session in found:
            say(_line(session))
        total = sum(session.raw_bytes + session.other_bytes for session in found)
        say(f"{counted(len(found), 'session')}, {total / MB:.0f} MB")
        return DONE
    if is_at_work(folder) and not options.dry_run:
        raise IndistackError("an agent is at work there; prune when it has ended")
    freed = 0
    for session in rule.of(found, utc_now()):
        freed += _removed(session, rule, options.dry_run)
    say(f"{freed / MB:.0f} MB {'would be' if options.dry_run else 'are'} free again")
    return DONE


def _rule(options: Options) -> Rule | None:
    limits = options.older_than is not None or options.keep is not None
    if options.prune is None:
        if limits or options.dry_run:
            raise SettingsError(["--older-than, --keep and --dry-run go with --prune raw or --prune all"])
        return None
    if not limits:
        raise SettingsError(["--prune needs to be told of which sessions: --older-than DAYS, --keep N, or both"])
    older = timedelta(days=options.older_than) if options.older_than is not None else None
    return Rule(options.prune, older, options.keep or 0)


def _removed(session: SessionSize, rule: Rule, dry_run: bool) -> int:
    n_bytes = session.raw_bytes + (session.other_bytes if rule.what == "all" else 0)
    what = "raw subs and checkpoints" if rule.what == "raw" else "all"
    say(f"{session.folder.name}: {what}, {n_bytes / MB:.0f} MB")
    return n_bytes if dry_run else remove(session, rule.what)


def _line(session: SessionSize) -> str:
    state = "  (has not ended)" if session.is_open else ""
    return (
        f"{session.folder.name:40} {session.changed:%Y-%m-%d %H:%M}  raw {session.raw_bytes / MB:7.0f} MB  "
        f"other {session.other_bytes / MB:7.0f} MB{state}"
    )
