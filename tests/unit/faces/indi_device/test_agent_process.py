"""The agent that the device starts: what it is told, and what its end means."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from indistack.errors import IndistackError
from indistack.faces.indi_device import agent_process
from indistack.faces.indi_device.agent_process import DEFAULT_PORT, LOG, AgentProcess, server_port
from indistack.hook import ANNOUNCED
from indistack.store.folder_lock import stand_in
from indistack.system import child_process
from tests.unit.faces.indi_device.folder import at_work

WORDS = "print(*__import__('sys').argv[1:], flush=True)"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give `program(code)`: what is run in the agent's place."""

    def use(code: str) -> None:
        monkeypatch.setattr(agent_process, "_program", lambda words: [sys.executable, "-c", code, *words])

    monkeypatch.setattr(agent_process, "PROBE_S", 0.0)
    return use


def test_it_is_told_folder_server_and_camera(
    tmp_path: Path, program: Callable[[str], None], wait_until: Callable[..., None]
) -> None:
    program(WORDS)
    agent = AgentProcess(tmp_path / "new" / "out", 7000)
    agent.start("My camera")
    wait_until(agent.has_ended)
    said = "run --output-dir {} --host 127.0.0.1 --port 7000 --device My camera".format(tmp_path / "new" / "out")
    assert agent.last_words() == said
    assert not agent.has_failed()


def test_one_that_is_at_work_is_not_started_again(tmp_path: Path, program: Callable[[str], None]) -> None:
    program(WORDS)
    agent = AgentProcess(tmp_path, 7000)
    with at_work(tmp_path):
        assert agent.is_there()
        agent.start("")
    assert not (tmp_path / LOG).exists()
    assert not agent.is_there()


def test_a_stand_in_is_relieved_by_one_agent(
    tmp_path: Path, program: Callable[[str], None], wait_until: Callable[..., None]
) -> None:
    program(f"{WORDS}; __import__('time').sleep(30)")
    agent = AgentProcess(tmp_path, 7000)
    (tmp_path / ANNOUNCED).mkdir()
    with at_work(tmp_path), stand_in(tmp_path):
        agent.start("")
        wait_until(lambda: agent.has_ended() or agent.last_words().startswith("run --output-dir"))
        agent.start("")  # it waits for the stand-in to leave
    assert (tmp_path / LOG).read_text().count("--output-dir") == 1
    agent.end()
    wait_until(agent.has_ended)


def test_its_last_words_tell_why_it_has_failed(
    tmp_path: Path, program: Callable[[str], None], wait_until: Callable[..., None]
) -> None:
    program("raise SystemExit('no such setting')")
    agent = AgentProcess(tmp_path, 7000)
    agent.start("")
    wait_until(agent.has_failed)
    assert agent.last_words() == "no such setting"
    assert not agent.end()


def test_it_ends_when_it_is_asked_to(
    tmp_path: Path, program: Callable[[str], None], wait_until: Callable[..., None]
) -> None:
    program("import time; print('here', flush=True); time.sleep(60)")
    agent = AgentProcess(tmp_path, 7000)
    agent.start("")
    wait_until(lambda: agent.last_words() == "here")
    assert agent.is_starting()
    assert agent.end()
    wait_until(agent.has_ended)


def test_a_long_log_is_begun_anew(
    tmp_path: Path, program: Callable[[str], None], wait_until: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_process, "MAX_LOG_BYTES", 100)
    program(WORDS)
    for size, kept in ((50, True), (150, False)):
        (tmp_path / LOG).write_bytes(b"x" * size + b"\n")
        agent = AgentProcess(tmp_path, 7000)
        agent.start("")
        wait_until(agent.has_ended)
        assert (tmp_path / LOG).read_bytes().startswith(b"xxx") == kept


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IndistackError, match="file"):
        AgentProcess(tmp_path / "file" / "out", 7000).start("")


@pytest.mark.parametrize(
    ("words", "port"), [("-p 7777 -v", 7777), ("-p7625", 7625), ("-v", DEFAULT_PORT), ("-p none", DEFAULT_PORT)]
)
def test_the_servers_port_is_that_of_its_command_line(words: str, port: int, wait_until: Callable[..., None]) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)", *shlex.split(words)]
    server = child_process.start(command)
    try:
        wait_until(lambda: Path(f"/proc/{server.pid}/cmdline").read_bytes())
        assert server_port(server.pid) == port
    finally:
        child_process.end(server)
