"""What is given to others tells neither who nor where somebody is, and still what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.system import private
from indistack.system.private import REMOVED, Veil, without_secret


@pytest.fixture
def veil(monkeypatch: pytest.MonkeyPatch) -> Veil:
    monkeypatch.setattr(private.platform, "node", lambda: "dome7.example.org")
    monkeypatch.setattr(private, "_user", lambda: "galileo")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/galileo"))
    return Veil("mount.local", "127.0.0.1")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/galileo/live/stack.fits: full", "~/live/stack.fits: full"),
        ("/home/galileo2/x", f"/home/{REMOVED}/x"),
        ("/media/galileo/stick/a.fits", f"/media/{REMOVED}/stick/a.fits"),
        ("/run/media/tycho/stick", f"/run/media/{REMOVED}/stick"),
        ("DOME7 answers as dome7.example.org", f"{REMOVED} answers as {REMOVED}"),
        ("mount.local:7624 refused", f"{REMOVED}:7624 refused"),
        ("127.0.0.1:7624 refused", "127.0.0.1:7624 refused"),
        ("192.168.3.17:7624 refused", f"{REMOVED}:7624 refused"),
        ("at fe80::1ff:fe23:4567:890a", f"at {REMOVED}"),
        ("tgram://12345/abcdef failed", f"tgram://{REMOVED} failed"),
        ("from galileo@example.org", f"from {REMOVED}"),
        ("link b8:27:eb:12:34:56 up", f"link {REMOVED} up"),
        ("GEOGRAPHIC_COORD LAT=52.51 LONG=13.40", f"GEOGRAPHIC_COORD LAT={REMOVED} LONG={REMOVED}"),
        ("SITELAT = '+52 31 12'", f"SITELAT = '{REMOVED}'"),
        ("latitude 52.5 N, longitude: -13.25", f"latitude {REMOVED}, longitude: {REMOVED}"),
        ("21:07:33 sub 12, 3.1 px, flat 3, exposure 0:10", "21:07:33 sub 12, 3.1 px, flat 3, exposure 0:10"),
        ("--set web.code=1234 --new", f"--set web.code={REMOVED} --new"),
        ("RA 10.68 Dec 41.27", "RA 10.68 Dec 41.27"),
    ],
)
def test_a_text(veil: Veil, text: str, shown: str) -> None:
    assert veil.text(text) == shown


@pytest.mark.parametrize(
    "name",
    ["SITELAT", "site_lat", "lat", "longitude", "host", "token", "web_token", "urls", "code", "OBSERVER", "OBSGEO-X"],
)
def test_values_that_are_private_whatever_they_are(veil: Veil, name: str) -> None:
    assert veil.values({"a": [{name: 52.5}]}) == {"a": [{name: REMOVED}]}


@pytest.mark.parametrize("name", ["latest", "flat", "operators", "longest_s", "ghost", "number"])
def test_others_stay(veil: Veil, name: str) -> None:
    assert veil.values({name: 52.5}) == {name: 52.5}


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("web.mqtt=mqtt://me:secret@host/a=b", "web.mqtt=..."),
        ("--set=web.code='12 34'", "--set=web.code=..."),
        ("notify.urls=['tgram://1/2']", "notify.urls=..."),
        ("web.listen=off", "web.listen=off"),
        ("my night=web.code", "my night=web.code"),
        ("--new", "--new"),
    ],
)
def test_a_command_is_told_without_secrets(word: str, shown: str) -> None:
    assert without_secret(word) == shown


def test_this_machine_tells_nothing(veil: Veil) -> None:
    assert veil.values({"host": "127.0.0.1"}) == {"host": "127.0.0.1"}


def test_keys_are_texts_too(veil: Veil) -> None:
    assert veil.values({"/home/galileo/a": None}) == {"~/a": None}
