"""Reads the XML header of an XISF file: the first image's attributes, keywords and properties.

Streamed through expat, so that a header takes no more memory than what is kept of it; a document type (where entity
bombs live) is refused. Source: XISF 1.0 specification, Pleiades Astrophoto.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from indistack.errors import DecodeError
from indistack.fits_header import MAX_TEXT, value_of
from indistack.system.harmless import harmless, harmless_values
from indistack.values.frame import Card, CardValue

MAX_HEADER_BYTES = 8_000_000
MAX_CARDS = 20_000
MAX_ELEMENTS, MAX_DEPTH = 200_000, 100
"""Of elements in a header, and of elements within each other: a picture's keywords are three deep."""

PROPERTIES: dict[str, tuple[str, float]] = {
    "Instrument:ExposureTime": ("EXPTIME", 1),
    "Instrument:Camera:Name": ("INSTRUME", 1),
    "Instrument:Camera:Gain": ("EGAIN", 1),
    "Instrument:Camera:ISOSpeed": ("ISOSPEED", 1),
    "Instrument:Camera:XBinning": ("XBINNING", 1),
    "Instrument:Camera:YBinning": ("YBINNING", 1),
    "Instrument:Filter:Name": ("FILTER", 1),
    "Instrument:Sensor:Temperature": ("CCD-TEMP", 1),
    "Instrument:Sensor:XPixelSize": ("XPIXSZ", 1),
    "Instrument:Telescope:FocalLength": ("FOCALLEN", 1000),  # metres
    "Observation:Center:RA": ("RA", 1),
    "Observation:Center:Dec": ("DEC", 1),
    "Observation:Object:Name": ("OBJECT", 1),
    "Observation:Time:Start": ("DATE-OBS", 1),
}
"""Properties that a FITS keyword says as well: its name, and by what the value is multiplied."""


@dataclass(slots=True)
class XisfImage:
    """The first image of a file.

    Attributes
    ----------
    attributes : dict
        Of its Image element.
    cards : list of Card
        Its FITS keywords.
    told : dict
        Further facts, from properties and attributes, by FITS keyword; they count where no card says it.
    cfa : str
        Pattern of its colour filter array, "" without.
    data : dict
        Attributes of its embedded Data element.
    text : list of str
        Its inline or embedded pixels.
    """

    attributes: Mapping[str, str]
    cards: list[Card] = field(default_factory=list)
    told: dict[str, CardValue] = field(default_factory=dict)
    cfa: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)

    def all_cards(self) -> tuple[Card, ...]:
        """Return the keywords, and what else is told as if it had been one.

        ROWORDER is left out: XISF's first row is the top one, whatever the file was made from.
        """
        said = {card[0] for card in self.cards}
        told = self.told | ({"BAYERPAT": self.cfa} if self.cfa else {})
        if "imageType" in self.attributes:
            told["IMAGETYP"] = self.attributes["imageType"]
        more = ((keyword, value, "") for keyword, value in told.items() if keyword not in said)
        return (*(card for card in self.cards if card[0] != "ROWORDER"), *more)


def first_image(header: memoryview) -> XisfImage:
    """Read the header.

    Raises
    ------
    DecodeError
        `damaged`: no XML, or XML with a document type. `no_image`.
    """
    reader = _Reader()
    parser = expat.ParserCreate("utf-8", " ")  # which XISF demands, and names of elements come with their namespace
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(bytes(header).rstrip(b"\0"), True)
    except expat.ExpatError as error:
        raise DecodeError("damaged", f"XISF header: {error}", {"bytes": len(header)}) from error
    if reader.image is None:
        raise DecodeError("no_image", "the XISF header describes no image", {"bytes": len(header)})
    return reader.image


def _refuse_doctype(*_: object) -> None:
    raise DecodeError("damaged", "XISF header: a document type", {})


class _Reader:
    """Handlers of expat's events; `path` is the names of the open elements."""

    def __init__(self) -> None:
        self.image: XisfImage | None = None
        self._closed = False
        self._elements = 0
        self._path: list[str] = []
        self._property: Mapping[str, str] | None = None
        self._text: list[str] = []

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if len(self._path) >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise DecodeError("damaged", "XISF header: too many elements, or too deep", {"elements": self._elements})
        attributes = harmless_values(attributes)
        self._path.append(name.rpartition(" ")[2])
        if self._path[1:] == ["Image"] and self.image is None:
            self.image = XisfImage(attributes)
            return
        if self.image is not None and self._path[1:-1] == ["Image"] and not self._closed:
            self._child(self.image, self._path[-1], attributes)

    def _child(self, image: XisfImage, name: str, attributes: Mapping[str, str]) -> None:
        if name == "FITSKeyword" and len(image.cards) < MAX_CARDS:
            image.cards.append(_card(attributes))
        elif name == "ColorFilterArray":
            image.cfa = attributes.get("pattern", "")
        elif name == "Data":
            image.data = attributes
        elif name == "Property" and attributes.get("id") in PROPERTIES:
            self._property, self._text = attributes, []

    def end(self, _name: str) -> None:
        if self._property is not None and self.image is not None and self._path[-1] == "Property":
            keyword, factor = PROPERTIES[self._property["id"]]
            told = self._property.get("value", harmless("".join(self._text)))[:MAX_TEXT]
            value = value_of(told.strip())
            self.image.told[keyword] = value * factor if factor != 1 and isinstance(value, int | float) else value
            self._property = None
        if self._path[1:] == ["Image"]:
            self._closed = True  # further images are not ours
        self._path.pop()

    def characters(self, text: str) -> None:
        if self._property is not None:
            self._text.append(text)
        elif self.image is not None and not self._closed and self._path[1:] in (["Image"], ["Image", "Data"]):
            self.image.text.append(text)


def _card(attributes: Mapping[str, str]) -> Card:
    keyword = attributes.get("name", "")[:MAX_TEXT].strip().upper()
    said, comment = (attributes.get(part, "")[:MAX_TEXT] for part in ("value", "comment"))
    if keyword in ("COMMENT", "HISTORY", ""):
        return keyword, said or comment, ""
    value = value_of(said.strip())
    if isinstance(value, float) and not math.isfinite(value):
        value = ""
    return keyword, value, comment
