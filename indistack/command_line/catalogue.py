"""The command that makes the catalogue of stars and names."""

from __future__ import annotations

from indistack.catalogue import catalogue_path, write
from indistack.catalogue.build import Sources, built, usual_sources
from indistack.command_line.arguments import Options
from indistack.command_line.exit_status import DONE
from indistack.command_line.options import config_of
from indistack.command_line.say import complain, say
from indistack.errors import SettingsError
from indistack.values.counted import counted


def catalogue(options: Options) -> int:
    """Make the catalogue of what KStars and Stellarium have, and of tables of Tycho-2; nothing comes from a network."""
    path = options.output or catalogue_path(config_of(options).picture.catalogue)
    if path is None:
        raise SettingsError(['picture.catalogue = "": no catalogue is wanted; name a file: -o FILE'])
    usual = usual_sources()
    given = Sources(options.kstars or usual.kstars, options.stellarium or usual.stellarium, options.tycho2)
    made = built(given, say)
    if not len(made.stars):
        complain("no star has a colour: pictures get names, and their white as without a catalogue")
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, made)
    for source in dict.fromkeys(made.sources):
        say(f"source: {source}")
    size_mb = path.stat().st_size / 1e6
    say(f"{path}: {counted(len(made.stars), 'star')}, {counted(len(made.places), 'name')}, {size_mb:.1f} MB")
    return DONE
