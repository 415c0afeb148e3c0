"""Makes a catalogue of what is on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indistack.catalogue import kstars, stellarium, tycho2
from indistack.catalogue.contents import Catalogue, NamedPlaces, Stars
from indistack.errors import IndistackError
from indistack.system.data_folder import data_folder
from indistack.values.counted import counted

FLATPAK = Path("~/.var/app/org.kde.kstars/data/kstars")
OF_STELLARIUM = Path("~/.stellarium/stars/default")


@dataclass(frozen=True, slots=True)
class Sources:
    """What a catalogue is made of.

    Attributes
    ----------
    kstars : sequence of Path
        Folders of KStars' data, the first that has a file counts; or its ``stars.dat`` itself.
    stellarium : sequence of Path
        Folders of Stellarium's stars.
    tycho2 : sequence of Path
        Tables of Tycho-2, see `tycho2.stars_of_table`.
    """

    kstars: Sequence[Path]
    stellarium: Sequence[Path]
    tycho2: Sequence[Path]


def usual_sources() -> Sources:
    """Return where KStars and Stellarium keep their data, those of the user first."""
    of_kstars = [data_folder("kstars"), FLATPAK.expanduser(), kstars.SYSTEM]
    return Sources(of_kstars, [OF_STELLARIUM.expanduser(), stellarium.SYSTEM], ())


def built(given: Sources, tell: Callable[[str], None]) -> Catalogue:
    """Make a catalogue.

    Parameters
    ----------
    given : Sources
        Where to look.
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
    stars, named, sources, places = Stars(), NamedPlaces(), [], given.kstars

    def told(path: Path, words: str, licence: str) -> None:
        tell(f"{path}: {words}")
        sources.append(licence)

    if (path := _found(places, kstars.STARS)) is not None:
        stars, named = kstars.stars_of_text(path)
        words = f"{counted(len(stars), 'star')} with B-V to V {_faintest(stars)}, {len(named)} with names"
        told(path, words, kstars.LICENCES[kstars.STARS])
    for path, further, licence in _deeper(given):
        if further is None:
            tell(f"{path}: left out, of a version that is not understood")
            continue
        before, stars = len(stars), stars.with_further(further)
        words = f"{counted(len(stars) - before, 'further star')} with B-V to V {_faintest(further)}"
        told(path, words if len(further) else "no star has a colour, as there is no BT", licence)
    if (path := _found(places, kstars.OBJECTS)) is not None:
        objects = kstars.objects_of(path)
        named = named.joined(objects)
        told(path, counted(len(objects), "deep-sky object"), kstars.LICENCES[kstars.OBJECTS])
    if not sources:
        where = ", ".join(map(str, [*places, *given.stellarium]))
        raise IndistackError(f"no stars in {where}: install kstars-data, or name --kstars DIR or --tycho2 TABLE")
    return Catalogue(stars, named, sources)


def _deeper(given: Sources) -> Iterator[tuple[Path, Stars | None, str]]:
    """Return the sources of fainter stars, with their licences, brighter ones first."""
    for path in stellarium.files_in(given.stellarium):
        yield path, stellarium.stars_of_file(path), stellarium.LICENCE
    for path in given.tycho2:
        yield path, tycho2.stars_of_table(path), tycho2.LICENCE
    if (deep := _found(given.kstars, kstars.DEEP_STARS)) is not None:
        yield deep, kstars.stars_of_binary(deep), kstars.LICENCES[kstars.DEEP_STARS]


def _found(places: Sequence[Path], name: str) -> Path | None:
    """Return the first file of that name, packed or not; a place that is a file is KStars' text."""
    named = [place / each for place in places for each in (name, f"{name}.gz")]
    files = [place for place in places if name == kstars.STARS] + named
    return next((path for path in files if path.is_file()), None)


def _faintest(stars: Stars) -> str:
    return f"{stars.v_mag.max():.1f}" if len(stars) else "-"
