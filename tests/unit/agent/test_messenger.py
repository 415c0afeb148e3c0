"""Messages go by a program of their own, which nothing of the agent waits for."""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from indistack.agent import messenger as module
from indistack.agent.messenger import messenger

APPRISE = """
import json, os, sys, time
class Apprise:
    def __init__(self): self.urls = []
    def add(self, url): self.urls.append(url); return not url.startswith("none")
    def notify(self, title, body):
        time.sleep(float(os.environ.get("APPRISE_WAITS", 0)))
        line = {"urls": self.urls, "title": title, "body": body, "command": sys.argv}
        with open(os.environ["APPRISE_SAYS"], "a") as file: file.write(json.dumps(line) + "\\n")
        return not any(url.startswith("deaf") for url in self.urls)
"""


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, str]]]:
    """Put one that only writes down in apprise's place; give what it was told so far."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "apprise.py").write_text(APPRISE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    monkeypatch.syspath_prepend(tmp_path / "lib")
    monkeypatch.setenv("APPRISE_SAYS", str(tmp_path / "said"))
    monkeypatch.setattr(module, "LAST_S", 60.0)
    (tmp_path / "said").touch()
    return lambda: [json.loads(line) for line in (tmp_path / "said").read_text().splitlines()]


def test_a_message_arrives_and_its_address_is_in_no_command_line(sent: Callable[[], list[dict[str, str]]]) -> None:
    with messenger(["ntfy://secret", "mailto://other"]) as errand:
        assert errand is not None
        errand.say("indistack: M 31", "Clouds: 3 subs\nin a row – left out.")
    (told,) = sent()
    assert (told["title"], told["body"]) == ("indistack: M 31", "Clouds: 3 subs\nin a row – left out.")
    assert told["urls"] == ["ntfy://secret", "mailto://other"]
    assert "secret" not in "".join(told["command"])


def test_a_message_needs_no_disk(
    sent: Callable[[], list[dict[str, str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with messenger(["ntfy://secret"]) as errand:
        assert errand is not None
        errand.say("the disk", "is full")
    assert [told["body"] for told in sent()] == ["is full"]


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(("url", "why"), [("deaf://secret", "no answer"), ("none://secret", "1 of 1 notify.urls")])
def test_a_failure_is_logged_once_and_names_no_address(url: str, why: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with messenger([url]) as errand:
        assert errand is not None
        errand.say("a", "b")
        errand.say("a", "c")
    assert caplog.text.count("could not be sent") == 1
    assert why in caplog.text
    assert "secret" not in caplog.text


def test_a_network_that_does_not_answer_is_given_up(
    sent: Callable[[], list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("APPRISE_WAITS", "600")
    monkeypatch.setattr(module, "PATIENCE_S", 0.5)
    with messenger(["ntfy://x"]) as errand:
        assert errand is not None
        errand.say("a", "b")
    assert "does not answer" in caplog.text
    assert sent() == []


@pytest.mark.usefixtures("sent")
def test_who_says_something_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPRISE_WAITS", "600")
    monkeypatch.setattr(module, "PATIENCE_S", 2.0)
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    with messenger(["ntfy://x"]) as errand:
        assert errand is not None
        begin_s = time.monotonic()
        for number in range(1000):
            errand.say("a", str(number))
        assert time.monotonic() - begin_s < 1.0
        monkeypatch.setattr(module, "LAST_S", 0.1)


def test_without_addresses_or_apprise_there_is_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with messenger([]) as errand:
        assert errand is None
    assert not caplog.text
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    with messenger(["ntfy://secret"]) as errand:
        assert errand is None
    assert "needs apprise" in caplog.text
    assert "secret" not in caplog.text
