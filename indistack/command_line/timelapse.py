"""``indistack timelapse``: a film of a session's stack as it grew."""

from __future__ import annotations

from pathlib import Path

from indistack.command_line.arguments import Options
from indistack.command_line.results import written
from indistack.command_line.say import say
from indistack.errors import IndistackError, SettingsError
from indistack.output.destinations import require_writable
from indistack.output.timelapse import CODECS, pictures_of, write_film
from indistack.store.session_folders import session_at


def timelapse(options: Options) -> int:
    """Make a film of the pictures that a session has kept."""
    session = session_at(options.session)
    path: Path = options.output or Path(f"{session.name}.mp4")
    if path.suffix.lower() not in CODECS:
        raise SettingsError([f"{path}: a film is written as {', '.join(CODECS)}, and not otherwise"])
    require_writable(texts=[path])
    pictures = pictures_of(session)
    if not pictures:
        raise IndistackError(
            f"{session}: no pictures of the growing stack are kept there; a live session keeps them"
            " where publish.growth is above 0 and publish.sinks has jpeg"
        )
    write_film(pictures, path, options.seconds)
    say(f"{len(pictures)} pictures, {options.seconds:g} s")
    return written(path)
