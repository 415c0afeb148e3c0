"""Takes out of texts and trees of values what tells who and where somebody is, before they are given to others."""

from __future__ import annotations

import getpass
import ipaddress
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REMOVED = "(removed)"

KEY = re.compile(
    r"(?:^|[_.\s-])(?:site\w*|obsgeo\w*|geo\w*|lat|latitude|long|longitude|lon|elev\w*|altitude|host|hostname|node|tokens?"
    r"|secrets?|passw\w*|urls?|observer|user\w*|e?mail|phone|address|serial\w*|bssid|ssid|arguments)(?:$|[_.\s-])"
    r"|^(?:web\.)?code$",
    re.IGNORECASE,
)
"""Of values that are private whatever they are."""

PLACE = re.compile(
    r"\b((?:(?:SITE|OBS)[-_ ]?(?:LAT|LON|ELEV)\w*|OBSGEO-?\w*|LATITUDE|LONGITUDE|ELEVATION)\b[^\w+-]{0,5}"
    r"|(?:LAT|LONG?|ELEV)\W{0,2}[=:][^\w+-]{0,3})[-+]?\d+(?:[.:°'\"hms ]{1,2}\d+)*(?:°?\s?[NSEW]\b)?",
    re.IGNORECASE,
)
"""Coordinates of a place on Earth with their name, in a text."""

SECRETS = ("web.code", "web.mqtt", "notify.urls")
"""Settings that let whoever knows them in."""

SECRET = re.compile(rf"\b((?:{'|'.join(map(re.escape, SECRETS))})\s*=\s*)\S+")
HOMES = re.compile(r"(/(?:home|Users|media|run/media|mnt/c/Users)/)[^/\s\"':,;]+")
SERVER = re.compile(r"\b(\w+://)[^\s\"']+")
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
MAC = re.compile(r"\b[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}\b")
NUMBERS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w.])")
OWN = ("localhost", "127.0.0.1", "::1")
MOST_COMMON = ("root", "pi", "user", "indistack", *OWN)
"""Names that tell nobody's."""


class Veil:
    """Makes texts and values fit to be shown.

    Parameters
    ----------
    words : sequence of str, optional
        Further ones that are private, such as a server's name.
    """

    def __init__(self, *words: str) -> None:
        node = platform.node()
        private = {node, node.partition(".")[0], _user(), *words} - {""}
        names = sorted((one for one in private if one.lower() not in MOST_COMMON and len(one) > 1), key=len)
        self._names = [re.compile(rf"(?<![\w]){re.escape(one)}(?![\w])", re.IGNORECASE) for one in reversed(names)]
        self._home = str(Path.home())

    def text(self, text: str) -> str:
        """Return a text without what is private; the home folder is ``~``."""
        if len(self._home) > 1:
            text = re.sub(rf"{re.escape(self._home)}(?=$|[^\w.-])", "~", text)
        text = SECRET.sub(rf"\1{REMOVED}", text)
        text = HOMES.sub(rf"\1{REMOVED}", PLACE.sub(rf"\1{REMOVED}", text))
        text = MAC.sub(REMOVED, MAIL.sub(REMOVED, SERVER.sub(rf"\1{REMOVED}", text)))
        for name in self._names:
            text = name.sub(REMOVED, text)
        return NUMBERS.sub(_unless_own, text)

    def values(self, value: Any) -> Any:
        """Return a tree of values, as JSON has them, without what is private."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): REMOVED if KEY.search(str(key)) and each and each not in OWN else self.values(each)
                for key, each in value.items()
            }
        return [self.values(each) for each in value] if isinstance(value, list | tuple) else value


def without_secret(word: str) -> str:
    """Return a word of a command line; the value of a secret setting is ``...``."""
    setting = word.removeprefix("--set=")
    name, equals, _ = setting.partition("=")
    return f"{word.removesuffix(setting)}{name}=..." if equals and name.strip() in SECRETS else word


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # it has no name
        return ""


def _unless_own(found: re.Match[str]) -> str:
    """Times look like addresses; an address that every machine has tells nothing."""
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else REMOVED
