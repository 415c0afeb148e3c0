"""The text of FITS headers, both ways.

Reading is forgiving (a bad card is kept as text and never raises), writing is strict (any FITS reader accepts it).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from indistack.fits_header.keywords import STRUCTURAL
from indistack.system.harmless import harmless
from indistack.values.frame import Card, CardValue

BLOCK = 2880
CARD = 80
MAX_TEXT = 10_000
"""Characters of a text; what CONTINUE cards add beyond is left out."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[EDed][+-]?\d+)?")
_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'?\s*(?:/\s?(.*))?", re.DOTALL)
_COMMENTARY = ("COMMENT", "HISTORY", "")


def parse_cards(block: bytes) -> tuple[Card, ...]:
    """Read 80-character cards up to END or the end of `block`; never raises.

    CONTINUE is joined to its string, HIERARCH keywords lose that word, an undefined value is "", a value that is
    none of FITS's types is kept as text.
    """
    text = harmless(block.decode("latin-1"))
    cards: list[Card] = []
    for start in range(0, len(text), CARD):
        line = text[start : start + CARD]
        keyword = line[:8].rstrip()
        if keyword == "END" and not line[8:].strip():
            break
        if keyword == "CONTINUE":
            _join(cards, line[8:])
        else:
            cards.append(_card(keyword, line))
    return tuple(cards)


def _card(keyword: str, line: str) -> Card:
    if keyword == "HIERARCH" and "=" in line:
        keyword, _, rest = line[9:].partition("=")
        return (keyword.strip(), *_value(rest))
    if line[8:9] != "=" or keyword in _COMMENTARY:
        return keyword, line[8:].rstrip(), ""
    return (keyword, *_value(line[9:]))


def _value(text: str) -> tuple[CardValue, str]:
    quoted = _QUOTED.match(text)
    if quoted:
        return quoted[1].replace("''", "'").rstrip(), (quoted[2] or "").strip()
    word, _, comment = (part.strip() for part in text.partition("/"))
    return value_of(word), comment


def value_of(word: str) -> CardValue:
    """Return what a value without a comment means: T or F, a number, a quoted text, or the text itself."""
    if word in ("T", "F"):
        return word == "T"
    if _NUMBER.fullmatch(word):
        try:
            return int(word)
        except ValueError:
            return float(word.upper().replace("D", "E"))
    quoted = _QUOTED.fullmatch(word)
    return word if quoted is None else quoted[1].replace("''", "'").rstrip()


def _join(cards: list[Card], text: str) -> None:
    if not cards or not isinstance(cards[-1][1], str) or not cards[-1][1].endswith("&"):
        return
    keyword, value, comment = cards[-1]
    if len(str(value)) + len(comment) > MAX_TEXT:
        return
    more, more_comment = _value(text)
    cards[-1] = keyword, str(value)[:-1] + str(more), f"{comment} {more_comment}".strip()


def header_bytes(
    cards: Iterable[Card], bitpix: int, shape: Sequence[int], extname: str = "", *, unsigned: bool = False
) -> bytes:
    """Return a complete header, padded to whole blocks, for an array of NumPy shape `shape` without scaling.

    Structural cards are written here and skipped in `cards`. Text outside ASCII is transliterated or replaced by "?",
    long strings go on in CONTINUE cards, what FITS cannot say at all is left out.

    Parameters
    ----------
    extname : str
        Write an image extension of this name instead of a primary header.
    unsigned : bool
        The integers are unsigned, written as FITS does that: less by half their range.
    """
    first: Card = ("XTENSION", "IMAGE", "image extension") if extname else ("SIMPLE", True, "conforms to FITS standard")
    head: list[Card] = [first, ("BITPIX", bitpix, "bits per pixel"), ("NAXIS", len(shape), "number of axes")]
    head += [(f"NAXIS{axis}", int(size), "") for axis, size in enumerate(reversed(shape), 1)]
    if extname:
        head += [("PCOUNT", 0, ""), ("GCOUNT", 1, ""), ("EXTNAME", extname, "")]
    if unsigned:
        head += [("BSCALE", 1, ""), ("BZERO", 1 << (bitpix - 1), "unsigned integers")]
    lines = [line for card in head for line in _lines(card)]
    lines += [line for card in cards if not STRUCTURAL.fullmatch(card[0]) for line in _lines(card)]
    lines.append("END".ljust(CARD))
    text = "".join(lines)
    return text.ljust(-(-len(text) // BLOCK) * BLOCK).encode("ascii")


def _lines(card: Card) -> Iterator[str]:
    keyword, value, comment = _ascii(card[0]).upper().strip(), card[1], _ascii(card[2])
    if keyword in _COMMENTARY:
        text = _ascii(str(value))
        yield from (keyword.ljust(8) + text[at : at + 72].ljust(72) for at in range(0, max(len(text), 1), 72))
        return
    plain = re.fullmatch(r"[A-Z0-9_-]{1,8}", keyword) is not None
    if not plain and not re.fullmatch(r"[A-Z0-9_-]+( [A-Z0-9_-]+)*", keyword):
        return
    stem = f"{keyword:<8}= " if plain else f"HIERARCH {keyword} = "
    if isinstance(value, str):
        yield from _string_lines(stem, _ascii(value), comment)
    elif len(stem) + len(_literal(value)) <= CARD:
        yield _with_comment(stem + _literal(value).rjust(20 if plain else 0), comment)


def _literal(value: bool | int | float) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return ""
    text = repr(float(value)).upper()
    return text if "." in text or "E" not in text else text.replace("E", ".0E")


def _string_lines(stem: str, value: str, comment: str) -> Iterator[str]:
    room = CARD - len(stem) - 3  # two quotes and the ampersand
    if room < 8:
        return
    quoted = value.replace("'", "''")
    if len(quoted) <= room + 1:
        yield _with_comment(f"{stem}'{quoted:<8}'", comment)
        return
    while quoted:
        split = quoted[:room].count("'") % 2  # a doubled quote is never split
        cut = room - split if len(quoted) > room else len(quoted)
        more = "&" if len(quoted) > cut else ""
        yield f"{stem}'{quoted[:cut]}{more}'".ljust(CARD)
        quoted, stem, room = quoted[cut:], "CONTINUE  ", CARD - 13


def _with_comment(text: str, comment: str) -> str:
    return (f"{text} / {comment}" if comment else text)[:CARD].ljust(CARD)


def _ascii(text: str) -> str:
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return re.sub(r"[^\x20-\x7e]", "?", "".join(letters))
