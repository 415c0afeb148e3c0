"""Makes a catalogue of what is on the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from indistack.catalogue import kstars, tycho2
from indistack.catalogue.contents import Catalogue, NamedPlaces, Stars
from indistack.errors import IndistackError
from indistack.system.data_folder import data_folder
from indistack.values.counted import counted

FLATPAK = Path("~/.var/app/org.kde.kstars/data/kstars")


def usual_places() -> list[Path]:
    """Return where KStars keeps its data, those of the user first."""
    return [data_folder("kstars"), FLATPAK.expanduser(), kstars.SYSTEM]


def built(places: Sequence[Path], tables: Sequence[Path], tell: Callable[[str], None]) -> Catalogue:
    """Make a catalogue.

    Parameters
    ----------
    places : sequence of Path
        Folders of KStars' data, the first that has a file counts; or its ``stars.dat`` itself.
    tables : sequence of Path
        Of Tycho-2, see `tycho2.stars_of_table`.
    tell : callable
        Gets a line for each source.

    Raises
    ------
    SettingsError
        A file is not what it should be.
    IndistackError
        There is none.
    OSError
        A file cannot be opened.
    """
    stars, named, sources = Stars(), NamedPlaces(), []

    def told(path: Path, words: str, licence: str) -> None:
        tell(f"{path}: {words}")
        sources.append(licence)

    if (path := _found(places, kstars.STARS)) is not None:
        stars, named = kstars.stars_of_text(path)
        words = f"{counted(len(stars), 'star')} with B-V to V {_faintest(stars)}, {len(named)} with names"
        told(path, words, kstars.LICENCES[kstars.STARS])
    deeper = [(path, tycho2.stars_of_table(path), tycho2.LICENCE) for path in tables]
    if (path := _found(places, kstars.DEEP_STARS)) is not None:
        deeper.append((path, kstars.stars_of_binary(path), kstars.LICENCES[kstars.DEEP_STARS]))
    for path, further, licence in deeper:
        before, stars = len(stars), stars.with_further(further)
        words = f"{counted(len(stars) - before, 'further star')} with B-V to V {_faintest(further)}"
        told(path, words if len(further) else "no star has a colour, as there is no BT", licence)
    if (path := _found(places, kstars.OBJECTS)) is not None:
        objects = kstars.objects_of(path)
        named = named.joined(objects)
        told(path, counted(len(objects), "deep-sky object"), kstars.LICENCES[kstars.OBJECTS])
    if not sources:
        where = ", ".join(map(str, places))
        raise IndistackError(f"no catalogue in {where}: install kstars-data, or name --kstars DIR or --tycho2 TABLE")
    return Catalogue(stars, named, sources)


def _found(places: Sequence[Path], name: str) -> Path | None:
    """Return the first file of that name, packed or not; a place that is a file is KStars' text."""
    named = [place / each for place in places for each in (name, f"{name}.gz")]
    files = [place for place in places if name == kstars.STARS] + named
    return next((path for path in files if path.is_file()), None)


def _faintest(stars: Stars) -> str:
    return f"{stars.v_mag.max():.1f}" if len(stars) else "-"
