"""What the page says: the same in every language."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from indistack.commands import COMMANDS, LIVE
from indistack.commands.state import LIGHTS
from indistack.faces.web.static_files import FOLDER

LANGUAGES = ("en", "de", "es", "fr", "it")
FORMS = {
    "en": {"one", "other"},
    "de": {"one", "other"},
    **{name: {"one", "many", "other"} for name in ("es", "fr", "it")},
}
"""Plural forms by CLDR."""


def catalogue(name: str) -> dict[str, Any]:
    """Return what both faces say: the console has the words of the audience's page, and its own."""
    audience, console = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8"), object_pairs_hook=_no_twice)
        for folder in (FOLDER / "lang", FOLDER / "lang" / "console")
    )
    return _no_twice([*audience.items(), *console.items()])


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "a key stands twice"
    return dict(pairs)


def values_of(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def texts(told: Any) -> list[str]:
    return list(told.values()) if isinstance(told, dict) else [told]


def scripts() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.js")))


def test_the_page_offers_these_languages() -> None:
    offered = re.search(r"LANGUAGES = \{(.*?)\}", scripts())
    assert offered is not None
    assert sorted(re.findall(r"(\w+):", offered[1])) == sorted(LANGUAGES)
    assert sorted(path.stem for path in (FOLDER / "lang").glob("*.json")) == sorted(LANGUAGES)


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_language_says_the_same(name: str) -> None:
    ours, english = catalogue(name), catalogue("en")
    assert list(ours) == list(english)
    for key, told in english.items():
        assert isinstance(ours[key], dict) == isinstance(told, dict), key
        wanted = set.union(*map(values_of, texts(told)))
        for text in texts(ours[key]):
            assert text.strip(), key
            assert wanted - {"n"} <= values_of(text) <= wanted, key
        if isinstance(told, dict):
            assert set(ours[key]) == FORMS[name], key


@pytest.mark.parametrize("name", [name for name in LANGUAGES if name != "en"])
def test_it_is_another_language(name: str) -> None:
    same = [key for key, told in catalogue(name).items() if told == catalogue("en")[key] and len(texts(told)[0]) > 12]
    assert same == []


def test_what_the_page_says_stands_in_the_catalogue_and_nothing_besides() -> None:
    code, keys = scripts(), set(catalogue("en"))
    markup = "".join((FOLDER / page).read_text(encoding="utf-8") for page in ("index.html", "console.html"))
    said = set(re.findall(r'say\("(\w+)"', code)) | set(re.findall(r'data-(?:say|label)="(\w+)"', markup))
    assert said <= keys
    made = {f"{kind}_" for kind in re.findall(r"say\(`(\w+)_\$", code)} | {
        f"{kind}_" for kind in re.findall(r'named\("(\w+)"', code)
    }
    families = tuple(made | {"why_", "asked_"})
    unused = {key for key in keys if not key.startswith(families) and not re.search(rf"\b{key}\b", markup + code)}
    assert unused == set()


BUSY_LIGHTS = ("camera", "drift", "clouds", "disk")
"""Those that may be neither fine nor in need of a look."""


def test_what_the_agent_can_be_told_has_words_in_every_language() -> None:
    known = set(catalogue("en"))
    beside = {"set", "remove", "readmit", "comet", "box"}  # which have places of their own
    assert {f"command_{word}" for word in COMMANDS.keys() - beside} == {
        key for key in known if key.startswith("command_")
    }
    look = {"picture.operators", "picture.sky", "picture.black", "picture.white", "picture.saturation"}
    settings = {f"setting_{name.replace('.', '_')}" for name in LIVE.keys() - look}
    assert settings == {key for key in known if key.startswith("setting_")}
    assert {f"group_{name.split('.')[0]}" for name in LIVE} == {key for key in known if key.startswith("group_")}
    looks = {f"look_{name}" for name in LIVE["picture.operators"].choices}
    assert looks == {key for key in known if key.startswith("look_")}
    assert {f"light_{name}" for name in LIGHTS} <= known
    assert {key for key in known if key.startswith("busy_")} == {f"busy_{name}" for name in BUSY_LIGHTS}


def test_markup_has_no_words_of_its_own_nor_scripts_or_styles_within(tmp_path: Path) -> None:
    for page in FOLDER.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*src=\"/static/)", text), page
    for path in FOLDER.rglob("*.*"):
        if path.suffix in (".html", ".css", ".js") and "vendor" not in path.parts:
            reached = re.findall(r"(?:https?:)?//[\w.]+\.\w+", path.read_text(encoding="utf-8"))
            assert [each for each in reached if "www.w3.org" not in each] == [], path
