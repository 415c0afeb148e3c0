"""Settings: their strict base, the reading of files and words into it, and what is wrong with them in words."""

from indistack.settings.description import Description, TableDescription, describe
from indistack.settings.facts import facts_of
from indistack.settings.faults import unknown
from indistack.settings.model import OFF, PointPx, Settings, Wanted, built, mount
from indistack.settings.reading import Given, load, load_what_holds, validate, words_to_values
from indistack.settings.wanted import as_toml, example

__all__ = [
    "OFF", "Description", "Given", "PointPx", "Settings", "TableDescription", "Wanted", "as_toml", "built", "describe",
    "example", "facts_of", "load", "load_what_holds", "mount", "unknown", "validate", "words_to_values",
]  # fmt: skip
