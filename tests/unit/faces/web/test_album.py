"""The pictures of a night that are kept to watch it grow."""

from __future__ import annotations

import itertools

from indistack.faces.web.album import MOST, MOST_BYTES, Album, Page
from indistack.faces.web.output_folder import Picture, Shown


def page(n_subs: int, version: str = "", n_bytes: int = 10) -> Page:
    return Page(Picture(version or str(n_subs), "image/jpeg", b"x" * n_bytes), Shown(0, n_subs, n_subs * 2.0, 0.0, ""))


def subs(album: Album) -> list[int]:
    return [told["n_subs"] for told in album.told()]


def test_the_first_and_the_newest_stay_and_what_is_between_thins_out() -> None:
    album = Album()
    for n_subs in range(1, 1001):
        album.add("tonight", page(n_subs))
    kept = subs(album)
    assert kept[0] == 1
    assert kept[-1] == 1000
    assert kept == sorted(kept)
    assert MOST // 3 < len(kept) <= MOST
    steps = [b**0.5 - a**0.5 for a, b in itertools.pairwise(kept)]
    assert max(steps) < 4 * sum(steps) / len(steps)


def test_large_pictures_are_fewer() -> None:
    album = Album()
    for n_subs in range(1, 40):
        album.add("tonight", page(n_subs, n_bytes=MOST_BYTES // 5))
    assert len(subs(album)) <= 5
    assert subs(album)[0] == 1
    assert subs(album)[-1] == 39


def test_another_look_of_the_same_subs_takes_the_place_of_the_one_before() -> None:
    album = Album()
    album.add("tonight", page(3, "a"))
    album.add("tonight", page(3, "b"))
    assert [told["address"] for told in album.told()] == ["/api/v1/pictures/b"]
    assert album.picture("a") is None


def test_another_session_or_a_smaller_stack_begins_anew() -> None:
    album = Album()
    for session, n_subs in (("one", 1), ("one", 9), ("two", 12), ("two", 5)):
        album.add(session, page(n_subs))
        last = subs(album)
    assert last == [5]


def test_a_picture_is_found_by_its_version() -> None:
    album = Album()
    album.add("tonight", page(1, "v1", 7))
    found = album.picture("v1")
    assert found is not None
    assert found.data == b"x" * 7
    assert album.picture("../status.json") is None
