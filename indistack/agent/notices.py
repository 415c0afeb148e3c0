"""What is worth a message to somebody who sleeps: sees every status, and says what has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from indistack.agent.goal import has_snr
from indistack.commands.client import STOPPED
from indistack.settings.faces import NotifySettings
from indistack.values.counted import counted

Say = Callable[[str, str], None]
"""Is given a title and a text."""

CLOUDED_SUBS = 3
"""So many subs in a row are lost to clouds before it is said: one alone may be a cloud of the size of a field."""


class Notices:
    """Compares each status with the one before.

    Parameters
    ----------
    settings : NotifySettings
        What is wanted.
    say : callable
        Passes a message on; must not wait.
    clock : callable
        Seconds of a clock that is never set.
    """

    def __init__(self, settings: NotifySettings, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._say = say
        self._clock = clock
        self._before: Mapping[str, Any] = {}
        self._said_s: dict[str, float] = {}
        self._clouded: set[int] = set()
        self._is_cloudy = False

    def look(self, status: Mapping[str, Any]) -> None:
        """See a status, and say what is worth it."""
        for event, text in self._news(status):
            now_s = self._clock()
            is_early = now_s < self._said_s.get(event, -float("inf")) + 60 * self._settings.pause_min
            if event in self._settings.events and not is_early:
                self._said_s[event] = now_s
                self._say(_title(status), text)
        self._before = status

    def _news(self, now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        before = self._before
        if not before:
            yield "begin", "indistack is at work."
        elif now.get("state") == STOPPED != before.get("state"):
            yield "end", f"indistack has ended: {counted(now.get('n_subs', 0), 'sub')} in the stack."
        if before.get("session") and now.get("session") and now["session"] != before["session"]:
            yield "restart", f"A new stack began. {now.get('sentence', '')}".strip()
        if now.get("disk") and not before.get("disk"):
            yield "disk", f"The disk does not take what is written: {now['disk']}."
        if _is_lit(now, "camera") and not _is_lit(before, "camera"):
            yield "camera", f"The camera cannot be reached. {_waits_for(now)}".strip()
        yield from self._machine(now)
        yield from self._clouds(now)
        if has_snr(now) and not has_snr(before):
            yield "snr", f"The goal is reached: SNR {now['snr']['value']:.0f} with {now.get('n_subs', 0)} subs."

    def _machine(self, now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        known = {text.partition(":")[0] for text in _warnings(self._before)}
        for text in _warnings(now):
            if text.partition(":")[0] not in known:
                yield ("disk" if text.startswith("the disk") else "machine"), f"{text[0].upper()}{text[1:]}."

    def _clouds(self, now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if not _is_lit(now, "clouds"):
            self._clouded.clear()
            if self._is_cloudy and now.get("lights", {}).get("clouds") == "ok":
                self._is_cloudy = False
                yield "clear", "The sky is clear again."
            return
        self._clouded.add(now.get("last", {}).get("number", 0))
        if len(self._clouded) >= CLOUDED_SUBS and not self._is_cloudy:
            self._is_cloudy = True
            yield "clouds", f"Clouds: {len(self._clouded)} subs in a row were left out."


def _title(status: Mapping[str, Any]) -> str:
    return f"indistack: {status['target']}" if status.get("target") else "indistack"


def _is_lit(status: Mapping[str, Any], light: str) -> bool:
    return bool(status.get("lights", {}).get(light) == "alert")


def _waits_for(status: Mapping[str, Any]) -> str:
    return f"Waiting for {status['waits_for']}." if status.get("waits_for") else ""


def _warnings(status: Mapping[str, Any]) -> list[str]:
    return list((status.get("machine") or {}).get("warnings", ()))
